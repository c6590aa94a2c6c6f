//! The boot, from top to bottom.
//!
//! Read [`run`]: command line, list, plan, loads with their report, handover. Each stage takes what
//! the stage before left in [`Boot`].
#![forbid(unsafe_code)]

use crate::config::Config;
use crate::files;
use crate::ground::Ground;
use crate::handover::Init;
use crate::kernel::{Kernel, Result};
use crate::line::Priority;
use crate::list::{self, Entry, Severity};
use crate::load::Loader;
use crate::log::Log;
use crate::mem::{self, Table};
use crate::outcome::{KINDS, Kind, Outcome, Why};
use crate::params;
use crate::plan::{Plan, Step, Task};
use crate::start::Process;
use crate::text;
use crate::tree::{self, Place, Tree};
use core::ffi::CStr;
use syscalls::Errno;

/// The configuration file of the image.
const CONF: &CStr = c"/etc/insinit.conf";

/// The list file where `insinit.list=` names no other.
const LIST: &[u8] = b"/etc/modules";

/// All that a boot knows. What is used most comes first: there it is cheapest to reach.
#[repr(C)]
pub struct Boot<'k, K> {
    /// The kernel.
    pub k: &'k mut K,
    /// Where lines go.
    pub log: &'k mut Log,
    /// The arguments and the environment.
    pub process: Process,
    /// The real init.
    pub init: Init,
    /// What was mounted and made.
    pub ground: Ground,
    /// The shell was started, or can't be typed into.
    pub no_shell: bool,
    /// Where the modules are.
    pub tree: Tree,
    /// What is to be loaded, and what became of it.
    pub plan: Plan,
    /// The kernel's release, once it was asked for.
    release: Option<&'static [u8]>,
    /// What the words say.
    pub config: Config,
    /// What loading needs.
    pub loader: Loader,
    /// How often each [`Kind`] came out.
    pub counts: [u32; KINDS],
}

/// Boots: loads what the words ask for and becomes the real init. Never returns.
pub fn run<K: Kernel>(k: &mut K, process: Process) -> ! {
    let mut log = Log::default();
    let mut boot = Boot::new(k, &mut log, process);
    boot.words();
    let mut entries = Table::new();
    boot.entries(&mut entries);
    boot.plan(&entries);
    boot.load_all();
    boot.hand_over()
}

impl<'k, K: Kernel> Boot<'k, K> {
    /// A boot that knows nothing yet, with sound descriptors.
    fn new(k: &'k mut K, log: &'k mut Log, process: Process) -> Self {
        let ground = Ground::lay(k);
        Self {
            k,
            log,
            process,
            init: Init::Default,
            no_shell: ground.no_input,
            ground,
            tree: Tree::default(),
            plan: Plan::default(),
            release: None,
            config: Config::default(),
            loader: Loader::default(),
            counts: [0; KINDS],
        }
    }

    /// Reads the words: those of the image, then those of the command line.
    fn words(&mut self) {
        let file = files::read(self.k, CONF);
        self.config.read_file(self.k, file.unwrap_or_default());
        let cmdline = self.ground.cmdline(self.k);
        self.config.read(self.k, cmdline.unwrap_or_default());
        self.log.set_level(self.config.level());
        if file != Err(Errno::ENOENT) {
            self.complain("read ", CONF.to_bytes(), file.map(drop));
        }
        self.complain("read /proc/cmdline", b"", cmdline.map(drop));
        for complaint in self.config.complaints.iter() {
            let line = self.log.line(Priority::Warning, "word ").bytes(complaint.key);
            line.str(": ignored: ").str(complaint.what);
            self.log.send(self.k);
        }
        if self.config.root.is_some() {
            let what = "word root: ignored: this build runs the initramfs' init";
            self.log.line(Priority::Warning, what);
            self.log.send(self.k);
        }
        self.init = Init::of(self.k, &self.config);
        self.k.arena().last_resort = self.config.fail.stop();
    }

    /// The whole list: the list file's entries, then the command line's.
    fn entries(&mut self, entries: &mut Table<Entry>) {
        let file = self.config.list.unwrap_or(LIST);
        if !file.is_empty() {
            let done = list_file(self.k, file, entries);
            if done != Err(Errno::ENOENT) || self.config.list.is_some() {
                self.complain("list ", file, done);
            }
        }
        entries.extend(self.k, &self.config.entries);
    }

    /// Looks everything up, and what it needs.
    fn plan(&mut self, entries: &[Entry]) {
        let (dir, mut by_name, mut in_tree) = (self.config.dir, false, false);
        for entry in entries {
            by_name |= !entry.is_barrier() && !text::has(entry.name, b'/');
            in_tree |= tree::may_hold(dir, entry.name);
        }
        if in_tree {
            let place = Place { root: b"", release: self.release(), dir };
            self.tree.open(self.k, place, by_name);
            if by_name && self.tree.dir.is_empty() {
                self.no_tree(place);
            }
        }
        self.plan.fill(self.k, &self.config, &mut self.tree, entries);
    }

    /// Says which release was looked for, and which are there.
    #[inline(never)]
    fn no_tree(&mut self, place: Place) {
        let found = tree::releases(self.k, place.root);
        let line = self.log.line(Priority::Error, "no modules for ").bytes(place.release);
        if let Some(dir) = place.dir {
            line.str(" in ").bytes(dir);
        } else if !found.is_empty() {
            line.str(" (found: ").bytes(&found).str(")");
        }
        self.log.send(self.k);
    }

    /// Loads everything in order and says what came of it. Comes back unless a required entry failed
    /// and the failure action ends the boot.
    fn load_all(&mut self) {
        let started = self.now();
        let mut at = 0;
        while let Some(number) = self.plan.order.get(at).copied() {
            at = at.wrapping_add(1);
            self.step(number, at);
        }
        let micros = self.now().saturating_sub(started);
        self.sum(micros);
    }

    /// Deals with one step; `next` is the place of the one after it.
    #[inline(never)]
    fn step(&mut self, number: u32, next: usize) {
        let Some(mut step) = self.plan.step(number).copied() else { return };
        let started = self.now();
        let needs = self.unmet(number);
        step.outcome = match needs {
            Some(_) => Outcome::of(Kind::Skipped),
            None => self.one(number, &step),
        };
        let micros = self.now().saturating_sub(started);
        self.keep(number, step.outcome);
        self.say(&step, micros, needs);
        if step.severity == Severity::Required && step.outcome.is_failure() {
            let next = self.plan.order.get(next).and_then(|next| self.plan.step(*next));
            self.fail(Some(&step), next.map(|next| next.name));
        }
    }

    /// The first hard dependency that isn't there.
    fn unmet(&self, step: u32) -> Option<u32> {
        for dep in self.plan.deps(step) {
            let needed = self.plan.step(dep.step);
            if dep.hard && !needed.is_some_and(|needed| needed.outcome.is_there()) {
                return Some(dep.step);
            }
        }
        None
    }

    /// Notes what became of a step.
    #[inline(never)]
    fn keep(&mut self, step: u32, outcome: Outcome) {
        if let Some(step) = self.plan.steps.get_mut(step as usize) {
            step.outcome = outcome;
        }
        if let Some(count) = self.counts.get_mut(outcome.kind as usize) {
            *count = count.wrapping_add(1);
        }
    }

    /// Deals with a step whose dependencies are there.
    #[inline(never)]
    fn one(&mut self, number: u32, step: &Step) -> Outcome {
        let path = match step.task {
            Task::Load(path) => path,
            Task::Builtin => return Outcome::already(true),
            Task::Blocked(_) => return Outcome::of(Kind::Blocked),
            Task::Missing => return self.absent(step.name),
            Task::Deep => return Outcome::failed(Why::Deep, Errno::ELOOP),
        };
        match self.params(number, step) {
            Some(params) => {
                let path = self.tree.path(self.k, path);
                self.load(step.name, path, params)
            }
            None => Outcome::failed(Why::Params, Errno::EINVAL),
        }
    }

    /// A step's argument string: its list entries' parameters, then the command line's. None if the
    /// kernel can't be given one of them.
    #[inline(never)]
    fn params(&mut self, number: u32, step: &Step) -> Option<&'static CStr> {
        let mut text = Table::new();
        let mut good = true;
        for extra in self.plan.extras.iter() {
            if extra.step == number {
                params::gap(self.k, &mut text);
                text.extend(self.k, extra.params);
            }
        }
        for word in self.config.params.iter() {
            if let Some(param) = params::of_module(word.key, step.name) {
                good &= params::add(self.k, &mut text, param, word.value);
            }
        }
        text.push(self.k, 0);
        mem::c_str(text.into_slice()).filter(|_| good)
    }

    /// The kernel's release.
    #[inline(never)]
    pub fn release(&mut self) -> &'static [u8] {
        let release = self.release.or_else(|| self.k.release().ok()).unwrap_or(b"unknown");
        self.release = Some(release);
        release
    }

    /// The time, where a line will tell it.
    fn now(&mut self) -> u64 {
        if self.log.takes(Priority::Info) { self.k.now() } else { 0 }
    }

    /// Says that a stage failed; the boot goes on with what it has.
    #[inline(never)]
    fn complain(&mut self, verb: &str, subject: &[u8], done: Result<()>) {
        if let Err(errno) = done {
            let line = self.log.line(Priority::Error, verb).bytes(subject);
            line.colon().failed(errno);
            self.log.send(self.k);
        }
    }
}

fn list_file<K: Kernel>(k: &mut K, file: &[u8], entries: &mut Table<Entry>) -> Result<()> {
    let path = mem::path(k, &[file]);
    let mut text = files::read(k, path)?;
    while let Some(entry) = list::of_file(&mut text) {
        entries.push(k, entry);
    }
    Ok(())
}
