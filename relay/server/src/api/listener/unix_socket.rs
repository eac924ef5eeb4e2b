//! The unix socket: for its owner only, never taken from a relay that lives, gone when we are.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;

/// A bound socket; its file is removed when this is dropped.
pub(in crate::api) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode: what to remove, and not what another relay has put there since.
    file: (u64, u64),
}

impl UnixSocket {
    /// Binds it with mode 0600. A file left behind by a relay that died is replaced.
    ///
    /// # Errors
    /// `AddrInUse` if a relay answers there, `AlreadyExists` if it is no socket; else what the
    /// system says.
    pub(in crate::api) fn bind(path: &Path) -> io::Result<Self> {
        clear(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let metadata = fs::symlink_metadata(path)?;
        let bound = Self {
            listener: socket.into(),
            path: path.to_owned(),
            file: (metadata.dev(), metadata.ino()),
        };
        // Nobody can connect before `listen` (connect(2), ECONNREFUSED), so not before this either.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        let socket = Socket::from(bound.listener.try_clone()?);
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(bound)
    }

    /// The listener, for tokio.
    pub(super) fn listener(&self) -> io::Result<tokio::net::UnixListener> {
        tokio::net::UnixListener::from_std(self.listener.try_clone()?)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.file);
        if ours {
            // The next start replaces what cannot be removed now.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes sure that nothing is at `path`.
fn clear(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        let message = "something that is not a socket is there";
        return Err(io::Error::new(ErrorKind::AlreadyExists, message));
    }
    if answers(path)? {
        let message = "another relay answers on it";
        return Err(io::Error::new(ErrorKind::AddrInUse, message));
    }
    fs::remove_file(path)
}

/// Whether someone listens there. A full backlog (EAGAIN) is someone, too.
fn answers(path: &Path) -> io::Result<bool> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn only_the_owner_may_connect() {
        let folder = folder();
        let path = folder.path().join("s");
        let _bound = UnixSocket::bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_left_behind_is_replaced() {
        let folder = folder();
        let path = folder.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        assert!(UnixSocket::bind(&path).is_ok());
    }

    #[test]
    fn a_relay_that_lives_keeps_its_socket() {
        let folder = folder();
        let path = folder.path().join("s");
        let _first = UnixSocket::bind(&path).unwrap();
        let second = UnixSocket::bind(&path).err().unwrap();
        assert_eq!(second.kind(), ErrorKind::AddrInUse);
        assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn what_is_not_a_socket_is_left_alone() {
        let folder = folder();
        let path = folder.path().join("s");
        fs::write(&path, "precious").unwrap();
        let refused = UnixSocket::bind(&path).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn the_file_goes_with_the_socket_unless_it_is_anothers() {
        let folder = folder();
        let path = folder.path().join("s");
        let bound = UnixSocket::bind(&path).unwrap();
        drop(bound);
        assert!(!path.exists());

        let bound = UnixSocket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _others = UnixListener::bind(&path).unwrap();
        drop(bound);
        assert!(path.exists());
    }
}
