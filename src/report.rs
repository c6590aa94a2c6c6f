//! The report: a line for each step, and the sum.
#![forbid(unsafe_code)]

use crate::arch;
use crate::boot::Boot;
use crate::image::Format;
use crate::inflate::Damage;
use crate::kernel::Kernel;
use crate::line::{Line, Priority};
use crate::load::Loader;
use crate::outcome::{Kind, Outcome, WORDS, Why};
use crate::plan::{Step, Task};
use crate::text;
use syscalls::Errno;

impl<K: Kernel> Boot<'_, K> {
    /// Writes a step's line; `micros` is how long its load took, `needs` the step that it lacks.
    #[inline(never)]
    pub fn say(&mut self, step: &Step, outcome: Outcome, micros: u64, needs: Option<u32>) {
        let release = if outcome.errno == Errno::ENOEXEC { self.release() } else { b"" };
        let needs = needs.and_then(|needs| Some((*self.plan.step(needs)?, self.outcome_of(needs))));
        let line = self.log.line(outcome.priority(step.severity), "load ");
        match (outcome.kind, step.task) {
            (Kind::Missing, Task::Missing) => line.bytes(step.name), // as it was written
            _ => line.name(step.name),
        };
        line.str(": ").bytes(outcome.word());
        match outcome.kind {
            Kind::Loaded => line.str(" ").millis(micros),
            Kind::Already if outcome.why == Why::Builtin => line.str(" (built in)"),
            Kind::Absent => line.str(" ENODEV: no such device"),
            Kind::Blocked => match step.task {
                Task::Blocked(by) => line.str(" by ").bytes(by),
                _ => line,
            },
            Kind::Missing => match step.task {
                Task::Load(path) => line.str(" ").bytes(path),
                _ if self.tree.dir.is_empty() => line.str(" there is no module tree"),
                _ => line.str(" in ").bytes(self.tree.dir),
            },
            Kind::Skipped => match needs {
                Some((needs, outcome)) => reason(line, &needs, outcome),
                None => line,
            },
            Kind::Failed => failure(line, outcome, &self.loader, release),
            Kind::Already => line,
        };
        self.log.send(self.k);
    }

    /// Writes `done: 12 loaded, 2 already, 34.1 ms`.
    #[inline(never)]
    pub fn sum(&mut self, micros: u64) {
        let line = self.log.line(Priority::Info, "done: ");
        let mut words = WORDS;
        for count in &self.counts {
            let word = text::take(&mut words, b' ').unwrap_or_default();
            if *count > 0 {
                line.number(u64::from(*count)).str(" ").bytes(word).str(", ");
            }
        }
        if self.plan.order.is_empty() {
            line.str("no modules listed, ");
        }
        line.millis(micros);
        self.log.send(self.k);
    }
}

/// Adds ` needs X (failed ENOENT)`.
fn reason<'a>(line: &'a mut Line, needs: &Step, outcome: Outcome) -> &'a mut Line {
    line.str(" needs ").name(needs.name).str(" (");
    match outcome.kind {
        // No such device is no failure of its own, but what needs the module can't have it.
        Kind::Failed | Kind::Absent => line.str("failed ").errno(outcome.errno),
        _ => line.bytes(outcome.word()),
    };
    line.str(")")
}

/// The reasons of a failure, one a line, in the order of [`Why`].
const REASONS: &[u8] = b"\n\n\
module loading is off (kernel.modules_disabled)
its init returned it
its file can't be read
its file is empty
not a module, starts with \n\
: neither the kernel nor this build inflates it
\n\
needs \n\
a parameter holds an odd quote and white space
behind a chain of more than 5000 dependencies";

/// What errors of the load calls mean, one a line, in the order of [`explained`].
const EXPLAINED: &[u8] = b"its init returned it
not a module for \n\
unknown symbol, or its init found no file (firmware?); see the kernel's log
bad parameter value, other build, or its init returned it
kernel's block list, lockdown, LoadPin, IMA or modules_disabled
signature
the kernel has no memory for it
this kernel loads no modules";

/// The line of [`EXPLAINED`] for an error of the load calls (`kernel/module/main.c`); for any other the
/// module's init returned it.
fn explained(errno: Errno) -> usize {
    match errno {
        Errno::ENOEXEC => 1,
        Errno::ENOENT => 2,
        Errno::EINVAL => 3,
        Errno::EPERM | Errno::EACCES => 4,
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::EBADMSG => 5,
        Errno::ENOMEM => 6,
        Errno::ENOSYS => 7,
        _ => 0,
    }
}

/// Adds ` ENOEXEC: not a module for 6.12.107 (x86_64)`.
#[inline(never)]
fn failure<'a>(
    line: &'a mut Line,
    outcome: Outcome,
    loader: &Loader,
    release: &[u8],
) -> &'a mut Line {
    line.str(" ").errno(outcome.errno).str(": ");
    if matches!(outcome.why, Why::Unknown | Why::Damaged) {
        line.bytes(loader.format.map_or(b"", Format::name));
    }
    line.bytes(text::nth(REASONS, b'\n', outcome.why as usize));
    match outcome.why {
        Why::Call => {
            line.bytes(text::nth(EXPLAINED, b'\n', explained(outcome.errno)));
            if outcome.errno == Errno::ENOEXEC {
                line.bytes(release).str(" (").str(arch::NAME).str(")");
            }
            line
        }
        Why::Alien => line.hex(text::head(&loader.head, 4)),
        Why::Damaged => damaged(line, loader.damage),
        Why::Memory => {
            line.mebibytes(loader.shortage.need);
            line.str(", free ").mebibytes(loader.shortage.free)
        }
        _ => line,
    }
}

/// What is wrong with a stream, one a line, in the order of [`damaged`].
const DAMAGES: &[u8] = b" can't be read
 ends too early, at byte \n header wrong before byte \n data damaged near byte \n\
 inflates to more bytes than \n followed by garbage from byte \n checksum \n length ";

/// Adds what is wrong with a stream, with its figures.
#[inline(never)]
fn damaged(line: &mut Line, damage: Option<Damage>) -> &mut Line {
    let (number, figure, expected) = match damage {
        Some(Damage::Read(_)) | None => return line.bytes(text::nth(DAMAGES, b'\n', 0)),
        Some(Damage::Truncated { at }) => (1, at, None),
        Some(Damage::Header { at, .. }) => (2, at, None),
        Some(Damage::Corrupt { at }) => (3, at, None),
        Some(Damage::TooLarge { limit }) => (4, limit, None),
        Some(Damage::TrailingGarbage { at }) => (5, at, None),
        Some(Damage::Checksum { stored, computed }) => (6, computed, Some(stored)),
        Some(Damage::Length { stored, computed }) => (7, computed, Some(stored)),
    };
    line.bytes(text::nth(DAMAGES, b'\n', number)).number(figure);
    match expected {
        Some(expected) => line.str(", expected ").number(expected),
        None => line,
    }
}
