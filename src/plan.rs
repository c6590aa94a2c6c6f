//! The plan: which modules, in which order, needing what.
//!
//! A graph in a stable order. The order is modprobe's: a module's hard dependencies first, each with
//! its own soft ones around it, then its `pre:` soft dependencies, the module, its `post:` ones.
//! A module comes once. Loops end: what is already being planned isn't waited for.
#![forbid(unsafe_code)]

use crate::config::{Block, Config};
use crate::index::Module;
use crate::kernel::{Kernel, Result};
use crate::list::{Entry, Severity};
use crate::mem::Table;
use crate::name;
use crate::tree::Tree;

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
    /// The first and last of its edges, plus one; 0 is none.
    edges: (u32, u32),
}

/// One dependency of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dep {
    /// Which step.
    pub step: u32,
    /// A hard one; without it the step can't be loaded.
    pub hard: bool,
    /// The next edge of the same step plus one; 0 is none.
    next: u32,
}

/// Parameters from a list's entry.
#[derive(Clone, Copy, Debug)]
struct Extra {
    step: u32,
    params: &'static [u8],
}

/// The plan.
#[derive(Default)]
pub struct Plan {
    /// Every module that is to be dealt with.
    pub steps: Table<Step>,
    /// The steps in the order of loading.
    pub order: Table<u32>,
    deps: Table<Dep>,
    extras: Table<Extra>,
}

impl Plan {
    /// The step of that number.
    #[must_use]
    pub fn step(&self, step: u32) -> Option<&Step> {
        self.steps.get(step as usize)
    }

    /// What a step needs, in the order of planning.
    pub fn deps(&self, step: u32) -> impl Iterator<Item = Dep> {
        let mut at = self.step(step).map_or(0, |step| step.edges.0);
        core::iter::from_fn(move || {
            let dep = *self.deps.get(at.checked_sub(1)? as usize)?;
            at = dep.next;
            Some(dep)
        })
    }

    /// The parameters that list entries gave the step, in order.
    pub fn params(&self, step: u32) -> impl Iterator<Item = &'static [u8]> {
        self.extras.iter().filter(move |extra| extra.step == step).map(|extra| extra.params)
    }

    /// Records that `user` comes after `step`.
    fn edge<K: Kernel>(&mut self, k: &mut K, user: u32, step: u32, hard: bool) -> Result<()> {
        self.deps.push(k, Dep { step, hard, next: 0 })?;
        let edge = self.deps.len() as u32;
        let Some(user) = self.steps.get_mut(user as usize) else { return Ok(()) };
        let (first, last) = user.edges;
        user.edges = (if first == 0 { edge } else { first }, edge);
        let last = last.checked_sub(1).and_then(|last| self.deps.get_mut(last as usize));
        if let Some(last) = last {
            last.next = edge;
        }
        Ok(())
    }
}

/// A name that was looked up.
type Target = (&'static [u8], Task);

/// The work that is left for a module that is being planned.
#[derive(Clone, Copy)]
struct Frame {
    step: u32,
    /// The hard dependencies that are left; the last is next.
    needs: &'static [u8],
    /// How many soft dependencies are done.
    soft: usize,
    /// What the last of them stands for: the range of the planner's targets that is left.
    targets: (usize, usize),
    /// The module itself stands in the order.
    placed: bool,
}

/// The plan under construction.
struct Planner<'a> {
    tree: &'a mut Tree,
    blocked: &'a [Block],
    plan: Plan,
    /// Parallel to the steps: whether the step stands in the order.
    placed: Table<bool>,
    stack: Table<Frame>,
    /// What the soft dependencies of the frames stand for.
    targets: Table<Target>,
}

/// The plan for a list of entries.
///
/// # Errors
/// `ENOMEM`.
pub fn make<K: Kernel>(
    k: &mut K,
    config: &Config,
    tree: &mut Tree,
    entries: impl Iterator<Item = Entry>,
) -> Result<Plan> {
    let mut planner = Planner {
        tree,
        blocked: &config.blocked,
        plan: Plan::default(),
        placed: Table::new(),
        stack: Table::new(),
        targets: Table::new(),
    };
    for entry in entries.filter(|entry| !entry.is_barrier()) {
        planner.entry(k, entry)?;
    }
    raise(&mut planner.plan);
    Ok(planner.plan)
}

impl Planner<'_> {
    /// Plans an entry: one module, or all that an alias stands for.
    fn entry<K: Kernel>(&mut self, k: &mut K, entry: Entry) -> Result<()> {
        let mut targets = Table::new();
        self.targets(k, entry.name, &mut targets)?;
        for target in targets.iter() {
            let step = self.enter(k, *target)?;
            if let Some(found) = self.plan.steps.get_mut(step as usize) {
                found.severity = found.severity.max(entry.severity);
            }
            if !entry.params.is_empty() {
                self.plan.extras.push(k, Extra { step, params: entry.params })?;
            }
            self.finish(k)?;
        }
        Ok(())
    }

    /// What a name, an alias or a path stands for: at least one step's beginning.
    fn targets<K: Kernel>(
        &mut self,
        k: &mut K,
        wanted: &'static [u8],
        targets: &mut Table<Target>,
    ) -> Result<()> {
        if wanted.contains(&b'/') {
            let module = self.tree.find_file(wanted);
            let module = module.unwrap_or(Module { path: wanted, needs: b"" });
            return targets.push(k, (name::of(wanted), Task::Load(module)));
        }
        let wanted = name::of(wanted);
        if let Some(module) = self.tree.find(wanted) {
            return targets.push(k, (name::of(module.path), Task::Load(module)));
        }
        let mut names = Table::new();
        self.tree.aliases(k, wanted, |k, name| names.push(k, name))?;
        for name in names.iter() {
            let task = self.tree.find(name).map_or(Task::Missing, Task::Load);
            targets.push(k, (*name, task))?;
        }
        if names.is_empty() {
            let builtin = self.tree.is_builtin(k, wanted);
            targets.push(k, (wanted, if builtin { Task::Builtin } else { Task::Missing }))?;
        }
        Ok(())
    }

    /// The step for a target: the one that is there, or a new one, which goes onto the stack.
    fn enter<K: Kernel>(&mut self, k: &mut K, target: Target) -> Result<u32> {
        let (name, task) = target;
        if let Some(step) = self.known(name, task) {
            return Ok(step);
        }
        let task = self.block_of(name).map_or(task, Task::Blocked);
        let step = self.plan.steps.len() as u32;
        let severity = Severity::Optional;
        self.plan.steps.push(k, Step { name, task, severity, edges: (0, 0) })?;
        self.placed.push(k, false)?;
        let needs = if let Task::Load(module) = task { module.needs } else { b"" };
        self.stack.push(k, Frame { step, needs, soft: 0, targets: (0, 0), placed: false })?;
        Ok(step)
    }

    /// The step that deals with the same file, or with the same name where there is no file.
    fn known(&self, name: &[u8], task: Task) -> Option<u32> {
        let same = |step: &Step| match (step.task, task) {
            (Task::Load(a), Task::Load(b)) => a.path == b.path,
            (Task::Blocked(_), _) => name::same(step.name, name),
            (a, b) => a == b && name::same(step.name, name),
        };
        self.plan.steps.iter().position(same).map(|at| at as u32)
    }

    fn block_of(&self, name: &[u8]) -> Option<&'static [u8]> {
        self.blocked.iter().find(|block| name::same(block.name, name)).map(|block| block.by)
    }

    /// Works until everything on the stack stands in the order.
    fn finish<K: Kernel>(&mut self, k: &mut K) -> Result<()> {
        while let Some(frame) = self.stack.last().copied() {
            let top = self.stack.len();
            if !self.hard(k, frame, top)? && !self.soft(k, frame, top)? {
                self.stack.truncate(top.saturating_sub(1));
            }
        }
        Ok(())
    }

    /// Takes the frame's next hard dependency; false if there is none left.
    fn hard<K: Kernel>(&mut self, k: &mut K, frame: Frame, top: usize) -> Result<bool> {
        let needs = frame.needs.trim_ascii_end();
        if needs.is_empty() {
            return Ok(false);
        }
        let start = needs.iter().rposition(u8::is_ascii_whitespace);
        let start = start.map_or(0, |blank| blank.saturating_add(1));
        let (rest, path) = needs.split_at_checked(start).unwrap_or_default();
        self.update(top, |frame| frame.needs = rest);
        let module = self.tree.find_file(path).unwrap_or(Module { path, needs: b"" });
        let step = self.enter(k, (name::of(path), Task::Load(module)))?;
        self.plan_edge(k, frame.step, step, true)?;
        Ok(true)
    }

    /// Takes the next thing that a soft dependency of the frame stands for, or the next soft
    /// dependency, or places the module between `pre:` and `post:`; false if nothing is left.
    fn soft<K: Kernel>(&mut self, k: &mut K, frame: Frame, top: usize) -> Result<bool> {
        let (next, end) = frame.targets;
        if let Some(target) = self.targets.get(next..end).and_then(<[_]>::first).copied() {
            self.update(top, |frame| frame.targets = (next.saturating_add(1), end));
            self.soft_target(k, frame, target)?;
            return Ok(true);
        }
        let Some(step) = self.plan.step(frame.step).copied() else { return Ok(false) };
        let loads = matches!(step.task, Task::Load(_));
        let wanted = self.tree.softdeps(step.name).filter(|soft| soft.post == frame.placed);
        let next = wanted.filter(|_| loads).nth(frame.soft);
        match next {
            Some(soft) => self.expand(k, soft.target, top)?,
            None if !frame.placed => {
                self.place(k, frame.step)?;
                self.update(top, |frame| (frame.placed, frame.soft) = (true, 0));
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Looks a soft dependency up. They are planned one after the other, so that whatever is on the
    /// stack but unplaced needs what is above it.
    fn expand<K: Kernel>(&mut self, k: &mut K, target: &'static [u8], top: usize) -> Result<()> {
        let mut targets = core::mem::take(&mut self.targets);
        let start = targets.len();
        let done = self.targets(k, target, &mut targets);
        let end = targets.len();
        self.targets = targets;
        self.update(top, |frame| {
            frame.soft = frame.soft.saturating_add(1);
            frame.targets = (start, end);
        });
        done
    }

    /// Plans what a soft dependency stands for; nothing if no file has that name.
    fn soft_target<K: Kernel>(&mut self, k: &mut K, frame: Frame, target: Target) -> Result<()> {
        if !matches!(target.1, Task::Load(_)) {
            return Ok(());
        }
        let step = self.enter(k, target)?;
        let (user, step) = if frame.placed { (step, frame.step) } else { (frame.step, step) };
        self.plan_edge(k, user, step, false)
    }

    /// Records an edge unless it closes a loop: nothing waits for what is still being planned below it.
    fn plan_edge<K: Kernel>(&mut self, k: &mut K, user: u32, step: u32, hard: bool) -> Result<()> {
        let placed = |step: u32| self.placed.get(step as usize).copied().unwrap_or(false);
        let top = self.stack.last().map(|frame| frame.step);
        let forward = placed(step) || top == Some(step);
        if user == step || placed(user) || !forward {
            return Ok(());
        }
        self.plan.edge(k, user, step, hard)
    }

    fn place<K: Kernel>(&mut self, k: &mut K, step: u32) -> Result<()> {
        if let Some(placed) = self.placed.get_mut(step as usize) {
            *placed = true;
        }
        self.plan.order.push(k, step)
    }

    fn update(&mut self, top: usize, change: impl FnOnce(&mut Frame)) {
        let frame = top.checked_sub(1).and_then(|top| self.stack.get_mut(top));
        if let Some(frame) = frame {
            change(frame);
        }
    }
}

/// Lets a hard dependency matter as much as what needs it, but no more than an ordinary entry: users
/// come after what they need, so one pass from the end is enough.
fn raise(plan: &mut Plan) {
    for at in (0..plan.order.len()).rev() {
        let Some(user) = plan.order.get(at).copied() else { continue };
        let Some(severity) = plan.step(user).map(|step| step.severity.min(Severity::Normal)) else {
            continue;
        };
        let mut edge = plan.step(user).map_or(0, |step| step.edges.0);
        while let Some(dep) = edge.checked_sub(1).and_then(|at| plan.deps.get(at as usize).copied()) {
            edge = dep.next;
            if let Some(step) = plan.steps.get_mut(dep.step as usize).filter(|_| dep.hard) {
                step.severity = step.severity.max(severity);
            }
        }
    }
}
