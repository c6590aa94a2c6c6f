//! The module tree of one release, out of one or more unpacked kernel packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use insinit::name;
use walkdir::WalkDir;

use crate::suggest;

/// Where packages have their modules.
const BASES: [&str; 2] = ["lib/modules", "usr/lib/modules"];

/// Entries of a release's directory that are links into a build tree (kmod
/// `tools/depmod.c`, `should_exclude_dir`).
const NOT_MODULES: [&str; 2] = ["build", "source"];

/// The module files and index files of a release.
#[derive(Debug)]
pub struct Tree {
    /// The release.
    pub release: String,
    /// Its directories on this machine, one of each package that has one.
    pub dirs: Vec<PathBuf>,
    /// Module files by normalised name.
    pub modules: BTreeMap<String, ModuleFile>,
}

/// A module file of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFile {
    /// Its path below the release's directory.
    pub path: String,
    /// Where it is.
    pub host: PathBuf,
}

impl Tree {
    /// Finds the tree of a release; without one there must be exactly one.
    pub fn find(kernel_dirs: &[PathBuf], release: Option<&str>) -> Result<Tree> {
        let mut found = releases(kernel_dirs)?;
        let release = choose(&found, release, kernel_dirs)?;
        let dirs = found.remove(&release).unwrap_or_default();
        let modules = modules(&dirs)?;
        Ok(Tree { release, dirs, modules })
    }

    /// The path of one of its files in the image.
    pub fn guest(&self, file: &str) -> Vec<u8> {
        format!("lib/modules/{}/{file}", self.release).into_bytes()
    }

    /// The module file with a path below the release's directory.
    pub fn file(&self, path: &str) -> Option<&ModuleFile> {
        let file = self.modules.get(&module_name(path));
        file.filter(|file| file.path == path)
    }

    /// The lines of `modules.order`.
    pub fn order(&self) -> Result<Vec<String>> {
        let texts = self.texts("modules.order")?;
        let lines = texts.iter().flat_map(|text| text.lines());
        Ok(lines.map(str::to_string).collect())
    }

    /// The normalised names of built-in modules.
    pub fn builtins(&self) -> Result<BTreeSet<String>> {
        let texts = self.texts("modules.builtin")?;
        Ok(texts.iter().flat_map(|text| text.lines()).map(module_name).collect())
    }

    /// The text of an index file in each directory that has it.
    pub fn texts(&self, file: &str) -> Result<Vec<String>> {
        let paths = self.dirs.iter().map(|dir| dir.join(file));
        let paths = paths.filter(|path| path.exists());
        paths.map(|path| text(&path)).collect()
    }

    /// The bytes of an index file, those of every directory one after another.
    pub fn bytes(&self, file: &str) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        for path in self.dirs.iter().map(|dir| dir.join(file)) {
            if path.exists() {
                all.extend(read(&path)?);
            }
        }
        Ok(all)
    }
}

/// The normalised name of a module file or of a name.
pub fn module_name(path: &str) -> String {
    String::from_utf8_lossy(name::of(path.as_bytes())).replace('-', "_")
}

/// Reads a file; the error names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
}

fn text(path: &Path) -> Result<String> {
    let bytes = read(path)?;
    String::from_utf8(bytes).with_context(|| format!("{}: not text", path.display()))
}

/// The directories of each release.
fn releases(kernel_dirs: &[PathBuf]) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for dir in kernel_dirs {
        std::fs::metadata(dir).with_context(|| format!("{}: no such directory", dir.display()))?;
        for (release, path) in BASES.iter().flat_map(|base| release_dirs(&dir.join(base))) {
            let dirs = found.entry(release).or_default();
            if !dirs.contains(&path) {
                dirs.push(path);
            }
        }
    }
    Ok(found)
}

/// The releases below `lib/modules`: directories that hold more than links to headers.
fn release_dirs(base: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(base) else {
        return Vec::new();
    };
    let dirs = entries.flatten().map(|entry| entry.path());
    let dirs = dirs.filter(|dir| holds_modules(dir));
    dirs.filter_map(|dir| {
        let release = dir.file_name()?.to_str()?.to_string();
        Some((release, dir.canonicalize().ok()?))
    })
    .collect()
}

fn holds_modules(dir: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return false;
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| NOT_MODULES.iter().all(|other| name != *other))
}

/// The release that is meant.
fn choose(
    found: &BTreeMap<String, Vec<PathBuf>>,
    wanted: Option<&str>,
    kernel_dirs: &[PathBuf],
) -> Result<String> {
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let list = names.join(", ");
    match (wanted, names.as_slice()) {
        (_, []) => bail!(
            "{}: neither lib/modules/RELEASE nor usr/lib/modules/RELEASE with modules in it",
            shown(kernel_dirs)
        ),
        (Some(wanted), _) if found.contains_key(wanted) => Ok(wanted.to_string()),
        (Some(wanted), _) => bail!(
            "no modules for {wanted} (found: {list}){}",
            suggest::nearest(wanted, names.iter().copied())
        ),
        (None, [one]) => Ok(one.to_string()),
        (None, _) => bail!("modules of more than one release: {list}; name one with --release"),
    }
}

fn shown(dirs: &[PathBuf]) -> String {
    let dirs: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    dirs.join(", ")
}

/// The module files of some directories, one of each name.
fn modules(dirs: &[PathBuf]) -> Result<BTreeMap<String, ModuleFile>> {
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

/// Whether one of two files with one name is taken before the other: `updates` first, as
/// depmod does (kmod `tools/depmod.c`, `cfg_load`), then by path.
fn is_before(new: &ModuleFile, old: &ModuleFile) -> Result<bool> {
    let key = |file: &ModuleFile| (!file.path.starts_with("updates/"), file.path.clone());
    if new.path == old.path && read(&new.host)? != read(&old.host)? {
        bail!(
            "{} and {} are different modules with one path",
            old.host.display(),
            new.host.display()
        );
    }
    Ok(key(new) < key(old))
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
