//! The floors: what loading a list costs at least.

use core::ffi::{CStr, c_char};
use syscalls::{Sysno, syscall};

/// `MODULE_INIT_COMPRESSED_FILE` of `include/uapi/linux/module.h`.
const COMPRESSED_FILE: u32 = 4;

/// Opens the file, hands it to the kernel, closes it. What ends with `.ko` is plain, anything else the
/// kernel inflates.
#[inline(never)]
pub fn load(path: &CStr) {
    let flags = if path.to_bytes().ends_with(b"o") { 0 } else { COMPRESSED_FILE };
    // SAFETY: `path` and the parameters are C strings, the rest are numbers.
    unsafe {
        if let Ok(fd) = syscall!(Sysno::open, path.as_ptr(), 0, 0) {
            let _ = syscall!(Sysno::finit_module, fd, c"".as_ptr(), flags);
            let _ = syscall!(Sysno::close, fd);
        }
    }
}

/// Becomes the real init.
pub fn exec(argv: *const *const c_char, envp: *const *const c_char) -> ! {
    // SAFETY: a C string and two null-terminated vectors of them.
    let _ = unsafe { syscall!(Sysno::execve, crate::INIT.as_ptr(), argv, envp) };
    insinit::sys::die()
}
