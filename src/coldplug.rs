//! `insinit.coldplug`: loads what the devices in sysfs ask for.
//!
//! Takes the aliases of /sys/devices and of the kernel's events, each once, gives them to the plan and
//! loads what is new there. Waiting for a device is its own business only until nothing new comes;
//! [`Boot::hear`] is for whoever waits longer.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::files::{self, Kind};
use crate::forms::form;
use crate::kernel::{Errno, Fd, Kernel};
use crate::list::{Entry, Severity};
use crate::mem::{self, Table};
use crate::plan::Link;
use crate::text;
use crate::uevent::{Heard, Uevents};
use core::ffi::CStr;
use linux_raw_sys::general::O_RDONLY;

/// Where devices are; all that leads here from elsewhere are links.
const DEVICES: &CStr = c"/sys/devices";

/// How long nothing new may come before the machine counts as complete, in microseconds.
const QUIET: u64 = 100_000;

/// The longest alias that is read, in bytes: no event holds more (`UEVENT_BUFFER_SIZE`,
/// `include/linux/kobject.h`).
const ROOM: usize = 2048;

/// What devices asked for.
#[derive(Default)]
pub struct Coldplug {
    /// Where events come from.
    pub uevents: Uevents,
    /// Every alias that was asked for.
    asked: Table<Entry>,
    /// How many of them have been planned.
    planned: usize,
    /// The path of what is being looked at.
    path: Table<u8>,
    /// Why something could not be looked at, if it wasn't that it had gone.
    unread: Option<Errno>,
}

impl<K: Kernel> Boot<'_, K> {
    /// Loads what devices ask for, until nothing new has come for [`QUIET`].
    pub fn coldplug(&mut self) {
        let _ = self.ground.sys(self.k, DEVICES); // mounts it
        self.coldplug.uevents.open(self.k);
        self.look();
        let (mut end, mut known) = (0, 0);
        loop {
            let now = self.k.now();
            if known != self.coldplug.planned {
                (end, known) = (now.saturating_add(QUIET), self.coldplug.planned);
            }
            let left = end.saturating_sub(now) / 1000;
            if self.hear(left as u32) == Heard::Nothing {
                return;
            }
        }
    }

    /// Waits for something to happen to a device, at most so many milliseconds; with `insinit.coldplug`
    /// loads what is asked for then.
    #[inline(never)]
    pub fn hear(&mut self, milliseconds: u32) -> Heard {
        let heard = self.coldplug.uevents.wait(self.k, milliseconds);
        match heard {
            _ if !self.config.coldplug => {}
            Heard::Nothing => {}
            Heard::Lost => self.look(),
            Heard::Event => {
                let alias = self.coldplug.uevents.value(b"MODALIAS=");
                ask(self.k, alias, &mut self.coldplug.asked);
                self.plug();
            }
        }
        heard
    }

    /// Looks at every device, and loads what is new.
    #[inline(never)]
    fn look(&mut self) {
        let found = &mut self.coldplug;
        found.path.truncate(0);
        found.path.extend(self.k, DEVICES.to_bytes());
        walk(self.k, found);
        let done = found.unread.take().map_or(Ok(()), Err);
        self.complain(form!("read %: %"), DEVICES.to_bytes(), done);
        self.plug();
    }

    /// Plans and loads what is new.
    fn plug(&mut self) {
        let new = text::tail(&self.coldplug.asked, self.coldplug.planned);
        self.plan.fill(self.k, &self.config, &mut self.tree, new, Link::Device);
        self.coldplug.planned = self.coldplug.asked.len();
        self.load_planned();
    }
}

/// Adds the alias of every device in the folder and below it.
fn walk<K: Kernel>(k: &mut K, found: &mut Coldplug) {
    let Some(fd) = found.open(k) else { return };
    let len = found.path.len();
    let _ = files::entries_open(k, fd, &mut |k: &mut K, name, kind, _| {
        found.path.extend(k, b"/");
        found.path.extend(k, name);
        if kind == Kind::Dir {
            walk(k, found);
        } else if name == b"modalias" {
            found.read(k);
        }
        found.path.truncate(len);
    });
    k.close(fd);
}

impl Coldplug {
    /// Opens what is being looked at; notes why that fails, unless it is a device that has just gone.
    #[inline(never)]
    fn open<K: Kernel>(&mut self, k: &mut K) -> Option<Fd> {
        let len = self.path.len();
        self.path.push(k, 0);
        let fd = k.open(mem::c_str(&self.path).unwrap_or_default(), O_RDONLY);
        self.path.truncate(len);
        if len == DEVICES.count_bytes() || fd != Err(Errno::ENOENT) {
            self.unread = fd.err().or(self.unread);
        }
        fd.ok()
    }

    /// Adds the alias that a file holds.
    #[inline(never)]
    fn read<K: Kernel>(&mut self, k: &mut K) {
        let mut alias = [0; ROOM];
        if let Some(fd) = self.open(k) {
            let len = k.read(fd, &mut alias).unwrap_or_default();
            k.close(fd);
            ask(k, text::head(&alias, len), &mut self.asked);
        }
    }
}

/// Adds an alias that nobody asked for yet.
#[inline(never)]
fn ask<K: Kernel>(k: &mut K, alias: &[u8], asked: &mut Table<Entry>) {
    let alias = text::trim(alias);
    if !alias.is_empty() && !asked.iter().any(|known| known.name == alias) {
        let name = mem::path(k, &[alias]).to_bytes();
        asked.push(k, Entry { name, severity: Severity::Optional, params: b"" });
    }
}
