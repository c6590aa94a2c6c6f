//! What the loader would load: its own plan, made by its own library below another root.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use insinit::config::Config;
use insinit::line::Priority;
use insinit::list::{Entry, Severity};
use insinit::log::Log;
use insinit::params;
use insinit::plan::{self, Link, Plan, Scope, Step, Task};
use insinit::sys::Linux;
use insinit::tree::{Place, Tree};

use crate::words::{self, keep};

/// One step of the loader's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The module's name as the plan has it.
    pub name: String,
    /// What would be done.
    pub task: Outcome,
    /// A failure would be a notice only.
    pub optional: bool,
}

/// What the loader would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Load a file with these parameters.
    Load {
        /// Below the tree's directory, or absolute.
        path: String,
        /// Its parameters.
        params: String,
    },
    /// Nothing, it is built in.
    Builtin,
    /// Nothing, there is no such module.
    Missing,
    /// Nothing, this word or file forbids it.
    Blocked(String),
}

/// A plan and the directory its paths are relative to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// The module tree's directory in the image; empty without one.
    pub dir: String,
    /// Whether anything was looked for in the tree.
    pub in_tree: bool,
    /// The steps in the order of loading.
    pub steps: Vec<Planned>,
}

/// The plan for some words in an image that is laid out below a directory, and then for names
/// and aliases that are optional and may hold commas.
pub fn plan(root: &Path, release: &str, words: &str, also: &[String]) -> Result<Closure> {
    let mut k = Linux::default();
    let mut config = words::config(&mut k, root, words)?;
    let mut entries = words::entries(&mut k, root, &mut config)?;
    entries.extend(also.iter().map(|name| optional(name)));
    let place = Place {
        root: keep(root.as_os_str().as_bytes()),
        release: keep(release.as_bytes()),
        dir: config.dir,
    };
    let (mut tree, mut plan) = (Tree::default(), Plan::default());
    // Warnings are the loader's to write, when it boots.
    let mut log = Log::plain(&mut k);
    log.set_level(Priority::Error);
    let scope = Scope::of(&entries, place.dir);
    let in_tree = scope.in_tree;
    plan::open(&mut k, &mut log, &mut config, &mut tree, place, scope);
    plan.fill(&mut k, &config, &mut tree, &entries, Link::Hard);
    let steps = plan.order.iter().filter_map(|at| Some((*at, plan.step(*at)?)));
    let steps = steps.map(|(at, step)| planned(&mut k, &config, &plan, at, step));
    Ok(Closure { dir: text(tree.dir), in_tree, steps: steps.collect::<Result<_>>()? })
}

fn optional(name: &str) -> Entry {
    Entry { name: keep(name.as_bytes()), severity: Severity::Optional, params: b"" }
}

fn planned(k: &mut Linux, config: &Config, plan: &Plan, at: u32, step: &Step) -> Result<Planned> {
    let task = match step.task {
        Task::Load(path) => Outcome::Load {
            path: text(path),
            params: parameters(k, config, plan, at).with_context(|| {
                format!("{}: the kernel cannot be given one of its parameters", text(step.name))
            })?,
        },
        Task::Builtin => Outcome::Builtin,
        Task::Missing => Outcome::Missing,
        Task::Blocked(by) => Outcome::Blocked(text(by)),
        Task::Deep => bail!("{}: its chain of dependencies is too long", text(step.name)),
    };
    Ok(Planned { name: text(step.name), task, optional: step.severity == Severity::Optional })
}

fn parameters(k: &mut Linux, config: &Config, plan: &Plan, at: u32) -> Option<String> {
    params::of_step(k, config, plan, at).map(|params| text(params.to_bytes()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
