//! The plan: which modules, in which order, needing what.
//!
//! A graph in a stable order. The order is modprobe's: a module's hard dependencies first, each with
//! its own soft ones around it, then its `pre:` soft dependencies, the module, its `post:` ones.
//! A module comes once. Loops end: what is already being planned isn't waited for.
#![forbid(unsafe_code)]

use crate::config::{Block, Config};
use crate::index::Module;
use crate::kernel::Kernel;
use crate::list::{Entry, Severity};
use crate::mem::Table;
use crate::name;
use crate::text;
use crate::tree::Tree;

/// How long a chain of dependencies may be; what is beyond fails. The stack holds it easily.
pub const DEPTH: u32 = 5000;

/// What a step is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Load this file: relative to the tree, or absolute.
    Load(Module),
    /// Nothing: the kernel has it built in.
    Builtin,
    /// Nothing: no file has that name.
    Missing,
    /// Nothing: the word or file that blocks it.
    Blocked(&'static [u8]),
    /// Nothing: it stands behind a chain of [`DEPTH`] others.
    Deep,
}

/// One module of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The module's name, or what was written where nothing was found.
    pub name: &'static [u8],
    /// What to do.
    pub task: Task,
    /// How much a failure matters.
    pub severity: Severity,
    /// It stands in the order.
    placed: bool,
    /// Its dependencies: from, to.
    deps: (u32, u32),
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
#[derive(Default)]
pub struct Plan {
    /// Every module that is to be dealt with.
    pub steps: Table<Step>,
    /// The steps in the order of loading.
    pub order: Table<u32>,
    /// The parameters that list entries gave, in order.
    pub extras: Table<Extra>,
    deps: Table<Dep>,
}

impl Plan {
    /// The step of that number.
    #[must_use]
    pub fn step(&self, step: u32) -> Option<&Step> {
        self.steps.get(step as usize)
    }

    /// What a step needs, in the order of planning.
    #[must_use]
    pub fn deps(&self, step: u32) -> &[Dep] {
        let (from, to) = self.step(step).map_or((0, 0), |step| step.deps);
        self.deps.get(from as usize..to as usize).unwrap_or_default()
    }
}

/// The plan under construction.
struct Planner<'a> {
    tree: &'a mut Tree,
    blocked: &'a [Block],
    plan: Plan,
    /// Dependencies of the steps that are being planned, the innermost's last.
    pending: Table<Dep>,
    /// How many steps are being planned.
    depth: u32,
}

/// The plan for a list of entries.
pub fn make<K: Kernel>(k: &mut K, config: &Config, tree: &mut Tree, entries: &[Entry]) -> Plan {
    let (plan, pending) = (Plan::default(), Table::new());
    let mut planner = Planner { tree, blocked: &config.blocked, plan, pending, depth: 0 };
    for entry in entries {
        if !entry.is_barrier() {
            planner.entry(k, entry);
        }
    }
    raise(&mut planner.plan);
    planner.plan
}

impl Planner<'_> {
    /// Plans an entry: one module, or all that an alias stands for.
    fn entry<K: Kernel>(&mut self, k: &mut K, entry: &Entry) {
        self.resolve(k, entry.name, None);
        for dep in self.pending.iter() {
            if let Some(found) = self.plan.steps.get_mut(dep.step as usize) {
                found.severity = found.severity.max(entry.severity);
            }
            if !entry.params.is_empty() {
                self.plan.extras.push(k, Extra { step: dep.step, params: entry.params });
            }
        }
        self.pending.truncate(0);
    }

    /// Plans what a name, an alias or a path stands for, and leaves it among the pending. A soft
    /// dependency comes from a module: one that stands for nothing is nothing.
    #[inline(never)]
    fn resolve<K: Kernel>(&mut self, k: &mut K, wanted: &'static [u8], soft: Option<Softly>) {
        if text::has(wanted, b'/') {
            let module = self.tree.find_file(wanted);
            return self.visit(k, name::of(wanted), Task::Load(module), soft);
        }
        let name = name::of(wanted);
        if let Some(module) = self.tree.find(name) {
            return self.visit(k, name::of(module.path), Task::Load(module), soft);
        }
        let names = self.tree.aliases(k, wanted);
        for name in names.iter() {
            let task = self.tree.find(name).map_or(Task::Missing, Task::Load);
            self.visit(k, name, task, soft);
        }
        if !names.is_empty() || soft.is_some() {
            return;
        }
        let builtin = self.tree.is_builtin(k, name);
        self.visit(k, name, if builtin { Task::Builtin } else { Task::Missing }, soft)
    }

    /// Plans a module unless it is planned already, and leaves it among the pending.
    #[inline(never)]
    fn visit<K: Kernel>(
        &mut self,
        k: &mut K,
        name: &'static [u8],
        task: Task,
        soft: Option<Softly>,
    ) {
        let hard = soft.is_none();
        if !hard && task == Task::Missing {
            return;
        }
        let block = self.blocked.iter().find(|block| name::same(block.name, name));
        let task = if self.depth < DEPTH { task } else { Task::Deep };
        let task = block.map_or(task, |block| Task::Blocked(block.by));
        let same = |step: &Step| step.task == task && name::same(step.name, name);
        let known = self.plan.steps.iter().position(same);
        let step = known.unwrap_or(self.plan.steps.len()) as u32;
        if known.is_none() {
            let severity = Severity::Optional;
            self.plan.steps.push(k, Step { name, task, severity, placed: false, deps: (0, 0) });
            self.depth = self.depth.wrapping_add(1);
            self.around(k, step, name, task, soft);
            self.depth = self.depth.wrapping_sub(1);
        }
        self.pending.push(k, Dep { step, hard });
    }

    /// Plans what a new step needs, the step itself, and what is to come after it.
    fn around<K: Kernel>(
        &mut self,
        k: &mut K,
        step: u32,
        name: &'static [u8],
        task: Task,
        soft: Option<Softly>,
    ) {
        let start = self.pending.len();
        if let Some(Softly { after: Some(before) }) = soft {
            self.pending.push(k, Dep { step: before, hard: false });
        }
        let Task::Load(module) = task else {
            return self.place(k, step, start);
        };
        let mut needs = module.needs;
        while let Some(path) = text::take_last(&mut needs) {
            let module = self.tree.find_file(path);
            self.visit(k, name::of(path), Task::Load(module), None);
        }
        self.softdeps(k, name, None);
        self.place(k, step, start);
        self.softdeps(k, name, Some(step));
        self.pending.truncate(start);
    }

    /// Plans a module's soft dependencies of every line: those before it, or those after it.
    fn softdeps<K: Kernel>(&mut self, k: &mut K, name: &'static [u8], after: Option<u32>) {
        let mut at = 0;
        while let Some(line) = self.tree.softdeps.get(at).copied() {
            at = at.wrapping_add(1);
            let (mut rest, mut post) = (line.rest, false);
            while name::same(line.module, name)
                && let Some(word) = text::take_word(&mut rest)
            {
                match word {
                    b"pre:" => post = false,
                    b"post:" => post = true,
                    target if post == after.is_some() => {
                        self.resolve(k, target, Some(Softly { after }));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Puts a step into the order; it needs what is pending. What isn't placed yet needs this step
    /// itself: a loop, and nothing is waited for.
    fn place<K: Kernel>(&mut self, k: &mut K, step: u32, start: usize) {
        let from = self.plan.deps.len() as u32;
        for dep in self.pending.iter().skip(start) {
            if self.plan.step(dep.step).is_some_and(|step| step.placed) {
                self.plan.deps.push(k, *dep);
            }
        }
        self.pending.truncate(start);
        let to = self.plan.deps.len() as u32;
        if let Some(step) = self.plan.steps.get_mut(step as usize) {
            (step.placed, step.deps) = (true, (from, to));
        }
        self.plan.order.push(k, step);
    }
}

/// That a step is a soft dependency, and of which module it comes after.
#[derive(Clone, Copy)]
struct Softly {
    after: Option<u32>,
}

/// Lets a hard dependency matter as much as what needs it, but no more than an ordinary entry: users
/// come after what they need, so one pass from the end is enough.
fn raise(plan: &mut Plan) {
    for user in plan.order.iter().rev() {
        let Some(user) = plan.steps.get(*user as usize) else { continue };
        let (severity, deps) = (user.severity.min(Severity::Normal), user.deps);
        for at in deps.0..deps.1 {
            let dep = plan.deps.get(at as usize).filter(|dep| dep.hard);
            if let Some(step) = dep.and_then(|dep| plan.steps.get_mut(dep.step as usize)) {
                step.severity = step.severity.max(severity);
            }
        }
    }
}
