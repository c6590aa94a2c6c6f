//! The kernel's whole tree with kmod's indexes: what a name is looked up in.

use super::contestant::kmod;
use super::depmod;
use super::files::read;
use super::sets::Module;
use crate::kernel::Kernel;
use anyhow::{Context, Result};
use insinit_initramfs::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The indexes once they were made: depmod takes long, it inflates every module.
#[derive(Default)]
pub struct Whole(Mutex<Option<Vec<Entry>>>);

impl Whole {
    /// The indexes, and the modules: those of the set plain, all others as the package has them.
    ///
    /// # Errors
    /// A file can't be read, or depmod fails.
    pub fn entries(&self, kernel: &Kernel, set: &[Module]) -> Result<(Vec<Entry>, Vec<Entry>)> {
        let tree = kernel.trees().next().context("no module tree")?;
        let modules = modules(&tree, set)?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match &*known {
            Some(index) => index.clone(),
            None => {
                eprintln!("depmod: {} modules", modules.len());
                depmod::indexes(&kmod()?, &tree, &kernel.release, &modules)?
            }
        };
        *known = Some(index.clone());
        let folder = format!("lib/modules/{}", kernel.release);
        let entry = |(file, bytes)| Entry::file(format!("{folder}/{file}"), bytes);
        Ok((index, modules.into_iter().map(entry).collect()))
    }
}

/// The modules' paths in the tree, and their bytes.
fn modules(tree: &Path, set: &[Module]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for path in files(&tree.join("kernel"))? {
        let file = path.strip_prefix(tree)?.to_string_lossy().into_owned();
        let plain = set.iter().find(|module| file.starts_with(&module.file));
        found.push(match plain {
            Some(module) => (module.file.clone(), module.plain.clone()),
            None => (file, read(&path)?),
        });
    }
    Ok(found)
}

/// All files below a folder, by the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut paths: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { Ok(vec![path]) };
    Ok(paths.into_iter().map(below).collect::<Result<Vec<_>>>()?.concat())
}
