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
    pub fn say(&mut self, step: &Step, micros: u64, needs: Option<u32>) {
        let outcome = &step.outcome;
        let release = if outcome.errno() == Errno::ENOEXEC { self.release() } else { b"" };
        let verb = if self.ground.is_guest { "modprobe " } else { "load " };
        let line = self.log.line(outcome.priority(step.severity), verb);
        match step.task {
            Task::Missing if outcome.kind == Kind::Missing => line.bytes(step.name), // as it was written
            _ => line.name(step.name),
        };
        let (text, subject): (_, &[u8]) = match (outcome.kind, step.task) {
            (Kind::Already, _) if outcome.why == Why::Builtin => (" (built in)", b""),
            (Kind::Absent, _) => (" ENODEV: no such device", b""),
            (Kind::Blocked, Task::Blocked(by)) => (" by ", by),
            (Kind::Missing, Task::Load(path)) if path.first() == Some(&b'/') => (" ", path),
            (Kind::Missing, _) if self.tree.dir.is_empty() => (" (no module tree)", b""),
            (Kind::Missing, _) => (" in ", self.tree.dir),
            _ => ("", b""),
        };
        line.colon().bytes(outcome.word()).str(text).bytes(subject);
        match (outcome.kind, needs.and_then(|needs| self.plan.step(needs))) {
            (Kind::Loaded, _) => _ = line.space().millis(micros),
            (Kind::Failed, _) => {
                failure(line, outcome, &self.loader, release);
                #[cfg(feature = "ways")]
                self.config.ways.explain(line, outcome, self.loader.format);
            }
            (_, Some(needs)) => reason(line, needs),
            _ => {}
        }
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
                line.number(u64::from(*count)).space().bytes(word).str(", ");
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
fn reason(line: &mut Line, needs: &Step) {
    line.str(" needs ").name(needs.name).str(" (");
    match needs.outcome.kind {
        // No such device is no failure of its own, but what needs the module can't have it.
        Kind::Failed | Kind::Absent => line.failed(needs.outcome.errno()),
        _ => line.bytes(needs.outcome.word()),
    };
    line.str(")");
}

/// The reasons of a failure, one a line, in the order of [`Why`].
const REASONS: &[u8] = b"\n\n\
module loading is off (kernel.modules_disabled)
loaded already under another name, or its init returned it
its file can't be read
its file is empty
not a module, starts with \n\
: neither the kernel nor this build inflates it
\n\
needs \n\
a parameter holds an odd quote and white space
behind a chain of more than 5000 dependencies
somebody else has been loading it for 10 s";

/// What errors of the load calls mean, one a line, in the order of [`explained`].
const EXPLAINED: &[u8] = b"its init returned it
not a module for \n\
unknown symbol, or its init found no file (firmware?); see the kernel's log
bad parameter value, other build, damaged file, or its init returned it
kernel's block list, lockdown, LoadPin, IMA or modules_disabled, or its init returned it
signature
the kernel has no memory for it
this kernel loads no modules
a parameter of more than 1024 bytes, or its init returned it";

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
        Errno::ENOSPC => 8,
        _ => 0,
    }
}

/// Adds ` ENOEXEC: not a module for 6.12.107 (x86_64)`.
#[inline(never)]
fn failure(line: &mut Line, outcome: &Outcome, loader: &Loader, release: &[u8]) {
    line.space().errno(outcome.errno()).colon();
    if matches!(outcome.why, Why::Unknown | Why::Damaged) {
        line.bytes(loader.format.map_or(b"", Format::name));
    }
    line.bytes(text::nth(REASONS, b'\n', outcome.why as usize));
    match outcome.why {
        Why::Call => {
            line.bytes(text::nth(EXPLAINED, b'\n', explained(outcome.errno())));
            if outcome.errno() == Errno::ENOEXEC {
                line.bytes(release).str(" (").str(arch::NAME).str(")");
            }
        }
        Why::Alien => _ = line.hex(text::head(&loader.head, 4)),
        Why::Damaged => damaged(line, &loader.damage),
        Why::Memory => {
            line.mebibytes(loader.shortage.need);
            line.str(", free ").mebibytes(loader.shortage.free);
        }
        #[cfg(feature = "jobs")]
        Why::Late => {
            line.str("still loading after ").number(loader.watch.status as u64).str(" s");
        }
        #[cfg(feature = "jobs")]
        Why::Died => died(line, loader.watch.status),
        _ => {}
    }
}

/// Adds how a worker died (wait(2)): by a signal, or of something of its own.
#[cfg(feature = "jobs")]
fn died(line: &mut Line, status: i32) {
    let signal = status as u64 & 0x7f;
    line.str("its worker died, ");
    match signal {
        0 => line.str("status ").number(status as u64 >> 8),
        _ => line.str("signal ").number(signal),
    };
}

/// What is wrong with a stream, one a line, in the order of [`damaged`].
const DAMAGES: &[u8] = b" can't be read
 ends too early, at byte \n header wrong before byte \n data damaged near byte \n\
 inflates to more bytes than \n followed by garbage from byte \n checksum \n length ";

/// Adds what is wrong with a stream, with its figures.
fn damaged(line: &mut Line, damage: &Option<Damage>) {
    let (number, figure, expected) = match *damage {
        Some(Damage::Read(_)) | None => (0, 0, None),
        Some(Damage::Truncated { at }) => (1, at, None),
        Some(Damage::Header { at, .. }) => (2, at, None),
        Some(Damage::Corrupt { at }) => (3, at, None),
        Some(Damage::TooLarge { limit }) => (4, limit, None),
        Some(Damage::TrailingGarbage { at }) => (5, at, None),
        Some(Damage::Checksum { stored, computed }) => (6, computed, Some(stored)),
        Some(Damage::Length { stored, computed }) => (7, computed, Some(stored)),
        #[cfg(feature = "xz")]
        Some(Damage::Unknown { what, number }) => return unknown(line, what, number),
    };
    line.bytes(text::nth(DAMAGES, b'\n', number));
    if number > 0 {
        line.number(figure);
    }
    if let Some(expected) = expected {
        line.str(", expected ").number(expected);
    }
}

/// Adds that a stream needs something that can't be had.
#[cfg(feature = "xz")]
fn unknown(line: &mut Line, what: &str, number: u64) {
    line.str(" needs ").str(what).space().number(number).str(", which this build doesn't know");
}
