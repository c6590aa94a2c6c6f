//! Debian's own kernels: how they come from its packages into the cache.

use crate::apt::Apt;
use crate::kernel::Kernel;
use crate::kernels::{MARKER, complete};
use crate::machine::Machine;
use crate::progress::Download;
use crate::step;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For downloading packages of about 150 MB.
const DOWNLOAD: Duration = Duration::from_secs(900);

/// For unpacking one.
const UNPACK: Duration = Duration::from_secs(180);

/// A kernel that Debian has.
#[derive(Debug)]
pub struct Packaged {
    /// The suites that have it; the first that can be read is taken.
    pub suites: &'static [&'static str],
    /// The package that depends on the newest one of its kind.
    pub package: &'static str,
}

impl Packaged {
    /// Fetches it beside its place and moves it there when it is complete.
    ///
    /// # Errors
    /// It can't be had.
    pub fn fetch(&self, name: &str, machine: &Machine, kernels: &Path) -> Result<Kernel> {
        let place = kernels.join(name);
        let fetched = || {
            let apt = Apt::new(kernels, self.suites, machine.debian)?;
            let packages = packages(&apt, self.package)?;
            let files = download(&apt, name, &packages)?;
            unpack(&files, &packages, kernels, &place)
        };
        fetched().with_context(|| format!("can't fetch {name}"))?;
        complete(&place).context("the package holds no kernel with modules")
    }
}

/// Downloads `packages` for `name`, showing how far it is.
///
/// # Errors
/// One can't be had.
pub fn download(apt: &Apt, name: &str, packages: &[String]) -> Result<Vec<PathBuf>> {
    let size = packages.iter().map(|package| size(apt, package)).sum::<Result<u64>>()?;
    let download = Download::new(name, size);
    let files = apt.download(packages, DOWNLOAD, |bytes| download.at(bytes))?;
    download.done();
    Ok(files)
}

/// The packages that make up the newest kernel that `meta` depends on.
fn packages(apt: &Apt, meta: &str) -> Result<Vec<String>> {
    let record = apt.record(meta)?;
    let Some(image) = depends(&record).find_map(|name| image_release(name).map(|_| name)) else {
        bail!("{meta} depends on no linux-image");
    };
    let release = image_release(image).unwrap_or_default();
    let record = apt.record(image)?;
    let parts =
        depends(&record).filter(|name| name.starts_with("linux-") && name.ends_with(release));
    Ok(std::iter::once(image).chain(parts).map(String::from).collect())
}

/// The names in a record's `Depends`.
pub fn depends(record: &str) -> impl Iterator<Item = &str> {
    let lists = record.lines().filter_map(|line| line.strip_prefix("Depends: "));
    lists.flat_map(|list| list.split([',', '|'])).filter_map(|part| part.split_whitespace().next())
}

/// The release in a concrete image package's name.
fn image_release(package: &str) -> Option<&str> {
    let release = package.strip_prefix("linux-image-")?;
    release.starts_with(|c: char| c.is_ascii_digit()).then_some(release)
}

/// The bytes of `package`'s file.
fn size(apt: &Apt, package: &str) -> Result<u64> {
    let record = apt.record(package)?;
    let size = field(&record, "Size").and_then(|size| size.parse().ok());
    size.with_context(|| format!("{package} has no size"))
}

/// A field of a record that is one line long.
pub fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Unpacks packages' files into a folder.
///
/// # Errors
/// One can't be read.
pub fn extract(files: &[PathBuf], folder: &Path) -> Result<()> {
    for file in files {
        step::output(Command::new("dpkg-deb").arg("-x").arg(file).arg(folder), UNPACK)?;
    }
    Ok(())
}

/// Unpacks `files` in a folder of its own and renames that to `place`.
fn unpack(files: &[PathBuf], packages: &[String], parent: &Path, place: &Path) -> Result<()> {
    ensure!(!files.is_empty(), "nothing was downloaded");
    let folder = tempfile::Builder::new().prefix("unpack-").tempdir_in(parent)?;
    let new = folder.path().join("new");
    extract(files, &new)?;
    fs::write(new.join(MARKER), packages.join("\n") + "\n")?;
    into_place(folder.path(), place)
}

/// Moves `new` of a work folder to `place`, whatever is there so far.
///
/// # Errors
/// The folders can't be written.
pub fn into_place(work: &Path, place: &Path) -> Result<()> {
    if place.exists() {
        fs::rename(place, work.join("old"))?;
    }
    fs::rename(work.join("new"), place).with_context(|| format!("can't write {}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meta_package_names_the_newest_image() {
        let record = "Package: linux-image-cloud-amd64\nDepends: linux-base-cloud-amd64 (= 7.2.12-1), \
                      linux-image-7.2.12+deb14-cloud-amd64 (= 7.2.12-1)\n";
        let image = depends(record).find_map(image_release);
        assert_eq!(image, Some("7.2.12+deb14-cloud-amd64"));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let record = "Installed-Size: 3\nSize: 4\nSize-Of: 5\n";
        assert_eq!(field(record, "Size"), Some("4"));
        assert_eq!(field(record, "Version"), None);
    }
}
