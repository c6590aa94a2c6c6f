//! The releases that unpacked kernel packages have modules of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{host, suggest};

/// Where packages have their modules.
const BASES: [&str; 2] = ["lib/modules", "usr/lib/modules"];

/// Entries of a release's directory that are links into a build tree (kmod
/// `tools/depmod.c`, `should_exclude_dir`).
pub const NOT_MODULES: [&str; 2] = ["build", "source"];

/// The release that is meant and its directories; without a name there must be exactly one.
pub fn find(kernel_dirs: &[PathBuf], wanted: Option<&str>) -> Result<(String, Vec<PathBuf>)> {
    let mut found = releases(kernel_dirs)?;
    let release = choose(&found, wanted, kernel_dirs)?;
    let dirs = found.remove(&release).unwrap_or_default();
    Ok((release, dirs))
}

/// The directories of each release.
fn releases(kernel_dirs: &[PathBuf]) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for dir in kernel_dirs {
        host::metadata(dir)?;
        for base in BASES {
            for (release, path) in release_dirs(&dir.join(base))? {
                let dirs = found.entry(release).or_default();
                if !dirs.contains(&path) {
                    dirs.push(path);
                }
            }
        }
    }
    Ok(found)
}

/// The releases below `lib/modules`: directories that hold more than links to headers.
fn release_dirs(base: &Path) -> Result<Vec<(String, PathBuf)>> {
    let dirs = host::paths_in(base)?;
    let dirs = dirs.into_iter().filter(|dir| holds_modules(dir));
    let found = dirs.filter_map(|dir| {
        let release = dir.file_name()?.to_str()?.to_string();
        Some((release, dir.canonicalize().ok()?))
    });
    Ok(found.collect())
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
