//! What the loader would load: its own plan, made by its own library below another root.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use insinit::config::Config;
use insinit::list::{Entry, Severity};
use insinit::mem::Table;
use insinit::params;
use insinit::plan::{Plan, Step, Task};
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
    /// The steps in the order of loading.
    pub steps: Vec<Planned>,
}

/// The plan for some words in an image that is laid out below a directory, and then for names
/// and aliases that are optional and may hold commas.
pub fn plan(root: &Path, release: &str, words: &str, also: &[String]) -> Result<Closure> {
    let mut k = Linux::default();
    let config = words::config(&mut k, root, words)?;
    let mut entries = words::entries(root, &config)?;
    entries.extend(also.iter().map(|name| optional(name)));
    let place = Place {
        root: keep(root.as_os_str().as_bytes()),
        release: keep(release.as_bytes()),
        dir: config.dir,
    };
    let (mut tree, mut plan) = (Tree::default(), Plan::default());
    tree.open(&mut k, place, by_name(&entries));
    plan.fill(&mut k, &config, &mut tree, &entries);
    let steps = plan.order.iter().filter_map(|at| Some((*at, plan.step(*at)?)));
    let steps = steps.map(|(at, step)| planned(&mut k, &config, &plan, at, step));
    Ok(Closure { dir: text(tree.dir), steps: steps.collect::<Result<_>>()? })
}

/// Whether an entry is looked up by name, so that a tree without an index is walked.
fn by_name(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| !entry.is_barrier() && !entry.name.contains(&b'/'))
}

fn optional(name: &str) -> Entry {
    Entry { name: keep(name.as_bytes()), severity: Severity::Optional, params: b"" }
}

fn planned(k: &mut Linux, config: &Config, plan: &Plan, at: u32, step: &Step) -> Result<Planned> {
    let task = match step.task {
        Task::Load(path) => {
            Outcome::Load { path: text(path), params: parameters(k, config, plan, at, step)? }
        }
        Task::Builtin => Outcome::Builtin,
        Task::Missing => Outcome::Missing,
        Task::Blocked(by) => Outcome::Blocked(text(by)),
        Task::Deep => bail!("{}: its chain of dependencies is too long", text(step.name)),
    };
    Ok(Planned { name: text(step.name), task, optional: step.severity == Severity::Optional })
}

/// The argument string: the list's own parameters, then those of the words.
fn parameters(k: &mut Linux, config: &Config, plan: &Plan, at: u32, step: &Step) -> Result<String> {
    let extras = plan.extras.iter().filter(|extra| extra.step == at);
    let mut found: Table<u8> = Table::new();
    found.extend(k, &extras.map(|extra| extra.params).collect::<Vec<_>>().join(&b' '));
    for word in config.params.iter() {
        if let Some(param) = params::of_module(word.key, step.name) {
            let is_told = params::add(k, &mut found, param, word.value);
            ensure!(
                is_told,
                "{}.{}: the kernel cannot be given that",
                text(step.name),
                text(param)
            );
        }
    }
    Ok(text(&found))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
