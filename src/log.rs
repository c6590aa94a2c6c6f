//! Where the lines go: /dev/kmsg, else /dev/console, else descriptor 2.
//!
//! The kernel drops more than ten lines in five seconds of one open file, and says that the write
//! went well (`kernel/printk/printk.c`, `devkmsg_write`); so the file is opened anew after nine.
#![forbid(unsafe_code)]

use crate::forms::Form;
use crate::kernel::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::line::{Line, Priority, Text};
use crate::mem::{self, Zero};
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{O_NOCTTY, O_NONBLOCK, O_WRONLY, S_IFCHR, S_IFMT};

const KMSG: &CStr = c"/dev/kmsg";
const CONSOLE: &CStr = c"/dev/console";

/// `include/uapi/linux/major.h` and `drivers/char/mem.c`: 1:11 is kmsg.
const KMSG_DEVICE: (u32, u32) = (1, 11);

/// Lines written to one open /dev/kmsg.
const LINES: u32 = 9;

/// The log. The line comes first: then both are at one address.
#[repr(C)]
pub struct Log {
    line: Line,
    /// What is written to, if anything is open.
    fd: Fd,
    /// How many lines it still takes; 0 if nothing is open.
    left: u32,
    /// It is /dev/kmsg; /dev/console and descriptor 2 take no priority in front.
    is_kmsg: bool,
    level: Priority,
    /// The node /dev/kmsg is ours.
    made_node: bool,
    /// The folder /dev is ours.
    made_dev: bool,
    /// The machine is somebody else's: no node is made.
    is_guest: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Priority::Info, ..Self::zero() }
    }
}

impl Log {
    /// A log of what is amiss, for a program that isn't PID 1: on descriptor 2.
    #[must_use]
    pub fn plain<K: Kernel>(k: &mut K) -> Self {
        let mut log = Self::default();
        log.give(mem::line(k));
        log.use_output();
        log
    }

    /// Gives it memory for a line.
    pub fn give(&mut self, text: &'static mut Text) {
        self.line.give(text);
    }

    /// Descriptor 2 is written to from now on.
    pub fn use_output(&mut self) {
        (self.fd, self.left) = (Fd(2), 1);
    }

    /// The log of a program beside PID 1: on descriptor 2, or where there was none in the kernel's log.
    pub fn be_guest(&mut self, has_output: bool) {
        match has_output {
            true => self.use_output(),
            false => self.is_guest = true,
        }
    }

    /// Sets the lowest priority that is written.
    pub fn set_level(&mut self, level: Priority) {
        self.level = level;
    }

    /// Writes next to nothing from now on; gives the level so far.
    #[cfg(feature = "jobs")]
    pub fn mute(&mut self) -> Priority {
        core::mem::replace(&mut self.level, Priority::Critical)
    }

    /// Whether lines of that priority are written.
    #[must_use]
    pub fn takes(&self, priority: Priority) -> bool {
        priority <= self.level
    }

    /// Starts a line by its form; [`Log::send`] writes it.
    #[inline(never)]
    pub fn say(&mut self, priority: Priority, form: Form) -> &mut Line {
        self.line(priority, "").form(form)
    }

    /// Starts a line by its first text, where that isn't in the list of forms.
    #[inline(never)]
    pub fn line(&mut self, priority: Priority, text: &str) -> &mut Line {
        let wanted = self.takes(priority);
        self.line.start(priority, text, wanted)
    }

    /// The line that was started, to be gone on with.
    pub fn more(&mut self) -> &mut Line {
        &mut self.line
    }

    /// Writes the line.
    #[inline(never)]
    pub fn send<K: Kernel>(&mut self, k: &mut K) {
        if self.line.finish().is_empty() {
            return;
        }
        if self.left == 0 {
            if self.is_kmsg {
                k.close(self.fd);
            }
            self.open(k);
        }
        if self.is_kmsg {
            self.left = self.left.wrapping_sub(1);
            if k.write(self.fd, self.line.text()).is_ok() {
                return;
            }
            k.close(self.fd);
            self.open_console(k);
        }
        // No priority in front: `<6>`.
        let _ = k.write(self.fd, text::tail(self.line.text(), 3));
    }

    /// Opens /dev/kmsg anew, so that nine lines have room whatever becomes of /dev.
    #[inline(never)]
    pub fn refresh<K: Kernel>(&mut self, k: &mut K) {
        if self.is_kmsg {
            k.close(self.fd);
            self.open(k);
        }
    }

    #[inline(never)]
    fn open<K: Kernel>(&mut self, k: &mut K) {
        match self.open_kmsg(k) {
            Ok(fd) => (self.fd, self.left, self.is_kmsg) = (fd, LINES, true),
            Err(_) => self.open_console(k),
        }
    }

    /// Opens the console itself, else takes descriptor 2.
    #[inline(never)]
    fn open_console<K: Kernel>(&mut self, k: &mut K) {
        (self.left, self.is_kmsg) = (1, false);
        self.fd = k.open(CONSOLE, O_WRONLY | O_NOCTTY).unwrap_or(Fd(2));
    }

    fn open_kmsg<K: Kernel>(&mut self, k: &mut K) -> Result<Fd> {
        match k.open(KMSG, O_WRONLY | O_NOCTTY | O_NONBLOCK) {
            Err(Errno::ENOENT) if !self.is_guest => {}
            Ok(fd) if !is_device(k, fd) => {
                k.close(fd);
                return Err(Errno::ENODEV);
            }
            found => return found,
        }
        self.made_dev |= k.make_dir(c"/dev").is_ok();
        k.make_device(KMSG, KMSG_DEVICE.0, KMSG_DEVICE.1)?;
        self.made_node = true;
        k.open(KMSG, O_WRONLY | O_NOCTTY)
    }

    /// Removes what was made for it; what is open stays open until exec.
    pub fn remove_node<K: Kernel>(&mut self, k: &mut K) {
        if core::mem::take(&mut self.made_node) {
            let _ = k.unlink(KMSG);
        }
        if core::mem::take(&mut self.made_dev) {
            let _ = k.remove_dir(c"/dev");
        }
    }
}

/// Whether it is a device: an image may carry a plain file of that name, which would swallow the log.
fn is_device<K: Kernel>(k: &mut K, fd: Fd) -> bool {
    k.stat_fd(fd).is_ok_and(|stat| stat.mode & S_IFMT == S_IFCHR)
}

/// Waits until the console's output is out.
pub fn drain<K: Kernel>(k: &mut K) {
    if let Ok(fd) = k.open(CONSOLE, O_WRONLY | O_NOCTTY) {
        k.drain(fd);
        k.close(fd);
    }
}
