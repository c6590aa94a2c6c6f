//! What the loader would load from a finished image.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};
use insinit::name;
use insinit::sys::Linux;

use crate::closure::{self, Outcome, Planned};
use crate::entry::{Entry, Node};
use crate::fileset::FileSet;
use crate::image;
use crate::stage::Stage;
use crate::words;

/// Where releases are.
const BASES: [&[u8]; 2] = [b"lib/modules/", b"usr/lib/modules/"];

/// A plan for people and scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePlan {
    /// `insmod PATH PARAMS` or `builtin NAME`, in the order of loading.
    pub lines: Vec<String>,
    /// Words that the loader would ignore.
    pub warnings: Vec<String>,
    /// What is left out without harm.
    pub notes: Vec<String>,
    /// What the loader would report as an error.
    pub errors: Vec<String>,
}

/// The plan for some words; the image's own list and words count, too.
pub fn image_plan(path: &Path, release: Option<&str>, given: &str) -> Result<ImagePlan> {
    let files = FileSet::over(image::read(path)?.entries()?)?;
    let release = choose(&files, release)?;
    let stage = Stage::new()?;
    for entry in files.below() {
        stage_entry(&stage, &files, entry)?;
    }
    stage.configure(&files, files.below(), given)?;
    let closure = closure::plan(stage.root(), &release, given, &[])?;
    let config = words::config(&mut Linux::default(), stage.root(), given)?;
    let mut plan = ImagePlan { warnings: words::complaints(&config), ..ImagePlan::default() };
    for step in &closure.steps {
        plan.add(&files, &closure.dir, step);
    }
    Ok(plan)
}

/// The index as it is; of a module only that it is there.
fn stage_entry(stage: &Stage, files: &FileSet, entry: &Entry) -> Result<()> {
    let is_file = matches!(files.find(&entry.path), Some(Entry { node: Node::File(_), .. }));
    if is_file && name::of_file(&entry.path).is_some() {
        stage.write(&entry.path, &[])
    } else if name::base(&entry.path).starts_with(b"modules.") {
        stage.copy(files, &entry.path)
    } else {
        Ok(())
    }
}

/// The release that is meant: the image's only one where none is named.
fn choose(files: &FileSet, wanted: Option<&str>) -> Result<String> {
    let found: BTreeSet<String> = files.below().filter_map(|entry| release(&entry.path)).collect();
    let found: Vec<String> = found.into_iter().collect();
    match (wanted, found.as_slice()) {
        (Some(wanted), _) => Ok(wanted.to_string()),
        (None, []) => Ok(String::from("none")),
        (None, [one]) => Ok(one.clone()),
        (None, _) => bail!("modules of {}; name one with --release", found.join(", ")),
    }
}

/// The release whose directory a path is in.
fn release(path: &[u8]) -> Option<String> {
    let below = BASES.iter().find_map(|base| path.strip_prefix(*base))?;
    let slash = below.iter().position(|byte| *byte == b'/')?;
    Some(String::from_utf8_lossy(&below[..slash]).into_owned())
}

impl ImagePlan {
    fn add(&mut self, files: &FileSet, dir: &str, step: &Planned) {
        let name = &step.name;
        match &step.task {
            Outcome::Load { path, params } => {
                let path = full(dir, path);
                if files.find(path.as_bytes()).is_none() {
                    self.complain(step, format!("{name}: {path} is not in the image"));
                }
                self.lines.push(format!("insmod {path} {params}"));
            }
            Outcome::Builtin => self.lines.push(format!("builtin {name}")),
            Outcome::Missing => self.complain(step, format!("{name}: no such module in the image")),
            Outcome::Blocked(by) => self.notes.push(format!("{name}: blocked by {by}")),
        }
    }

    fn complain(&mut self, step: &Planned, text: String) {
        match step.optional {
            true => self.notes.push(text),
            false => self.errors.push(text),
        }
    }
}

/// A path of the plan from the image's root.
fn full(dir: &str, path: &str) -> String {
    match path.starts_with('/') {
        true => path.to_string(),
        false => format!("{dir}/{path}"),
    }
}
