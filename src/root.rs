//! The root file system: found, mounted and switched to.
//!
//! Takes `root=` and the words about it and leaves the process in the new root, so that the handover finds
//! the real init there. Read [`Boot::root`]. Nothing is undone before all has been checked that can be.
#![forbid(unsafe_code)]

mod device;
mod mount;
mod options;
pub mod partitions;
mod program;
mod spec;
pub mod superblock;
mod switch;
mod uuid;
mod wait;
pub mod words;

use crate::boot::Boot;
use crate::forms::form;
use crate::kernel::{Kernel, Result};
use crate::line::Priority;
use crate::mem;
use core::ffi::CStr;
use device::Search;
use linux_raw_sys::general::{O_DIRECTORY, O_PATH};
use mount::Want;
use options::Options;

/// Where the new root is mounted until it is the root.
const ROOT: &CStr = c"/root";
/// Where a root below an overlay is mounted.
const LOWER: &CStr = c"/root.ro";
/// The overlay's tmpfs.
const UPPER: &CStr = c"/root.rw";

impl<K: Kernel> Boot<'_, K> {
    /// Makes the file system that `root=` names the root. Without the word it does nothing; a failure leads
    /// to the failure action, and where that comes back all is tried again.
    pub fn root(&mut self) {
        let Some(what) = self.config.root.filter(|_| self.config.init.is_none()) else { return };
        self.log.remove_node(self.k);
        let done = self.ground.widen(self.k);
        self.complain(form!("mount /sys%: %"), b"", done);
        self.coldplug.uevents.open(self.k);
        let mut search = Search::default();
        self.delay();
        while !(self.mount_all(&mut search, what) && self.switch()) {
            let _ = self.k.detach(ROOT);
            self.uncover();
            self.fail(Err(form!(": no root to start an init in")), None);
        }
    }

    /// Mounts the root, the overlay over it and what belongs inside.
    fn mount_all(&mut self, search: &mut Search, what: &'static [u8]) -> bool {
        let words = &self.config.mounting;
        let overlay = words.overlay;
        let at = if overlay.is_some() { LOWER } else { ROOT };
        let want = Want {
            verb: form!("root %: "),
            what,
            at,
            kinds: words.kinds,
            options: words.options.unwrap_or_default(),
            writable: words.writable && overlay.is_none(),
        };
        let _ = self.k.make_dir(at);
        if !self.attach(search, &want) || overlay.is_some_and(|options| !self.overlay(options)) {
            return false;
        }
        let mut number = 0_usize;
        while let Some(text) = self.config.mounting.mounts.get(number).copied() {
            number = number.wrapping_add(1);
            if !self.mount_inside(search, text) {
                return false;
            }
        }
        true
    }

    /// Puts a writable overlay over the root: both layers are the overlay's own then
    /// (`Documentation/filesystems/overlayfs.rst`).
    #[inline(never)]
    fn overlay(&mut self, options: &[u8]) -> bool {
        let data = mem::path(self.k, &[b"mode=0755,", options]);
        let _ = self.k.make_dir(ROOT);
        let _ = self.k.make_dir(UPPER);
        self.provide(b"overlay");
        let done = self.k.mount(c"tmpfs", UPPER, c"tmpfs", 0, data).and_then(|()| {
            self.k.make_dir(c"/root.rw/upper")?;
            self.k.make_dir(c"/root.rw/work")?;
            let data = c"lowerdir=/root.ro,upperdir=/root.rw/upper,workdir=/root.rw/work";
            self.k.mount(c"overlay", ROOT, c"overlay", 0, data)
        });
        self.uncover();
        self.complain(form!("overlay tmpfs,%: %"), options, done);
        done.is_ok()
    }

    /// Takes away the overlay's parts.
    #[inline(never)]
    fn uncover(&mut self) {
        let _ = self.k.detach(UPPER);
        let _ = self.k.detach(LOWER);
    }

    /// Mounts what one `insinit.mount=` asks for.
    #[inline(never)]
    fn mount_inside(&mut self, search: &mut Search, text: &'static [u8]) -> bool {
        let mut rest = text;
        let mut fields = [b"".as_slice(); 5];
        for field in &mut fields {
            *field = spec::decoded(self.k, &mut rest, b':');
        }
        let [what, place, kinds, options, more] = fields;
        let place = mem::path(self.k, &[place]);
        if !place.to_bytes().starts_with(b"/") || !more.is_empty() {
            let line = self.log.say(Priority::Error, form!("mount %: ")).bytes(text);
            line.form(form!("failed EINVAL: not WHAT:WHERE[:FSTYPE[:OPTIONS]]"));
            self.log.send(self.k);
            return false;
        }
        let mut folder = None;
        let mut done = self.inside(&mut |boot| {
            let _ = boot.k.make_dir(place);
            folder = Some(boot.k.open(place, O_PATH | O_DIRECTORY)?);
            Ok(())
        });
        if let Some(folder) = folder {
            done = done.and(self.k.change_dir_to(folder));
            self.k.close(folder);
        }
        self.complain(form!("mount at %: %"), place.to_bytes(), done);
        let kinds = Some(kinds).filter(|kinds| !kinds.is_empty());
        let want =
            Want { verb: form!("mount %: "), what, at: c".", kinds, options, writable: true };
        let is_there = done.is_ok() && self.attach(search, &want);
        let _ = self.k.change_dir(c"/");
        is_there || Options::of(self.k, options, b"", true).may_fail
    }

    /// Does something with the new root as the root, and comes back.
    ///
    /// # Errors
    /// What the calls that go there and back say, and what `act` does.
    #[inline(never)]
    fn inside(&mut self, act: &mut dyn FnMut(&mut Self) -> Result<()>) -> Result<()> {
        let old = self.k.open(c"/", O_PATH | O_DIRECTORY)?;
        let done = self.k.change_root(ROOT).and_then(|()| act(self));
        let back = self.k.change_dir_to(old).and_then(|()| self.k.change_root(c"."));
        self.k.close(old);
        back.and(done)
    }
}
