//! Handover: the real init takes the process over and finds the machine as the kernel would have
//! given it.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::config::{Action, Config};
use crate::fail::SHELL;
use crate::files;
use crate::forms::{Form, form};
use crate::kernel::{Errno, Kernel, Stat};
use crate::line::Priority;
use crate::load::DISABLED;
use crate::mem;
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{S_IFMT, S_IFREG};

/// What is tried, in this order, where no real init is named; the shell only if that was asked for.
const DEFAULTS: [&CStr; 4] = [c"/sbin/init", c"/etc/init", c"/bin/init", SHELL];

/// The real init that is to be started.
#[derive(Clone, Copy)]
pub enum Init {
    /// This one and no other.
    Named(&'static CStr),
    /// The first of the defaults that can be.
    Default,
}

impl Init {
    /// The real init that the words name.
    #[must_use]
    pub fn of<K: Kernel>(k: &mut K, config: &Config) -> Self {
        let there = |_: &&[u8]| cfg!(feature = "root") || config.root.is_none();
        match config.init.or(config.kernel_init.filter(there)) {
            // What can't be a path is no file either.
            Some(named) => Self::Named(mem::path(k, &[named])),
            None => Self::Default,
        }
    }

    /// Its name for the log.
    #[must_use]
    pub fn name(&self) -> &'static [u8] {
        match self {
            Self::Named(path) => path.to_bytes(),
            Self::Default => b"/sbin/init",
        }
    }
}

impl<K: Kernel> Boot<'_, K> {
    /// Starts the real init; if none can be, takes the failure action, and tries again where that
    /// comes back. Never returns.
    pub fn hand_over(&mut self) -> ! {
        loop {
            let mut number = 0_usize;
            while let Some(path) = self.candidate(number) {
                self.start(path);
                number = number.wrapping_add(1);
            }
            self.fail(Err(form!(": no init can be started")), None);
        }
    }

    /// insinit itself.
    pub fn own(&mut self) -> Stat {
        #[cfg(feature = "root")]
        if self.itself.inode != 0 {
            return self.itself;
        }
        self.k.stat(self.process.path.unwrap_or(c"/init")).unwrap_or_default()
    }

    /// Whether a file is insinit itself. The folder at the top told the inode of insinit's file, which spares a
    /// call where another one is elsewhere. (What overlayfs and mount points tell may be wrong; then insinit
    /// starts once more, by a path that isn't at the top, and finds out.)
    fn is_own(&mut self, path: &'static CStr, stat: &Stat) -> bool {
        let own = self.config.top.own;
        let is_below = text::has(text::tail(path.to_bytes(), 1), b'/');
        let is_other = own != 0 && own != stat.inode && is_below;
        !is_other && self.own().is_same(stat)
    }

    /// What is to be tried at that place, from 0 on.
    pub fn candidate(&self, number: usize) -> Option<&'static CStr> {
        match self.init {
            Init::Named(path) => Some(path).filter(|_| number == 0),
            Init::Default => DEFAULTS
                .get(number)
                .copied()
                .filter(|_| number < 3 || self.config.fail == Action::Shell),
        }
    }

    /// Tries one candidate; comes back, and has said why, if it can't be started.
    #[inline(never)]
    fn start(&mut self, path: &'static CStr) {
        let (errno, why) = match self.k.stat(path) {
            Ok(stat) if self.is_own(path, &stat) => (Errno::ELOOP, form!("it is insinit itself")),
            Ok(stat) if stat.mode & S_IFMT != S_IFREG => {
                (Errno::EACCES, form!("not a regular file"))
            }
            Ok(_) => self.exec(path),
            Err(Errno::ENOENT) if matches!(self.init, Init::Default) => return,
            Err(errno) => (errno, form!("it can't be reached")),
        };
        let line = self.log.say(Priority::Error, form!("exec %: %: ")).bytes(path.to_bytes());
        line.failed(errno).form(why);
        self.log.send(self.k);
    }

    /// Clears up and execs. Descriptors close themselves when it succeeds; the log serves until then.
    fn exec(&mut self, path: &'static CStr) -> (Errno, Form) {
        #[cfg(feature = "jobs")]
        self.stages();
        self.log.say(Priority::Info, form!("exec %")).bytes(path.to_bytes());
        #[cfg(feature = "jobs")]
        self.name_left();
        self.log.send(self.k);
        self.disable_modules();
        self.log.refresh(self.k);
        self.log.remove_node(self.k);
        self.ground.clear(self.k);
        self.process.argv.set_first(path);
        let errno = self.k.exec(path, self.process.argv, self.process.envp);
        let why = match errno {
            Errno::ENOENT => form!("its interpreter or dynamic loader is missing"),
            Errno::ENOEXEC => form!("not a program for this machine"),
            Errno::EACCES => form!("not executable"),
            _ => form!("the kernel refused it"),
        };
        (errno, why)
    }

    /// Sets `kernel.modules_disabled` if it is to be, once: nothing but a restart takes it back
    /// (`Documentation/admin-guide/sysctl/kernel.rst`).
    #[inline(never)]
    pub fn disable_modules(&mut self) {
        if core::mem::take(&mut self.config.modules_disabled)
            && let Err(errno) = files::write(self.k, DISABLED, b"1\n")
        {
            self.log.say(Priority::Error, form!("modules_disabled: %")).failed(errno);
            self.log.send(self.k);
        }
    }
}
