//! /init of a boot whose memory is measured: a child traces us, then we become the contestant. At every
//! call of the contestant's, the memory of all its processes is added up (`/proc/PID/smaps_rollup`).
//!
//! The tracer has a mount namespace of its own, so that the contestant's /proc is the contestant's.
#![cfg_attr(target_os = "none", no_std, no_main)]

use insinit::kernel::{Fd, Kernel, Stop};
use insinit::mem::{self, Table};
use insinit::start::Process;
use insinit::sys::Linux;
use insinit::{files, text};
use insinit_bench::{CONTESTANT, say::Say, say::decimal, vector};
use syscalls::{Sysno, syscall};

insinit_bench::guest!(run);

/// `CLONE_NEWNS`
const NEW_MOUNTS: usize = 0x0002_0000;
/// `MS_REC | MS_PRIVATE`
const PRIVATE: usize = 0x0004_4000;
/// `SIGCHLD`
const CHILD: usize = 17;

/// Requests of ptrace(2).
mod request {
    pub const SYSCALL: usize = 24;
    pub const GETEVENTMSG: usize = 0x4201;
    pub const SEIZE: usize = 0x4206;
    pub const INTERRUPT: usize = 0x4207;
    pub const GET_SYSCALL_INFO: usize = 0x420e;
}

/// `PTRACE_O_TRACESYSGOOD | TRACEFORK | TRACEVFORK | TRACECLONE | TRACEEXEC`
const OPTIONS: usize = 0x1f;
/// A call's stop, with `PTRACE_O_TRACESYSGOOD`.
const CALL_STOP: i32 = 0x85;
/// `PTRACE_EVENT_VFORK`, `PTRACE_EVENT_EXEC`, `PTRACE_EVENT_STOP`
const EVENT_VFORK: i32 = 2;
const EVENT_EXEC: i32 = 4;

/// What was found, in KiB.
#[derive(Default)]
struct Peak {
    private: u64,
    pss: u64,
    calls: u64,
    processes: u64,
}

/// A process that lives.
#[derive(Clone, Copy)]
struct Traced {
    pid: i32,
    /// It is a vfork'd child that uses its parent's memory.
    borrows: bool,
}

fn run(mut k: Linux, process: Process) -> ! {
    let arguments = files::text(&mut k, c"/arguments");
    let argv = vector(&mut k, arguments);
    let mut pipe = [0i32; 2];
    // SAFETY: `pipe` is writable for two; without CLONE_VM the child has a copy of all memory.
    let child = unsafe {
        let _ = syscall!(Sysno::pipe2, pipe.as_mut_ptr(), 0);
        syscall!(Sysno::clone, CHILD, 0, 0, 0, 0)
    };
    let [read, write] = pipe.map(Fd);
    if child == Ok(0) {
        trace(&mut k, write);
    }
    let _ = k.read(read, &mut [0]);
    k.close(read);
    k.close(write);
    let _ = k.exec(CONTESTANT, argv, process.envp);
    k.exit(1)
}

/// Traces PID 1 until the real init says that it runs; `ready` gets a byte when it is traced.
fn trace(k: &mut Linux, ready: Fd) -> ! {
    // SAFETY: numbers and C strings.
    unsafe {
        let _ = syscall!(Sysno::unshare, NEW_MOUNTS);
        let _ = syscall!(Sysno::mount, c"none".as_ptr(), c"/".as_ptr(), 0, PRIVATE, 0);
    }
    let _ = k.mount(c"proc", c"/proc", c"proc", 0, c"");
    ptrace(request::SEIZE, 1, 0, OPTIONS);
    ptrace(request::INTERRUPT, 1, 0, 0);
    let _ = k.wait();
    ptrace(request::SYSCALL, 1, 0, 0);
    let _ = k.write(ready, &[0]);
    let mut live = Table::new();
    live.push(k, Traced { pid: 1, borrows: false });
    let (mut peak, mut started) = (Peak::default(), false);
    while let Ok((pid, status)) = wait() {
        if status & 0x7f != 0x7f {
            forget(&mut live, pid);
            continue;
        }
        let (signal, event) = (status >> 8 & 0xff, status >> 16);
        if !live.iter().any(|traced| traced.pid == pid) {
            live.push(k, Traced { pid, borrows: false });
            peak.processes = peak.processes.wrapping_add(1);
        }
        match event {
            EVENT_EXEC => {
                started = true;
                borrow(&mut live, pid, false);
            }
            EVENT_VFORK => {
                let child = message(pid);
                if !live.iter().any(|traced| traced.pid == child) {
                    live.push(k, Traced { pid: child, borrows: true });
                    peak.processes = peak.processes.wrapping_add(1);
                }
            }
            _ => {}
        }
        if signal == CALL_STOP && started {
            match call(pid) {
                Some(nr) if nr == Sysno::lookup_dcookie as u64 => done(k, &peak),
                Some(_) => measure(k, &live, &mut peak),
                None => {}
            }
        }
        let is_signal = event == 0 && signal != CALL_STOP && signal != 5;
        ptrace(request::SYSCALL, pid, 0, if is_signal { signal as usize } else { 0 });
    }
    k.exit(1)
}

/// Says what was found and ends the machine.
fn done(k: &mut Linux, peak: &Peak) -> ! {
    let said = Say::default().text(b"bench: memory private ").number(peak.private);
    let said = said.text(b" pss ").number(peak.pss).text(b" calls ").number(peak.calls);
    said.text(b" processes ").number(peak.processes.wrapping_add(1)).line(k);
    k.stop(Stop::Reboot);
    k.exit(0)
}

/// Adds up what all processes have now.
fn measure(k: &mut Linux, live: &[Traced], peak: &mut Peak) {
    let (mut private, mut pss) = (0u64, 0u64);
    for traced in live.iter().filter(|traced| !traced.borrows) {
        let (digits, from) = decimal(traced.pid as u64);
        let pid = digits.get(from..).unwrap_or_default();
        let path = mem::path(k, &[b"/proc/", pid, b"/smaps_rollup"]);
        let mut lines = files::text(k, path);
        while let Some(line) = text::take(&mut lines, b'\n') {
            private = private.wrapping_add(field(line, b"Anonymous:"));
            pss = pss.wrapping_add(field(line, b"Pss:"));
        }
    }
    peak.private = peak.private.max(private);
    peak.pss = peak.pss.max(pss);
    peak.calls = peak.calls.wrapping_add(1);
}

/// The number of a line that starts with `name`.
fn field(line: &[u8], name: &[u8]) -> u64 {
    let digits = line.strip_prefix(name).unwrap_or_default();
    let digits = digits.iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}

fn forget(live: &mut Table<Traced>, pid: i32) {
    let last = live.last().copied();
    if let (Some(slot), Some(last)) = (live.iter_mut().find(|traced| traced.pid == pid), last) {
        *slot = last;
        let len = live.len();
        live.truncate(len.wrapping_sub(1));
    }
}

fn borrow(live: &mut Table<Traced>, pid: i32, borrows: bool) {
    for traced in live.iter_mut().filter(|traced| traced.pid == pid) {
        traced.borrows = borrows;
    }
}

/// The next stop or end of a process that is traced.
fn wait() -> Result<(i32, i32), syscalls::Errno> {
    let mut status = 0i32;
    // SAFETY: `status` is writable; 0x40000000 is __WALL.
    let pid = unsafe { syscall!(Sysno::wait4, usize::MAX, &raw mut status, 0x4000_0000, 0) }?;
    Ok((pid as i32, status))
}

/// The number of the call that a process makes; none if it comes back from one.
fn call(pid: i32) -> Option<u64> {
    let mut info = [0u64; 11];
    let size = size_of_val(&info);
    ptrace(request::GET_SYSCALL_INFO, pid, size, info.as_mut_ptr() as usize);
    let [op, _, _, nr, ..] = info;
    (op & 0xff == 1).then_some(nr)
}

/// The number that comes with an event: the new process'.
fn message(pid: i32) -> i32 {
    let mut found = 0u64;
    ptrace(request::GETEVENTMSG, pid, 0, &raw mut found as usize);
    found as i32
}

fn ptrace(request: usize, pid: i32, at: usize, data: usize) {
    // SAFETY: `data` is a number, or an address that is writable for what the request gives.
    let _ = unsafe { syscall!(Sysno::ptrace, request, pid, at, data) };
}
