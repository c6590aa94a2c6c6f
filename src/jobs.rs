//! Loads modules side by side: `insinit.jobs=`.
//!
//! What may start is [`Queue`]'s business. Each load gets a worker, a process forked for it: this
//! program is small, so that costs less than any load, and what a module's init breaks, it breaks in
//! the worker. This process opens every file, says every line and judges every answer; a worker
//! inflates, makes the one call and leaves a [`Report`] in memory that both share. It is gone before
//! the real init starts, unless it outlasts `insinit.timeout=`.
//!
//! The kernel waits for a module's asynchronous probing before the load call returns
//! (`kernel/module/main.c`, `do_init_module`): `loaded` means that its devices are there, and where
//! several load at once each waits for the others' probing, too. `MODULE.async_probe` (a parameter of
//! every module) takes that wait away: the load returns early, what needs the module may start, and a
//! device may come later. Nothing here waits for it then; `root=` does, as `rootwait` says.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::budget;
use crate::files;
use crate::forms::form;
use crate::kernel::{Errno, Kernel};
use crate::line::Priority;
use crate::load::{Job, Notes, Watch, Way};
use crate::mem::{Slots, Table};
use crate::outcome::{Outcome, Why};
use crate::queue::Queue;
use crate::unpack;

/// How long a wait for a worker is, in milliseconds.
const TICK: u32 = 200;

/// How long a load runs before it is named, again and again, in seconds.
const LONG: u64 = 10;

/// Room for what a decoder writes beyond a file's claim, in bytes.
const SLACK: u64 = 64 << 10;

/// What one of the workers does.
#[derive(Clone, Copy)]
struct Lane {
    /// The worker's process; 0 if there is none.
    worker: i32,
    step: u32,
    /// When it began, in microseconds.
    start: u64,
}

/// The workers of a boot.
#[derive(Default)]
pub struct Crew {
    /// Loads are given to workers.
    pub is_on: bool,
    queue: Queue,
    lanes: Table<Lane>,
    /// What the workers leave behind.
    reports: Slots<Notes>,
    /// The step that is being begun, and the bytes that it may take.
    begun: (u32, u64),
    /// Required steps that failed, until that is acted upon.
    failed: Table<u32>,
    /// When it was looked after the workers last, in microseconds.
    looked: u64,
    /// The loads that were left behind.
    left: Table<Lane>,
}

impl<K: Kernel> Boot<'_, K> {
    /// Loads all that is planned with workers; false if there are to be none.
    #[inline(never)]
    pub fn side_by_side(&mut self) -> bool {
        if self.done >= self.plan.order.len() {
            return false;
        }
        let lanes = self.config.jobs.lanes(self.k);
        if lanes < 2 || self.shows || !self.hire(lanes) {
            if self.config.jobs.timeout > 0 && self.done == 0 {
                let line = self.log.say(Priority::Warning, form!("word %: ignored: %"));
                line.bytes(b"insinit.timeout").bytes(b"no worker loads anything");
                self.log.send(self.k);
            }
            // Nor later: the queue doesn't know what was loaded without it.
            self.config.jobs.jobs = 0;
            return false;
        }
        loop {
            while self.crew.failed.is_empty()
                && let Some(step) = self.crew.queue.next(&self.plan)
            {
                self.crew.begun = (step, 0);
                self.step(step, 0);
            }
            match self.crew.queue.is_idle() {
                false => self.await_one(),
                true if self.crew.failed.is_empty() => break,
                true => self.act(),
            }
        }
        self.pause(true);
        true
    }

    /// Gets ready for workers; false if that can't be.
    #[cold]
    fn hire(&mut self, lanes: u32) -> bool {
        let Ok(reports) = Slots::new(self.k, self.plan.steps.len()) else { return false };
        let settings = &self.config.jobs;
        let memory = match settings.memory {
            0 => budget::free(self.k) / 4,
            given => given,
        };
        self.crew.reports = reports;
        (self.crew.queue.lanes, self.crew.queue.memory) = (lanes, memory);
        self.crew.queue.extend(self.k, &self.plan, &settings.alone);
        self.pause(false);
        true
    }

    /// Has no worker for a while, or has them again.
    #[inline(never)]
    fn pause(&mut self, pause: bool) {
        self.crew.is_on = !pause;
        self.k.hold_children(!pause);
    }

    /// Takes the failure action for each required step that failed, as nothing runs any more.
    fn act(&mut self) {
        self.pause(true);
        let mut at = 0;
        while let Some(failed) = self.crew.failed.get(at).and_then(|step| self.plan.step(*step)) {
            let (failed, next) = (*failed, self.crew.queue.left(&self.plan));
            let next = next.map(|next| self.name(next));
            self.fail(Ok(&failed), next);
            at = at.wrapping_add(1);
        }
        self.crew.failed.truncate(0);
        self.pause(false);
    }

    /// Waits until a load has room beside what runs; false if it is not to start after all.
    #[inline(never)]
    pub fn make_room(&mut self, job: &Job<'_>, way: Way) -> bool {
        let length = files::size(self.k, job.fd);
        let (mut claim, mut limit) = (length.saturating_mul(2), 0);
        if way != Way::File {
            // Inflated, the kernel's copy, the module's layout.
            let size = unpack::claim(self.k, job.fd, job.format, length);
            claim = size.saturating_mul(3).saturating_add(length);
            limit = size.saturating_add(SLACK);
        }
        let (step, start) = (self.crew.begun.0, self.loader.notes.watch.start);
        let asked = self.k.now();
        while !self.crew.queue.fits(claim) {
            self.await_one();
        }
        let waited = self.k.now().saturating_sub(asked);
        self.loader.watch(start.saturating_add(waited));
        self.loader.notes.watch.limit = if self.crew.queue.is_alone(step) { 0 } else { limit };
        self.crew.begun = (step, claim);
        self.crew.failed.is_empty()
    }

    /// Gives a load to a worker; without one it is done here.
    #[inline(never)]
    pub fn employ(&mut self, job: &Job<'_>, way: Way) -> Outcome {
        self.loader.forget();
        // While there was no room, other loads left their notes.
        self.loader.notes.format = Some(job.format);
        let worker = match self.k.fork() {
            Ok(0) => {
                // What a worker meets with is its parent's to say and to act upon.
                self.k.arena().last_resort = None;
                let level = self.log.mute();
                self.work(job, way);
                self.log.set_level(level);
                self.k.leave()
            }
            Ok(worker) => worker,
            Err(_) => {
                self.loader.notes.watch.limit = 0;
                return self.perform(job, way);
            }
        };
        let (step, claim) = self.crew.begun;
        self.crew.queue.start(step, claim);
        let lane = Lane { worker, step, start: self.loader.notes.watch.start };
        match self.crew.lanes.iter_mut().find(|lane| lane.worker == 0) {
            Some(free) => *free = lane,
            None => self.crew.lanes.push(self.k, lane),
        }
        Outcome::failed(Why::Pending, Errno::EAGAIN)
    }

    /// The worker's part.
    fn work(&mut self, job: &Job<'_>, way: Way) {
        self.loader.notes.outcome = self.perform(job, way);
        self.loader.notes.watch.end = self.k.now();
        self.crew.reports.set(self.crew.begun.0, self.loader.notes);
    }

    /// Waits a moment for a worker to end, and looks after those that don't.
    #[inline(never)]
    fn await_one(&mut self) {
        let ended = self.k.reap(TICK);
        let now = self.k.now();
        let mut at = 0;
        while let Some(lane) = self.crew.lanes.get(at).copied() {
            match ended {
                _ if lane.worker == 0 => {}
                Ok((worker, status)) if worker == lane.worker => self.ended(at, lane, status, now),
                Err(Errno::ECHILD) => self.ended(at, lane, -1, now),
                _ => self.look_after(at, lane, now),
            }
            at = at.wrapping_add(1);
        }
        self.crew.looked = now;
        if let Ok((worker, _)) = ended {
            self.forget(worker);
        }
    }

    /// Says what a worker has come to.
    #[inline(never)]
    fn ended(&mut self, at: usize, lane: Lane, status: i32, now: u64) {
        if status != 0 {
            return self.lost(at, lane, Outcome::failed(Why::Died, Errno::ECHILD), status, now);
        }
        self.loader.notes = self.crew.reports.get(lane.step);
        let outcome = self.judge(self.name(lane.step), self.loader.notes.outcome);
        if outcome.why == Why::Memory && !self.crew.queue.is_alone(lane.step) {
            self.vacate(at);
            self.crew.queue.again(lane.step);
        } else {
            self.over(at, lane.step, outcome);
        }
    }

    /// Settles a load of which its worker tells nothing.
    #[inline(never)]
    fn lost(&mut self, at: usize, lane: Lane, outcome: Outcome, status: i32, now: u64) {
        // Whether its call was made isn't known, but that is what takes long or kills.
        let is_forced = self.config.ways.force() != 0;
        let watch = self.loader.watch(lane.start);
        (watch.end, watch.status, watch.is_forced) = (now, status, is_forced);
        self.over(at, lane.step, outcome);
    }

    /// The name of a step.
    #[inline(never)]
    fn name(&self, step: u32) -> &'static [u8] {
        self.plan.step(step).map_or(b"", |step| step.name)
    }

    /// Names a load that runs for long, and leaves one behind that runs for too long.
    fn look_after(&mut self, at: usize, lane: Lane, now: u64) {
        let seconds = now.saturating_sub(lane.start) / 1_000_000;
        let limit = self.config.jobs.timeout;
        if limit > 0 && seconds >= limit {
            self.k.kill(lane.worker);
            self.crew.left.push(self.k, lane);
            let outcome = Outcome::failed(Why::Late, Errno::ETIMEDOUT);
            self.lost(at, lane, outcome, limit as i32, now);
        } else if seconds / LONG != self.crew.looked.saturating_sub(lane.start) / 1_000_000 / LONG {
            let name = self.name(lane.step);
            let line = self.log.say(Priority::Error, form!("wait %: loading for % s"));
            line.name(name).number(seconds);
            self.log.send(self.k);
        }
    }

    /// Settles a load that is over, or was given up.
    #[inline(never)]
    fn over(&mut self, at: usize, number: u32, outcome: Outcome) {
        self.vacate(at);
        #[cfg(feature = "ways")]
        if self.loader.notes.watch.is_forced {
            self.say_forced(self.name(number));
        }
        self.loader.notes.watch.lane = at as u64;
        let Watch { start, end, .. } = self.loader.notes.watch;
        self.settle(number, outcome, end.saturating_sub(start), None);
    }

    fn vacate(&mut self, at: usize) {
        if let Some(lane) = self.crew.lanes.get_mut(at) {
            lane.worker = 0;
        }
    }

    /// Forgets a worker that was left behind and is gone now.
    #[inline(never)]
    fn forget(&mut self, worker: i32) {
        for left in self.crew.left.iter_mut() {
            if left.worker == worker {
                left.worker = 0;
            }
        }
    }

    /// Adds the loads that are left behind to a line.
    #[inline(never)]
    pub fn name_left(&mut self) {
        if self.crew.left.is_empty() {
            return;
        }
        while let Ok((worker, _)) = self.k.reap(0) {
            self.forget(worker);
        }
        let mut between = ": leaves ";
        for left in self.crew.left.iter() {
            if left.worker != 0 {
                let name = self.name(left.step);
                self.log.more().str(core::mem::replace(&mut between, ", ")).name(name);
            }
        }
    }

    /// Notes that a step is over; called for every step of a boot.
    pub fn note(&mut self, number: u32, is_fatal: bool) {
        self.crew.queue.done(number);
        if is_fatal && self.crew.is_on {
            self.crew.failed.push(self.k, number);
        }
    }
}

mod words;
pub use words::Settings;
