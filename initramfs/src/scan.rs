//! Reads the modules that an index must know: those that the wanted ones can lead to, or all.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rayon::prelude::*;

use crate::module::Module;
use crate::progress::Progress;
use crate::tree::Tree;

/// Modules that have been read, by normalised name.
type Read = BTreeMap<String, Module>;

/// The modules that some names can lead to, by path.
///
/// `depends` in a module's own fields is what modpost found when the kernel was built, so it
/// is enough as long as every name is a module's and every module was built with the kernel.
/// Otherwise every module is read: for aliases, and for symbols as depmod does.
pub fn modules(
    tree: &Tree,
    names: &[String],
    progress: &Progress,
) -> Result<BTreeMap<String, Module>> {
    let read = match reachable(tree, names)? {
        Some(read) => read,
        None => open_all(tree, tree.modules.keys(), progress)?,
    };
    let path = |name: &String| tree.modules[name].path.clone();
    Ok(read.into_iter().map(|(name, module)| (path(&name), module)).collect())
}

/// Every module that names lead to through their own fields; none where those do not do.
fn reachable(tree: &Tree, names: &[String]) -> Result<Option<Read>> {
    let builtins = tree.builtins()?;
    let mut read = Read::new();
    let mut open: BTreeSet<String> = names.iter().cloned().collect();
    while !open.is_empty() {
        if !open.iter().all(|name| tree.modules.contains_key(name)) {
            return Ok(None);
        }
        let new = open_all(tree, open.iter(), &Progress::none())?;
        if !new.values().all(Module::is_intree) {
            return Ok(None);
        }
        open = new.values().flat_map(leads_to).collect();
        read.extend(new);
        open.retain(|name| !read.contains_key(name) && !builtins.contains(name));
    }
    Ok(Some(read))
}

/// The names a module may bring along.
fn leads_to(module: &Module) -> Vec<String> {
    let soft = module.info.all("softdep").chain(module.info.all("weakdep"));
    let soft = soft.flat_map(str::split_whitespace).filter(|word| !word.ends_with(':'));
    module.depends().chain(soft).map(|name| name.replace('-', "_")).collect()
}

/// Reads modules, as many at a time as there are processors.
fn open_all<'a>(
    tree: &Tree,
    names: impl Iterator<Item = &'a String>,
    progress: &Progress,
) -> Result<Read> {
    let files: Vec<_> = names.map(|name| (name.clone(), &tree.modules[name].host)).collect();
    progress.start("reading modules", files.len());
    let read = files.into_par_iter().map(|(name, path)| {
        let module = Module::open(path)?;
        progress.step();
        Ok((name, module))
    });
    let read = read.collect();
    progress.end();
    read
}
