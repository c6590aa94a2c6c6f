//! Finding module files below directories.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use insinit::{index, name};
use walkdir::WalkDir;

use crate::host::read;
use crate::releases::NOT_MODULES;
use crate::tree::module_name;

/// A module file of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFile {
    /// Its path below the release's directory.
    pub path: String,
    /// Where it is.
    pub host: PathBuf,
}

/// The module files of some directories, one of each name.
pub fn by_name(dirs: &[PathBuf]) -> Result<BTreeMap<String, ModuleFile>> {
    let mut found: BTreeMap<String, ModuleFile> = BTreeMap::new();
    for file in dirs.iter().map(|dir| module_files(dir)) {
        for file in file? {
            let name = module_name(&file.path);
            match found.get(&name) {
                Some(old) if !is_before(&file, old)? => {}
                _ => drop(found.insert(name, file)),
            }
        }
    }
    Ok(found)
}

/// Whether one of two files with one name is taken before the other, as by the loader.
fn is_before(new: &ModuleFile, old: &ModuleFile) -> Result<bool> {
    if new.path == old.path && read(&new.host)? != read(&old.host)? {
        bail!(
            "{} and {} are different modules with one path",
            old.host.display(),
            new.host.display()
        );
    }
    Ok(index::is_before(new.path.as_bytes(), old.path.as_bytes()))
}

/// The module files below a directory.
fn module_files(dir: &Path) -> Result<Vec<ModuleFile>> {
    let walk = WalkDir::new(dir).follow_links(true).sort_by_file_name();
    let walk = walk.into_iter().filter_entry(|entry| {
        entry.depth() != 1 || NOT_MODULES.iter().all(|other| entry.file_name() != *other)
    });
    let mut found = Vec::new();
    for entry in walk {
        match entry {
            Ok(entry) => found.extend(module_file(dir, entry.path())),
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => dangling(error)?,
        }
    }
    Ok(found)
}

/// A link that leads nowhere is no module; any other error counts.
fn dangling(error: walkdir::Error) -> Result<()> {
    match error.path() {
        Some(path) if path.is_symlink() => Ok(()),
        _ => Err(error).context("module tree"),
    }
}

fn module_file(dir: &Path, path: &Path) -> Option<ModuleFile> {
    let relative = path.strip_prefix(dir).ok()?.to_str()?;
    name::of_file(relative.as_bytes())?;
    path.is_file().then(|| ModuleFile { path: relative.to_string(), host: path.to_path_buf() })
}
