//! Reads depmod's text files back.

use std::collections::HashMap;

use anyhow::Result;

use crate::index::{Index, Line};
use crate::tree::{Tree, module_name};

/// Lines of a file, by the normalised name of the module they are about.
type ByName = HashMap<String, Vec<String>>;

/// The tree's own index: only if every file is there and every module is in it, because one
/// that is older than its modules, or not depmod's, would lead to wrong images.
pub fn read(tree: &Tree) -> Result<Option<Index>> {
    let dep = tree.texts("modules.dep")?.concat();
    let softdep = tree.texts("modules.softdep")?;
    let alias = tree.texts("modules.alias")?;
    if softdep.is_empty() || alias.is_empty() || !covers(&dep, tree) {
        return Ok(None);
    }
    let mut softdeps = by_second(&softdep.concat(), "softdep");
    let mut weakdeps = by_second(&tree.texts("modules.weakdep")?.concat(), "weakdep");
    let mut aliases = by_last(&alias.concat());
    let lines = dep_lines(&dep).map(|(path, needs)| {
        let name = module_name(path);
        Line {
            path: path.to_string(),
            needs: needs.split_whitespace().map(str::to_string).collect(),
            softdeps: softdeps.remove(&name).unwrap_or_default(),
            weakdeps: weakdeps.remove(&name).unwrap_or_default(),
            aliases: aliases.remove(&name).unwrap_or_default(),
        }
    });
    let lines = lines.collect();
    Ok(Some(Index { lines }))
}

fn dep_lines(dep: &str) -> impl Iterator<Item = (&str, &str)> {
    dep.lines().filter_map(|line| line.split_once(':'))
}

/// Whether `modules.dep` has exactly the module files that are there.
fn covers(dep: &str, tree: &Tree) -> bool {
    let listed: Vec<_> = dep_lines(dep).map(|(path, _)| path).collect();
    let is_there = |path: &&str| {
        let file = tree.modules.get(&module_name(path));
        file.is_some_and(|file| file.path == *path)
    };
    listed.len() == tree.modules.len() && listed.iter().all(is_there)
}

/// `softdep NAME VALUE` lines.
fn by_second(text: &str, word: &str) -> ByName {
    let mut found = ByName::new();
    for line in text.lines() {
        let line = line.strip_prefix(word).and_then(|rest| rest.trim().split_once(' '));
        if let Some((name, value)) = line {
            let values = found.entry(module_name(name)).or_default();
            values.push(value.trim().to_string());
        }
    }
    found
}

/// `alias PATTERN NAME` lines; a pattern may hold spaces.
fn by_last(text: &str) -> ByName {
    let mut found = ByName::new();
    for line in text.lines() {
        let line = line.strip_prefix("alias ").and_then(|rest| rest.rsplit_once(' '));
        if let Some((pattern, name)) = line {
            let patterns = found.entry(module_name(name)).or_default();
            patterns.push(pattern.to_string());
        }
    }
    found
}
