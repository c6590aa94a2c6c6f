//! The kernel's part in a boot: which calls are answered here, and what they are answered.

use crate::errors;
use crate::image::NEEDS;
use nix::errno::Errno;
use nix::libc::{self, user_regs_struct};
use nix::sys::ptrace;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use std::fs;
use std::io::IoSliceMut;
use std::path::Path;

/// The most of a text of the program's that is looked at.
const TEXT: usize = 4096;

/// The machine as the program finds it.
#[derive(Default)]
pub struct Answers {
    /// Every line that was written.
    pub lines: Vec<String>,
    /// The modules that are loaded, in order.
    pub loaded: Vec<String>,
    /// Every attempt to load one, and how it ended.
    pub attempts: Vec<(String, i64)>,
    /// Seconds and nanoseconds that were slept through.
    slept: u64,
}

/// What becomes of a call.
pub enum Answer {
    /// The kernel does it.
    Real,
    /// It is done: what it gives.
    Given(i64),
    /// The machine is stopped: the command of reboot(2).
    Stopped(u64),
}

impl Answers {
    /// What a call is answered. `registers` may be changed: then another call is made.
    pub fn to(&mut self, process: Pid, registers: &mut user_regs_struct) -> Answer {
        match registers.orig_rax.cast_signed() {
            libc::SYS_mount | libc::SYS_umount2 | libc::SYS_sync => Answer::Given(0),
            libc::SYS_reboot => Answer::Stopped(registers.rdx),
            libc::SYS_mknodat if registers.rdx as u32 & libc::S_IFMT == libc::S_IFCHR => {
                registers.r10 = libc::makedev(1, 3); // null, whatever it is called
                Answer::Real
            }
            libc::SYS_mknodat => Answer::Given(0),
            libc::SYS_nanosleep => self.sleep(process, registers.rdi),
            libc::SYS_ppoll => self.sleep(process, registers.rdx),
            libc::SYS_write => {
                self.hear(process, registers);
                Answer::Real
            }
            libc::SYS_finit_module => {
                let name = file_name(process, registers.rdi);
                self.insert(&name)
            }
            libc::SYS_init_module => {
                let name = name_in(&memory(process, registers.rdi, TEXT));
                self.insert(&name)
            }
            libc::SYS_delete_module | libc::SYS_kexec_load | libc::SYS_settimeofday => {
                Answer::Given(-i64::from(libc::EPERM))
            }
            _ => Answer::Real,
        }
    }

    /// What happens after a call that the kernel did.
    pub fn after(&mut self, process: Pid, registers: &user_regs_struct) {
        if registers.orig_rax.cast_signed() == libc::SYS_clock_gettime && self.slept > 0 {
            let time = memory(process, registers.rsi, 16);
            let Some((seconds, nanoseconds)) = timespec(&time) else { return };
            let now = seconds * 1_000_000_000 + nanoseconds + self.slept;
            for (at, word) in [(0, now / 1_000_000_000), (8, now % 1_000_000_000)] {
                let place = (registers.rsi + at) as ptrace::AddressType;
                let _ = ptrace::write(process, place, word.cast_signed());
            }
        }
    }

    /// Passes the time at `at` without waiting; a poll without any is the kernel's.
    fn sleep(&mut self, process: Pid, at: u64) -> Answer {
        let time = timespec(&memory(process, at, 16)).unwrap_or_default();
        if time == (0, 0) {
            return Answer::Real;
        }
        self.slept += time.0 * 1_000_000_000 + time.1;
        Answer::Given(0)
    }

    /// Notes a line.
    fn hear(&mut self, process: Pid, registers: &user_regs_struct) {
        let bytes = memory(process, registers.rsi, TEXT.min(registers.rdx as usize));
        let text = String::from_utf8_lossy(&bytes).trim_end().to_string();
        if text.contains("insinit: ") {
            self.lines.push(text);
        }
    }

    /// Notes the end of an attempt that was told to fail.
    pub fn refused(&mut self, process: Pid, registers: &user_regs_struct, errno: Errno) {
        let name = match registers.orig_rax.cast_signed() {
            libc::SYS_finit_module => file_name(process, registers.rdi),
            libc::SYS_init_module => name_in(&memory(process, registers.rdi, TEXT)),
            _ => return,
        };
        self.attempts.push((name, -i64::from(errno as i32)));
    }

    /// Loads a module as the kernel does.
    fn insert(&mut self, name: &str) -> Answer {
        let needed = NEEDS.iter().filter(|(of, _)| *of == name);
        let all = needed.into_iter().all(|(_, needs)| self.loaded.iter().any(|one| one == needs));
        let result = match () {
            () if name.is_empty() => -i64::from(libc::ENOEXEC),
            () if self.loaded.iter().any(|one| one == name) => -i64::from(libc::EEXIST),
            () if !all => -i64::from(libc::ENOENT),
            () => {
                self.loaded.push(name.into());
                0
            }
        };
        self.attempts.push((name.into(), result));
        Answer::Given(result)
    }
}

/// Up to `len` bytes of a process' memory: fewer, where its mapping ends.
fn memory(process: Pid, at: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    // A page at a time: what can't be read is left out.
    let first = len.min(4096 - (at as usize & 4095));
    let mut pieces = vec![RemoteIoVec { base: at as usize, len: first }];
    if first < len {
        pieces.push(RemoteIoVec { base: at as usize + first, len: len - first });
    }
    let got = process_vm_readv(process, &mut [IoSliceMut::new(&mut bytes)], &pieces).unwrap_or(0);
    bytes.truncate(got);
    bytes
}

/// The path that a call is about, for what is said of it.
pub fn about(process: Pid, registers: &user_regs_struct) -> String {
    let name = errors::name(registers.orig_rax);
    let at = match registers.orig_rax.cast_signed() {
        libc::SYS_openat
        | libc::SYS_statx
        | libc::SYS_mkdirat
        | libc::SYS_mknodat
        | libc::SYS_unlinkat
        | libc::SYS_mount => registers.rsi,
        libc::SYS_execve | libc::SYS_umount2 | libc::SYS_chdir | libc::SYS_chroot => registers.rdi,
        _ => return name.into(),
    };
    format!("{name} {}", path(process, at))
}

/// The C string at an address.
pub fn path(process: Pid, at: u64) -> String {
    let bytes = memory(process, at, 256);
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// `struct timespec`: seconds and nanoseconds.
fn timespec(bytes: &[u8]) -> Option<(u64, u64)> {
    let (seconds, rest) = bytes.split_first_chunk()?;
    let (nanoseconds, _) = rest.split_first_chunk()?;
    Some((u64::from_le_bytes(*seconds), u64::from_le_bytes(*nanoseconds)))
}

/// The module that a process' descriptor is: by the file's name, or what is written in it.
fn file_name(process: Pid, fd: u64) -> String {
    let link = format!("/proc/{process}/fd/{fd}");
    let target = fs::read_link(&link).unwrap_or_default();
    match target.to_string_lossy().split_once(".ko") {
        Some((path, _)) => {
            Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
        }
        None => name_in(&fs::read(&link).unwrap_or_default()),
    }
}

/// The module's name that an image tells.
fn name_in(image: &[u8]) -> String {
    let Some(rest) = image.strip_prefix(b"\x7fELF").and_then(|_| image.get(64 + 5..)) else {
        return String::new();
    };
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&rest[..end]).into_owned()
}
