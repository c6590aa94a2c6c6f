//! Handover: the real init takes the process over and finds the machine as the kernel would have
//! given it.
#![forbid(unsafe_code)]

use crate::config::{Action, Config};
use crate::fail::{Policy, SHELL};
use crate::ground::Ground;
use crate::kernel::{Errno, Kernel};
use crate::line::{Line, Priority};
use crate::log::Log;
use crate::mem;
use crate::outcome::write_errno;
use crate::start::Process;
use core::ffi::CStr;
use linux_raw_sys::general::{S_IFMT, S_IFREG};

/// What is tried, in this order, where no real init is named.
const DEFAULTS: [&CStr; 4] = [c"/sbin/init", c"/etc/init", c"/bin/init", SHELL];

/// The real init that is to be started.
#[derive(Clone, Copy)]
pub enum Init {
    /// This one and no other.
    Named(&'static CStr),
    /// The first of the defaults that can be; also the shell, if that was asked for.
    Default {
        /// With `insinit.fail=shell`.
        shell: bool,
    },
    /// A name that no path can have.
    Unusable(Errno),
}

impl Init {
    /// The real init that the words name.
    #[must_use]
    pub fn of<K: Kernel>(k: &mut K, config: &Config) -> Self {
        let in_initramfs = config.kernel_init.filter(|_| config.root.is_none());
        let Some(named) = config.init.or(in_initramfs) else {
            return Self::Default { shell: config.fail == Action::Shell };
        };
        let text = mem::text(k, &[named, b"\0"]);
        match text.map(CStr::from_bytes_with_nul) {
            Ok(Ok(path)) => Self::Named(path),
            Ok(Err(_)) => Self::Unusable(Errno::EINVAL),
            Err(errno) => Self::Unusable(errno),
        }
    }

    /// What is tried, in order.
    fn candidates(&self) -> impl Iterator<Item = &'static CStr> {
        let (named, count) = match self {
            Self::Named(path) => (Some(*path), 0),
            Self::Default { shell } => (None, if *shell { 4 } else { 3 }),
            Self::Unusable(_) => (None, 0),
        };
        named.into_iter().chain(DEFAULTS.into_iter().take(count))
    }

    /// Its name for the log.
    #[must_use]
    pub fn name(&self) -> &'static [u8] {
        self.candidates().next().map_or(b"", CStr::to_bytes)
    }
}

/// Starts the real init; if none can be, takes the failure action, and tries once more where that
/// comes back. Never returns.
pub fn go<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    ground: &mut Ground,
    policy: &mut Policy,
    init: Init,
    process: Process,
) -> ! {
    loop {
        let last = start(k, log, ground, init, process);
        let cause: &[&[u8]] = match last {
            Some(errno) if errno != Errno::ENOENT => &[init.name(), b" could not be started"],
            _ => &[b"no init"],
        };
        policy.act(k, log, cause, &[b"exec ", init.name()], true);
    }
}

/// Tries the candidates. Comes back only if none could be started, with the last error.
fn start<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    ground: &mut Ground,
    init: Init,
    process: Process,
) -> Option<Errno> {
    let own = k.stat(c"/proc/self/exe").ok();
    let is_named = matches!(init, Init::Named(_));
    let mut last = if let Init::Unusable(errno) = init { Some(errno) } else { None };
    for path in init.candidates() {
        let errno = match k.stat(path) {
            Ok(stat) if own.is_some_and(|own| own.is_same(&stat)) => Refusal::Own,
            Ok(stat) if stat.mode & S_IFMT != S_IFREG => Refusal::NoFile,
            Ok(stat) if stat.mode & 0o111 == 0 => Refusal::NotExecutable,
            Ok(_) => Refusal::Exec(exec(k, log, ground, path, process)),
            Err(Errno::ENOENT) if !is_named => continue,
            Err(errno) => Refusal::Missing(errno),
        };
        last = Some(errno.errno());
        say(k, log, path, errno);
    }
    last
}

/// Why a candidate isn't the real init.
#[derive(Clone, Copy)]
enum Refusal {
    Own,
    NoFile,
    NotExecutable,
    Missing(Errno),
    Exec(Errno),
}

impl Refusal {
    fn errno(self) -> Errno {
        match self {
            Self::Own => Errno::ELOOP,
            Self::NoFile | Self::NotExecutable => Errno::EACCES,
            Self::Missing(errno) | Self::Exec(errno) => errno,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Own => "it is insinit itself",
            Self::NoFile => "it is not a regular file",
            Self::NotExecutable => "it is not executable",
            Self::Missing(Errno::ENOENT) => "it is not there",
            Self::Missing(_) => "it can't be reached",
            Self::Exec(Errno::ENOENT) => "its interpreter or dynamic loader is not there",
            Self::Exec(Errno::ENOEXEC) => "not a program for this machine",
            Self::Exec(Errno::EACCES) => "it, or the interpreter it names, is not executable",
            Self::Exec(_) => "the kernel would not start it",
        }
    }
}

fn say<K: Kernel>(k: &mut K, log: &mut Log, path: &CStr, refusal: Refusal) {
    let mut line = Line::new(Priority::Error, "exec", path.to_bytes());
    write_errno(line.str(": failed "), refusal.errno());
    log.write(k, line.str(": ").str(refusal.text()));
}

/// Clears up and execs. Descriptors close themselves when it succeeds; the log serves until then.
fn exec<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    ground: &mut Ground,
    path: &'static CStr,
    process: Process,
) -> Errno {
    log.refresh(k);
    log.write(k, &mut Line::new(Priority::Info, "exec", path.to_bytes()));
    log.remove_node(k);
    ground.clear(k);
    process.argv.set_first(path);
    k.exec(path, process.argv, process.envp)
}
