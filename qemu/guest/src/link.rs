//! readlink(2), the one call of the guest's that the loader has no use for.

use core::ffi::CStr;
use syscalls::{Sysno, syscall};

/// `AT_FDCWD`
const HERE: isize = -100;

/// Where the symbolic link `path` points to, cut to `room`.
pub fn target<'a>(path: &CStr, room: &'a mut [u8]) -> Option<&'a [u8]> {
    let call = Sysno::readlinkat;
    // SAFETY: `path` is a C string and `room` is writable for its length.
    let len = unsafe { syscall!(call, HERE, path.as_ptr(), room.as_mut_ptr(), room.len()) }.ok()?;
    room.get(..len)
}
