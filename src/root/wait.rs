//! Waiting for devices: the kernel's uevents end it, not a timer, and every five seconds it is said what
//! for: above the level that `quiet` sets for the console, so that no wait is silent.
#![forbid(unsafe_code)]

use super::device::Search;
use crate::boot::Boot;
use crate::forms::form;
use crate::kernel::Kernel;
use crate::line::{LIMIT, Priority};
use crate::uevent::Heard;

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// How often it is said, in microseconds.
const SAY: u64 = 5 * SECOND;

/// So many milliseconds pass between two looks where the kernel has no netlink.
const BLIND: u32 = 1000;

/// So many uevents are taken at once; more of them end the next wait.
const BURST: u32 = 100;

/// A wait. The times are those of [`Kernel::now`].
pub struct Wait {
    started: u64,
    said: u64,
    /// In seconds; the largest number is for ever.
    limit: u64,
}

impl Wait {
    /// One that starts now.
    pub fn of<K: Kernel>(k: &mut K, limit: u64) -> Self {
        let started = k.now();
        Self { started, said: started, limit }
    }
}

impl<K: Kernel> Boot<'_, K> {
    /// `rootdelay=`: a wait whatever is there (`init/do_mounts.c`, `prepare_namespace`).
    pub(super) fn delay(&mut self) {
        let mut wait = Wait::of(self.k, self.config.mounting.delay);
        while self.wait_on(b"rootdelay", &mut wait) {}
    }

    /// Waits until devices have come, or some time; false once it has been long enough.
    #[inline(never)]
    pub(super) fn wait_on(&mut self, what: &[u8], wait: &mut Wait) -> bool {
        let now = self.k.now();
        let end = wait.started.saturating_add(wait.limit.saturating_mul(SECOND));
        if now >= end {
            return false;
        }
        if now.saturating_sub(wait.said) >= SAY {
            wait.said = now;
            let waited = now.saturating_sub(wait.started) / SECOND;
            let line = self.log.say(Priority::Error, form!("wait %: % s")).bytes(what);
            line.number(waited);
            if wait.limit < u64::MAX {
                line.form(form!(" of %")).number(wait.limit);
            }
            self.end_line(true);
        }
        let until = end.min(wait.said.saturating_add(SAY)).saturating_sub(now);
        self.idle(u32::try_from(until.div_ceil(1000)).unwrap_or(u32::MAX));
        true
    }

    /// Waits for the next uevents, at most so long. What devices ask for is loaded then, if it is to be.
    fn idle(&mut self, milliseconds: u32) {
        let is_deaf = self.coldplug.uevents.is_deaf();
        let mut next = if is_deaf { milliseconds.min(BLIND) } else { milliseconds };
        for _ in 0..BURST {
            if self.hear(next) != Heard::Event {
                break;
            }
            next = 0;
        }
    }

    /// Writes the line, with the block devices that are there if those are wanted; more than fit take more
    /// lines.
    #[inline(never)]
    pub(super) fn end_line(&mut self, devices: bool) {
        if devices {
            self.add_devices();
        }
        self.log.send(self.k);
    }

    fn add_devices(&mut self) {
        self.log.more().form(form!(", block devices:"));
        let (log, mut count) = (&mut *self.log, 0_u32);
        Search::names(self.k, &mut |k, name| {
            if log.more().text().len() > LIMIT.saturating_sub(100) {
                log.send(k);
                log.say(Priority::Error, form!("block devices:"));
            }
            log.more().space().bytes(name);
            count = count.wrapping_add(1);
        });
        if count == 0 {
            self.log.more().form(form!(" none"));
        }
    }
}
