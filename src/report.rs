//! The report: a line for each step, and the sum.
#![forbid(unsafe_code)]

use crate::arch;
use crate::boot::Boot;
use crate::forms::{Form, form};
use crate::image::Format;
use crate::inflate::Damage;
use crate::kernel::Errno;
use crate::kernel::Kernel;
use crate::line::{Line, Priority};
use crate::load::Loader;
use crate::outcome::{Kind, Outcome, WORDS, Why};
use crate::plan::{Step, Task};
use crate::text;

impl<K: Kernel> Boot<'_, K> {
    /// Writes a step's line; `micros` is how long its load took, `needs` the step that it lacks.
    #[inline(never)]
    pub fn say(&mut self, number: u32, micros: u64, needs: Option<u32>) {
        let Some(step) = self.plan.step(number) else { return };
        let (name, task, severity, outcome) = (step.name, step.task, step.severity, step.outcome);
        let release = if outcome.errno() == Errno::ENOEXEC { self.release() } else { b"" };
        let is_guest = self.ground.is_guest;
        let form = if is_guest { form!("modprobe %: %") } else { form!("load %: %") };
        let line = self.log.say(outcome.priority(severity), form);
        match task {
            Task::Missing if outcome.kind == Kind::Missing => line.bytes(name), // as it was written
            _ => line.name(name),
        };
        line.bytes(outcome.word());
        let (form, subject): (_, &[u8]) = match (outcome.kind, task) {
            (Kind::Already, _) if outcome.why == Why::Builtin => (form!(" (built in)"), b""),
            (Kind::Absent, _) => (form!(" ENODEV: no such device"), b""),
            (Kind::Blocked, Task::Blocked(by)) => (form!(" by %"), by),
            (Kind::Missing, Task::Load(path)) if path.first() == Some(&b'/') => (form!(" %"), path),
            (Kind::Missing, _) if self.tree.dir.is_empty() => (form!(" (no module tree)"), b""),
            (Kind::Missing, _) => (form!(" in %"), self.tree.dir),
            _ => (form!(""), b""),
        };
        line.form(form).bytes(subject);
        match (outcome.kind, needs.and_then(|needs| self.plan.step(needs))) {
            (Kind::Loaded, _) => _ = line.form(form!(" %")).millis(micros),
            (Kind::Failed, _) => {
                failure(line, &outcome, &self.loader, release);
                #[cfg(feature = "ways")]
                self.config.ways.explain(line, &outcome, self.loader.notes.format);
            }
            (_, Some(needs)) => reason(line, needs),
            _ => {}
        }
        self.log.send(self.k);
    }

    /// Writes `done: 12 loaded, 2 already, 34.1 ms`.
    #[inline(never)]
    pub fn sum(&mut self, micros: u64) {
        if !self.log.takes(Priority::Info) {
            return;
        }
        let line = self.log.say(Priority::Info, form!("done: "));
        let mut words = WORDS;
        for count in &self.counts {
            let word = text::cut(&mut words, b' ');
            if *count > 0 {
                line.form(form!("% %, ")).number(u64::from(*count)).bytes(word);
            }
        }
        if self.plan.order.is_empty() {
            line.form(form!("no modules listed, "));
        }
        line.millis(micros);
        self.log.send(self.k);
    }
}

/// Adds ` needs X (failed ENOENT)`.
fn reason(line: &mut Line, needs: &Step) {
    line.form(form!(" needs % (%")).name(needs.name).bytes(needs.outcome.word());
    // No such device is no failure of its own, but what needs the module can't have it.
    if matches!(needs.outcome.kind, Kind::Failed | Kind::Absent) {
        line.form(form!(" %")).errno(needs.outcome.errno());
    }
    line.form(form!(")"));
}

/// What errors of the load calls mean (`kernel/module/main.c`); any other the module's init returned.
fn explained(errno: Errno) -> Form {
    match errno {
        Errno::ENOEXEC => form!("not a module for % (%)"),
        Errno::ENOENT => {
            form!("unknown symbol, or its init found no file (firmware?); see the kernel's log")
        }
        Errno::EINVAL => {
            form!("bad parameter value, other build, damaged file, or its init returned it")
        }
        Errno::EPERM | Errno::EACCES => form!(
            "kernel's block list, lockdown, LoadPin, IMA or modules_disabled, or its init returned it"
        ),
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::EBADMSG => form!("signature"),
        Errno::ENOMEM => form!("the kernel has no memory for it"),
        Errno::ENOSYS => form!("this kernel loads no modules"),
        Errno::ENOSPC => form!("a parameter of more than 1024 bytes, or its init returned it"),
        _ => form!("its init returned it"),
    }
}

/// The form of a failure's reason.
fn why(outcome: &Outcome, damage: &Option<Damage>) -> Form {
    match outcome.why {
        Why::Call => explained(outcome.errno()),
        Why::Disabled => form!("module loading is off (kernel.modules_disabled)"),
        Why::Init => form!("loaded already under another name, or its init returned it"),
        Why::Unreadable => form!("its file can't be read"),
        Why::Empty => form!("its file is empty"),
        Why::Alien => form!("not a module, starts with %"),
        Why::Unknown => form!("%: neither the kernel nor this build inflates it"),
        Why::Damaged => damaged(damage).0,
        Why::Memory => form!("needs %, free %"),
        Why::Params => form!("a parameter holds a NUL byte"),
        Why::Deep => form!("behind a chain of more than 5000 dependencies"),
        Why::Elsewhere => form!("somebody else has been loading it for 10 s"),
        _ => form!(""),
    }
}

/// Adds ` ENOEXEC: not a module for 6.12.107 (x86_64)`.
#[inline(never)]
#[cold]
fn failure(line: &mut Line, outcome: &Outcome, loader: &Loader, release: &[u8]) {
    line.form(form!(" %: ")).errno(outcome.errno());
    line.form(why(outcome, &loader.notes.damage));
    match outcome.why {
        Why::Call if outcome.errno() == Errno::ENOEXEC => {
            line.bytes(release).bytes(arch::NAME.as_bytes());
        }
        Why::Alien => _ = line.hex(text::head(&loader.head, 4)),
        Why::Unknown => _ = line.bytes(format(loader)),
        Why::Damaged => {
            let (_, figure, expected) = damaged(&loader.notes.damage);
            line.bytes(format(loader));
            #[cfg(any(feature = "xz", feature = "zstd"))]
            if let Some(Damage::Unknown { what, .. }) = loader.notes.damage {
                line.bytes(what.as_bytes());
            }
            for figure in [figure, expected].into_iter().flatten() {
                line.number(figure);
            }
        }
        Why::Memory => {
            line.mebibytes(loader.notes.shortage.need).mebibytes(loader.notes.shortage.free);
        }
        #[cfg(feature = "jobs")]
        Why::Late => {
            line.form(form!("still loading after % s")).number(loader.notes.watch.status as u64);
        }
        #[cfg(feature = "jobs")]
        Why::Died => died(line, loader.notes.watch.status),
        _ => {}
    }
}

/// Adds how a worker died (wait(2)): by a signal, or of something of its own.
#[cfg(feature = "jobs")]
fn died(line: &mut Line, status: i32) {
    let signal = status as u64 & 0x7f;
    match signal {
        0 => line.form(form!("its worker died, status %")).number(status as u64 >> 8),
        _ => line.form(form!("its worker died, signal %")).number(signal),
    };
}

/// The name of the file's format.
fn format(loader: &Loader) -> &'static [u8] {
    loader.notes.format.map_or(b"", Format::name)
}

/// What is wrong with a stream, with its figures.
#[inline(never)]
#[cold]
fn damaged(damage: &Option<Damage>) -> (Form, Option<u64>, Option<u64>) {
    match *damage {
        Some(Damage::Read(_)) | None => (form!("% can't be read"), None, None),
        Some(Damage::Truncated { at }) => (form!("% ends too early, at byte %"), Some(at), None),
        Some(Damage::Header { at, .. }) => (form!("% header wrong before byte %"), Some(at), None),
        Some(Damage::Corrupt { at }) => (form!("% data damaged near byte %"), Some(at), None),
        Some(Damage::TooLarge { limit }) => {
            (form!("% inflates to more bytes than %"), Some(limit), None)
        }
        Some(Damage::TrailingGarbage { at }) => {
            (form!("% followed by garbage from byte %"), Some(at), None)
        }
        Some(Damage::Checksum { stored, computed }) => {
            (form!("% checksum %, expected %"), Some(computed), Some(stored))
        }
        Some(Damage::Length { stored, computed }) => {
            (form!("% length %, expected %"), Some(computed), Some(stored))
        }
        #[cfg(any(feature = "xz", feature = "zstd"))]
        Some(Damage::Unknown { number, .. }) => {
            (form!("% needs % %, which this build doesn't know"), Some(number), None)
        }
    }
}
