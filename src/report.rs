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
        line.str(": ").str(outcome.word());
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
        for (word, count) in WORDS.iter().zip(self.counts) {
            if count > 0 {
                line.number(u64::from(count)).str(" ").str(word).str(", ");
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
        _ => line.str(outcome.word()),
    };
    line.str(")")
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
    let format = loader.format.map_or("", Format::name);
    match outcome.why {
        Why::Call if outcome.errno == Errno::ENOEXEC => {
            line.str("not a module for ").bytes(release).str(" (").str(arch::NAME).str(")")
        }
        Why::Alien => {
            line.str("not a module, starts with ").hex(crate::text::head(&loader.head, 4))
        }
        Why::Unknown => line.str(format).str(": neither the kernel nor this build inflates it"),
        Why::Damaged => damaged(line.str(format), loader.damage),
        Why::Memory => {
            line.str("needs ").mebibytes(loader.shortage.need);
            line.str(", free ").mebibytes(loader.shortage.free)
        }
        Why::Call => line.str(explain(outcome.errno)),
        Why::Builtin => line,
        Why::Disabled => line.str("module loading is off (kernel.modules_disabled)"),
        Why::Init => line.str("its init returned it"),
        Why::Unreadable => line.str("its file can't be read"),
        Why::Empty => line.str("its file is empty"),
        Why::Params => line.str("a parameter holds an odd quote and white space"),
        Why::Deep => line.str("behind a chain of more than 5000 dependencies"),
    }
}

/// What an error of the load calls means (`kernel/module/main.c`); for any other the module's init
/// returned it.
fn explain(errno: Errno) -> &'static str {
    match errno {
        Errno::ENOENT => {
            "unknown symbol, or its init found no file (firmware?); see the kernel's log"
        }
        Errno::EINVAL => "bad parameter value, other build, or its init returned it",
        Errno::EPERM | Errno::EACCES => {
            "kernel's block list, lockdown, LoadPin, IMA or modules_disabled"
        }
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::EBADMSG => "signature",
        Errno::ENOMEM => "the kernel has no memory for it",
        Errno::ENOSYS => "this kernel loads no modules",
        _ => "its init returned it",
    }
}

/// Adds what is wrong with a stream, with its figures.
#[inline(never)]
fn damaged(line: &mut Line, damage: Option<Damage>) -> &mut Line {
    let (text, figure) = match damage {
        Some(Damage::Truncated { at }) => (" ends too early, at byte ", at),
        Some(Damage::Header { at, .. }) => (" header wrong before byte ", at),
        Some(Damage::Corrupt { at }) => (" data damaged near byte ", at),
        Some(Damage::TooLarge { limit }) => (" inflates to more bytes than ", limit),
        Some(Damage::TrailingGarbage { at }) => (" followed by garbage from byte ", at),
        Some(Damage::Checksum { stored, computed }) => {
            return line.str(" checksum ").number(computed).str(", expected ").number(stored);
        }
        Some(Damage::Length { stored, computed }) => {
            return line.str(" length ").number(computed).str(", expected ").number(stored);
        }
        Some(Damage::Read(_)) | None => return line.str(" can't be read"),
    };
    line.str(text).number(figure)
}
