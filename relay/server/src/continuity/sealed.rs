//! A file that is memory only, and that nobody can change any more (memfd_create(2)).

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use zeroize::Zeroizing;

/// More than the state of a million participants.
const BYTES_MAX: u64 = 2 << 30;

/// A file with these bytes.
pub(super) fn write(bytes: &[u8]) -> io::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create("ringfence-state", flags)?);
    file.write_all(bytes)?;
    let seals = SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}

/// Its bytes, from the beginning, however far somebody has read it before.
pub(super) fn read(file: OwnedFd) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::from(file);
    let length = file.metadata()?.len();
    let mut bytes = Zeroizing::new(vec![0; usize::try_from(length.min(BYTES_MAX)).unwrap_or(0)]);
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn it_can_be_read_and_not_changed() {
        let sealed = write(b"the state").unwrap();
        let mut file = File::from(sealed.try_clone().unwrap());
        assert!(file.write_all(b"x").is_err());
        assert!(file.set_len(0).is_err());
        let mut nothing = Vec::new();
        file.read_to_end(&mut nothing).unwrap();
        assert_eq!(&read(sealed).unwrap()[..], b"the state");
    }
}
