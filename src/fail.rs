//! The failure action: what happens when the boot can't go on as it was asked to.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::config::{ACTIONS, Action};
use crate::kernel::Kernel;
use crate::line::{Line, Priority};
use crate::log;
use crate::text;
use core::ffi::CStr;

/// The shell of `insinit.fail=shell`.
pub const SHELL: &CStr = c"/bin/sh";

impl<K: Kernel> Boot<'_, K> {
    /// Takes the failure action. Comes back where the boot is to go on: after a shell, or with
    /// `continue`.
    ///
    /// `cause` is what failed, `next` what would have come next. `stuck` says that there is nothing
    /// to go on with, so that `continue` is `panic`.
    #[inline(never)]
    pub fn fail(&mut self, cause: &[&[u8]], next: &[&[u8]], stuck: bool) {
        let goes_on = match self.config.fail {
            Action::Continue => !stuck,
            Action::Shell => self.shell(cause, next),
            _ => false,
        };
        if goes_on {
            return;
        }
        let how = self.config.fail.stop();
        let action = if how.is_some() { self.config.fail } else { Action::Panic };
        let line = self.log.line(Priority::Critical, "stop ");
        line.bytes(text::nth(ACTIONS, b' ', action as usize));
        add(line.str(": "), cause).str("; next was ");
        add(line, next);
        self.log.send(self.k);
        self.k.sync();
        log::drain(self.k);
        if let Some(how) = how {
            let errno = self.k.stop(how);
            self.log.line(Priority::Critical, "stop: failed ").errno(errno).str("; PID 1 ends");
            self.log.send(self.k);
            log::drain(self.k);
        }
        self.k.exit(1)
    }

    /// Runs the shell until it ends, once; false if it can't be.
    #[inline(never)]
    fn shell(&mut self, cause: &[&[u8]], next: &[&[u8]]) -> bool {
        if self.no_shell || self.k.stat(SHELL).is_err() {
            return false;
        }
        self.no_shell = true;
        let line = self.log.line(Priority::Critical, "shell /bin/sh: ");
        add(line, cause).str("; exit it to go on with ");
        add(line, next);
        self.log.send(self.k);
        let ended = self.k.spawn(SHELL, self.process.envp).and_then(|child| {
            while self.k.wait()?.0 != child {}
            Ok(())
        });
        let line = self.log.line(Priority::Warning, "shell /bin/sh: ");
        match ended {
            Ok(()) => line.str("ended"),
            Err(errno) => line.str("failed ").errno(errno),
        };
        self.log.send(self.k);
        ended.is_ok()
    }
}

/// Adds all parts.
#[inline(never)]
fn add<'a>(line: &'a mut Line, parts: &[&[u8]]) -> &'a mut Line {
    for part in parts {
        line.bytes(part);
    }
    line
}
