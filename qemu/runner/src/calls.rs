//! The system calls that the loader has no use for.
#![allow(unsafe_code)]

use core::ffi::{CStr, c_char};
use insinit::kernel::Fd;
use syscalls::{Errno, Sysno, syscall};

/// `O_CLOEXEC`
pub const CLOSE: u32 = 0o2_000_000;

/// `SIGCHLD`, for clone(2).
const CHILD: usize = 17;

/// `WNOHANG`
const AT_ONCE: usize = 1;

/// wait4(2) of any child.
const ANY: isize = -1;

/// `AT_FDCWD`
const HERE: isize = -100;

/// `POLLIN`
const READABLE: i16 = 1;

/// `struct pollfd`; a negative descriptor is passed over.
#[repr(C)]
pub struct Poll {
    fd: i32,
    events: i16,
    /// What holds: nothing is 0.
    pub events_now: i16,
}

impl Poll {
    /// Waits for something to read, or the other end's close.
    pub fn of(fd: Fd) -> Self {
        Self { fd: fd.0, events: READABLE, events_now: 0 }
    }

    /// Is passed over from now on.
    pub fn drop_it(&mut self) {
        (self.fd, self.events_now) = (-1, 0);
    }
}

/// ppoll(2), for so many milliseconds; a negative number is for ever.
pub fn poll(files: &mut [Poll], milliseconds: i64) {
    let time = [milliseconds / 1000, milliseconds % 1000 * 1_000_000];
    let limit = if milliseconds < 0 { core::ptr::null() } else { time.as_ptr() };
    // SAFETY: `files` is writable, `limit` null or a readable `struct timespec`; there is no mask.
    let _ = unsafe { syscall!(Sysno::ppoll, files.as_mut_ptr(), files.len(), limit, 0, 0) };
}

/// pipe2(2): the end to read and the end to write, closed by an exec.
pub fn pipe() -> Result<(Fd, Fd), Errno> {
    let mut ends = [0i32; 2];
    // SAFETY: `ends` has room for two descriptors.
    unsafe { syscall!(Sysno::pipe2, ends.as_mut_ptr(), CLOSE) }?;
    Ok((Fd(ends[0]), Fd(ends[1])))
}

/// clone(2) as fork(2): the child's id, or 0 in the child.
pub fn fork() -> Result<usize, Errno> {
    // SAFETY: the child has a copy of everything, its stack too; there is one thread.
    unsafe { syscall!(Sysno::clone, CHILD, 0, 0, 0, 0) }
}

/// pidfd_open(2), Linux 5.3.
pub fn pidfd(child: usize) -> Option<Fd> {
    // SAFETY: takes no memory.
    unsafe { syscall!(Sysno::pidfd_open, child, 0) }.ok().map(|fd| Fd(fd as i32))
}

/// wait4(2) without waiting: a child that has ended, and its status.
pub fn ended() -> Option<(usize, i32)> {
    let mut status = 0i32;
    // SAFETY: `status` is writable; no usage is asked for.
    let child = unsafe { syscall!(Sysno::wait4, ANY, &raw mut status, AT_ONCE, 0) }.ok()?;
    (child > 0).then_some((child, status))
}

/// dup3(2) to a descriptor that stays open.
pub fn become_fd(from: Fd, to: i32) -> Result<(), Errno> {
    // SAFETY: takes no memory.
    unsafe { syscall!(Sysno::dup3, from.0, to, 0) }.map(drop)
}

/// setsid(2)
pub fn new_session() {
    // SAFETY: takes no memory.
    let _ = unsafe { syscall!(Sysno::setsid) };
}

/// chdir(2)
pub fn enter(path: &CStr) {
    // SAFETY: `path` is a C string.
    let _ = unsafe { syscall!(Sysno::chdir, path.as_ptr()) };
}

/// symlinkat(2)
pub fn link(target: &CStr, path: &CStr) {
    let (target, path): (*const c_char, *const c_char) = (target.as_ptr(), path.as_ptr());
    // SAFETY: both are C strings.
    let _ = unsafe { syscall!(Sysno::symlinkat, target, HERE, path) };
}
