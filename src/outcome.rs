//! What became of a module, and what the log says of it.
#![forbid(unsafe_code)]

use crate::arch;
use crate::errno;
use crate::image::Format;
use crate::inflate::Damage;
use crate::line::{Line, Priority};
use crate::list::Severity;
use syscalls::Errno;

/// The result of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The kernel took it.
    Loaded,
    /// It was there before.
    Already {
        /// As a part of the kernel itself.
        builtin: bool,
    },
    /// Its init says that there is no such device; not a failure.
    Absent,
    /// A block list names it: which.
    Blocked(&'static [u8]),
    /// No file has that name.
    Missing,
    /// Something it needs isn't there: which step.
    Skipped(u32),
    /// It could not be loaded.
    Failed(Failure),
}

/// Why a module could not be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What a system call said.
    Errno(Errno),
    /// `EPERM` while `kernel.modules_disabled` is 1.
    Disabled,
    /// `EEXIST` though no module of that name is live: its init returned it.
    InitExists,
    /// The file could not be opened or read.
    Unreadable(Errno),
    /// The file holds nothing.
    Empty,
    /// Neither an ELF file nor compressed: its first bytes.
    Alien([u8; 4]),
    /// Compressed in a way that neither the kernel nor this build knows.
    Unknown(Format),
    /// The compressed stream isn't good.
    Damaged(Format, Damage),
    /// Loading would take this many bytes, and that many are free.
    Memory {
        /// Bytes needed.
        need: u64,
        /// Bytes free, less a reserve.
        free: u64,
    },
    /// A parameter that no quoting brings to the kernel.
    Params,
}

impl Outcome {
    /// Whether modules that need this one can be loaded.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self, Self::Loaded | Self::Already { .. })
    }

    /// Whether it leads a required entry to the failure action.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.is_there() && *self != Self::Absent
    }

    /// The contract's word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Already { .. } => "already",
            Self::Absent => "absent",
            Self::Blocked(_) => "blocked",
            Self::Missing => "missing",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// How loud its line is.
    #[must_use]
    pub fn priority(&self, severity: Severity) -> Priority {
        match self {
            Self::Loaded | Self::Already { .. } | Self::Absent => Priority::Info,
            Self::Blocked(_) if severity == Severity::Required => Priority::Error,
            _ if severity == Severity::Optional => Priority::Notice,
            Self::Blocked(_) => Priority::Warning,
            Self::Missing | Self::Skipped(_) | Self::Failed(_) => Priority::Error,
        }
    }
}

impl Failure {
    /// The error's name, as the log has it behind `failed`.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::Errno(errno) | Self::Unreadable(errno) => *errno,
            Self::Disabled => Errno::EPERM,
            Self::InitExists => Errno::EEXIST,
            Self::Empty | Self::Alien(_) | Self::Unknown(_) => Errno::ENOEXEC,
            Self::Damaged(_, Damage::Read(errno)) => *errno,
            Self::Damaged(_, Damage::TooLarge { .. }) => Errno::EFBIG,
            Self::Damaged(..) => Errno::EBADMSG,
            Self::Memory { .. } => Errno::ENOMEM,
            Self::Params => Errno::EINVAL,
        }
    }

    /// Adds `ENOEXEC: not a module for 6.12.107 (x86_64)`.
    pub fn describe(&self, line: &mut Line, release: &[u8]) {
        write_errno(line, self.errno());
        line.str(": ");
        match self {
            Self::Errno(Errno::ENOEXEC) => {
                line.str("not a module for ").bytes(release);
                line.str(" (").str(arch::NAME).str(")");
            }
            Self::Errno(errno) => drop(line.str(explain(*errno))),
            Self::Disabled => drop(line.str("module loading is off (kernel.modules_disabled=1)")),
            Self::InitExists => drop(line.str("its init returned it")),
            Self::Unreadable(_) => drop(line.str("its file can't be read")),
            Self::Empty => drop(line.str("its file is empty")),
            Self::Alien(first) => {
                line.str("not a module: starts with ");
                line.hex(first);
            }
            Self::Unknown(format) => {
                line.str(format.name()).str(": neither the kernel nor this build inflates it");
            }
            Self::Damaged(format, damage) => describe_damage(line, *format, damage),
            Self::Memory { need, free } => {
                line.str("needs ").mebibytes(*need).str(", free ").mebibytes(*free);
            }
            Self::Params => {
                line.str("a parameter holds an odd quote and white space");
            }
        }
    }
}

/// Adds the error's name, or its number where it has none.
pub fn write_errno(line: &mut Line, errno: Errno) {
    match errno::name(errno) {
        Some(name) => line.bytes(name),
        None => line.str("errno ").number(u64::from(errno.into_raw().unsigned_abs())),
    };
}

/// What an error of the load calls means (`kernel/module/main.c`); for any other the module's init
/// returned it.
fn explain(errno: Errno) -> &'static str {
    match errno {
        Errno::ENOENT => "unknown symbol, or its init found no file (firmware?); see the kernel's log",
        Errno::EINVAL => "bad parameter value, other build, or its init returned it",
        Errno::EBUSY => "another load of it failed, or its init returned it",
        Errno::EPERM | Errno::EACCES => {
            "refused by the kernel's block list, lockdown, LoadPin, IMA or modules_disabled"
        }
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::EBADMSG | Errno::ENOPKG => {
            "signature missing, unknown or wrong, or the file was changed"
        }
        Errno::ENOMEM => "the kernel has no memory for it",
        Errno::ENOSPC => "a parameter is too long, or its init returned it",
        Errno::ETXTBSY => "its file is open for writing",
        Errno::EFBIG => "its file is larger than 2 GiB",
        Errno::ENOSYS => "this kernel loads no modules (CONFIG_MODULES)",
        _ => "its init returned it",
    }
}

/// Adds what is wrong with a stream, with its figures.
fn describe_damage(line: &mut Line, format: Format, damage: &Damage) {
    line.str(format.name()).str(" ");
    match *damage {
        Damage::Read(_) => line.str("can't be read"),
        Damage::Truncated { at } => line.str("ends too early, after ").number(at).str(" bytes"),
        Damage::Header { field, at } => {
            line.str("header field ").str(field).str(" wrong, before byte ").number(at)
        }
        Damage::Corrupt { at } => line.str("data damaged near byte ").number(at),
        Damage::Checksum { stored, computed } => {
            line.str("checksum ").number(computed).str(", expected ").number(stored)
        }
        Damage::Length { stored, computed } => {
            line.str("length ").number(computed).str(", expected ").number(stored)
        }
        Damage::TooLarge { limit } => line.str("inflates to more than ").mebibytes(limit),
        Damage::TrailingGarbage { at } => line.str("followed by garbage from byte ").number(at),
    };
}
