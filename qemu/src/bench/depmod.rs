//! The indexes that modprobe needs, made by kmod's own depmod of the package.

use super::files::{INTERPRETER, read};
use crate::step;
use anyhow::{Context, Result};
use insinit_initramfs::Entry;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// For a full tree.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs depmod of the unpacked packages `kmod` over `root`'s tree of `release`.
///
/// # Errors
/// It fails.
pub fn run(kmod: &Path, root: &Path, release: &str) -> Result<()> {
    let libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]
        .map(|folder| kmod.join(folder).display().to_string());
    let mut command = Command::new(kmod.join("lib/x86_64-linux-gnu").join(INTERPRETER));
    command.args(["--argv0", "depmod", "--library-path", &libraries.join(":")]);
    command.arg(kmod.join("bin/kmod")).arg("-b").arg(root).arg(release);
    step::output(&mut command, LIMIT).context("depmod failed").map(drop)
}

/// The indexes of the modules whose files (path in the tree, bytes) these are, as entries of an image.
///
/// # Errors
/// depmod fails or a file can't be written.
pub fn indexes(
    kmod: &Path,
    tree: &Path,
    release: &str,
    modules: &[(String, Vec<u8>)],
) -> Result<Vec<Entry>> {
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("lib/modules").join(release);
    for (file, bytes) in modules {
        let path = place.join(file);
        fs::create_dir_all(path.parent().unwrap_or(&place))?;
        fs::write(path, bytes)?;
    }
    for name in ["modules.order", "modules.builtin", "modules.builtin.modinfo"] {
        fs::copy(tree.join(name), place.join(name)).with_context(|| format!("no {name}"))?;
    }
    run(kmod, folder.path(), release)?;
    entries(&place, release)
}

/// The index files in `place`.
fn entries(place: &Path, release: &str) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for file in fs::read_dir(place)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if file.path().is_file() {
            found.push(Entry::file(format!("lib/modules/{release}/{name}"), read(&file.path())?));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
