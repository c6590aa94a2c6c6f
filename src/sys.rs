//! The real kernel: one raw system call a function.
//!
//! Arguments are Rust references of the right length, results are the kernel's errno. Works in any
//! process on Linux, so the host tools and `insinit plan` use it too.
#![allow(unsafe_code)]

use crate::kernel::{Errno, Fd, Kernel, Memory, NOT_STARTED, Result, Stat, Stop, Strings};
use crate::mem::{self, Arena};
use crate::text;
use core::ffi::CStr;
use core::mem::{MaybeUninit, offset_of};
use core::num::NonZeroI32;
use core::ptr::null;
use linux_raw_sys::general as raw;
use linux_raw_sys::ioctl::{TCSBRK, TIOCSCTTY};
use linux_raw_sys::net::{AF_NETLINK, SOCK_DGRAM};
use linux_raw_sys::netlink::{NETLINK_KOBJECT_UEVENT, sockaddr_nl};
use linux_raw_sys::system::{new_utsname, sysinfo};
use syscalls::{Sysno, raw_syscall};

/// A system call that gives a number.
macro_rules! syscall {
    ($($argument:expr),+) => { given(raw_syscall!($($argument),+)) };
}

/// A system call that gives 0.
macro_rules! done {
    ($($argument:expr),+) => { error(raw_syscall!($($argument),+)) };
}

/// What a call gave; from -4095 to -1 it is an error. Nothing else is below zero: no address of a process
/// is, on any of the machines, and none of these calls gives such a number.
fn given(value: usize) -> Result<usize> {
    if (value as isize) < 0 {
        // SAFETY: it is an error.
        return Err(Errno(unsafe { NonZeroI32::new_unchecked(value as i32) }));
    }
    Ok(value)
}

/// The error of a call that gives 0 otherwise.
fn error(value: usize) -> Result<()> {
    NonZeroI32::new(value as i32).map_or(Ok(()), |error| Err(Errno(error)))
}

/// Linux as it runs.
///
/// The loader has one, with its arena in a static, so that what is passed along everywhere is nothing.
#[cfg_attr(not(target_os = "none"), derive(Default))]
pub struct Linux {
    #[cfg(target_os = "none")]
    _only: (),
    #[cfg(not(target_os = "none"))]
    arena: Arena,
}

#[cfg(target_os = "none")]
impl Linux {
    /// The one that a program has; [`crate::entry`] gives it to `main`.
    ///
    /// # Safety
    /// It is called once: whoever has a `Linux` has the arena.
    #[must_use]
    pub unsafe fn only() -> Self {
        Self { _only: () }
    }

    /// The same, with memory in its arena that is enough for most boots.
    #[must_use]
    pub fn furnished(self) -> Self {
        // SAFETY: the invariant, and the reference ends here.
        let (arena, room) = unsafe { &mut *ARENA.0.get() };
        // The page is written to first: reading from it would only bring a fault of its own.
        // SAFETY: a reference is a good place.
        unsafe { (&raw mut arena.last_resort).write_volatile(None) };
        if arena.is_new() {
            arena.give(room); // once
        }
        self
    }
}

/// The loader's arena, and memory for most boots: it lies beside the arena and is there from the start, so
/// that it takes neither a mapping nor page tables of its own. Invariant: it has one thread and one [`Linux`].
#[cfg(target_os = "none")]
struct Only(core::cell::UnsafeCell<(Arena, [u64; mem::CHUNK / 8])>);

// SAFETY: one thread.
#[cfg(target_os = "none")]
unsafe impl Sync for Only {}

#[cfg(target_os = "none")]
static ARENA: Only = Only(core::cell::UnsafeCell::new((Arena::new(), [0; mem::CHUNK / 8])));

/// The last words of a program that met a bug of its own; PID 1's end is a kernel panic.
pub fn die() -> ! {
    let text = b"insinit: internal error\n";
    // SAFETY: `text` is readable for its length.
    let _ = unsafe { syscall!(Sysno::write, 2, text.as_ptr(), text.len()) };
    exit(101)
}

fn exit(status: i32) -> ! {
    loop {
        // SAFETY: takes no memory.
        let _ = unsafe { syscall!(Sysno::exit_group, status) };
    }
}

/// statx(2) of `path` below `fd` with `flags`.
fn statx(fd: i32, path: &CStr, flags: u32) -> Result<Stat> {
    let mut found = MaybeUninit::<raw::statx>::uninit();
    let mask = raw::STATX_BASIC_STATS;
    // SAFETY: `path` is a C string, `found` is writable and of the size that the kernel fills.
    unsafe { done!(Sysno::statx, fd, path.as_ptr(), flags, mask, found.as_mut_ptr()) }?;
    // SAFETY: the kernel fills all of it (`fs/stat.c`, `cp_statx`), and it is numbers.
    let found = unsafe { found.assume_init() };
    Ok(Stat {
        device: u64::from(found.stx_dev_major) << 32 | u64::from(found.stx_dev_minor),
        inode: found.stx_ino,
        mode: u32::from(found.stx_mode),
        size: found.stx_size,
    })
}

/// Memory of the heap: Miri knows no system calls.
#[cfg(miri)]
fn mmap(len: usize, _: u32, _: u32, _: i32) -> Result<*mut u8> {
    let words = vec![0_u64; len.div_ceil(size_of::<u64>())];
    Ok(words.leak().as_mut_ptr().cast())
}

/// mmap(2) of `len` bytes.
#[cfg(not(miri))]
fn mmap(len: usize, protection: u32, flags: u32, fd: i32) -> Result<*mut u8> {
    // SAFETY: no address is asked for, so no existing mapping is touched.
    let at = unsafe { syscall!(Sysno::mmap, 0, len, protection, flags, fd, 0) }?;
    Ok(at as *mut u8)
}

/// More CPUs than any kernel is built for (`arch/x86/Kconfig`, `NR_CPUS_RANGE_END`).
const CPUS: usize = 8192;

/// A signal set (`sigset_t` of the kernel) with `SIGCHLD`.
static CHILDREN: u64 = 1 << (raw::SIGCHLD - 1);

/// A time for the kernel.
fn timespec(milliseconds: u32) -> raw::timespec {
    let nanoseconds = i64::from(milliseconds % 1000).wrapping_mul(1_000_000);
    raw::timespec { tv_sec: i64::from(milliseconds / 1000), tv_nsec: nanoseconds }
}

/// The child's half of [`Kernel::spawn`]; never returns.
fn become_program(path: &CStr, envp: Strings) -> ! {
    let argv = [path.as_ptr(), core::ptr::null()];
    // SAFETY: `argv` and `envp` are null-terminated vectors of C strings.
    unsafe {
        let _ = syscall!(Sysno::setsid);
        let _ = syscall!(Sysno::ioctl, 0, TIOCSCTTY, 1);
        let _ = syscall!(Sysno::execve, path.as_ptr(), argv.as_ptr(), envp.as_ptr());
    }
    exit(NOT_STARTED)
}

impl Kernel for Linux {
    #[cfg(not(target_os = "none"))]
    fn arena(&mut self) -> &mut Arena {
        &mut self.arena
    }

    #[cfg(target_os = "none")]
    fn arena(&mut self) -> &mut Arena {
        // SAFETY: the invariant; the reference borrows the one `Linux`.
        unsafe { &mut (*ARENA.0.get()).0 }
    }

    fn map(&mut self, len: usize) -> Result<&'static mut [u8]> {
        let flags = raw::MAP_PRIVATE | raw::MAP_ANONYMOUS | raw::MAP_NORESERVE;
        let at = mmap(len, raw::PROT_READ | raw::PROT_WRITE, flags, -1)?;
        // SAFETY: a fresh mapping of `len` zero bytes, ours alone until `unmap` takes it.
        Ok(unsafe { core::slice::from_raw_parts_mut(at, len) })
    }

    fn map_file(&mut self, fd: Fd, len: usize) -> Result<&'static [u8]> {
        if len == 0 {
            return Ok(&[]);
        }
        let at = mmap(len, raw::PROT_READ, raw::MAP_PRIVATE, fd.0)?;
        // SAFETY: a fresh mapping that is never unmapped. The initramfs' files are nobody else's
        // to write while PID 1 runs alone.
        Ok(unsafe { core::slice::from_raw_parts(at, len) })
    }

    fn share(&mut self, len: usize) -> Result<&'static mut [u8]> {
        let flags = raw::MAP_SHARED | raw::MAP_ANONYMOUS | raw::MAP_NORESERVE;
        let at = mmap(len, raw::PROT_READ | raw::PROT_WRITE, flags, -1)?;
        // SAFETY: a fresh mapping of `len` zero bytes. [`mem::Slots`] alone takes it.
        Ok(unsafe { core::slice::from_raw_parts_mut(at, len) })
    }

    fn unmap(&mut self, memory: &'static mut [u8]) {
        if cfg!(miri) {
            return;
        }
        // SAFETY: the mapping is `map`'s, and its one reference ends here.
        let _ = unsafe { syscall!(Sysno::munmap, memory.as_mut_ptr(), memory.len()) };
    }

    fn open(&mut self, path: &CStr, flags: u32) -> Result<Fd> {
        let flags = flags | raw::O_CLOEXEC;
        // SAFETY: `path` is a C string. The mode serves O_CREAT only.
        let fd = unsafe { syscall!(Sysno::openat, raw::AT_FDCWD, path.as_ptr(), flags, 0o600) }?;
        Ok(Fd(fd as i32))
    }

    fn close(&mut self, fd: Fd) {
        // SAFETY: takes no memory.
        let _ = unsafe { syscall!(Sysno::close, fd.0) };
    }

    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        // SAFETY: `buffer` is writable for its length.
        unsafe { syscall!(Sysno::read, fd.0, buffer.as_mut_ptr(), buffer.len()) }
    }

    fn read_at(&mut self, fd: Fd, buffer: &mut [u8], offset: u64) -> Result<usize> {
        // SAFETY: `buffer` is writable for its length.
        unsafe { syscall!(Sysno::pread64, fd.0, buffer.as_mut_ptr(), buffer.len(), offset) }
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize> {
        // SAFETY: `bytes` is readable for its length.
        unsafe { syscall!(Sysno::write, fd.0, bytes.as_ptr(), bytes.len()) }
    }

    fn entries(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        // SAFETY: `buffer` is writable for its length.
        unsafe { syscall!(Sysno::getdents64, fd.0, buffer.as_mut_ptr(), buffer.len()) }
    }

    fn stat(&mut self, path: &CStr) -> Result<Stat> {
        statx(raw::AT_FDCWD, path, 0)
    }

    fn stat_fd(&mut self, fd: Fd) -> Result<Stat> {
        statx(fd.0, c"", raw::AT_EMPTY_PATH)
    }

    fn closed(&mut self) -> [bool; 3] {
        let mut found = [0, 1, 2].map(|fd| raw::pollfd { fd, events: 0, revents: 0 });
        let time = raw::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `found` is writable for three, `time` is readable and there is no signal mask.
        let _ = unsafe { syscall!(Sysno::ppoll, found.as_mut_ptr(), 3, &raw const time, 0, 0) };
        found.map(|fd| fd.revents & raw::POLLNVAL as i16 != 0)
    }

    fn keep(&mut self, fd: Fd) {
        // SAFETY: takes no memory.
        let _ = unsafe { syscall!(Sysno::fcntl, fd.0, raw::F_SETFD, 0) };
    }

    fn uevents(&mut self) -> Result<Fd> {
        let kind = SOCK_DGRAM | raw::O_CLOEXEC | raw::O_NONBLOCK;
        // SAFETY: takes no memory.
        let fd = unsafe { syscall!(Sysno::socket, AF_NETLINK, kind, NETLINK_KOBJECT_UEVENT) }?;
        let fd = Fd(fd as i32);
        let (nl_family, nl_groups) = (AF_NETLINK as u16, 1);
        let address = sockaddr_nl { nl_family, nl_pad: 0, nl_pid: 0, nl_groups };
        let len = size_of::<sockaddr_nl>();
        // SAFETY: `address` is readable for its length.
        let bound = unsafe { done!(Sysno::bind, fd.0, &raw const address, len) };
        match bound {
            Ok(()) => Ok(fd),
            Err(errno) => {
                self.close(fd);
                Err(errno)
            }
        }
    }

    fn readable(&mut self, fd: Fd, milliseconds: u32) -> Result<bool> {
        let mut file = raw::pollfd { fd: fd.0, events: raw::POLLIN as i16, revents: 0 };
        let time = timespec(milliseconds);
        // SAFETY: `file` is writable for one, `time` is readable and there is no signal mask.
        let count = unsafe { syscall!(Sysno::ppoll, &raw mut file, 1, &raw const time, 0, 0) }?;
        Ok(count > 0)
    }

    fn drain(&mut self, fd: Fd) {
        // SAFETY: TCSBRK takes a number.
        let _ = unsafe { syscall!(Sysno::ioctl, fd.0, TCSBRK, 1) };
    }

    fn make_dir(&mut self, path: &CStr) -> Result<()> {
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::mkdirat, raw::AT_FDCWD, path.as_ptr(), 0o755) }
    }

    fn make_device(&mut self, path: &CStr, major: u32, minor: u32) -> Result<()> {
        let (mode, device) = (raw::S_IFCHR | 0o600, major << 8 | minor);
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::mknodat, raw::AT_FDCWD, path.as_ptr(), mode, device) }
    }

    fn make_block(&mut self, path: &CStr, major: u32, minor: u32) -> Result<()> {
        let mode = raw::S_IFBLK | 0o600;
        // `include/linux/kdev_t.h`, `new_encode_dev`
        let device = minor & 0xff | major << 8 | (minor & !0xff) << 12;
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::mknodat, raw::AT_FDCWD, path.as_ptr(), mode, device) }
    }

    fn unlink(&mut self, path: &CStr) -> Result<()> {
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::unlinkat, raw::AT_FDCWD, path.as_ptr(), 0) }
    }

    fn remove_dir(&mut self, path: &CStr) -> Result<()> {
        let flags = raw::AT_REMOVEDIR;
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::unlinkat, raw::AT_FDCWD, path.as_ptr(), flags) }
    }

    fn mount(
        &mut self,
        what: &CStr,
        target: &CStr,
        kind: &CStr,
        flags: u32,
        data: &CStr,
    ) -> Result<()> {
        let (what, target, kind) = (what.as_ptr(), target.as_ptr(), kind.as_ptr());
        // Of what there is the kernel copies a whole page (`fs/namespace.c`, `copy_mount_options`).
        let data = if data.is_empty() { null() } else { data.as_ptr() };
        // SAFETY: all four are C strings.
        unsafe { done!(Sysno::mount, what, target, kind, flags, data) }
    }

    fn seclude(&mut self) -> Result<()> {
        // SAFETY: takes no memory.
        unsafe { done!(Sysno::unshare, raw::CLONE_NEWNS) }?;
        self.mount(c"", c"/", c"", raw::MS_REC | raw::MS_PRIVATE, c"")
    }

    fn detach(&mut self, target: &CStr) -> Result<()> {
        // SAFETY: `target` is a C string.
        unsafe { done!(Sysno::umount2, target.as_ptr(), raw::MNT_DETACH) }
    }

    fn magic(&mut self, path: &CStr) -> Result<u32> {
        let mut found = MaybeUninit::<raw::statfs64>::zeroed();
        // SAFETY: `path` is a C string, `found` is writable and of the size that the kernel fills.
        unsafe { done!(Sysno::statfs, path.as_ptr(), found.as_mut_ptr()) }?;
        // SAFETY: all zero bytes are a valid statfs64.
        Ok(unsafe { found.assume_init() }.f_type as u32)
    }

    fn may_execute(&mut self, path: &CStr) -> Result<()> {
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::faccessat, raw::AT_FDCWD, path.as_ptr(), raw::X_OK) }
    }

    fn change_dir(&mut self, path: &CStr) -> Result<()> {
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::chdir, path.as_ptr()) }
    }

    fn change_dir_to(&mut self, fd: Fd) -> Result<()> {
        // SAFETY: takes no memory.
        unsafe { done!(Sysno::fchdir, fd.0) }
    }

    fn change_root(&mut self, path: &CStr) -> Result<()> {
        // SAFETY: `path` is a C string.
        unsafe { done!(Sysno::chroot, path.as_ptr()) }
    }

    fn replace(&mut self, number: i32, fd: Fd) {
        // SAFETY: takes no memory.
        let _ = unsafe { syscall!(Sysno::dup3, fd.0, number, 0) };
    }

    fn finit_module(&mut self, fd: Fd, params: &CStr, flags: u32) -> Result<()> {
        // SAFETY: `params` is a C string.
        unsafe { done!(Sysno::finit_module, fd.0, params.as_ptr(), flags) }
    }

    fn memfd(&mut self) -> Result<Fd> {
        let name = c"insinit";
        // SAFETY: `name` is a C string.
        let fd = unsafe { syscall!(Sysno::memfd_create, name.as_ptr(), raw::MFD_CLOEXEC) }?;
        Ok(Fd(fd as i32))
    }

    fn init_module(&mut self, image: &[u8], params: &CStr) -> Result<()> {
        // SAFETY: `image` is readable for its length and `params` is a C string.
        unsafe { done!(Sysno::init_module, image.as_ptr(), image.len(), params.as_ptr()) }
    }

    fn now(&mut self) -> u64 {
        let mut time = raw::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is writable.
        let _ = unsafe { syscall!(Sysno::clock_gettime, raw::CLOCK_MONOTONIC, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds.wrapping_mul(1_000_000).wrapping_add(time.tv_nsec.unsigned_abs() / 1000)
    }

    fn sleep(&mut self, milliseconds: u32) {
        let time = timespec(milliseconds);
        // SAFETY: `time` is readable; what is left of an interrupted sleep isn't asked for.
        let _ = unsafe { syscall!(Sysno::nanosleep, &raw const time, 0) };
    }

    fn memory(&mut self) -> Memory {
        let mut found = MaybeUninit::<sysinfo>::zeroed();
        // SAFETY: `found` is writable and of the size that the kernel fills.
        let _ = unsafe { syscall!(Sysno::sysinfo, found.as_mut_ptr()) };
        // SAFETY: all zero bytes are a valid sysinfo.
        let found = unsafe { found.assume_init() };
        let unit = u64::from(found.mem_unit);
        Memory { total: found.totalram.wrapping_mul(unit), free: found.freeram.wrapping_mul(unit) }
    }

    fn release(&mut self) -> Result<&'static [u8]> {
        let found = mem::bytes(self, size_of::<new_utsname>());
        // SAFETY: `found` is writable and as long as what the kernel fills.
        unsafe { done!(Sysno::uname, found.as_mut_ptr()) }?;
        let mut text = text::tail(found, offset_of!(new_utsname, release));
        Ok(text::cut(&mut text, 0))
    }

    fn pid(&mut self) -> i32 {
        // SAFETY: takes no memory.
        unsafe { raw_syscall!(Sysno::getpid) as i32 }
    }

    fn exec(&mut self, path: &CStr, argv: Strings, envp: Strings) -> Errno {
        let (path, argv, envp) = (path.as_ptr(), argv.as_ptr(), envp.as_ptr());
        // SAFETY: `argv` and `envp` are null-terminated vectors of C strings.
        unsafe { done!(Sysno::execve, path, argv, envp) }.err().unwrap_or(Errno::EIO)
    }

    fn spawn(&mut self, path: &CStr, envp: Strings) -> Result<i32> {
        // SAFETY: without CLONE_VM the child has a copy of all memory and goes on here.
        match unsafe { syscall!(Sysno::clone, raw::SIGCHLD, 0, 0, 0, 0) }? {
            0 => become_program(path, envp),
            child => Ok(child as i32),
        }
    }

    fn wait(&mut self) -> Result<(i32, i32)> {
        let mut status = 0i32;
        // SAFETY: `status` is writable.
        let child = unsafe { syscall!(Sysno::wait4, usize::MAX, &raw mut status, 0, 0) }?;
        Ok((child as i32, status))
    }

    fn cpus(&mut self) -> u32 {
        let mut mask = [0_u8; CPUS / 8];
        // SAFETY: `mask` is writable for its length.
        let _ = unsafe { syscall!(Sysno::sched_getaffinity, 0, mask.len(), mask.as_mut_ptr()) };
        let mut count = 0_u32;
        for byte in &mask {
            let mut left = *byte;
            while left != 0 {
                left &= left.wrapping_sub(1); // without its lowest bit
                count = count.wrapping_add(1);
            }
        }
        count.max(1)
    }

    fn hold_children(&mut self, hold: bool) {
        let how = if hold { raw::SIG_BLOCK } else { raw::SIG_UNBLOCK };
        // SAFETY: the set is readable and of the size given.
        let _ = unsafe { syscall!(Sysno::rt_sigprocmask, how, &raw const CHILDREN, 0, 8) };
    }

    fn fork(&mut self) -> Result<i32> {
        // SAFETY: without CLONE_VM the child has a copy of all memory and goes on here.
        unsafe { syscall!(Sysno::clone, raw::SIGCHLD, 0, 0, 0, 0) }.map(|child| child as i32)
    }

    fn leave(&mut self) -> i32 {
        exit(0)
    }

    fn reap(&mut self, milliseconds: u32) -> Result<(i32, i32)> {
        let (mut status, mut left) = (0i32, milliseconds);
        loop {
            // SAFETY: `status` is writable.
            let child =
                unsafe { syscall!(Sysno::wait4, usize::MAX, &raw mut status, raw::WNOHANG, 0) }?;
            match (child, left) {
                (0, 0) => return Err(Errno::EAGAIN),
                (0, _) => {
                    let (time, set) = (timespec(left), &raw const CHILDREN);
                    // SAFETY: the set and the time are readable, and nothing is asked for.
                    let _ = unsafe { syscall!(Sysno::rt_sigtimedwait, set, 0, &raw const time, 8) };
                    left = 0;
                }
                _ => return Ok((child as i32, status)),
            }
        }
    }

    fn kill(&mut self, process: i32) {
        // SAFETY: takes no memory.
        let _ = unsafe { syscall!(Sysno::kill, process, raw::SIGKILL) };
    }

    fn sync(&mut self) {
        // SAFETY: takes no memory.
        let _ = unsafe { syscall!(Sysno::sync) };
    }

    fn stop(&mut self, how: Stop) -> Errno {
        let command = match how {
            Stop::Reboot => raw::LINUX_REBOOT_CMD_RESTART,
            Stop::PowerOff => raw::LINUX_REBOOT_CMD_POWER_OFF,
            Stop::Halt => raw::LINUX_REBOOT_CMD_HALT,
        };
        let (one, two) = (raw::LINUX_REBOOT_MAGIC1, raw::LINUX_REBOOT_MAGIC2);
        // SAFETY: the first three arguments are numbers and these commands take no fourth.
        unsafe { done!(Sysno::reboot, one, two, command, 0) }.err().unwrap_or(Errno::EIO)
    }

    fn exit(&mut self, status: i32) -> ! {
        exit(status)
    }
}
