//! `insinit.coldplug`: loads what the devices in sysfs ask for.
//!
//! Takes the aliases of /sys/devices and of the kernel's events, each once, gives them to the plan and
//! loads what is new there. Waiting for a device is its own business only until nothing new comes;
//! [`Boot::hear`] is for whoever waits longer.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::files::{self, Kind};
use crate::kernel::{Fd, Kernel, Result};
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
        let Coldplug { path, asked, .. } = &mut self.coldplug;
        path.truncate(0);
        path.extend(self.k, DEVICES.to_bytes());
        walk(self.k, path, asked);
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
fn walk<K: Kernel>(k: &mut K, path: &mut Table<u8>, asked: &mut Table<Entry>) {
    let len = path.len();
    let Ok(fd) = open(k, path) else { return };
    let _ = files::entries_open(k, fd, &mut |k: &mut K, name, kind| {
        path.extend(k, b"/");
        path.extend(k, name);
        if kind == Kind::Dir {
            walk(k, path, asked);
        } else if name == b"modalias" {
            read(k, path, asked);
        }
        path.truncate(len);
    });
    k.close(fd);
}

fn open<K: Kernel>(k: &mut K, path: &mut Table<u8>) -> Result<Fd> {
    let len = path.len();
    path.push(k, 0);
    let fd = k.open(mem::c_str(path).unwrap_or_default(), O_RDONLY);
    path.truncate(len);
    fd
}

/// Adds the alias that a file holds.
#[inline(never)]
fn read<K: Kernel>(k: &mut K, path: &mut Table<u8>, asked: &mut Table<Entry>) {
    let mut alias = [0; ROOM];
    if let Ok(fd) = open(k, path) {
        let len = k.read(fd, &mut alias).unwrap_or_default();
        k.close(fd);
        ask(k, text::head(&alias, len), asked);
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
