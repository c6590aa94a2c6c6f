//! Peers from Debian's packages, unpacked in the cache.

use crate::apt::Apt;
use crate::cache;
use crate::step;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// For downloading a few megabytes.
const DOWNLOAD: Duration = Duration::from_secs(300);

/// For unpacking them.
const UNPACK: Duration = Duration::from_secs(60);

/// Where the peers come from; Debian 13 has no other versions of the small ones.
const SUITES: &[&str] = &["bookworm", "trixie"];

/// Says that a folder is complete.
const MARKER: &str = ".complete";

/// The folder with `packages` unpacked, from the cache or fetched into it as `name`.
///
/// # Errors
/// They are not in the cache and can't be fetched.
pub fn get(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let parent = cache::folder()?.join("bench");
    let place = parent.join(name);
    if place.join(MARKER).is_file() {
        return Ok(place);
    }
    let _lock = cache::lock(&parent, name)?;
    if !place.join(MARKER).is_file() {
        eprintln!("set-up: fetching {}", packages.join(" "));
        fetch(&parent, &place, packages).with_context(|| format!("can't fetch {name}"))?;
    }
    Ok(place)
}

/// Fetches beside the place and moves there when it is complete.
fn fetch(parent: &std::path::Path, place: &std::path::Path, packages: &[&str]) -> Result<()> {
    let apt = Apt::new(parent, SUITES, "amd64")?;
    let names: Vec<String> = packages.iter().map(ToString::to_string).collect();
    let files = apt.download(&names, DOWNLOAD, |_| ())?;
    ensure!(!files.is_empty(), "nothing was downloaded");
    let folder = tempfile::Builder::new().prefix("unpack-").tempdir_in(parent)?;
    let new = folder.path().join("new");
    for file in &files {
        step::output(Command::new("dpkg-deb").arg("-x").arg(file).arg(&new), UNPACK)?;
    }
    fs::write(new.join(MARKER), "")?;
    if place.exists() {
        fs::rename(place, folder.path().join("old"))?;
    }
    fs::rename(&new, place).with_context(|| format!("can't write {}", place.display()))
}
