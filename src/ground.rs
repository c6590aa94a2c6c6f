//! The ground to stand on: descriptors 0 to 2, /proc and /sys.
//!
//! Only what is missing and needed is made, and all of it is taken away before the real init starts.
#![forbid(unsafe_code)]

use crate::files;
use crate::kernel::Errno;
use crate::kernel::{Fd, Kernel, Result};
use core::ffi::CStr;
use linux_raw_sys::general::{MS_NODEV, MS_NOEXEC, MS_NOSUID, O_RDONLY, O_RDWR};

const NULL: &CStr = c"/dev/null";

/// `drivers/char/mem.c`: 1:3 is null.
const NULL_DEVICE: (u32, u32) = (1, 3);

/// What was done to one mount point.
#[derive(Clone, Copy, Default)]
struct Mount {
    made: bool,
    mounted: bool,
}

/// What was made.
#[derive(Default)]
pub struct Ground {
    proc: Mount,
    sys: Mount,
    #[cfg(feature = "root")]
    dev: Mount,
    /// Descriptor 0 was closed at the start: nobody can type.
    pub no_input: bool,
    /// The machine is somebody else's: nothing is made, and nobody else sees what is mounted.
    pub is_guest: bool,
}

impl Ground {
    /// Makes descriptors 0 to 2 sound: a kernel without a working console starts init without them
    /// (`init/main.c`, `console_on_rootfs`), and what is opened next would take their place.
    #[inline(never)]
    pub fn lay<K: Kernel>(&mut self, k: &mut K) {
        let closed = k.closed();
        [self.no_input, ..] = closed;
        for closed in closed {
            if closed {
                fill(k);
            }
        }
    }

    /// The kernel's command line. Nearly always /proc has to be mounted, so that is tried first; where it is
    /// there already, another one on top does no harm. The helper looks first: it is not its machine.
    ///
    /// # Errors
    /// What mounting or reading /proc says.
    #[inline(never)]
    pub fn cmdline<K: Kernel>(&mut self, k: &mut K) -> Result<&'static [u8]> {
        if self.is_guest {
            match files::read(k, c"/proc/cmdline") {
                Err(Errno::ENOENT) => {}
                found => return found,
            }
        }
        let mut done = mount(k, self.is_guest, &mut self.proc, c"/proc", c"proc");
        if done == Err(Errno::ENOENT) && !self.is_guest {
            self.proc.made = k.make_dir(c"/proc").is_ok();
            done = mount(k, false, &mut self.proc, c"/proc", c"proc");
        }
        match files::read(k, c"/proc/cmdline") {
            Err(Errno::ENOENT) => done.and(Err(Errno::ENOENT)),
            found => found,
        }
    }

    /// A file below /sys, which is mounted first if it isn't there.
    ///
    /// # Errors
    /// What mounting or reading it says.
    pub fn sys<K: Kernel>(&mut self, k: &mut K, path: &CStr) -> Result<&'static [u8]> {
        let found = files::read(k, path);
        if found != Err(Errno::ENOENT) || self.sys.mounted || k.stat(c"/sys/module").is_ok() {
            return found;
        }
        self.mount_sys(k)?;
        files::read(k, path)
    }

    fn mount_sys<K: Kernel>(&mut self, k: &mut K) -> Result<()> {
        self.sys.made |= !self.is_guest && k.make_dir(c"/sys").is_ok();
        mount(k, self.is_guest, &mut self.sys, c"/sys", c"sysfs")
    }

    /// Mounts /sys and devtmpfs on /dev where they aren't there, for whoever looks for devices. A kernel
    /// without devtmpfs has them made one by one.
    ///
    /// # Errors
    /// What mounting /sys says.
    #[cfg(feature = "root")]
    pub fn widen<K: Kernel>(&mut self, k: &mut K) -> Result<()> {
        let device = |k: &mut K, path| k.stat(path).unwrap_or_default().device;
        let root = device(k, c"/");
        self.dev.made |= k.make_dir(c"/dev").is_ok();
        if !self.dev.mounted && device(k, c"/dev") == root {
            let done = k.mount(c"devtmpfs", c"/dev", c"devtmpfs", MS_NOSUID, c"mode=0755");
            self.dev.mounted = done.is_ok();
        }
        if k.stat(c"/sys/class").is_err() { self.mount_sys(k) } else { Ok(()) }
    }

    /// Forgets what was mounted and made: it is somewhere else, or gone.
    #[cfg(feature = "root")]
    pub fn leave(&mut self) {
        (self.proc, self.sys, self.dev) = <(Mount, Mount, Mount)>::default();
    }

    /// Takes away what was made. What is busy goes when its last user does.
    pub fn clear<K: Kernel>(&mut self, k: &mut K) {
        #[cfg(feature = "root")]
        unmount(k, &mut self.dev, c"/dev");
        unmount(k, &mut self.sys, c"/sys");
        unmount(k, &mut self.proc, c"/proc");
    }
}

/// Mounts a file system of the kernel's own.
#[inline(never)]
fn mount<K: Kernel>(
    k: &mut K,
    is_guest: bool,
    done: &mut Mount,
    target: &CStr,
    kind: &CStr,
) -> Result<()> {
    let flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if is_guest {
        k.seclude()?;
    }
    k.mount(kind, target, kind, flags, c"")?;
    done.mounted = true;
    Ok(())
}

fn unmount<K: Kernel>(k: &mut K, done: &mut Mount, target: &CStr) {
    if core::mem::take(&mut done.mounted) {
        let _ = k.detach(target);
    }
    if core::mem::take(&mut done.made) {
        let _ = k.remove_dir(target);
    }
}

/// Opens something harmless at the lowest free descriptor and lets it stay: /dev/null, else the root
/// folder, which can neither be read nor written.
#[inline(never)]
fn fill<K: Kernel>(k: &mut K) {
    let fd = k.open(NULL, O_RDWR).or_else(|_| made_null(k)).or_else(|_| k.open(c"/", O_RDONLY));
    if let Ok(fd) = fd {
        k.keep(fd);
    }
}

/// /dev/null of a node that is gone again.
fn made_null<K: Kernel>(k: &mut K) -> Result<Fd> {
    let made_dev = k.make_dir(c"/dev").is_ok();
    let fd = k.make_device(NULL, NULL_DEVICE.0, NULL_DEVICE.1).and_then(|()| {
        let fd = k.open(NULL, O_RDWR);
        let _ = k.unlink(NULL);
        fd
    });
    if made_dev {
        let _ = k.remove_dir(c"/dev");
    }
    fd
}
