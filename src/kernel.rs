//! The seam between the loader and Linux: every system call goes through [`Kernel`].
//!
//! [`crate::sys::Linux`] is the real one and costs no byte; the unit tests put a scripted one in its
//! place. Errors are the kernel's own errno. Buffers are slices and paths are C strings, so nothing
//! above this line needs `unsafe`.

pub use crate::errno::Errno;
use crate::mem::Arena;
use core::ffi::CStr;

/// What a system call gives.
pub type Result<T> = core::result::Result<T, Errno>;

/// An open file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub i32);

/// The process' argument or environment vector, as execve(2) takes it.
pub use crate::start::Strings;

/// What statx(2) says of a file, as far as the loader asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Device (major << 32 | minor) and inode: together the file's identity.
    pub device: u64,
    /// The inode's number on that device.
    pub inode: u64,
    /// Type and permissions, `S_IFMT` and below.
    pub mode: u32,
    /// Length in bytes.
    pub size: u64,
}

impl Stat {
    /// Whether both are the same file.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// Memory of the machine in bytes, from sysinfo(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All usable memory.
    pub total: u64,
    /// Free memory, without caches.
    pub free: u64,
}

/// How to stop the machine: reboot(2). None of them is 0, so that an arena without one is all zero bytes
/// and takes no room in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// `LINUX_REBOOT_CMD_RESTART`
    Reboot = 1,
    /// `LINUX_REBOOT_CMD_POWER_OFF`
    PowerOff,
    /// `LINUX_REBOOT_CMD_HALT`
    Halt,
}

/// The exit status of a child that could not exec its program: one that no shell gives of itself, as
/// they give 126 and 127.
pub const NOT_STARTED: i32 = 111;

/// The system calls, each as its manual page has it.
///
/// Descriptors are opened `O_CLOEXEC` by every implementation.
pub trait Kernel {
    /// The memory that tables and texts are cut from; it is never given back.
    fn arena(&mut self) -> &mut Arena;
    /// mmap(2): private, anonymous, zeroed, without reservation of swap or memory.
    fn map(&mut self, len: usize) -> Result<&'static mut [u8]>;
    /// mmap(2): a file's first `len` bytes, read-only.
    fn map_file(&mut self, fd: Fd, len: usize) -> Result<&'static [u8]>;
    /// mmap(2): anonymous, zeroed, shared with every process that is forked later.
    fn share(&mut self, len: usize) -> Result<&'static mut [u8]>;
    /// munmap(2) of what `map` gave.
    fn unmap(&mut self, memory: &'static mut [u8]);

    /// openat(2) with `O_*` flags; `O_CLOEXEC` is added.
    fn open(&mut self, path: &CStr, flags: u32) -> Result<Fd>;
    /// close(2)
    fn close(&mut self, fd: Fd);
    /// read(2)
    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize>;
    /// pread64(2)
    fn read_at(&mut self, fd: Fd, buffer: &mut [u8], offset: u64) -> Result<usize>;
    /// write(2)
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize>;
    /// getdents64(2): raw `struct linux_dirent64` records.
    fn entries(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize>;
    /// statx(2), following symbolic links.
    fn stat(&mut self, path: &CStr) -> Result<Stat>;
    /// statx(2) of an open file.
    fn stat_fd(&mut self, fd: Fd) -> Result<Stat>;
    /// ppoll(2) `POLLNVAL`: which of the descriptors 0 to 2 are closed.
    fn closed(&mut self) -> [bool; 3];
    /// fcntl(2) `F_SETFD` with 0: the descriptor stays open through execve(2).
    fn keep(&mut self, fd: Fd);
    /// socket(2) and bind(2): the kernel's uevents, one a read(2), which doesn't block.
    fn uevents(&mut self) -> Result<Fd>;
    /// ppoll(2): whether the descriptor can be read, after at most so many milliseconds.
    fn readable(&mut self, fd: Fd, milliseconds: u32) -> Result<bool>;
    /// ioctl(2) `TCSBRK` with 1: wait until a terminal's output is out (tcdrain(3)).
    fn drain(&mut self, fd: Fd);

    /// mkdirat(2) with mode 0755.
    fn make_dir(&mut self, path: &CStr) -> Result<()>;
    /// mknodat(2) of a character device with mode 0600.
    fn make_device(&mut self, path: &CStr, major: u32, minor: u32) -> Result<()>;
    /// mknodat(2) of a block device with mode 0600.
    fn make_block(&mut self, path: &CStr, major: u32, minor: u32) -> Result<()>;
    /// unlinkat(2)
    fn unlink(&mut self, path: &CStr) -> Result<()>;
    /// unlinkat(2) with `AT_REMOVEDIR`.
    fn remove_dir(&mut self, path: &CStr) -> Result<()>;
    /// mount(2); an empty `data` is none.
    fn mount(
        &mut self,
        what: &CStr,
        target: &CStr,
        kind: &CStr,
        flags: u32,
        data: &CStr,
    ) -> Result<()>;
    /// unshare(2) `CLONE_NEWNS`, then mount(2) that keeps what is mounted from now on from everybody else
    /// (mount_namespaces(7)).
    fn seclude(&mut self) -> Result<()>;
    /// umount2(2) with `MNT_DETACH`.
    fn detach(&mut self, target: &CStr) -> Result<()>;
    /// statfs(2): the magic number of the file system that holds `path` (`include/uapi/linux/magic.h`).
    fn magic(&mut self, path: &CStr) -> Result<u32>;
    /// faccessat(2) `X_OK`: whether the file may be executed, its file system's `noexec` counted.
    fn may_execute(&mut self, path: &CStr) -> Result<()>;
    /// chdir(2)
    fn change_dir(&mut self, path: &CStr) -> Result<()>;
    /// fchdir(2)
    fn change_dir_to(&mut self, fd: Fd) -> Result<()>;
    /// chroot(2)
    fn change_root(&mut self, path: &CStr) -> Result<()>;
    /// dup3(2) without flags: `number` becomes what `fd` is and stays open through execve(2).
    fn replace(&mut self, number: i32, fd: Fd);

    /// finit_module(2)
    fn finit_module(&mut self, fd: Fd, params: &CStr, flags: u32) -> Result<()>;
    /// memfd_create(2): an empty file without a name; it is written as any other.
    fn memfd(&mut self) -> Result<Fd>;
    /// init_module(2)
    fn init_module(&mut self, image: &[u8], params: &CStr) -> Result<()>;

    /// clock_gettime(2) `CLOCK_MONOTONIC`, microseconds.
    fn now(&mut self) -> u64;
    /// clock_nanosleep(2)
    fn sleep(&mut self, milliseconds: u32);
    /// sysinfo(2)
    fn memory(&mut self) -> Memory;
    /// uname(2): the release, at most 64 bytes, cut from the arena.
    fn release(&mut self) -> Result<&'static [u8]>;
    /// getpid(2)
    fn pid(&mut self) -> i32;

    /// execve(2): comes back only with an error.
    fn exec(&mut self, path: &CStr, argv: Strings, envp: Strings) -> Errno;
    /// A child that execs `path` with that argument alone, in a session of its own whose controlling
    /// terminal is descriptor 0: clone(2), setsid(2), ioctl(2) `TIOCSCTTY`, execve(2).
    /// Gives the child's process id; one that could not exec ends with [`NOT_STARTED`].
    fn spawn(&mut self, path: &CStr, envp: Strings) -> Result<i32>;
    /// wait4(2): waits for any child and gives its id and status.
    fn wait(&mut self) -> Result<(i32, i32)>;
    /// sched_getaffinity(2): how many CPUs this process may run on, which for PID 1 are those online;
    /// at least 1.
    fn cpus(&mut self) -> u32;
    /// rt_sigprocmask(2): holds `SIGCHLD` back, or lets it through again. Needed by [`Kernel::reap`];
    /// programs that are executed inherit it.
    fn hold_children(&mut self, hold: bool);
    /// clone(2) as fork(2): gives 0 in the child, the child's process id in the parent.
    fn fork(&mut self) -> Result<i32>;
    /// exit_group(2) with 0 of a forked child. Only the scripted machine, which has but one process,
    /// comes back: as the parent, with the child's process id.
    fn leave(&mut self) -> i32;
    /// wait4(2) of any child; waits at most so long for one, by rt_sigtimedwait(2). `EAGAIN` if none
    /// ended.
    fn reap(&mut self, milliseconds: u32) -> Result<(i32, i32)>;
    /// kill(2) with `SIGKILL`.
    fn kill(&mut self, process: i32);
    /// sync(2)
    fn sync(&mut self);
    /// reboot(2): comes back only with an error (or after a halt that didn't).
    fn stop(&mut self, how: Stop) -> Errno;
    /// Ends the boot because there is no memory for the loader's own tables: says so on descriptor 2
    /// and stops the machine as [`Arena::last_resort`] says.
    fn exhausted(&mut self) -> ! {
        let _ = self.write(Fd(2), b"insinit: stop: no memory for the loader's tables (ENOMEM)\n");
        self.drain(Fd(2));
        if let Some(how) = self.arena().last_resort {
            self.sync();
            self.stop(how);
        }
        self.exit(1)
    }
    /// exit_group(2)
    fn exit(&mut self, status: i32) -> !;
}
