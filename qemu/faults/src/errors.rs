//! With which errors a system call may fail: those of its manual page, and what a kernel without the call
//! says.

use nix::errno::Errno::{self, *};
use nix::libc;
use syscalls::Sysno;

const OPEN: &[Errno] =
    &[ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EIO, ELOOP, ENOTDIR, EISDIR, ENXIO, EINTR];
const READ: &[Errno] = &[EIO, EINTR, EISDIR, ENOMEM, EINVAL, EAGAIN];
const WRITE: &[Errno] = &[EIO, ENOSPC, EINTR, EAGAIN, EPIPE, EPERM, EROFS];
const STAT: &[Errno] = &[ENOENT, EACCES, ENOMEM, EIO, ELOOP, ENOSYS];
const MAP: &[Errno] = &[ENOMEM, EAGAIN, EPERM, ENODEV];
const MOUNT: &[Errno] = &[EPERM, EBUSY, EINVAL, ENODEV, ENOMEM, EACCES, EROFS, ENOENT, EIO];
const MODULE: &[Errno] = &[
    EPERM,
    ENOMEM,
    ENOEXEC,
    EINVAL,
    EEXIST,
    EBUSY,
    ENODEV,
    ENOENT,
    EKEYREJECTED,
    EOPNOTSUPP,
    ENOSYS,
    EINTR,
    ETIMEDOUT,
    EFAULT,
    EBADMSG,
];
const FORK: &[Errno] = &[EAGAIN, ENOMEM, EPERM, ENOSYS];
const EXEC: &[Errno] = &[ENOENT, EACCES, ENOEXEC, ENOMEM, E2BIG, ETXTBSY, EIO, ELOOP];
const NODE: &[Errno] = &[EEXIST, EPERM, EROFS, ENOSPC, ENOENT, EIO, EACCES];
const WAIT: &[Errno] = &[ECHILD, EINTR, EINVAL, EAGAIN];
const OTHER: &[Errno] = &[EPERM, ENOMEM, EINVAL, ENOSYS, EINTR, EBUSY, EIO];

/// The errors of a call, by its number; none where it can't fail.
pub fn of(call: u64) -> &'static [Errno] {
    match call.cast_signed() {
        libc::SYS_openat => OPEN,
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_getdents64 => READ,
        libc::SYS_write => WRITE,
        libc::SYS_statx | libc::SYS_statfs | libc::SYS_faccessat => STAT,
        libc::SYS_mmap => MAP,
        libc::SYS_mount | libc::SYS_umount2 => MOUNT,
        libc::SYS_finit_module | libc::SYS_init_module => MODULE,
        libc::SYS_clone => FORK,
        libc::SYS_execve => EXEC,
        libc::SYS_mkdirat | libc::SYS_mknodat | libc::SYS_unlinkat => NODE,
        libc::SYS_wait4 | libc::SYS_rt_sigtimedwait => WAIT,
        libc::SYS_getpid | libc::SYS_exit_group | libc::SYS_sync => &[],
        _ => OTHER,
    }
}

/// What a call is called.
pub fn name(call: u64) -> &'static str {
    Sysno::new(call as usize).map_or("a call that no kernel has", |call| call.name())
}
