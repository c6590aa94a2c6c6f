//! The report: what became of each step, a line each, and the sum.
#![forbid(unsafe_code)]

use crate::kernel::{Kernel, Result};
use crate::line::{Line, Priority};
use crate::list::Severity;
use crate::log::Log;
use crate::mem::Table;
use crate::outcome::Outcome;
use crate::plan::{Plan, Step};

/// The outcomes in the order of the sum.
const WORDS: [&str; 7] =
    ["loaded", "already", "absent", "blocked", "missing", "skipped", "failed"];

/// What the lines show besides the outcome.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The plan that is carried out.
    pub plan: &'a Plan,
    /// The kernel's release.
    pub release: &'a [u8],
    /// Where modules were looked for.
    pub dir: &'a [u8],
}

/// What became of the steps.
pub struct Report {
    /// By step; none is not dealt with.
    outcomes: Table<Option<Outcome>>,
    counts: [u64; WORDS.len()],
}

impl Report {
    /// A report on so many steps.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new<K: Kernel>(k: &mut K, steps: usize) -> Result<Self> {
        let mut outcomes = Table::with_room(k, steps)?;
        for _ in 0..steps {
            outcomes.push(k, None)?;
        }
        Ok(Self { outcomes, counts: [0; WORDS.len()] })
    }

    /// What became of a step.
    #[must_use]
    pub fn outcome(&self, step: u32) -> Option<Outcome> {
        self.outcomes.get(step as usize).copied().flatten()
    }

    /// Keeps a step's outcome and counts it.
    pub fn keep(&mut self, step: u32, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(step as usize) {
            *slot = Some(outcome);
        }
        let word = WORDS.iter().position(|word| *word == outcome.word());
        if let Some(count) = word.and_then(|word| self.counts.get_mut(word)) {
            *count = count.saturating_add(1);
        }
    }

    /// Writes a step's line; `micros` is how long its load took.
    pub fn say<K: Kernel>(
        &self,
        k: &mut K,
        log: &mut Log,
        context: Context<'_>,
        step: &Step,
        outcome: Outcome,
        micros: u64,
    ) {
        let priority = outcome.priority(step.severity);
        if !log.takes(priority) {
            return;
        }
        let mut line = Line::new(priority, "load ", b"");
        line.name(step.name).str(": ").str(outcome.word());
        self.detail(&mut line, context, step, outcome, micros);
        log.write(k, &mut line);
    }

    fn detail(
        &self,
        line: &mut Line,
        context: Context<'_>,
        step: &Step,
        outcome: Outcome,
        micros: u64,
    ) {
        match outcome {
            Outcome::Loaded => line.str(" ").millis(micros),
            Outcome::Already { builtin: true } => line.str(" (built in)"),
            Outcome::Already { builtin: false } => line,
            Outcome::Absent => line.str(" ENODEV: no such device"),
            Outcome::Blocked(by) => line.str(" by ").bytes(by),
            Outcome::Missing if step.name.contains(&b'/') => line,
            Outcome::Missing if context.dir.is_empty() => line.str(" there is no module tree"),
            Outcome::Missing => line.str(" in ").bytes(context.dir),
            Outcome::Skipped(needed) => self.reason(line, context.plan, needed),
            Outcome::Failed(failure) => {
                line.str(" ");
                failure.describe(line, context.release);
                line
            }
        };
    }

    /// Adds ` needs X (failed ENOENT)`.
    fn reason<'a>(&self, line: &'a mut Line, plan: &Plan, needed: u32) -> &'a mut Line {
        let name = plan.step(needed).map_or(&b""[..], |step| step.name);
        let outcome = self.outcome(needed);
        line.str(" needs ").name(name).str(" (").str(outcome.map_or("", |outcome| outcome.word()));
        match outcome {
            Some(Outcome::Failed(failure)) => crate::outcome::write_errno(line.str(" "), failure.errno()),
            Some(Outcome::Absent) => drop(line.str(" ENODEV")),
            _ => {}
        }
        line.str(")")
    }

    /// Writes `done: 12 loaded, 2 already, 34.1 ms`.
    pub fn sum<K: Kernel>(&self, k: &mut K, log: &mut Log, micros: u64) {
        let mut line = Line::new(Priority::Info, "done: ", b"");
        let counts = WORDS.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        for (word, count) in counts {
            line.number(count).str(" ").str(word).str(", ");
        }
        if self.outcomes.is_empty() {
            line.str("no modules listed, ");
        }
        log.write(k, line.millis(micros));
    }
}

/// Whether the outcome leads to the failure action.
#[must_use]
pub fn is_fatal(step: &Step, outcome: Outcome) -> bool {
    step.severity == Severity::Required && outcome.is_failure()
}
