//! Workers of the scripted machine: processes that are forked, load a module and end.
//!
//! There is but one process. What a worker does it does at once, between `fork` and `leave`, on a clock
//! of its own; what it has done shows when the machine's clock reaches the worker's end. So a chosen
//! time for each module's load is a chosen interleaving.

use super::Machine;
use crate::kernel::{Errno, Result};
use std::collections::{BTreeMap, BTreeSet};

/// The wait status of a process that was killed.
const KILLED: i32 = 9;

/// One worker.
#[derive(Default)]
struct Worker {
    process: i32,
    /// When it began, and when it ends.
    times: (u64, u64),
    status: i32,
    /// The module that will be live, and the memory that it keeps.
    module: Option<(String, u64)>,
    /// Every module that it tried.
    tried: Vec<String>,
    /// The most memory that it takes.
    peak: u64,
}

/// The workers, and what is known of them beforehand.
pub struct Workers {
    pub cpus: u32,
    /// SIGCHLD is held back.
    pub held: bool,
    /// How long the load of each module takes, where it isn't the usual time.
    times: BTreeMap<String, u64>,
    /// Modules whose load kills the process.
    deadly: BTreeSet<String>,
    /// The one whose code is running.
    own: Option<Worker>,
    others: Vec<Worker>,
    /// How many ran at once, at most.
    most: usize,
}

impl Default for Workers {
    fn default() -> Self {
        let (times, deadly, others) = Default::default();
        Self { cpus: 1, held: false, times, deadly, own: None, others, most: 0 }
    }
}

impl Workers {
    /// The most memory that other workers take.
    pub fn taken(&self) -> u64 {
        self.others.iter().map(|worker| worker.peak).sum()
    }

    /// The worker that is running takes that much.
    pub fn takes(&mut self, bytes: u64) {
        if let Some(own) = &mut self.own {
            own.peak = own.peak.max(bytes);
        }
    }

    /// Whether another worker is at that module.
    pub fn loads(&self, module: &str) -> bool {
        self.others.iter().any(|worker| worker.tried.iter().any(|tried| tried == module))
    }

    /// Whether it is a worker that inserts the module; it is live when that ends.
    pub fn keeps(&mut self, module: &str, bytes: u64) -> bool {
        let Some(own) = &mut self.own else { return false };
        own.module = Some((module.into(), bytes));
        true
    }

    /// How long a load takes, where that was said.
    pub fn time(&mut self, module: &str) -> Option<u64> {
        if let Some(own) = &mut self.own {
            own.tried.push(module.into());
            if self.deadly.contains(module) {
                (own.status, own.module) = (KILLED, None);
            }
        }
        self.times.get(module).copied()
    }

    /// A signal that no process outlives, once its system call is over.
    pub fn kill(&mut self, process: i32) {
        let killed = self.others.iter_mut().filter(|worker| worker.process == process);
        killed.for_each(|worker| worker.status = KILLED);
    }
}

impl Machine {
    /// So many CPUs.
    pub fn cpus(mut self, cpus: u32) -> Self {
        self.workers.cpus = cpus;
        self
    }

    /// How long a module's load takes, in milliseconds.
    pub fn takes(mut self, module: &str, milliseconds: u64) -> Self {
        self.workers.times.insert(module.into(), milliseconds * 1000);
        self
    }

    /// The process that loads this module dies of it.
    pub fn deadly(mut self, module: &str) -> Self {
        self.workers.deadly.insert(module.into());
        self
    }

    /// How many workers ran at once, at most.
    pub fn most_workers(&self) -> usize {
        self.workers.most
    }

    /// The workers that are there still, or were and nobody asked what became of them.
    pub fn workers_left(&self) -> usize {
        self.workers.others.len()
    }

    pub(super) fn begin_worker(&mut self) {
        assert!(self.workers.own.is_none(), "a worker forks");
        let times = (self.clock, 0);
        self.workers.own =
            Some(Worker { process: 1000 + self.calls.len() as i32, times, ..Worker::default() });
    }

    /// The worker's code is over; the machine goes on from where it was forked.
    pub(super) fn end_worker(&mut self) -> i32 {
        let mut own = self.workers.own.take().expect("it was forked");
        own.times.1 = self.clock;
        self.clock = own.times.0;
        let process = own.process;
        self.workers.others.push(own);
        self.workers.most = self.workers.most.max(self.workers.others.len());
        process
    }

    /// The worker that ends first, if one ends in time.
    pub(super) fn reaped(&mut self, milliseconds: u32) -> Result<(i32, i32)> {
        if let Some(child) = self.children.pop_front() {
            return Ok(child);
        }
        let workers = self.workers.others.iter().enumerate();
        let Some((at, first)) = workers.min_by_key(|(_, worker)| worker.times.1) else {
            return Err(Errno::ECHILD);
        };
        let until = self.clock + u64::from(milliseconds) * 1000;
        let end = first.times.1;
        if end > until {
            self.clock = until;
            return Err(Errno::EAGAIN);
        }
        self.clock = self.clock.max(end);
        let worker = self.workers.others.remove(at);
        if let Some((module, bytes)) = worker.module {
            self.modules.set_live(&module);
            self.free -= bytes;
        }
        Ok((worker.process, worker.status))
    }
}
