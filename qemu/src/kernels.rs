//! The kernels that can be fetched by name: where Debian has them, and how they come into the cache.

use crate::apt::Apt;
use crate::cache;
use crate::kernel::Kernel;
use crate::machine::{self, Machine};
use crate::progress::Download;
use crate::step;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For downloading a kernel of about 110 MB.
const DOWNLOAD: Duration = Duration::from_secs(900);

/// For unpacking one.
const UNPACK: Duration = Duration::from_secs(180);

/// Says that a folder is complete and names the packages it was made of.
const MARKER: &str = "packages";

/// A kernel of Debian's.
#[derive(Debug)]
pub struct Source {
    /// Its name on our command line and in the cache.
    pub name: &'static str,
    /// The machine it runs on.
    machine: &'static str,
    /// The suites that have it; the first that can be read is taken.
    suites: &'static [&'static str],
    /// The package that depends on the newest one of its kind.
    package: &'static str,
    /// Debian's name for the architecture.
    architecture: &'static str,
}

/// Where the kernels of Debian 13 are; forky has a newer one, for days on which neither of the others can be
/// read.
const TRIXIE: &[&str] = &["trixie", "trixie-security", "forky"];

/// All kernels that can be fetched.
pub static SOURCES: [Source; 5] = [
    source("6.12-x86_64", "x86_64", TRIXIE, "linux-image-amd64", "amd64"),
    source("6.12-aarch64", "aarch64", TRIXIE, "linux-image-arm64", "arm64"),
    source("6.12-riscv64", "riscv64", TRIXIE, "linux-image-riscv64", "riscv64"),
    // No in-kernel decompression, plain modules.
    source("6.1-x86_64", "x86_64", &["bookworm"], "linux-image-cloud-amd64", "amd64"),
    source("7.2-x86_64", "x86_64", &["forky"], "linux-image-cloud-amd64", "amd64"),
];

const fn source(
    name: &'static str,
    machine: &'static str,
    suites: &'static [&'static str],
    package: &'static str,
    architecture: &'static str,
) -> Source {
    Source { name, machine, suites, package, architecture }
}

/// The kernel called `name`, if there is one.
#[must_use]
pub fn named(name: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == name)
}

impl Source {
    /// The machine it runs on.
    #[must_use]
    pub fn machine(&self) -> &'static Machine {
        machine::named(self.machine).expect("the table names machines there are")
    }

    /// The kernel, from the cache or fetched into it.
    ///
    /// # Errors
    /// It is not in the cache and can't be fetched.
    pub fn get(&self) -> Result<Kernel> {
        let kernels = cache::folder()?.join("kernels");
        if let Some(kernel) = cached(&kernels.join(self.name)) {
            return Ok(kernel);
        }
        let _lock = cache::lock(&kernels, self.name)?;
        match cached(&kernels.join(self.name)) {
            Some(kernel) => Ok(kernel),
            None => self.fetch(&kernels).with_context(|| format!("can't fetch {}", self.name)),
        }
    }

    /// Fetches it beside its place and moves it there when it is complete.
    fn fetch(&self, kernels: &Path) -> Result<Kernel> {
        let apt = Apt::new(kernels, self.suites, self.architecture)?;
        let packages = packages(&apt, self.package)?;
        let size = packages.iter().map(|package| size(&apt, package)).sum::<Result<u64>>()?;
        let download = Download::new(self.name, size);
        let files = apt.download(&packages, DOWNLOAD, |bytes| download.at(bytes))?;
        download.done();
        let place = kernels.join(self.name);
        unpack(&files, &packages, kernels, &place)?;
        cached(&place).context("the package holds no kernel with modules")
    }
}

/// The kernel in `place`, if it is all there.
fn cached(place: &Path) -> Option<Kernel> {
    place.join(MARKER).is_file().then_some(())?;
    let kernel = Kernel::find(None, &[place.to_path_buf()], None).ok()?;
    let filled = kernel.trees().any(|tree| tree.join("modules.order").is_file());
    (filled && fs::metadata(&kernel.image).ok()?.len() > 0).then_some(kernel)
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
fn depends(record: &str) -> impl Iterator<Item = &str> {
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
    let field = record.lines().find_map(|line| line.strip_prefix("Size: "));
    field.and_then(|size| size.parse().ok()).with_context(|| format!("{package} has no size"))
}

/// Unpacks `files` in a folder of its own and renames that to `place`.
fn unpack(files: &[PathBuf], packages: &[String], parent: &Path, place: &Path) -> Result<()> {
    ensure!(!files.is_empty(), "nothing was downloaded");
    let folder = tempfile::Builder::new().prefix("unpack-").tempdir_in(parent)?;
    let new = folder.path().join("new");
    for file in files {
        step::output(Command::new("dpkg-deb").arg("-x").arg(file).arg(&new), UNPACK)?;
    }
    fs::write(new.join(MARKER), packages.join("\n") + "\n")?;
    if place.exists() {
        fs::rename(place, folder.path().join("old"))?;
    }
    fs::rename(&new, place).with_context(|| format!("can't write {}", place.display()))
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
    fn every_machine_boots_a_kernel_that_can_be_fetched() {
        for machine in &machine::MACHINES {
            assert_eq!(named(machine.kernel).unwrap().machine().name, machine.name);
        }
    }

    #[test]
    fn a_folder_that_was_not_finished_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        let tree = place.path().join("lib/modules/6.1/kernel");
        fs::create_dir_all(&tree).unwrap();
        fs::create_dir(place.path().join("boot")).unwrap();
        for file in ["lib/modules/6.1/modules.order", "boot/vmlinuz-6.1"] {
            fs::write(place.path().join(file), "x").unwrap();
        }
        assert_eq!(cached(place.path()), None);
        fs::write(place.path().join(MARKER), "").unwrap();
        assert_eq!(cached(place.path()).unwrap().release, "6.1");
        fs::write(place.path().join("boot/vmlinuz-6.1"), "").unwrap();
        assert_eq!(cached(place.path()), None);
    }
}
