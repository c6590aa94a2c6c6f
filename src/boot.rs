//! The boot, from top to bottom.
//!
//! Read [`run`]: command line, list, plan, loads with their report, handover. Each stage takes what
//! the stage before left in [`Boot`].
#![forbid(unsafe_code)]

use crate::coldplug::Coldplug;
use crate::config::{CONF, Config};
use crate::files::Top;
use crate::forms::{Form, form};
use crate::ground::Ground;
use crate::handover::Init;
#[cfg(feature = "jobs")]
use crate::jobs::Crew;
use crate::kernel::Errno;
#[cfg(feature = "root")]
use crate::kernel::Stat;
use crate::kernel::{Kernel, Result};
use crate::line::Priority;
use crate::list::{Entry, Severity};
use crate::load::Loader;
use crate::log::Log;
use crate::mem::{self, Table};
use crate::outcome::{KINDS, Kind, Outcome, Why};
use crate::params;
use crate::plan::{self, Link, Plan, Scope, Task};
use crate::start::Process;
use crate::text;
use crate::tree::{self, Place, Tree};

/// All that a boot knows. What is used most comes first: there it is cheapest to reach.
#[repr(C)]
pub struct Boot<'k, K> {
    /// The kernel.
    pub k: &'k mut K,
    /// Where lines go.
    pub log: &'k mut Log,
    /// The real init.
    pub init: Init,
    /// What was mounted and made.
    pub ground: Ground,
    /// The shell was started, or can't be typed into.
    pub no_shell: bool,
    /// `insinit plan`: nothing is loaded, the plan is shown.
    pub shows: bool,
    /// Something that is not optional went wrong.
    pub went_wrong: bool,
    /// How many steps of the plan's order have been dealt with.
    pub done: usize,
    /// What is to be loaded, and what became of it.
    pub plan: Plan,
    /// What the words say.
    pub config: Config,
    /// Where the modules are.
    pub tree: Tree,
    /// What loading needs.
    pub loader: Loader,
    /// What stands before every path of the image: empty but for `insinit plan`.
    pub root: &'static [u8],
    /// The arguments and the environment.
    pub process: Process,
    /// The kernel's release, once it was asked for.
    pub release: Option<&'static [u8]>,
    /// What devices asked for.
    pub coldplug: Coldplug,
    /// The workers, and what is theirs to do.
    #[cfg(feature = "jobs")]
    pub crew: Crew,
    /// When the boot began, its loads did, and they were over, in microseconds.
    #[cfg(feature = "jobs")]
    pub stages: [u64; 3],
    /// insinit's own file, found before its path leads into the new root.
    #[cfg(feature = "root")]
    pub itself: Stat,
    /// The type of file system that the kernel was found to know last.
    #[cfg(feature = "root")]
    pub known: Option<&'static [u8]>,
    /// How often each [`Kind`] came out.
    pub counts: [u32; KINDS],
}

/// Boots: loads what the words ask for and becomes the real init. Never returns.
pub fn run<K: Kernel>(k: &mut K, process: Process) -> ! {
    let boot = Boot::new(k, process);
    let cmdline = boot.ground.cmdline(boot.k);
    boot.words(&[cmdline.unwrap_or_default()]);
    boot.complain(form!("read /proc/cmdline%: %"), b"", cmdline.map(drop));
    #[cfg(feature = "jobs")]
    {
        boot.stages = [boot.stamp(), 0, 0];
    }
    let mut entries = Table::new();
    boot.entries(&mut entries);
    boot.plan(&entries);
    boot.load_all();
    #[cfg(feature = "root")]
    boot.root();
    boot.hand_over()
}

impl<'k, K: Kernel> Boot<'k, K> {
    /// A boot that knows nothing yet.
    #[inline(never)]
    pub fn new(k: &'k mut K, process: Process) -> &'k mut Self {
        let boot = mem::boot(k, process);
        boot.log.set_level(Priority::Info);
        boot.config.log = None;
        (boot.loader.notes.damage, boot.loader.notes.format) = (None, None);
        boot
    }

    /// Reads the words: those of the image, those of the command line, then more of them. Until then nothing
    /// stays open, and from then on descriptors 0 to 2 are sound.
    #[inline(never)]
    pub fn words(&mut self, texts: &[&'static [u8]]) {
        let own = self.process.path.unwrap_or_default().to_bytes();
        self.config.top = Top::of(self.k, self.root, own);
        if self.config.top.is_shaky {
            self.ground.lay(self.k);
        }
        let done = self.config.read_image(self.k, self.root);
        self.complain(form!("read %: %"), CONF, done);
        for text in texts {
            self.config.read(self.k, text);
        }
        self.log.set_level(self.config.level());
        self.may_be_cut(texts.first().copied().unwrap_or_default());
        for complaint in self.config.complaints.iter() {
            let line =
                self.log.say(Priority::Warning, form!("word %: ignored: %")).bytes(complaint.key);
            line.form(complaint.what);
            self.log.send(self.k);
        }
        if cfg!(not(feature = "root")) && self.config.root.is_some() {
            let form = form!("word root: ignored: this build runs the initramfs' init");
            self.log.say(Priority::Warning, form);
            self.log.send(self.k);
        }
        self.init = Init::of(self.k, &self.config);
        self.k.arena().last_resort = self.config.fail.stop();
    }

    /// Warns where a command line is as long as the kernel may have cut it: `COMMAND_LINE_SIZE` is
    /// 1024 or 2048 with its NUL (`arch/*/include/uapi/asm/setup.h`).
    fn may_be_cut(&mut self, cmdline: &[u8]) {
        let mut line = cmdline.strip_suffix(b"\n").unwrap_or(cmdline);
        let len = line.len();
        if len == 1023 || len == 2047 {
            let last = text::take_last(&mut line).unwrap_or_default();
            let form = form!("read /proc/cmdline: may be cut off at % bytes, in %");
            self.log.say(Priority::Warning, form).number(len as u64).bytes(last);
            self.log.send(self.k);
        }
    }

    /// The whole list: the list file's entries, then the command line's.
    pub fn entries(&mut self, entries: &mut Table<Entry>) {
        let done = self.config.all_entries(self.k, self.root, entries);
        self.complain(form!("list %: %"), self.config.list_file(), done);
    }

    /// Looks everything up, and what it needs.
    #[inline(never)]
    pub fn plan(&mut self, entries: &[Entry]) {
        self.open_tree(entries);
        self.plan.fill(self.k, &self.config, &mut self.tree, entries, Link::Hard);
    }

    /// Finds the tree that these entries need.
    fn open_tree(&mut self, entries: &[Entry]) {
        let mut place = Place { root: self.root, release: b"", dir: self.config.dir };
        let scope = match self.config.coldplug {
            true => Scope::ALL,
            false => Scope::of(entries, place.dir),
        };
        if scope.in_tree {
            place.release = self.release();
        }
        plan::open(self.k, self.log, &mut self.config, &mut self.tree, place, scope);
        if self.tree.dir.is_empty() && scope.by_name {
            self.no_tree(place);
        }
    }

    /// Loads a module besides the list, with all it needs: the one of that name, else what `alias` stands
    /// for. Comes back as [`Boot::load_all`] does.
    #[cfg(feature = "root")]
    #[inline(never)]
    pub fn load_also(&mut self, name: &'static [u8], alias: &'static [u8]) {
        let mut entry = Entry { name, severity: Severity::Optional, params: b"" };
        if self.tree.dir.is_empty() {
            self.open_tree(&[entry]);
        }
        if self.tree.find(self.k, name).is_empty() {
            entry.name = alias;
        }
        self.plan.fill(self.k, &self.config, &mut self.tree, &[entry], Link::Hard);
        self.load_planned();
    }

    /// Says which release was looked for, and which are there.
    #[inline(never)]
    fn no_tree(&mut self, place: Place) {
        let found = tree::releases(self.k, place.root);
        let (form, there) = match place.dir {
            Some(dir) => (form!("no modules for % in %"), dir),
            None if found.is_empty() => (form!("no modules for %"), &*found),
            None => (form!("no modules for % (found: %)"), &*found),
        };
        self.log.say(Priority::Error, form).bytes(place.release).bytes(there);
        self.log.send(self.k);
    }

    /// Loads everything in order, then what devices ask for, and says what came of it. Comes back unless
    /// a required entry failed and the failure action ends the boot.
    #[inline(never)]
    pub fn load_all(&mut self) {
        let started = self.now();
        self.load_planned();
        if self.config.coldplug && !self.shows {
            self.coldplug();
        }
        let ended = self.now();
        #[cfg(feature = "jobs")]
        {
            let [began, ..] = self.stages;
            self.stages = [began, started, ended];
        }
        self.sum(ended.saturating_sub(started));
    }

    /// Loads what has been planned since the last time.
    #[inline(never)]
    pub fn load_planned(&mut self) {
        if let Some((file, errno)) = self.tree.unread.take() {
            self.complain(form!("read %: %"), file, Err(errno));
        }
        #[cfg(feature = "jobs")]
        if !self.ground.is_guest && self.side_by_side() {
            self.done = self.plan.order.len();
        }
        while let Some(number) = self.plan.order.get(self.done).copied() {
            self.done = self.done.wrapping_add(1);
            self.step(number, self.done);
        }
    }

    /// Deals with one step; `next` is the place of the one after it.
    #[inline(never)]
    pub fn step(&mut self, number: u32, next: usize) {
        let started = self.now();
        #[cfg(feature = "jobs")]
        {
            self.loader.watch(started);
        }
        let needs = self.unmet(number);
        let outcome = match needs {
            Some(_) => Outcome::of(Kind::Skipped),
            None => self.one(number),
        };
        #[cfg(feature = "jobs")]
        if outcome.why == Why::Pending {
            return;
        }
        let ended = self.now();
        #[cfg(feature = "jobs")]
        {
            self.loader.notes.watch.end = ended;
        }
        let is_fatal = self.settle(number, outcome, ended.saturating_sub(started), needs);
        #[cfg(feature = "jobs")]
        if self.crew.is_on {
            return;
        }
        if is_fatal && let Some(failed) = self.plan.step(number).copied() {
            let next = self.plan.order.get(next).and_then(|next| self.plan.step(*next));
            self.fail(Ok(&failed), next.map(|next| next.name));
        }
    }

    /// Notes and says what became of a step; whether that leads to the failure action.
    #[inline(never)]
    pub fn settle(
        &mut self,
        number: u32,
        outcome: Outcome,
        micros: u64,
        needs: Option<u32>,
    ) -> bool {
        if let Some(count) = self.counts.get_mut(outcome.kind as usize) {
            *count = count.wrapping_add(1);
        }
        let Some(step) = self.plan.steps.get_mut(number as usize) else { return false };
        step.outcome = outcome;
        let severity = step.severity;
        #[cfg(feature = "jobs")]
        let name = step.name;
        let priority = outcome.priority(severity);
        if self.log.takes(priority) {
            self.say(number, micros, needs);
        }
        self.went_wrong |= priority < Priority::Notice;
        let is_fatal = severity == Severity::Required && outcome.is_failure() && !self.shows;
        #[cfg(feature = "jobs")]
        {
            self.note(number, is_fatal);
            self.times(name);
        }
        is_fatal
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

    /// Deals with a step whose dependencies are there.
    #[inline(never)]
    fn one(&mut self, number: u32) -> Outcome {
        let Some(step) = self.plan.step(number) else { return Outcome::of(Kind::Missing) };
        let (name, task) = (step.name, step.task);
        let path = match task {
            Task::Load(path) => path,
            Task::Builtin if self.shows => return self.show_builtin(name),
            Task::Builtin => return Outcome::already(true),
            Task::Blocked(_) => return Outcome::of(Kind::Blocked),
            Task::Missing if self.shows => return Outcome::of(Kind::Missing),
            Task::Missing => return self.absent(name),
            Task::Deep => return Outcome::failed(Why::Deep, Errno::ELOOP),
        };
        match params::of_step(self.k, &self.config, &self.plan, number) {
            Some(params) if self.shows => self.show(path, params),
            Some(params) => {
                if self.ground.is_guest
                    && let Some(outcome) = self.elsewhere(name)
                {
                    return outcome;
                }
                let path = self.tree.path(self.k, path);
                self.load(name, path, params)
            }
            None => Outcome::failed(Why::Params, Errno::EINVAL),
        }
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
        #[cfg(feature = "jobs")]
        if self.crew.is_on {
            return self.k.now();
        }
        if self.log.takes(Priority::Info) { self.k.now() } else { 0 }
    }

    /// The time, where a line of the timeline will tell it.
    #[cfg(feature = "jobs")]
    pub fn stamp(&mut self) -> u64 {
        if self.log.takes(Priority::Debug) || self.crew.is_on { self.k.now() } else { 0 }
    }

    /// Says that a stage failed; the boot goes on with what it has.
    #[inline(never)]
    pub fn complain(&mut self, form: Form, subject: &[u8], done: Result<()>) {
        if let Err(errno) = done {
            self.went_wrong = true;
            self.log.say(Priority::Error, form).bytes(subject).failed(errno);
            self.log.send(self.k);
        }
    }
}
