//! The kernel's source, as Debian packs it. The package is kept, the tree is not.

use crate::apt::Apt;
use crate::debian::{self, field};
use crate::step;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The package; it is built with the host's compiler.
pub const PACKAGE: &str = "linux-source-6.12";

/// Where it is.
const SUITES: &[&str] = &["trixie", "trixie-security", "bookworm-backports"];

/// For unpacking 1.7 GB.
const UNPACK: Duration = Duration::from_secs(900);

/// The source, unpacked.
pub struct Tree {
    /// Its folder.
    pub path: PathBuf,
    /// The package and its version.
    pub package: String,
}

/// Unpacks the source in `work`; the package is fetched to `kernels` unless it is there.
///
/// # Errors
/// It can't be had or unpacked.
pub fn unpack(name: &str, kernels: &Path, work: &Path) -> Result<Tree> {
    let (package, file) = package(kernels).with_context(|| format!("can't get {PACKAGE}"))?;
    eprintln!("{name}: unpacking {package}");
    let parts = work.join("package");
    debian::extract(&[file], &parts)?;
    let path = work.join("source");
    fs::create_dir(&path)?;
    let mut tar = Command::new("tar");
    tar.arg("-xJf").arg(parts.join(format!("usr/src/{PACKAGE}.tar.xz")));
    tar.args(["--strip-components=1", "-C"]).arg(&path);
    step::output(&mut tar, UNPACK)?;
    fs::remove_dir_all(&parts)?;
    Ok(Tree { path, package })
}

/// The newest package's name with its version, and its file.
fn package(kernels: &Path) -> Result<(String, PathBuf)> {
    let apt = Apt::new(kernels, SUITES, "amd64")?;
    let record = apt.record(PACKAGE)?;
    let version = field(&record, "Version").context("a package without a version")?;
    let size = field(&record, "Size").and_then(|size| size.parse().ok());
    let file = kernels.join(format!("{PACKAGE}_{version}.deb"));
    if fs::metadata(&file).ok().map(|data| data.len()) != size {
        forget(kernels);
        let files = debian::download(&apt, PACKAGE, &[PACKAGE.to_string()])?;
        fs::rename(files.first().context("nothing was downloaded")?, &file)?;
    }
    Ok((format!("{PACKAGE} {version}"), file))
}

/// Removes what other versions left.
fn forget(kernels: &Path) {
    let files = fs::read_dir(kernels).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(PACKAGE) && name.ends_with(".deb")
    };
    for file in files.filter(is_ours) {
        let _ = fs::remove_file(file);
    }
}
