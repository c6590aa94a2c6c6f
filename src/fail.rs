//! The failure action: what happens when the boot can't go on as it was asked to.
#![forbid(unsafe_code)]

use crate::config::{ACTIONS, Action};
use crate::kernel::{Kernel, Stop, Strings};
use crate::line::{Line, Priority};
use crate::log::{self, Log};
use crate::outcome::write_errno;
use core::ffi::CStr;

/// The shell of `insinit.fail=shell`.
pub const SHELL: &CStr = c"/bin/sh";

/// What the failure action needs to know.
pub struct Policy {
    /// `insinit.fail=`
    pub action: Action,
    /// Where a shell can be typed into; it is started at most once.
    pub shell: bool,
    /// The environment that the shell gets.
    pub envp: Strings,
}

impl Policy {
    /// Takes the action. Comes back where the boot is to go on: after a shell, or with `continue`.
    ///
    /// `cause` is what failed, `next` what would have come next. `stuck` says that there is nothing
    /// to go on with, so that `continue` is `panic`.
    pub fn act<K: Kernel>(
        &mut self,
        k: &mut K,
        log: &mut Log,
        cause: &[&[u8]],
        next: &[&[u8]],
        stuck: bool,
    ) {
        match self.action {
            Action::Continue if !stuck => return,
            Action::Shell if self.shell => {
                self.shell = false;
                if shell(k, log, self.envp, cause, next) {
                    return;
                }
            }
            _ => {}
        }
        stop(k, log, self.action, cause, next)
    }
}

/// Runs the shell until it ends; false if there is none.
fn shell<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    envp: Strings,
    cause: &[&[u8]],
    next: &[&[u8]],
) -> bool {
    if k.stat(SHELL).is_err() {
        return false;
    }
    let mut line = Line::new(Priority::Critical, "shell", SHELL.to_bytes());
    all(line.str(": "), cause).str("; exit the shell to go on with ");
    all(&mut line, next);
    log.write(k, &mut line);
    let ended = k.spawn(SHELL, envp).and_then(|child| {
        loop {
            let (found, status) = k.wait()?;
            if found == child {
                return Ok(status);
            }
        }
    });
    let mut line = Line::new(Priority::Warning, "shell", SHELL.to_bytes());
    match ended {
        Ok(status) => line.str(": ended, status ").number(u64::from(status.unsigned_abs() >> 8)),
        Err(errno) => {
            write_errno(line.str(": failed "), errno);
            &mut line
        }
    };
    log.write(k, &mut line);
    ended.is_ok()
}

/// Stops the machine, or ends PID 1 where the kernel doesn't stop it.
fn stop<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    action: Action,
    cause: &[&[u8]],
    next: &[&[u8]],
) -> ! {
    let how = match action {
        Action::Reboot => Some(Stop::Reboot),
        Action::PowerOff => Some(Stop::PowerOff),
        Action::Halt => Some(Stop::Halt),
        Action::Panic | Action::Shell | Action::Continue => None,
    };
    let done = if how.is_some() { action } else { Action::Panic };
    let word = ACTIONS.iter().find(|(_, named)| *named == done).map_or("", |(word, _)| word);
    let mut line = Line::new(Priority::Critical, "stop", word.as_bytes());
    all(line.str(": "), cause).str("; next was ");
    all(&mut line, next);
    log.write(k, &mut line);
    k.sync();
    log::drain(k);
    if let Some(how) = how {
        let errno = k.stop(how);
        let mut line = Line::new(Priority::Critical, "stop", word.as_bytes());
        write_errno(line.str(": failed "), errno);
        log.write(k, line.str("; PID 1 ends"));
        log::drain(k);
    }
    k.exit(1)
}

/// Adds all parts.
fn all<'a>(line: &'a mut Line, parts: &[&[u8]]) -> &'a mut Line {
    for part in parts {
        line.bytes(part);
    }
    line
}
