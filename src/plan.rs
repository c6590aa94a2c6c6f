//! The plan: which modules, in which order, needing what.
//!
//! A graph in a stable order. The order is modprobe's: a module's hard dependencies first, each with
//! its own soft ones around it, then its `pre:` soft dependencies, the module, its `post:` ones.
//! A module comes once. Loops end: what is already being planned isn't waited for.
#![forbid(unsafe_code)]

use crate::config::Config;
use crate::forms::form;
use crate::glob;
use crate::kernel::Kernel;
use crate::line::Priority;
use crate::list::{Entry, Severity};
use crate::log::Log;
use crate::mem::{Table, Zero};
use crate::modprobe;
use crate::name;
use crate::outcome::{Kind, Outcome};
use crate::text;
use crate::tree::{self, Place, Tree};

/// How long a chain of dependencies may be; what is beyond fails. The stack holds it easily.
pub const DEPTH: u32 = 5000;

/// How many chains of steps there are.
const HEADS: usize = 64;

/// What a step is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Load this file: relative to the tree, or absolute.
    Load(&'static [u8]),
    /// Nothing: the word or file that blocks it.
    Blocked(&'static [u8]),
    /// Nothing: the kernel has it built in.
    Builtin,
    /// Nothing: no file has that name.
    Missing,
    /// Nothing: it stands behind a chain of [`DEPTH`] others.
    Deep,
}

/// One module of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The module's name, or what was written where nothing was found.
    pub name: &'static [u8],
    /// The alias that it was found by, if it was, as modprobe.d or else the list spells it: `options` lines
    /// may name it.
    pub alias: &'static [u8],
    /// What to do.
    pub task: Task,
    /// How much a failure matters.
    pub severity: Severity,
    /// What became of it, once it has been dealt with.
    pub outcome: Outcome,
    /// It stands in the order.
    placed: bool,
    /// Its dependencies: from, to.
    deps: (u32, u32),
    /// The next one of its chain, plus one: [`Plan::heads`].
    next: u32,
}

/// One dependency of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dep {
    /// Which step.
    pub step: u32,
    /// A hard one; without it the step can't be loaded.
    pub hard: bool,
}

/// Parameters from a list's entry.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    /// Which step.
    pub step: u32,
    /// As the list has them.
    pub params: &'static [u8],
}

/// The plan.
pub struct Plan {
    /// Every module that is to be dealt with.
    pub steps: Table<Step>,
    /// The steps in the order of loading.
    pub order: Table<u32>,
    /// The parameters that list entries gave, in order.
    pub extras: Table<Extra>,
    /// Where barriers stand: how many steps of the order come before each.
    #[cfg(feature = "jobs")]
    pub barriers: Table<u32>,
    deps: Table<Dep>,
    /// Dependencies of the steps that are being planned, the innermost's last.
    pending: Table<Dep>,
    /// Steps that have been planned, but stand behind something that hasn't.
    waiting: Table<u32>,
    /// How many steps are being planned.
    depth: u32,
    /// Chains of steps with names that are alike; each begins with the newest, plus one.
    heads: [u32; HEADS],
}

impl Default for Plan {
    fn default() -> Self {
        Self::zero()
    }
}

/// What a list of entries needs.
#[derive(Clone, Copy, Default)]
pub struct Scope {
    /// Anything at all.
    pub any: bool,
    /// A tree that is known by names.
    pub by_name: bool,
    /// A tree.
    pub in_tree: bool,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self { any: true, by_name: true, in_tree: true };

    /// What these entries need; `dir` is `insinit.dir=`.
    #[must_use]
    pub fn of(entries: &[Entry], dir: Option<&[u8]>) -> Self {
        let mut scope = Self { any: !entries.is_empty(), ..Self::default() };
        for entry in entries {
            scope.by_name |= entry.is_name();
            scope.in_tree = scope.in_tree || tree::may_hold(dir, entry.name);
        }
        scope
    }
}

/// Reads the rules and opens the tree that a list of entries needs: for nothing, nothing is read.
pub fn open<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    config: &mut Config,
    tree: &mut Tree,
    place: Place,
    scope: Scope,
) {
    config.rules = modprobe::Lines::default();
    if scope.any {
        modprobe::read(k, log, &mut config.rules, place.root, config.top);
    }
    tree.root = place.root;
    if scope.in_tree {
        if tree.open(k, place, scope.by_name) {
            log.say(Priority::Info, form!("no modules.dep in %: no dependencies are known"))
                .bytes(tree.dir);
            log.send(k);
        }
        let softdeps = tree.text(k, tree::SOFTDEP);
        modprobe::add(k, log, &mut config.rules, softdeps, b"modules.softdep");
    }
}

impl Plan {
    /// The step of that number.
    #[must_use]
    pub fn step(&self, step: u32) -> Option<&Step> {
        self.steps.get(step as usize)
    }

    /// The chain of a name: by its length and its last letter.
    fn head(name: &[u8]) -> usize {
        let last = name.last().map_or(0, |last| name::normal(*last));
        name.len().wrapping_add(last.into()) % HEADS
    }

    /// Plans a list of entries; `link` is [`Link::Hard`], or [`Link::Device`] for what devices ask for.
    #[inline(never)]
    pub fn fill<K: Kernel>(
        &mut self,
        k: &mut K,
        config: &Config,
        tree: &mut Tree,
        entries: &[Entry],
        link: Link,
    ) {
        self.steps.reserve(k, entries.len());
        self.order.reserve(k, entries.len());
        let mut planner = Planner { tree, config, plan: self, hidden: None, alias: b"" };
        for entry in entries {
            match entry.is_barrier() {
                #[cfg(feature = "jobs")]
                true => planner.plan.barriers.push(k, planner.plan.order.len() as u32),
                #[cfg(not(feature = "jobs"))]
                true => {}
                false => planner.entry(k, entry, link),
            }
        }
        self.raise();
    }

    /// A plan of so many steps, each with what it needs: earlier ones.
    #[cfg(test)]
    pub fn of_graph<K: Kernel>(k: &mut K, graph: &[Vec<Dep>]) -> Self {
        let mut plan = Self::default();
        for deps in graph {
            let name = format!("m{}", plan.steps.len()).leak().as_bytes();
            let task = Task::Load(name);
            let (alias, outcome) = (b"".as_slice(), Outcome::of(Kind::Missing));
            let (severity, placed, none, next) = (Severity::Normal, false, (0, 0), 0);
            let step = Step { name, alias, task, severity, outcome, placed, deps: none, next };
            plan.steps.push(k, step);
            plan.pending.extend(k, deps);
            plan.place(k, plan.steps.len() as u32 - 1, 0);
        }
        plan
    }

    /// What a step needs, in the order of planning.
    #[must_use]
    pub fn deps(&self, step: u32) -> &[Dep] {
        let (from, to) = self.step(step).map_or((0, 0), |step| step.deps);
        text::tail(text::head(&self.deps, to as usize), from as usize)
    }

    /// Notes what a step needs, which is pending from `start` on, and puts it into the order; or lets it
    /// wait while a hard dependency is still being planned itself: its user is a soft one's then.
    #[inline(never)]
    fn place<K: Kernel>(&mut self, k: &mut K, step: u32, start: usize) {
        if self.pending.len() == start && self.waiting.is_empty() {
            if let Some(step) = self.steps.get_mut(step as usize) {
                step.placed = true;
            }
            return self.order.push(k, step);
        }
        let from = self.deps.len() as u32;
        self.deps.extend(k, text::tail(&self.pending, start));
        self.pending.truncate(start);
        let to = self.deps.len() as u32;
        if let Some(step) = self.steps.get_mut(step as usize) {
            step.deps = (from, to);
        }
        self.waiting.push(k, step);
        self.settle(k, false);
    }

    /// Puts the waiting steps into the order that have what they need; all, if nothing more will come: what
    /// is left then is a loop of hard dependencies.
    fn settle<K: Kernel>(&mut self, k: &mut K, all: bool) {
        let (mut at, mut left) = (0, false);
        while let Some(number) = self.waiting.get(at).copied() {
            at = at.wrapping_add(1);
            if self.is_placed(number) {
                continue;
            }
            left =
                !all && self.deps(number).iter().any(|dep| dep.hard && !self.is_placed(dep.step));
            if left {
                continue;
            }
            self.append(k, number);
            at = 0;
        }
        if !left {
            self.waiting.truncate(0);
        }
    }

    /// Puts a step into the order and drops what stands behind it from its needs: that isn't waited for.
    fn append<K: Kernel>(&mut self, k: &mut K, number: u32) {
        let (from, to) = self.step(number).map_or((0, 0), |step| step.deps);
        let mut end = from;
        for at in from..to {
            let Some(dep) = self.deps.get(at as usize).copied() else { break };
            if self.is_placed(dep.step)
                && let Some(slot) = self.deps.get_mut(end as usize)
            {
                *slot = dep;
                end = end.wrapping_add(1);
            }
        }
        if let Some(step) = self.steps.get_mut(number as usize) {
            (step.placed, step.deps) = (true, (from, end));
        }
        self.order.push(k, number);
    }

    /// Whether a step stands in the order.
    fn is_placed(&self, step: u32) -> bool {
        self.step(step).is_some_and(|step| step.placed)
    }

    /// Lets a hard dependency matter as much as what needs it, but no more than an ordinary entry: users
    /// come after what they need, so one pass from the end is enough.
    fn raise(&mut self) {
        for user in self.order.iter().rev() {
            let Some(user) = self.steps.get(*user as usize) else { continue };
            let (severity, (from, to)) = (user.severity.min(Severity::Normal), user.deps);
            for dep in text::tail(text::head(&self.deps, to as usize), from as usize) {
                if let Some(step) = self.steps.get_mut(dep.step as usize).filter(|_| dep.hard) {
                    step.severity = step.severity.max(severity);
                }
            }
        }
    }
}

/// What leads to a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The list, or a hard dependency.
    Hard,
    /// A device, by its alias: where there is no module for it, that is nothing.
    Device,
    /// A soft dependency that comes before its user.
    Before,
    /// A soft dependency that comes after this step, its user.
    After(u32),
}

/// The plan under construction.
struct Planner<'a> {
    tree: &'a mut Tree,
    config: &'a Config,
    plan: &'a mut Plan,
    /// The file that hides what is visited next.
    hidden: Option<&'static [u8]>,
    /// The alias that leads to what is visited next.
    alias: &'static [u8],
}

impl Planner<'_> {
    /// Plans an entry: one module, or all that an alias stands for.
    #[inline(never)]
    fn entry<K: Kernel>(&mut self, k: &mut K, entry: &Entry, link: Link) {
        self.resolve(k, entry.name, link);
        for dep in self.plan.pending.iter() {
            if let Some(found) = self.plan.steps.get_mut(dep.step as usize) {
                found.severity = found.severity.max(entry.severity);
            }
            if !entry.params.is_empty() {
                self.plan.extras.push(k, Extra { step: dep.step, params: entry.params });
            }
        }
        self.plan.pending.truncate(0);
        if !self.plan.waiting.is_empty() {
            self.plan.settle(k, true);
        }
    }

    /// Plans what a name, an alias or a path stands for, and leaves it among the pending: aliases of
    /// modprobe.d, names, aliases of the tree, what is built in, as modprobe looks it up
    /// (kmod `libkmod/libkmod-module.c`, `kmod_module_new_from_lookup`).
    #[inline(never)]
    fn resolve<K: Kernel>(&mut self, k: &mut K, wanted: &'static [u8], link: Link) {
        let (start, mut hidden, mut names) = (self.plan.pending.len(), None, Table::new());
        let mut is_alias = false;
        if self.config.has_rules(modprobe::ALIAS) {
            let mut rules = self.config.rules(modprobe::ALIAS);
            while let Some(pattern) = rules.take() {
                if glob::matches(pattern, wanted) {
                    match text::take_word(&mut rules.rest) {
                        Some(b"off") => hidden = Some(rules.by),
                        Some(target) => {
                            hidden = self.alias(k, target, pattern, link).or(hidden);
                            is_alias = true;
                        }
                        None => {}
                    }
                }
            }
        }
        let (is_path, mut file) = (name::is_path(wanted), b"".as_slice());
        let name = if is_path { name::of(wanted) } else { name::of_file(wanted).unwrap_or(wanted) };
        if is_path {
            file = self.tree.find_file(k, wanted);
        } else if !is_alias && hidden.is_none() {
            file = self.tree.find(k, name);
            if file.is_empty() {
                self.tree.stands_for(k, wanted, &mut names, link != Link::Device);
                if names.is_empty() && link == Link::Device {
                    return;
                }
            } else if self.config.hides_names {
                hidden = self.blacklisted(name, link);
            }
        }
        for name in names.iter() {
            is_alias = true;
            hidden = self.alias(k, name, wanted, link).or(hidden);
        }
        if self.plan.pending.len() == start {
            self.hidden = hidden;
        }
        if !is_alias || self.hidden.is_some() {
            self.visit(k, name, file, link);
        }
    }

    /// The file that hides a module from what leads to it; soft dependencies see it.
    #[inline(never)]
    fn blacklisted(&self, name: &[u8], link: Link) -> Option<&'static [u8]> {
        let mut rules = self.config.rules(modprobe::BLACKLIST);
        while matches!(link, Link::Hard | Link::Device)
            && let Some(hidden) = rules.take()
        {
            if name::same(hidden, name) {
                return Some(rules.by);
            }
        }
        None
    }

    /// Plans a module that an alias stands for; or gives the file that hides it from the list's aliases.
    #[inline(never)]
    fn alias<K: Kernel>(
        &mut self,
        k: &mut K,
        name: &'static [u8],
        alias: &'static [u8],
        link: Link,
    ) -> Option<&'static [u8]> {
        let hidden = self.blacklisted(name, link);
        if hidden.is_some() {
            return hidden;
        }
        let file = self.tree.find(k, name);
        self.alias = alias;
        self.visit(k, name, file, link);
        None
    }

    /// Plans a module unless it is planned already, and leaves it among the pending. A soft dependency
    /// comes from a module: one that is neither in a file nor built in is nothing.
    #[inline(never)]
    fn visit<K: Kernel>(
        &mut self,
        k: &mut K,
        name: &'static [u8],
        file: &'static [u8],
        link: Link,
    ) {
        let alias = core::mem::take(&mut self.alias);
        let hard = link == Link::Hard;
        let task = self.task(k, name, file);
        if !hard && file.is_empty() && task != Task::Builtin {
            return;
        }
        let head = Plan::head(name);
        let first = self.plan.heads.get(head).copied().unwrap_or_default();
        let mut step = first;
        while let Some(known) = self.plan.step(step.wrapping_sub(1)) {
            if name::same(known.name, name) && known.task == task {
                return self.plan.pending.push(k, Dep { step: step.wrapping_sub(1), hard });
            }
            step = known.next;
        }
        step = self.plan.steps.len() as u32;
        if let Some(head) = self.plan.heads.get_mut(head) {
            *head = step.wrapping_add(1);
        }
        let severity = Severity::Optional;
        let (outcome, placed, deps) = (Outcome::of(Kind::Missing), false, (0, 0));
        let next = first;
        self.plan.steps.push(k, Step { name, alias, task, severity, outcome, placed, deps, next });
        self.plan.depth = self.plan.depth.wrapping_add(1);
        self.around(k, step, task, link);
        self.plan.depth = self.plan.depth.wrapping_sub(1);
        self.plan.pending.push(k, Dep { step, hard });
    }

    /// What is to be done with a module.
    fn task<K: Kernel>(&mut self, k: &mut K, name: &[u8], file: &'static [u8]) -> Task {
        let hidden = self.hidden.take();
        for block in self.config.blocked.iter() {
            if name::same(block.name, name) {
                return Task::Blocked(block.by);
            }
        }
        if let Some(by) = hidden {
            return Task::Blocked(by);
        }
        if self.config.has_rules(modprobe::INSTALL)
            && let Some(by) = self.config.rules(modprobe::INSTALL).blocks(name)
        {
            return Task::Blocked(by);
        }
        match file {
            _ if self.plan.depth >= DEPTH => Task::Deep,
            [_, ..] => Task::Load(file),
            [] if self.tree.is_builtin(k, name) => Task::Builtin,
            [] => Task::Missing,
        }
    }

    /// Plans what a new step needs, if it is to be loaded, the step itself, and what is to come after it.
    #[inline(never)]
    fn around<K: Kernel>(&mut self, k: &mut K, step: u32, task: Task, link: Link) {
        let start = self.plan.pending.len();
        if let Link::After(before) = link {
            self.plan.pending.push(k, Dep { step: before, hard: false });
        }
        let Task::Load(file) = task else { return self.plan.place(k, step, start) };
        let mut needs = self.tree.needs(k, file);
        while let Some(path) = text::take_last(&mut needs) {
            let file = self.tree.find_file(k, path);
            self.visit(k, name::of(path), file, Link::Hard);
        }
        let has_softdeps =
            self.config.has_rules(modprobe::SOFTDEP) && self.softdeps(k, step, Link::Before);
        self.plan.place(k, step, start);
        if has_softdeps {
            self.softdeps(k, step, Link::After(step));
        }
        self.plan.pending.truncate(start);
    }

    /// Plans a step's soft dependencies of every line: those before it, or those after it. Gives whether
    /// there is a line. Words in front of `pre:` and `post:` count for nothing (kmod
    /// `libkmod/libkmod-config.c`, `kmod_config_add_softdep`).
    #[inline(never)]
    fn softdeps<K: Kernel>(&mut self, k: &mut K, step: u32, link: Link) -> bool {
        let (mut rules, mut any) = (self.config.rules(modprobe::SOFTDEP), false);
        let name = self.plan.step(step).map_or(b"".as_slice(), |step| step.name);
        rules.about = glob::first(name);
        while let Some(module) = rules.take() {
            let is_about = glob::matches(module, name);
            any |= is_about;
            let mut wanted = false;
            while is_about && let Some(word) = text::take_word(&mut rules.rest) {
                match word {
                    b"pre:" => wanted = link == Link::Before,
                    b"post:" => wanted = link != Link::Before,
                    target if wanted => self.resolve(k, target, link),
                    _ => {}
                }
            }
        }
        any
    }
}
