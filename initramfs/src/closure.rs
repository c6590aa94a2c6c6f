//! What the loader would load: its own plan, made by its own library below another root.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use insinit::config::Config;
use insinit::kernel::Errno;
use insinit::list::{self, Entry, Severity};
use insinit::mem::{self, Table};
use insinit::plan::{self, Plan, Step, Task};
use insinit::sys::Linux;
use insinit::tree::{Place, Tree};
use insinit::{files, params};

/// Where the loader looks for words and for its list.
pub const CONF: &str = "etc/insinit.conf";
/// The list file that is read where `insinit.list=` names no other.
pub const LIST: &str = "etc/modules";

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

/// The plan for some words in an image that is laid out below a directory.
pub fn plan(root: &Path, release: &str, words: &str) -> Result<Closure> {
    let mut k = Linux::default();
    make(&mut k, root, release, words).map_err(|errno| anyhow!("{errno}")).context("the plan")
}

fn make(k: &mut Linux, root: &Path, release: &str, words: &str) -> Result<Closure, Errno> {
    let config = config(k, root, words)?;
    let place = Place {
        root: mem::text(k, &[root.as_os_str().as_bytes()])?,
        release: mem::text(k, &[release.as_bytes()])?,
        dir: config.dir,
    };
    let mut tree = Tree::open(k, place)?;
    let entries = listed(k, root, &config)?;
    let plan = plan::make(k, &config, &mut tree, entries.iter().copied())?;
    let dir = text(tree.dir);
    let steps = plan.order.iter().filter_map(|at| Some((*at, *plan.step(*at)?)));
    let steps = steps.map(|(at, step)| planned(k, &config, &plan, at, step));
    Ok(Closure { dir, steps: steps.collect::<Result<_, _>>()? })
}

/// The words of the image's own file, then those given.
fn config(k: &mut Linux, root: &Path, words: &str) -> Result<Config, Errno> {
    let mut config = Config::default();
    let conf = read(k, root, CONF.as_bytes())?;
    config.read_file(k, conf)?;
    let words = mem::text(k, &[words.as_bytes()])?;
    config.read(k, words)?;
    Ok(config)
}

/// The entries of the list file, then those of the words.
fn listed(k: &mut Linux, root: &Path, config: &Config) -> Result<Vec<Entry>, Errno> {
    let file = config.list.unwrap_or(LIST.as_bytes());
    let text = match file {
        b"" => &[],
        file => read(k, root, file)?,
    };
    Ok(list::of_file(text).chain(config.entries.iter().copied()).collect())
}

/// A file of the image; nothing where there is none.
fn read(k: &mut Linux, root: &Path, path: &[u8]) -> Result<&'static [u8], Errno> {
    let path = [root.as_os_str().as_bytes(), b"/", path].concat();
    let path = CString::new(path).map_err(|_| Errno::EINVAL)?;
    match files::read(k, &path) {
        Err(Errno::ENOENT) => Ok(&[]),
        other => other,
    }
}

fn planned(
    k: &mut Linux,
    config: &Config,
    plan: &Plan,
    at: u32,
    step: Step,
) -> Result<Planned, Errno> {
    let task = match step.task {
        Task::Load(module) => Outcome::Load {
            path: text(module.path),
            params: parameters(k, config, plan, at, step.name)?,
        },
        Task::Builtin => Outcome::Builtin,
        Task::Missing => Outcome::Missing,
        Task::Blocked(by) => Outcome::Blocked(text(by)),
    };
    Ok(Planned { name: text(step.name), task, optional: step.severity == Severity::Optional })
}

/// The argument string: the list's own parameters, then those of the words.
fn parameters(
    k: &mut Linux,
    config: &Config,
    plan: &Plan,
    at: u32,
    name: &[u8],
) -> Result<String, Errno> {
    let mut found: Table<u8> = Table::new();
    for params in plan.params(at) {
        let space: &[u8] = if found.is_empty() { b"" } else { b" " };
        found.extend(k, space)?;
        found.extend(k, params)?;
    }
    for word in config.params.iter() {
        if let Some(param) = params::of_module(word, name) {
            params::add(k, &mut found, param, word.value)?;
        }
    }
    Ok(text(&found))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
