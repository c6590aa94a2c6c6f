//! A tree with the index that depmod makes, and what its files say.

use crate::kernel::Kernel;
use crate::setup;
use crate::step;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// For depmod on a slow host: it inflates every module.
const DEPMOD: Duration = Duration::from_secs(600);

/// A tree below a root of its own.
pub struct Index {
    root: Option<TempDir>,
    /// The kernel's release.
    pub release: String,
    /// `modules.dep`: names and what they need.
    needs: BTreeMap<String, Vec<String>>,
    /// `modules.softdep`: name and the rest of the line.
    softdeps: Vec<(String, String)>,
    /// The patterns of `modules.alias` and of `modules.builtin.modinfo`.
    patterns: Vec<String>,
    /// The first name of `modules.builtin` that no alias leads to.
    pub builtin: String,
    /// The others.
    builtins: Vec<String>,
}

/// A program of kmod's, installed if it isn't there.
pub fn kmod(program: &str) -> Result<PathBuf> {
    let find = || {
        let sbin = ["/usr/sbin", "/sbin"].map(|dir| Path::new(dir).join(program));
        setup::which(program).or_else(|| sbin.into_iter().find(|path| path.is_file()))
    };
    if find().is_none() {
        setup::install_tools(&[(program.to_string(), "kmod".to_string())])?;
    }
    find().with_context(|| format!("{program} is not there"))
}

/// The module's name in a line of a plan, or in a path.
pub fn name(line: &str) -> String {
    let file = line.trim_end().rsplit(['/', ' ']).next().unwrap_or_default();
    file.split(".ko").next().unwrap_or_default().replace('-', "_")
}

impl Index {
    /// Makes the index of a kernel's modules.
    pub fn of(kernel: &Kernel) -> Result<Self> {
        let root = tempfile::tempdir()?;
        let tree = root.path().join("lib/modules").join(&kernel.release);
        std::fs::create_dir_all(&tree)?;
        let own = kernel.trees().find(|tree| tree.join("modules.order").is_file());
        let own = own.context("a tree without modules.order")?;
        symlink(own.join("kernel"), tree.join("kernel"))?;
        for file in ["modules.order", "modules.builtin", "modules.builtin.modinfo"] {
            std::fs::copy(own.join(file), tree.join(file)).context(file)?;
        }
        let mut depmod = Command::new(kmod("depmod")?);
        step::output(depmod.arg("-b").arg(root.path()).arg(&kernel.release), DEPMOD)?;
        let text = |file: &str| std::fs::read_to_string(tree.join(file)).context(file.to_string());
        let mut index = Self::of_text(&text("modules.dep")?, &text("modules.softdep")?);
        for line in text("modules.alias")?.lines().filter_map(|line| line.strip_prefix("alias ")) {
            index.patterns.extend(line.rsplit_once(' ').map(|(pattern, _)| pattern.to_string()));
        }
        let items = text("modules.builtin.modinfo")?;
        let items = items.split('\0').filter_map(|item| item.split_once(".alias="));
        let (aliased, patterns): (Vec<_>, Vec<_>) = items.unzip();
        index.patterns.extend(patterns.into_iter().map(String::from));
        index.builtins = text("modules.builtin")?.lines().map(name).collect();
        let plain = index.builtins.iter().position(|name| !aliased.contains(&name.as_str()));
        index.builtin = plain.map_or(String::new(), |at| index.builtins.remove(at));
        (index.root, index.release) = (Some(root), kernel.release.clone());
        Ok(index)
    }

    /// What these texts say.
    pub fn of_text(dep: &str, softdep: &str) -> Self {
        let lines = dep.lines().filter_map(|line| line.split_once(':'));
        let needs =
            lines.map(|(path, needs)| (name(path), needs.split_whitespace().map(name).collect()));
        let lines = softdep.lines().filter_map(|line| line.strip_prefix("softdep "));
        let lines = lines.filter_map(|line| line.split_once(' '));
        Self {
            root: None,
            release: String::new(),
            needs: needs.collect(),
            softdeps: lines.map(|(name, rest)| (name.replace('-', "_"), rest.into())).collect(),
            patterns: Vec::new(),
            builtin: String::new(),
            builtins: Vec::new(),
        }
    }

    /// The root that the tree is below.
    pub fn root(&self) -> &Path {
        self.root.as_ref().map_or(Path::new("/"), TempDir::path)
    }

    /// All modules' names, and those of what is built in.
    pub fn names(&self) -> Vec<String> {
        self.needs.keys().chain(&self.builtins).cloned().collect()
    }

    /// All aliases, their wildcards filled in.
    pub fn aliases(&self) -> impl Iterator<Item = String> {
        self.patterns.iter().map(|pattern| filled(pattern))
    }

    /// The `softdep` lines of a module, without its name.
    fn softdeps<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.softdeps.iter().filter(move |line| line.0 == name).map(|line| line.1.as_str())
    }

    /// The targets of `softdep` lines that modprobe doesn't count, by module: those of all but its first.
    pub fn uncounted(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (at, (user, line)) in self.softdeps.iter().enumerate() {
            if self.softdeps[..at].iter().any(|known| known.0 == *user) {
                let words = targets(line).into_iter().map(|(target, _)| target);
                found.entry(user.clone()).or_default().extend(words);
            }
        }
        found
    }

    /// Checks that everything stands behind what it needs, and its soft dependencies around it.
    ///
    /// # Errors
    /// What stands before what.
    pub fn check_order(&self, lines: &[String]) -> Result<(), String> {
        let order: Vec<String> = lines.iter().map(|line| name(line)).collect();
        let place = |name: &str| order.iter().position(|known| known == name);
        let is_before = |first: &str, second: &str| match (place(first), place(second)) {
            (Some(first), Some(second)) => first <= second,
            _ => true,
        };
        for user in &order {
            for needed in self.needs.get(user).into_iter().flatten() {
                if !is_before(needed, user) {
                    return Err(format!("{user} stands before {needed}, which it needs"));
                }
            }
            for (soft, is_pre) in self.softdeps(user).flat_map(targets) {
                let needs = self.needs.get(&soft).is_some_and(|needs| needs.contains(user));
                let good = if is_pre { is_before(&soft, user) } else { is_before(user, &soft) };
                let wanted_anyway = self.needs.values().any(|needs| needs.contains(&soft));
                if !good && !needs && (is_pre || !wanted_anyway) {
                    return Err(format!("{user} and {soft} stand in the wrong order"));
                }
            }
        }
        Ok(())
    }
}

/// The targets of a `softdep` line, and whether they come before.
fn targets(line: &str) -> Vec<(String, bool)> {
    let mut mark = None;
    let mut found = Vec::new();
    for word in line.split_whitespace() {
        match (word, mark) {
            ("pre:" | "post:", _) => mark = Some(word == "pre:"),
            (word, Some(is_pre)) => found.push((word.replace('-', "_"), is_pre)),
            (_, None) => {} // counts for nothing
        }
    }
    found
}

/// Something that the pattern matches.
fn filled(pattern: &str) -> String {
    let (mut text, mut rest) = (String::new(), pattern.chars());
    while let Some(c) = rest.next() {
        match c {
            '*' => text.push('0'),
            '?' => text.push('x'),
            '[' => {
                let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                text.extend(inside.chars().next());
            }
            c => text.push(c),
        }
    }
    text
}
