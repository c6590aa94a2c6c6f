//! Carrying the plan out: step by step, each one's outcome said at once.
#![forbid(unsafe_code)]

use crate::config::Config;
use crate::fail::Policy;
use crate::ground::Ground;
use crate::handover::Init;
use crate::kernel::{Kernel, Result};
use crate::line::{LIMIT, Line, Priority};
use crate::load::{Job, Loader, Way};
use crate::log::Log;
use crate::mem::Table;
use crate::outcome::{Failure, Outcome};
use crate::params;
use crate::plan::{Plan, Step, Task};
use crate::report::{Context, Report, is_fatal};
use crate::tree::Tree;
use core::ffi::CStr;
use syscalls::Errno;

/// What the loads of a boot are made of.
pub struct Run<'a> {
    /// What the words say.
    pub config: &'a Config,
    /// Where the files are.
    pub tree: &'a Tree,
    /// What is to be done.
    pub plan: &'a Plan,
    /// The kernel's release.
    pub release: &'a [u8],
    /// What comes after the last step.
    pub init: Init,
}

impl Run<'_> {
    /// Loads everything in order and says what came of it. Comes back unless a required entry failed
    /// and the failure action ends the boot.
    pub fn all<K: Kernel>(
        &self,
        k: &mut K,
        log: &mut Log,
        ground: &mut Ground,
        policy: &mut Policy,
    ) {
        let timed = log.takes(Priority::Info);
        let started = if timed { k.now() } else { 0 };
        match self.steps(k, log, ground, policy) {
            Ok(report) if timed => {
                let micros = k.now().saturating_sub(started);
                report.sum(k, log, micros);
            }
            Ok(_) => {}
            Err(errno) => {
                let outcome = Outcome::Failed(Failure::Errno(errno));
                let mut line = Line::new(Priority::Error, "plan: ", outcome.word().as_bytes());
                crate::outcome::write_errno(line.str(" "), errno);
                log.write(k, &mut line);
            }
        }
    }

    fn steps<K: Kernel>(
        &self,
        k: &mut K,
        log: &mut Log,
        ground: &mut Ground,
        policy: &mut Policy,
    ) -> Result<Report> {
        let mut report = Report::new(k, self.plan.steps.len())?;
        let mut loader = Loader::default();
        let mut params = Table::new();
        for (at, number) in self.plan.order.iter().enumerate() {
            let Some(step) = self.plan.step(*number) else { continue };
            let started = if log.takes(Priority::Info) { k.now() } else { 0 };
            let outcome = match self.unmet(&report, *number) {
                Some(needed) => Outcome::Skipped(needed),
                None => self.one(k, log, ground, &mut loader, &mut params, *number, step)?,
            };
            let micros = if started > 0 { k.now().saturating_sub(started) } else { 0 };
            report.keep(*number, outcome);
            report.say(k, log, self.context(), step, outcome, micros);
            if is_fatal(step, outcome) {
                self.give_up(k, log, policy, at, step, outcome);
            }
        }
        Ok(report)
    }

    fn context(&self) -> Context<'_> {
        Context { plan: self.plan, release: self.release, dir: self.tree.dir }
    }

    /// The first hard dependency that isn't there.
    fn unmet(&self, report: &Report, step: u32) -> Option<u32> {
        let hard = self.plan.deps(step).filter(|dep| dep.hard);
        let mut unmet = hard.filter(|dep| !report.outcome(dep.step).is_some_and(|o| o.is_there()));
        unmet.next().map(|dep| dep.step)
    }

    /// Deals with one step whose dependencies are there.
    #[allow(clippy::too_many_arguments)]
    fn one<K: Kernel>(
        &self,
        k: &mut K,
        log: &mut Log,
        ground: &mut Ground,
        loader: &mut Loader,
        params: &mut Table<u8>,
        number: u32,
        step: &Step,
    ) -> Result<Outcome> {
        let module = match step.task {
            Task::Load(module) => module,
            Task::Builtin => return Ok(Outcome::Already { builtin: true }),
            Task::Blocked(by) => return Ok(Outcome::Blocked(by)),
            Task::Missing => return Ok(loader.absent(k, ground, step.name)),
        };
        match self.params(k, params, number, step) {
            Err(Errno::EINVAL) => return Ok(Outcome::Failed(Failure::Params)),
            done => done?,
        }
        let Ok(text) = CStr::from_bytes_with_nul(params) else {
            return Ok(Outcome::Failed(Failure::Params));
        };
        let path = match self.tree.path(module.path) {
            Ok(path) => path,
            Err(errno) => return Ok(Outcome::Failed(Failure::Unreadable(errno))),
        };
        Ok(match loader.open(k, ground, step.name, path.as_c(), text) {
            Err(outcome) => outcome,
            Ok(job) => {
                if log.takes(Priority::Debug) {
                    announce(k, log, path.as_c(), &job);
                }
                loader.load(k, ground, &job)
            }
        })
    }

    /// The step's argument string with its NUL: its list entries' parameters, then the command line's.
    fn params<K: Kernel>(
        &self,
        k: &mut K,
        text: &mut Table<u8>,
        number: u32,
        step: &Step,
    ) -> Result<()> {
        text.truncate(0);
        for extra in self.plan.params(number) {
            if !text.is_empty() {
                text.push(k, b' ')?;
            }
            text.extend(k, extra)?;
        }
        for word in self.config.params.iter() {
            if let Some(param) = params::of_module(word, step.name) {
                params::add(k, text, param, word.value)?;
            }
        }
        text.push(k, 0)
    }

    /// A required entry failed: takes the failure action.
    fn give_up<K: Kernel>(
        &self,
        k: &mut K,
        log: &mut Log,
        policy: &mut Policy,
        at: usize,
        step: &Step,
        outcome: Outcome,
    ) {
        let cause: &[&[u8]] = &[b"required ", step.name, b" ", outcome.word().as_bytes()];
        let next = at.checked_add(1).and_then(|at| self.plan.order.get(at));
        let next: &[&[u8]] = match next.and_then(|next| self.plan.step(*next)) {
            Some(next) => &[b"load ", next.name],
            None => &[b"exec ", self.init.name()],
        };
        policy.act(k, log, cause, next, false);
    }
}

/// Says what is about to be asked of the kernel; long parameters take several lines.
fn announce<K: Kernel>(k: &mut K, log: &mut Log, path: &CStr, job: &Job<'_>) {
    let way = match job.way {
        Way::File => "file",
        Way::Kernel => "kernel inflates",
        Way::Here => "inflated here",
    };
    let size = k.stat_fd(job.image.fd).map_or(0, |stat| stat.size);
    let mut line = Line::new(Priority::Debug, "try ", b"");
    line.name(job.name).str(": ").bytes(path.to_bytes()).str(", ").number(size);
    log.write(k, line.str(" bytes, ").str(way));
    for piece in job.params.to_bytes().chunks(LIMIT / 2) {
        let mut line = Line::new(Priority::Debug, "try ", b"");
        log.write(k, line.name(job.name).str(": parameters ").bytes(piece));
    }
}
