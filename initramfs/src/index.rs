//! What depmod knows about modules, and its text files (`modules.dep(5)`, `depmod(8)`).

use std::collections::{BTreeMap, BTreeSet};

use crate::closure::Closure;
use crate::graph;
use crate::module::Module;
use crate::tree::module_name;

/// The lines of some modules, in depmod's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// One for each module.
    pub lines: Vec<Line>,
}

/// Everything the index files say about one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its path below the release's directory.
    pub path: String,
    /// The paths of all it needs; what is loaded first stands last.
    pub needs: Vec<String>,
    /// What follows the name in its `softdep` lines.
    pub softdeps: Vec<String>,
    /// What follows the name in its `weakdep` lines.
    pub weakdeps: Vec<String>,
    /// Its aliases.
    pub aliases: Vec<String>,
}

/// A file of the index: its name and text.
pub type IndexFile = (&'static str, String);

impl Line {
    /// The module's normalised name.
    pub fn name(&self) -> String {
        module_name(&self.path)
    }
}

impl Index {
    /// Makes the index of some modules as depmod does, ordered by `modules.order`.
    pub fn make(modules: &BTreeMap<String, Module>, order: &[String]) -> Index {
        let sorted = in_order(modules, order);
        let read: Vec<&Module> = sorted.iter().map(|(_, module)| *module).collect();
        let needs = graph::dependencies(&read);
        let lines = sorted.iter().zip(needs).map(|((path, module), needs)| Line {
            path: path.to_string(),
            needs: needs.iter().map(|need| sorted[*need].0.clone()).collect(),
            softdeps: values(module, "softdep"),
            weakdeps: values(module, "weakdep"),
            aliases: values(module, "alias"),
        });
        Index { lines: lines.collect() }
    }

    /// The lines of the modules that are wanted, each path changed by `rename`.
    pub fn only(&self, wanted: impl Fn(&str) -> bool, rename: impl Fn(&str) -> String) -> Index {
        let lines = self.lines.iter().filter(|line| wanted(&line.path));
        let lines = lines.map(|line| Line {
            path: rename(&line.path),
            needs: line.needs.iter().map(|need| rename(need)).collect(),
            ..line.clone()
        });
        Index { lines: lines.collect() }
    }

    /// The names that the modules of a plan depend on weakly: they may ask for them while they run
    /// (modprobe.d(5), `weakdep`). Words of a `softdep` line in front of `pre:` and `post:` are meant so:
    /// nobody loads them, as cifs' crypto of Linux 6.1.
    pub fn weak(&self, closure: &Closure) -> Vec<String> {
        let planned: BTreeSet<String> =
            closure.steps.iter().map(|step| module_name(&step.name)).collect();
        let lines = self.lines.iter().filter(|line| planned.contains(&line.name()));
        let words = lines.flat_map(|line| {
            let soft = line.softdeps.iter().flat_map(|text| unmarked(text));
            line.weakdeps.iter().flat_map(|text| text.split_whitespace()).chain(soft)
        });
        words.map(|name| name.replace('-', "_")).collect()
    }

    /// The index files.
    pub fn files(&self) -> Vec<IndexFile> {
        let mut files = vec![
            ("modules.dep", self.dep()),
            ("modules.softdep", self.list(SOFTDEPS, "softdep", |l| &l.softdeps)),
            ("modules.alias", self.aliases()),
        ];
        if self.lines.iter().any(|line| !line.weakdeps.is_empty()) {
            files.push(("modules.weakdep", self.list(WEAKDEPS, "weakdep", |l| &l.weakdeps)));
        }
        files
    }

    fn dep(&self) -> String {
        let line = |line: &Line| {
            let needs = line.needs.iter().map(|need| format!(" {need}"));
            format!("{}:{}\n", line.path, needs.collect::<String>())
        };
        self.lines.iter().map(line).collect()
    }

    fn list(&self, head: &str, word: &str, values: fn(&Line) -> &Vec<String>) -> String {
        let lines = self.lines.iter().flat_map(|line| {
            let name = line.name();
            let values = values(line).iter();
            values.map(move |value| format!("{word} {name} {value}\n"))
        });
        format!("{head}\n{}", lines.collect::<String>())
    }

    fn aliases(&self) -> String {
        let lines = self.lines.iter().flat_map(|line| {
            let name = line.name();
            let aliases = line.aliases.iter();
            aliases.map(move |alias| format!("alias {alias} {name}\n"))
        });
        format!("{ALIASES}\n{}", lines.collect::<String>())
    }
}

// The first lines of depmod's files.
const ALIASES: &str = "# Aliases extracted from modules themselves.";
const SOFTDEPS: &str = "# Soft dependencies extracted from modules themselves.";
const WEAKDEPS: &str = "# Weak dependencies extracted from modules themselves.";

/// The words of a `softdep` line that are marked neither as `pre:` nor as `post:`.
fn unmarked(softdep: &str) -> impl Iterator<Item = &str> {
    softdep.split_whitespace().take_while(|word| !matches!(*word, "pre:" | "post:"))
}

fn values(module: &Module, key: &str) -> Vec<String> {
    module.info.all(key).map(str::to_string).collect()
}

/// Modules by their place in `modules.order`; those it does not name follow by path.
fn in_order<'a>(
    modules: &'a BTreeMap<String, Module>,
    order: &[String],
) -> Vec<(&'a String, &'a Module)> {
    let places = order.iter().enumerate();
    let places: BTreeMap<&str, usize> = places.map(|(at, path)| (bare(path), at)).collect();
    let mut sorted: Vec<_> = modules.iter().collect();
    sorted.sort_by_key(|(path, _)| (places.get(bare(path)).copied().unwrap_or(usize::MAX), *path));
    sorted
}

/// A module's path as `modules.order` has it: ending in `.ko`.
pub fn bare(path: &str) -> &str {
    let endings = [".gz", ".xz", ".zst"].iter();
    let stripped = endings.filter_map(|ending| path.strip_suffix(ending)).next();
    stripped.unwrap_or(path)
}
