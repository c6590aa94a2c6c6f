//! One boot under ptrace(2).
#![allow(unsafe_code, reason = "what a child does before exec")]

use crate::answers::{Answer, Answers, about, path};
use crate::image::Image;
use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, alarm, chdir, chroot};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Seconds after which a boot hangs: one takes some hundredths of one, whatever it sleeps.
const LIMIT: u32 = 20;

/// So many system calls are an endless loop.
const ENDLESS: usize = 50_000;

/// The system call that fails, counted from 1, and how.
pub type Fault = (usize, Errno);

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The process became this program, with so many descriptors more than it began with.
    Exec(String, usize),
    /// reboot(2) with this command.
    Stop(u64),
    /// PID 1 ended.
    Exit(u64),
    /// A process got this signal.
    Signal(Signal),
    /// More system calls than any boot needs.
    Endless,
}

/// What came of a boot.
pub struct Traced {
    /// Its end.
    pub end: End,
    /// The call that failed, and what it was about; empty if none did.
    pub failed: String,
    /// The calls' numbers, in the order in which they were made.
    pub calls: Vec<u64>,
    /// What the machine saw of it.
    pub machine: Answers,
}

/// Where boots are made: a mount namespace and a folder of the calling thread's own.
pub struct Place {
    folder: tempfile::TempDir,
    processes: File,
}

impl Place {
    /// Takes the calling thread out of the host's mounts.
    ///
    /// # Errors
    /// Namespaces aren't permitted.
    pub fn new() -> Result<Self> {
        let what = "a mount namespace (unshare(2)) can't be had: run as root";
        unshare(CloneFlags::CLONE_NEWNS).context(what)?;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).context(what)?;
        let processes = File::open("/proc/thread-self/ns/pid")?;
        Ok(Self { folder: tempfile::tempdir()?, processes })
    }

    /// Boots the image.
    ///
    /// # Errors
    /// Something of the host's fails; ptrace(2) may not be permitted.
    pub fn boot(&self, image: &Image, fault: Option<Fault>) -> Result<Traced> {
        mount_tmpfs(self.folder.path())?;
        let traced = image.make(self.folder.path()).and_then(|()| self.trace(fault));
        umount2(self.folder.path(), MntFlags::MNT_DETACH)?;
        traced
    }

    /// Starts PID 1 of a namespace of its own and follows it to its end.
    fn trace(&self, fault: Option<Fault>) -> Result<Traced> {
        let what = "a process namespace (unshare(2)) can't be had: run as root";
        setns(&self.processes, CloneFlags::CLONE_NEWPID).context(what)?;
        unshare(CloneFlags::CLONE_NEWPID).context(what)?;
        let init = start(self.folder.path().to_path_buf())?;
        let mut tracer = Tracer {
            init,
            open: descriptors(init)?,
            fault,
            inside: BTreeMap::new(),
            traced: Traced {
                end: End::Endless,
                failed: String::new(),
                calls: Vec::new(),
                machine: Answers::default(),
            },
            program: String::new(),
        };
        let ended = tracer.follow();
        // All others in the namespace go with it; each of them has to be waited for.
        let _ = kill(init, Signal::SIGKILL);
        while wait().is_ok() {}
        ended.map(|end| Traced { end, ..tracer.traced })
    }
}

/// Mounts an empty file system in memory.
///
/// # Errors
/// What mount(2) says.
pub fn mount_tmpfs(place: &Path) -> Result<()> {
    let done = mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), None::<&str>);
    done.with_context(|| format!("can't mount a tmpfs on {}", place.display()))
}

/// Starts /init below `root`; it stops before its first instruction.
fn start(root: PathBuf) -> Result<Pid> {
    let mut command = Command::new("/init");
    command.env_clear().env("HOME", "/").env("TERM", "linux");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = move || -> io::Result<()> {
        chroot(&root)?;
        chdir("/")?;
        alarm::set(LIMIT);
        Ok(ptrace::traceme()?)
    };
    // SAFETY: system calls only; no memory is allocated between fork and exec.
    let child = unsafe { command.pre_exec(before) }.spawn();
    let child = child.context("can't start /init under ptrace(2): it has to be permitted here")?;
    let init = Pid::from_raw(child.id().cast_signed());
    match waitpid(init, Some(WaitPidFlag::__WALL))? {
        WaitStatus::Stopped(_, Signal::SIGTRAP) => {}
        status => bail!("/init did not stop for its tracer: {status:?}"),
    }
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(init, options)?;
    ptrace::syscall(init, None)?;
    Ok(init)
}

/// The next thing that happens to a process of this thread's.
fn wait() -> nix::Result<WaitStatus> {
    waitpid(Pid::from_raw(-1), Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD))
}

struct Tracer {
    init: Pid,
    /// How many descriptors PID 1 began with: whoever runs this may leave some to all its children.
    open: usize,
    fault: Option<Fault>,
    /// What the calls that the processes are in will give, where that isn't the kernel's to say.
    inside: BTreeMap<Pid, Option<i64>>,
    traced: Traced,
    /// What PID 1 last tried to become.
    program: String,
}

impl Tracer {
    fn follow(&mut self) -> Result<End> {
        loop {
            let (process, signal) = match wait()? {
                WaitStatus::PtraceSyscall(process) => {
                    let done = match self.inside.remove(&process) {
                        Some(given) => self.left(process, given).map(|()| None),
                        None => self.entered(process),
                    };
                    match done {
                        Ok(Some(end)) => return Ok(end),
                        // It has been killed by now.
                        Err(error) if error.downcast_ref() == Some(&Errno::ESRCH) => {}
                        done => _ = done?,
                    }
                    (process, None)
                }
                WaitStatus::PtraceEvent(process, _, event) => {
                    if event == Event::PTRACE_EVENT_EXEC as i32 && process == self.init {
                        let more = descriptors(process)?.saturating_sub(self.open);
                        return Ok(End::Exec(self.program.clone(), more));
                    }
                    (process, None)
                }
                // How a new process begins.
                WaitStatus::Stopped(process, Signal::SIGSTOP) => (process, None),
                WaitStatus::Stopped(process, signal @ Signal::SIGCHLD) => (process, Some(signal)),
                WaitStatus::Stopped(_, signal) => return Ok(End::Signal(signal)),
                WaitStatus::Signaled(process, signal, _) if process == self.init => {
                    return Ok(End::Signal(signal));
                }
                WaitStatus::Exited(process, _) | WaitStatus::Signaled(process, ..) => {
                    self.inside.remove(&process);
                    continue;
                }
                _ => continue,
            };
            let _ = ptrace::syscall(process, signal);
        }
    }

    /// A process makes a call.
    fn entered(&mut self, process: Pid) -> Result<Option<End>> {
        let mut registers = ptrace::getregs(process)?;
        let before = registers;
        let call = registers.orig_rax;
        self.traced.calls.push(call);
        if call.cast_signed() == libc::SYS_exit_group {
            self.inside.insert(process, None);
            return Ok((process == self.init).then_some(End::Exit(registers.rdi)));
        }
        if call.cast_signed() == libc::SYS_execve && process == self.init {
            self.program = path(process, registers.rdi);
        }
        let answer = match self.fault {
            _ if self.traced.calls.len() > ENDLESS => return Ok(Some(End::Endless)),
            Some((number, errno)) if number == self.traced.calls.len() => {
                self.traced.failed = format!("{} ({errno:?})", about(process, &registers));
                self.traced.machine.refused(process, &registers, errno);
                Answer::Given(-i64::from(errno as i32))
            }
            _ => self.traced.machine.to(process, &mut registers),
        };
        let given = match answer {
            Answer::Real => None,
            Answer::Given(value) => {
                registers.orig_rax = u64::MAX; // no call
                Some(value)
            }
            Answer::Stopped(command) => return Ok(Some(End::Stop(command))),
        };
        if registers != before {
            ptrace::setregs(process, registers)?;
        }
        self.inside.insert(process, given);
        Ok(None)
    }

    /// A call comes back.
    fn left(&mut self, process: Pid, given: Option<i64>) -> Result<()> {
        let mut registers = ptrace::getregs(process)?;
        match given {
            Some(value) => {
                registers.rax = value.cast_unsigned();
                ptrace::setregs(process, registers)?;
            }
            None => self.traced.machine.after(process, &registers),
        }
        Ok(())
    }
}

/// How many descriptors a process has.
fn descriptors(process: Pid) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count())
}
