//! The system calls that std and socket2 do not offer, each with the sentence it rests on.
//!
//! Those that are made for each packet go through syscall(2): the C library's own functions are
//! cancellation points (pthreads(7)), which costs a few percent of a lone packet, and no thread of ours
//! is ever cancelled.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;

use libc::{c_int, c_uint, c_ushort, c_void, mmsghdr, msghdr, sock_filter, sock_fprog, socklen_t};

/// A header that names no buffer.
pub(crate) const EMPTY_HEADER: mmsghdr = mmsghdr {
    msg_hdr: msghdr {
        msg_name: ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: ptr::null_mut(),
        msg_iovlen: 0,
        msg_control: ptr::null_mut(),
        msg_controllen: 0,
        msg_flags: 0,
    },
    msg_len: 0,
};

/// Receives at most `headers.len()` messages without waiting; at least one, or an error.
///
/// recvmmsg(2): "returns the number of messages received in msgvec"; an error after the first
/// message "is expected to be returned on a subsequent call".
///
/// # Safety
/// Every pointer in `headers` is null with a zero length, or points to that many bytes that may be
/// written now and that no Rust reference is looking at.
pub(crate) unsafe fn recvmmsg(
    socket: BorrowedFd<'_>,
    headers: &mut [mmsghdr],
) -> io::Result<usize> {
    // SAFETY: `headers` is exclusively ours and its length is the one passed; what its pointers
    // name is the caller's promise. A null timeout is allowed: "if timeout is NULL, the operation
    // blocks indefinitely", which MSG_DONTWAIT overrules.
    let received = unsafe {
        libc::syscall(
            libc::SYS_recvmmsg,
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            messages(headers),
            libc::MSG_DONTWAIT,
            ptr::null_mut::<libc::timespec>(),
        )
    };
    usize::try_from(received).map_err(|_| io::Error::last_os_error())
}

/// Sends messages in order without waiting. `Ok` is how many the kernel took, at least one; `Err`
/// is why it refused the first one.
///
/// sendmmsg(2): "returns the number of messages sent from msgvec; if this is less than vlen, the
/// caller can retry with a further sendmmsg() call to send the remaining messages".
///
/// # Safety
/// Every pointer in `headers` is null with a zero length, or points to that many readable bytes.
pub(crate) unsafe fn sendmmsg(
    socket: BorrowedFd<'_>,
    headers: &mut [mmsghdr],
) -> Result<usize, c_int> {
    // SAFETY: `headers` is exclusively ours and its length is the one passed (the kernel writes
    // `msg_len` into it); what its pointers name is the caller's promise, and sending only reads.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_sendmmsg,
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            messages(headers),
            libc::MSG_DONTWAIT,
        )
    };
    match usize::try_from(sent) {
        // Documented for nothing, so it must not become an endless loop: as if there were no room.
        Ok(0) => Err(libc::EAGAIN),
        Ok(sent) => Ok(sent),
        Err(_) => Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)),
    }
}

/// Sends one message to the address that `name` holds, without waiting.
///
/// # Safety
/// `payload` points to that many readable bytes.
pub(crate) unsafe fn send_to(
    socket: BorrowedFd<'_>,
    payload: *const [u8],
    name: &[u8],
) -> Result<usize, c_int> {
    let name_bytes = socklen_t::try_from(name.len()).unwrap_or(0);
    // SAFETY: the payload is the caller's promise. `name` is borrowed with its length, and the kernel
    // copies it before it looks at it (sendto(2)); whether it is an address is for the kernel to say.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_sendto,
            socket.as_raw_fd(),
            payload.cast::<u8>(),
            payload.len(),
            libc::MSG_DONTWAIT,
            name.as_ptr(),
            name_bytes,
        )
    };
    usize::try_from(sent)
        .map_err(|_| io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

/// "vlen is capped to UIO_MAXIOV (1024)", and no batch of ours is longer than 64.
fn messages(headers: &[mmsghdr]) -> c_uint {
    c_uint::try_from(headers.len()).unwrap_or(c_uint::MAX)
}

/// Sets a socket option that is an int (setsockopt(2)).
pub(crate) fn set_int(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: c_int,
) -> io::Result<()> {
    // SAFETY: `optval` points to a c_int on this stack frame and `optlen` is its size; the kernel
    // only reads it, before the call returns.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast::<c_void>(),
            INT_BYTES,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads a socket option that is an array of 32-bit numbers. What the kernel left out is zero.
pub(crate) fn get_u32s<const N: usize>(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
) -> io::Result<[u32; N]> {
    let mut values = [0_u32; N];
    let mut bytes = socklen_t::try_from(size_of::<[u32; N]>()).unwrap_or(0);
    // SAFETY: `optval` points to an array on this stack frame and "optlen ... initially containing
    // the size of the buffer pointed to by optval" is its size; any bit pattern is a u32.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            values.as_mut_ptr().cast::<c_void>(),
            &raw mut bytes,
        )
    };
    if status == 0 { Ok(values) } else { Err(io::Error::last_os_error()) }
}

/// Puts a classic BPF program before a socket's receive queue, in the place of the last (socket(7),
/// SO_ATTACH_FILTER): "returns zero to drop, else how many bytes to keep".
pub(crate) fn attach_filter(socket: BorrowedFd<'_>, program: &[sock_filter]) -> io::Result<()> {
    let program = sock_fprog {
        // The kernel takes 4,096 instructions and refuses what is longer.
        len: c_ushort::try_from(program.len()).unwrap_or(c_ushort::MAX),
        // The kernel only reads it, in spite of the type.
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: `optval` points to a sock_fprog on this stack frame and `optlen` is its size; its `filter`
    // points to at least `len` instructions, borrowed until the call returns, which is when the kernel has
    // made its own copy ("sk_attach_filter copies the program").
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            ptr::from_ref(&program).cast::<c_void>(),
            socklen_t::try_from(size_of::<sock_fprog>()).unwrap_or(0),
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes it away; ENOENT if there is none. The value is not looked at (socket(7), SO_DETACH_FILTER).
pub(crate) fn detach_filter(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_DETACH_FILTER, 0)
}

/// `struct epoll_params` of ioctl_eventpoll(2).
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct EpollParams {
    pub(crate) busy_poll_usecs: u32,
    pub(crate) busy_poll_budget: u16,
    pub(crate) prefer_busy_poll: u8,
    /// "must be zero".
    pub(crate) pad: u8,
}

const _: () = assert!(size_of::<EpollParams>() == 8);

/// `_IOW(0x8A, 0x01, struct epoll_params)` and `_IOR(0x8A, 0x02, ..)`, as <linux/eventpoll.h> has them
/// for every architecture with the generic ioctl layout.
const EPIOCSPARAMS: libc::Ioctl = 0x4008_8A01;
#[cfg(test)]
const EPIOCGPARAMS: libc::Ioctl = 0x8008_8A02u32 as libc::Ioctl;

/// Sets how an epoll instance polls network queues (ioctl_eventpoll(2)); EINVAL or ENOTTY from kernels
/// that cannot.
pub(crate) fn set_epoll_params(epoll: RawFd, params: EpollParams) -> io::Result<()> {
    // SAFETY: EPIOCSPARAMS reads one `struct epoll_params`, which `params` on this stack frame is laid
    // out as, before the call returns.
    let status = unsafe { libc::ioctl(epoll, EPIOCSPARAMS, ptr::from_ref(&params)) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads them back.
#[cfg(test)]
pub(crate) fn epoll_params(epoll: RawFd) -> io::Result<EpollParams> {
    let mut params = EpollParams::default();
    // SAFETY: EPIOCGPARAMS writes one `struct epoll_params`, which `params` is laid out as and where
    // any bit pattern is a value.
    let status = unsafe { libc::ioctl(epoll, EPIOCGPARAMS, &raw mut params) };
    if status == 0 { Ok(params) } else { Err(io::Error::last_os_error()) }
}

#[expect(clippy::cast_possible_truncation, reason = "the size of an int")]
const INT_BYTES: socklen_t = size_of::<c_int>() as socklen_t;
