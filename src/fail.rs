//! The failure action: what happens when the boot can't go on as it was asked to.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::config::{ACTIONS, Action};
use crate::files;
use crate::forms::{Form, form};
use crate::kernel::Errno;
use crate::kernel::{Kernel, NOT_STARTED};
use crate::line::Priority;
use crate::log;
use crate::plan::Step;
use crate::text;
use core::ffi::CStr;

/// The shell of `insinit.fail=shell`.
pub const SHELL: &CStr = c"/bin/sh";

impl<K: Kernel> Boot<'_, K> {
    /// Takes the failure action. Comes back where the boot is to go on: after a shell, or with
    /// `continue`.
    ///
    /// `failed` is the required step that failed, or why no init can be started: then there is nothing to
    /// go on with, and `continue` is `panic`. `next` is the step that would have come next, none for the
    /// real init.
    #[inline(never)]
    pub fn fail(&mut self, failed: Result<&Step, Form>, next: Option<&[u8]>) {
        let goes_on = match self.config.fail {
            Action::Continue => failed.is_ok(),
            Action::Shell => self.shell(failed, next),
            _ => false,
        };
        if goes_on {
            return;
        }
        let how = self.config.fail.stop();
        let action = if how.is_some() { self.config.fail } else { Action::Panic };
        self.log.say(Priority::Critical, form!("stop %")).bytes(text::nth(
            ACTIONS,
            b' ',
            action as usize,
        ));
        self.tell(failed, form!("; next was "), next);
        self.k.sync();
        log::drain(self.k);
        if let Some(how) = how {
            let errno = self.k.stop(how);
            self.log.say(Priority::Critical, form!("stop: %; PID 1 ends")).failed(errno);
            self.log.send(self.k);
            log::drain(self.k);
        }
        self.k.exit(1)
    }

    /// Runs the shell until it ends, once; false if it can't be.
    #[inline(never)]
    fn shell(&mut self, failed: Result<&Step, Form>, next: Option<&[u8]>) -> bool {
        let _ = self.ground.cmdline(self.k); // mounts /proc, which is gone where an exec has failed
        // The kernel's console that swallows everything (`drivers/tty/ttynull.c`) gives no input.
        self.no_shell |= files::text(self.k, c"/proc/consoles").starts_with(b"ttynull");
        if self.no_shell || self.ground.no_input || self.k.stat(SHELL).is_err() {
            self.log.say(
                Priority::Critical,
                form!("shell /bin/sh: none, or no input, or it has been run"),
            );
            self.log.send(self.k);
            return false;
        }
        self.no_shell = true;
        self.log.say(Priority::Critical, form!("shell /bin/sh"));
        self.tell(failed, form!("; exit it to go on with "), next);
        let ended = self.k.spawn(SHELL, self.process.envp).and_then(|child| {
            loop {
                // The status is in the second byte (wait(2)).
                match self.k.wait()? {
                    (ended, _) if ended != child => {}
                    (_, status) if status == NOT_STARTED << 8 => return Err(Errno::ENOEXEC),
                    _ => return Ok(()),
                }
            }
        });
        match ended {
            Ok(()) => self.log.say(Priority::Warning, form!("shell /bin/sh: ended")),
            Err(errno) => self.log.say(Priority::Warning, form!("shell /bin/sh: %")).failed(errno),
        };
        self.log.send(self.k);
        ended.is_ok()
    }

    /// Ends the line with what failed and what would have come next, and writes it.
    #[inline(never)]
    fn tell(&mut self, failed: Result<&Step, Form>, between: Form, next: Option<&[u8]>) {
        let line = self.log.more();
        match failed {
            Ok(step) => {
                line.form(form!(": required % %")).bytes(step.name).bytes(step.outcome.word())
            }
            Err(why) => line.form(why),
        };
        line.form(between).str(if next.is_some() { "load " } else { "exec " });
        line.bytes(next.unwrap_or(self.init.name()));
        self.log.send(self.k);
    }
}
