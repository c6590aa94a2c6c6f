//! The queue of a parallel boot: which step of the plan may start now.
//!
//! Pure data, no system calls (a kernel is asked for memory only). A step is ready once all that it
//! needs, hard or soft, has finished, and all before the last barrier in front of it has; two steps of
//! one name follow one another. Ready ones start in the plan's order. A step that is to be alone waits
//! until nothing runs, and holds up what comes after it, so that it is never starved.
//!
//! The plan's order is such that a step stands behind all that it needs: the first step that isn't done
//! runs or is ready, so there is no deadlock.
#![forbid(unsafe_code)]

use crate::kernel::Kernel;
use crate::mem::Table;
use crate::name;
use crate::plan::Plan;
use crate::text;

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It wasn't started yet.
    #[default]
    Waiting,
    /// It was started.
    Running,
    /// It has finished, however that ended.
    Done,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Item {
    stage: Stage,
    /// How many lanes it takes: all of them, if nothing may run beside it.
    lanes: u32,
    /// The bytes of memory that it may take while it runs.
    claim: u64,
}

/// The queue; a step's number is its number in the plan.
#[derive(Default)]
pub struct Queue {
    items: Table<Item>,
    /// How many run at once, at most.
    pub lanes: u32,
    /// The sum of the claims of what runs, at most; one always may run.
    pub memory: u64,
    running: u32,
    claimed: u64,
}

impl Queue {
    /// Takes in the steps that were planned since the last time; those of the names `alone`, as the
    /// words have them, run with nothing beside them.
    pub fn extend<K: Kernel>(&mut self, k: &mut K, plan: &Plan, alone: &[&[u8]]) {
        for step in text::tail(&plan.steps, self.items.len()) {
            let mut item = Item { stage: Stage::Waiting, lanes: 1, claim: 0 };
            for name in alone {
                if name::same(name, step.name) {
                    item.lanes = self.lanes;
                }
            }
            self.items.push(k, item);
        }
    }

    fn stage(&self, step: u32) -> Stage {
        self.items.get(step as usize).map_or(Stage::Done, |item| item.stage)
    }

    /// The step that is to start next; none as long as something else has to finish first, or if
    /// nothing is left.
    #[inline(never)]
    #[must_use]
    pub fn next(&self, plan: &Plan) -> Option<u32> {
        let mut left = &*plan.order;
        while let [first, rest @ ..] = left
            && self.stage(*first) == Stage::Done
        {
            left = rest;
        }
        let done = plan.order.len().wrapping_sub(left.len());
        for barrier in plan.barriers.iter() {
            let before = (*barrier as usize).saturating_sub(done);
            if before > 0 {
                left = left.get(..before).unwrap_or(left);
            }
        }
        let mut before = 0_usize;
        for step in left {
            if self.stage(*step) == Stage::Waiting
                && self.is_ready(plan, *step, text::head(left, before))
            {
                let needed = self.items.get(*step as usize).map_or(0, |item| item.lanes);
                let has_room = self.running.saturating_add(needed) <= self.lanes;
                return Some(*step).filter(|_| has_room);
            }
            before = before.wrapping_add(1);
        }
        None
    }

    /// Whether all that a step needs has finished, and what bears its name and stands before it.
    fn is_ready(&self, plan: &Plan, step: u32, before: &[u32]) -> bool {
        for dep in plan.deps(step) {
            if self.stage(dep.step) != Stage::Done {
                return false;
            }
        }
        let name = |step| plan.step(step).map_or(b"".as_slice(), |step| step.name);
        for other in before {
            if self.stage(*other) != Stage::Done && name::same(name(*other), name(step)) {
                return false;
            }
        }
        true
    }

    /// Whether nothing may run beside a step.
    #[must_use]
    pub fn is_alone(&self, step: u32) -> bool {
        self.items.get(step as usize).is_some_and(|item| item.lanes == self.lanes)
    }

    /// Whether something that takes so many bytes may run beside what runs.
    #[must_use]
    pub fn fits(&self, claim: u64) -> bool {
        self.running == 0 || self.claimed.saturating_add(claim) <= self.memory
    }

    /// Whether nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running == 0
    }

    /// The first step that wasn't started.
    #[must_use]
    pub fn left(&self, plan: &Plan) -> Option<u32> {
        plan.order.iter().copied().find(|step| self.stage(*step) == Stage::Waiting)
    }

    /// Notes that a step was started and may take so many bytes.
    pub fn start(&mut self, step: u32, claim: u64) {
        if let Some(item) = self.items.get_mut(step as usize) {
            (item.stage, item.claim) = (Stage::Running, claim);
            self.running = self.running.wrapping_add(item.lanes);
            self.claimed = self.claimed.saturating_add(claim);
        }
    }

    /// Notes that a step has finished, whether it was started or not.
    pub fn done(&mut self, step: u32) {
        self.stop(step, Stage::Done);
    }

    /// Puts a step that runs back: it is to start once more, with nothing beside it.
    pub fn again(&mut self, step: u32) {
        self.stop(step, Stage::Waiting);
    }

    #[inline(never)]
    fn stop(&mut self, step: u32, stage: Stage) {
        if let Some(item) = self.items.get_mut(step as usize) {
            if item.stage == Stage::Running {
                self.running = self.running.wrapping_sub(item.lanes);
                self.claimed = self.claimed.saturating_sub(item.claim);
            }
            if stage == Stage::Waiting {
                item.lanes = self.lanes;
            }
            item.stage = stage;
        }
    }
}

#[cfg(test)]
mod tests;
