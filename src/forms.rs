//! What the loader says, in one list: the forms of its lines, and of their ends.
//!
//! A `%` stands for a piece that [`crate::line::Line`] adds. The list is packed, so a form costs a number
//! where it is used; one that is said on every boot stands near the front, where it is found soonest.
#![forbid(unsafe_code)]

use crate::packed::Packed;

/// All of them; a piece's place is a `%`.
pub const FORMS: &[&str] = &[
    "",
    "load %: %",
    " %",
    "exec %",
    "% %, ",
    "done: ",
    " (built in)",
    " ENODEV: no such device",
    " by %",
    " in %",
    " %: ",
    " needs % (%",
    ")",
    "try %: %, % bytes, ",
    "try %: parameters %",
    "file",
    "kernel inflates",
    "inflated here",
    "read %:%: ignored: %",
    "no modules listed, ",
    " (no module tree)",
    "its init returned it",
    "not a module for % (%)",
    "unknown symbol, or its init found no file (firmware?); see the kernel's log",
    "bad parameter value, other build, damaged file, or its init returned it",
    "kernel's block list, lockdown, LoadPin, IMA or modules_disabled, or its init returned it",
    "signature",
    "the kernel has no memory for it",
    "this kernel loads no modules",
    "a parameter of more than 1024 bytes, or its init returned it",
    "module loading is off (kernel.modules_disabled)",
    "loaded already under another name, or its init returned it",
    "its file can't be read",
    "its file is empty",
    "not a module, starts with %",
    "%: neither the kernel nor this build inflates it",
    "needs %, free %",
    "needs =VALUE",
    "not panic, reboot, poweroff, halt, shell or continue",
    "not error, warn, info or debug",
    "not 0 or 1",
    "not a word that this build knows",
    #[cfg(feature = "ways")]
    "not vermagic, modversions or all",
    #[cfg(feature = "ways")]
    "not auto, never or always",
    #[cfg(feature = "root")]
    "not a number of seconds",
    #[cfg(feature = "root")]
    "not tmpfs[,OPTIONS]",
    #[cfg(feature = "root")]
    "to resume is systemd's or initramfs-tools' work",
    #[cfg(feature = "jobs")]
    "not a number",
    "a parameter holds a NUL byte",
    "behind a chain of more than 5000 dependencies",
    "% can't be read",
    "% ends too early, at byte %",
    "% header wrong before byte %",
    "% data damaged near byte %",
    "% inflates to more bytes than %",
    "% followed by garbage from byte %",
    "% checksum %, expected %",
    "% length %, expected %",
    #[cfg(any(feature = "xz", feature = "zstd"))]
    "% needs % %, which this build doesn't know",
    "somebody else has been loading it for 10 s",
    "wait %: it is being loaded",
    #[cfg(feature = "ways")]
    "force %: ignores its %",
    "modprobe %: %",
    "word %: ignored: %",
    "word root: ignored: this build runs the initramfs' init",
    "read /proc/cmdline: may be cut off at % bytes, in %",
    "no modules.dep in %: no dependencies are known",
    "no modules for % in %",
    "no modules for %",
    "no modules for % (found: %)",
    "read /proc/cmdline%: %",
    "list %: %",
    "exec %: %: ",
    "it is insinit itself",
    "not a regular file",
    "it can't be reached",
    "its interpreter or dynamic loader is missing",
    "not a program for this machine",
    "not executable",
    "the kernel refused it",
    "modules_disabled: %",
    "stop %",
    "stop: %; PID 1 ends",
    "shell /bin/sh: none, or no input, or it has been run",
    "shell /bin/sh",
    "shell /bin/sh: ended",
    "shell /bin/sh: %",
    ": required % %",
    ": no init can be started",
    #[cfg(feature = "root")]
    ": no root to start an init in",
    "; next was ",
    "; exit it to go on with ",
    "read %: %",
    #[cfg(feature = "root")]
    "mount /sys%: %",
    #[cfg(feature = "root")]
    "overlay tmpfs,%: %",
    #[cfg(feature = "root")]
    "mount at %: %",
    #[cfg(feature = "root")]
    "look into the root%: %",
    #[cfg(feature = "root")]
    "switch to the root%: %",
    #[cfg(feature = "root")]
    "root %: ",
    #[cfg(feature = "root")]
    "mount %: ",
    #[cfg(feature = "root")]
    "mounted % as %",
    #[cfg(feature = "root")]
    " read-only",
    #[cfg(feature = "root")]
    " read-write",
    #[cfg(feature = "root")]
    " read-only, as it is write-protected",
    #[cfg(feature = "root")]
    ": it is not there",
    #[cfg(feature = "root")]
    ": no file system, but %",
    #[cfg(feature = "root")]
    ": neither the kernel nor the image has %",
    #[cfg(feature = "root")]
    ": not %, or a bad option",
    ": % knows none of that name",
    #[cfg(feature = "root")]
    ": %; the kernel's log may tell more",
    #[cfg(feature = "root")]
    ": what device mapper makes is set up by initramfs-tools or dracut",
    #[cfg(feature = "root")]
    ": NFS is mounted by dracut, or by the kernel without an initramfs",
    #[cfg(feature = "root")]
    ": not a spelling of a device",
    #[cfg(feature = "root")]
    "failed EINVAL: not WHAT:WHERE[:FSTYPE[:OPTIONS]]",
    #[cfg(feature = "root")]
    "exec: failed ENOENT: no init in the root",
    #[cfg(feature = "root")]
    "keep /: no initramfs, nothing is deleted",
    #[cfg(feature = "root")]
    "wait %: % s",
    #[cfg(feature = "root")]
    " of %",
    #[cfg(feature = "root")]
    ", block devices:",
    #[cfg(feature = "root")]
    "block devices:",
    #[cfg(feature = "root")]
    " none",
    #[cfg(feature = "root")]
    ", in the root",
    #[cfg(feature = "root")]
    "too many interpreters",
    #[cfg(feature = "root")]
    "not a program",
    #[cfg(feature = "jobs")]
    "wait %: loading for % s",
    #[cfg(feature = "jobs")]
    "still loading after % s",
    #[cfg(feature = "jobs")]
    "its worker died, signal %",
    #[cfg(feature = "jobs")]
    "its worker died, status %",
];

/// A form by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form(u8);

impl Form {
    /// Nothing is to be said.
    pub const NONE: Self = Self::of("");

    /// The form of that text; use [`form`].
    ///
    /// # Panics
    /// It isn't in the list: at compile time.
    #[must_use]
    pub const fn of(text: &str) -> Self {
        let mut number = 0;
        while !equal(FORMS[number as usize].as_bytes(), text.as_bytes()) {
            number += 1; // panics behind the last
        }
        Self(number)
    }

    /// The form as it is read.
    #[must_use]
    pub fn packed(self) -> Packed {
        Packed::nth(self.0.into())
    }
}

/// Its text, for the host tools.
impl core::fmt::Display for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
        f.write_str(FORMS.get(usize::from(self.0)).copied().unwrap_or_default())
    }
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// A form of the list by its text; what isn't in it doesn't compile.
macro_rules! form {
    ($text:literal) => {
        const { $crate::forms::Form::of($text) }
    };
}
pub(crate) use form;
