//! What became of a module: one word of the contract, and why.
#![forbid(unsafe_code)]

use crate::kernel::Errno;
use crate::line::Priority;
use crate::list::Severity;
use crate::text;

/// The contract's words, in the order of the sum.
pub const WORDS: &[u8] = b"loaded already absent blocked missing skipped failed";

/// How many they are.
pub const KINDS: usize = Kind::Failed as usize + 1;

/// The result of one step; its number is its place in [`WORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The kernel took it.
    Loaded,
    /// It was there before.
    Already,
    /// Its init says that there is no such device; not a failure.
    Absent,
    /// A block list names it.
    Blocked,
    /// No file has that name.
    Missing,
    /// Something it needs isn't there.
    Skipped,
    /// It could not be loaded.
    Failed,
}

/// Why it is so, where the errno alone doesn't tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What the load call said.
    Call,
    /// It is a part of the kernel itself.
    Builtin,
    /// `EPERM` while `kernel.modules_disabled` is 1.
    Disabled,
    /// `EEXIST` though no module of that name is live: its init returned it.
    Init,
    /// The file could not be opened or read.
    Unreadable,
    /// The file holds nothing.
    Empty,
    /// Neither an ELF file nor compressed.
    Alien,
    /// Compressed in a way that neither the kernel nor this build knows.
    Unknown,
    /// The compressed stream isn't good.
    Damaged,
    /// More memory than there is.
    Memory,
    /// A parameter that can not be given to the kernel: it holds a NUL.
    Params,
    /// It stands behind too long a chain of dependencies.
    Deep,
    /// Somebody else has been loading it for as long as one waits.
    Elsewhere,
    /// Compressed, and who is to inflate it (`insinit.inflate=`) can't.
    Unwanted,
    /// Its inflated copy for a forced load could not be made.
    Copy,
    /// Nothing yet: a worker loads it.
    #[cfg(feature = "jobs")]
    Pending,
    /// It outlasted `insinit.timeout=`.
    #[cfg(feature = "jobs")]
    Late,
    /// Its worker died.
    #[cfg(feature = "jobs")]
    Died,
}

/// What became of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The word.
    pub kind: Kind,
    /// The reason.
    pub why: Why,
    /// The error, of a failure. The kernel's go up to 4095, and small outcomes make small code.
    errno: i16,
}

impl Outcome {
    fn new(kind: Kind, why: Why, errno: Errno) -> Self {
        Self { kind, why, errno: errno.short() }
    }

    /// The error, of a failure.
    #[must_use]
    pub fn errno(&self) -> Errno {
        Errno::of_short(self.errno)
    }

    /// An outcome that says it all.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self::new(kind, Why::Call, Errno::ENODEV)
    }

    /// It was there before, as a module or as a part of the kernel.
    #[must_use]
    pub fn already(builtin: bool) -> Self {
        let why = if builtin { Why::Builtin } else { Why::Call };
        Self::new(Kind::Already, why, Errno::ENODEV)
    }

    /// A failure.
    #[must_use]
    pub fn failed(why: Why, errno: Errno) -> Self {
        Self::new(Kind::Failed, why, errno)
    }

    /// What a load call gave.
    #[must_use]
    pub fn of_call(done: Result<(), Errno>) -> Self {
        match done {
            Ok(()) => Self::of(Kind::Loaded),
            Err(errno) => Self::failed(Why::Call, errno),
        }
    }

    /// The contract's word for it.
    #[must_use]
    pub fn word(&self) -> &'static [u8] {
        text::nth(WORDS, b' ', self.kind as usize)
    }

    /// Whether modules that need this one can be loaded.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self.kind, Kind::Loaded | Kind::Already)
    }

    /// Whether it leads a required entry to the failure action.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.is_there() && self.kind != Kind::Absent
    }

    /// How loud its line is.
    #[must_use]
    pub fn priority(&self, severity: Severity) -> Priority {
        match (self.is_failure(), severity) {
            (false, _) => Priority::Info,
            (true, Severity::Optional) => Priority::Notice,
            _ if self.kind == Kind::Blocked => Priority::Warning,
            (true, _) => Priority::Error,
        }
    }
}
