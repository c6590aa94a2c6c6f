//! Switching to the new root: all checks, then the mounts move, the new root becomes the root, and what was
//! in the initramfs goes, which gives its memory back.
//!
//! One way for every kernel: `pivot_root(2)` works from 7.0 on only, and wouldn't free anything while
//! devtmpfs' own thread holds the old root.
#![forbid(unsafe_code)]

use super::ROOT;
use super::program::{self, FINE, UNREACHED};
use crate::boot::Boot;
use crate::budget;
use crate::files;
use crate::forms::form;
use crate::handover::Init;
use crate::kernel::{Errno, Kernel, Result};
use crate::line::Priority;
use crate::mem::{self, Table};
use crate::name;
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{MS_MOVE, O_DIRECTORY, O_NOCTTY, O_PATH, O_RDWR};

/// The mount points that are moved.
const MOVES: &[u8] = b"/dev /proc /sys /run";

/// `include/uapi/linux/magic.h`: ramfs and tmpfs.
const IN_MEMORY: [u32; 2] = [0x8584_58f6, 0x0102_1994];

/// Putting back less than that ends it, in bytes.
const PIECE: u64 = 1 << 16;

impl<K: Kernel> Boot<'_, K> {
    /// Makes what is mounted on [`ROOT`] the root; false, and nothing has changed, where no init can be
    /// started in it.
    pub(super) fn switch(&mut self) -> bool {
        let (own, mut has_init) = (self.own(), false);
        self.itself = own;
        let done = self.inside(&mut |boot| {
            has_init = boot.has_init(own);
            Ok(())
        });
        self.complain(form!("look into the root%: %"), b"", done);
        if done.is_err() || !has_init {
            return false;
        }
        self.disable_modules();
        let is_initramfs = self.is_initramfs();
        self.log.refresh(self.k);
        // What was made for it goes with the initramfs, and the new root may have a node of its own.
        self.log.remove_node(self.k);
        let done = self.enter(is_initramfs);
        self.complain(form!("switch to the root%: %"), b"", done);
        done.is_ok()
    }

    /// Whether one of the candidates for the real init can be started; says what is wrong with the others.
    fn has_init(&mut self, own: crate::kernel::Stat) -> bool {
        let mut number = 0_usize;
        while let Some(path) = self.candidate(number) {
            number = number.wrapping_add(1);
            let (errno, why) = match program::check(self.k, path, own) {
                FINE => return true,
                (Errno::ENOENT, UNREACHED) if self.is_default() => continue,
                fault => fault,
            };
            let line = self.log.say(Priority::Error, form!("exec %: %: ")).bytes(path.to_bytes());
            line.failed(errno).form(why).form(form!(", in the root"));
            self.log.send(self.k);
        }
        if self.is_default() {
            self.log.say(Priority::Error, form!("exec: failed ENOENT: no init in the root"));
            self.log.send(self.k);
        }
        false
    }

    fn is_default(&self) -> bool {
        matches!(self.init, Init::Default)
    }

    /// Whether this is the kernel's own first root, in memory: anything else is somebody's files.
    fn is_initramfs(&mut self) -> bool {
        let in_memory = self.k.magic(c"/").is_ok_and(|magic| IN_MEMORY.contains(&magic));
        let mut mounts = files::text(self.k, c"/proc/mounts");
        let mut is_first = false;
        while let Some(line) = text::take(&mut mounts, b'\n') {
            is_first |= line.starts_with(b"rootfs / rootfs ");
        }
        if !(in_memory && is_first) {
            self.log.say(Priority::Warning, form!("keep /: no initramfs, nothing is deleted"));
            self.log.send(self.k);
        }
        in_memory && is_first
    }

    /// Enters the new root, and deletes what was in the old one, if it is an initramfs.
    fn enter(&mut self, is_initramfs: bool) -> Result<()> {
        let mut moves = MOVES;
        while let Some(path) = text::take(&mut moves, b' ') {
            let from = mem::path(self.k, &[path]);
            let to = mem::path(self.k, &[ROOT.to_bytes(), path]);
            if self.k.mount(from, to, c"", MS_MOVE, c"").is_err() {
                let _ = self.k.detach(from);
            }
        }
        self.ground.leave();
        let old = self.k.open(c"/", O_PATH | O_DIRECTORY)?;
        let done = self.become_root();
        if done.is_ok() && is_initramfs && self.k.change_dir_to(old).is_ok() {
            let device = self.k.stat(c".").unwrap_or_default().device;
            let (mut path, mut names) = (Table::new(), Table::new());
            path.extend(self.k, b".\0");
            delete(self.k, &mut path, &mut names, device);
            let _ = self.k.change_dir(c"/");
            self.put_back();
        }
        self.k.close(old);
        self.console();
        done
    }

    /// Has the CPUs put back the freed pages that they keep at hand, which don't count as free: each look at
    /// this file puts back some (`mm/vmstat.c`, `vmstat_refresh`, `decay_pcp_high`; since 6.7), the kernel
    /// itself takes seconds.
    fn put_back(&mut self) {
        let mut free = 0_u64;
        while let now = budget::free(self.k)
            && now > free.saturating_add(PIECE)
        {
            free = now;
            files::text(self.k, c"/proc/sys/vm/stat_refresh");
        }
    }

    fn become_root(&mut self) -> Result<()> {
        self.k.change_dir(ROOT)?;
        self.k.mount(c".", c"/", c"", MS_MOVE, c"")?;
        self.k.change_root(c".")?;
        self.k.change_dir(c"/")
    }

    /// Opens the console anew: descriptors 0 to 2 are of the old root's, whose path is gone.
    fn console(&mut self) {
        if self.ground.no_input {
            return;
        }
        if let Ok(fd) = self.k.open(c"/dev/console", O_RDWR | O_NOCTTY) {
            for number in 0..3 {
                self.k.replace(number, fd);
            }
            self.k.close(fd);
        }
    }
}

/// Deletes all that the folder holds on that device. `path` ends with a NUL, and so it comes back.
/// `names` are those that wait, a slash before each: no folder is open while another is looked into, for a
/// tree may be deeper than there are descriptors.
fn delete<K: Kernel>(k: &mut K, path: &mut Table<u8>, names: &mut Table<u8>, device: u64) {
    let (len, waiting) = (path.len().saturating_sub(1), names.len());
    let _ = files::entries(k, c_str(path), &mut |k: &mut K, name, _, _| {
        names.push(k, b'/');
        names.extend(k, name);
    });
    while names.len() > waiting {
        let name = name::base(names);
        path.truncate(len);
        for part in [b"/", name, b"\0"] {
            path.extend(k, part);
        }
        names.truncate(names.len().saturating_sub(name.len()).saturating_sub(1));
        if k.unlink(c_str(path)).is_err()
            && k.stat(c_str(path)).is_ok_and(|stat| stat.device == device)
        {
            delete(k, path, names, device);
            let _ = k.remove_dir(c_str(path));
        }
    }
    path.truncate(len);
    path.push(k, 0);
}

fn c_str(path: &Table<u8>) -> &CStr {
    mem::c_str(path).unwrap_or_default()
}
