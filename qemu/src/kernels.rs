//! The kernels that have a name: those that Debian has, and those that are built here.

use crate::built::Recipe;
use crate::cache;
use crate::debian::Packaged;
use crate::kernel::Kernel;
use crate::machine::{self, Machine};
use anyhow::Result;
use std::fs;
use std::path::Path;

/// A kernel with a name.
#[derive(Debug)]
pub struct Source {
    /// Its name on our command line and in the cache.
    pub name: &'static str,
    /// The machine it runs on.
    machine: &'static str,
    /// What it is for.
    pub what: &'static str,
    /// Where it comes from.
    pub from: Origin,
}

/// Where a kernel comes from.
#[derive(Debug)]
pub enum Origin {
    /// From a package of Debian's.
    Package(Packaged),
    /// It is built from the kernel's source.
    Built(Recipe),
}

/// Where the kernels of Debian 13 are; forky has a newer one, for days on which neither of the others can be
/// read.
const TRIXIE: &[&str] = &["trixie", "trixie-security", "forky"];

/// All of them.
pub static SOURCES: [Source; 15] = [
    packaged("6.12-x86_64", "x86_64", "Debian 13", TRIXIE, "linux-image-amd64"),
    packaged("6.12-aarch64", "aarch64", "Debian 13", TRIXIE, "linux-image-arm64"),
    packaged("6.12-riscv64", "riscv64", "Debian 13", TRIXIE, "linux-image-riscv64"),
    packaged(
        "6.1-x86_64",
        "x86_64",
        "Debian 12: inflates no modules",
        &["bookworm"],
        "linux-image-cloud-amd64",
    ),
    packaged(
        "6.1-aarch64",
        "aarch64",
        "Debian 12: inflates no modules",
        &["bookworm"],
        "linux-image-cloud-arm64",
    ),
    packaged("7.2-x86_64", "x86_64", "Debian 14: nullfs", &["forky"], "linux-image-cloud-amd64"),
    built("small-x86_64-gzip", "x86_64", "inflates gzip modules", &["x86_64", "mod-gzip"]),
    built("small-x86_64-xz", "x86_64", "inflates xz modules", &["x86_64", "mod-xz"]),
    built("small-x86_64-zstd", "x86_64", "inflates zstd modules", &["x86_64", "mod-zstd"]),
    built("small-x86_64-none", "x86_64", "inflates no modules", &["x86_64", "mod-none"]),
    built(
        "small-x86_64-security",
        "x86_64",
        "signatures, lockdown, LoadPin, symbol versions",
        &["x86_64", "mod-gzip", "security"],
    ),
    built("small-aarch64-gzip", "aarch64", "inflates gzip modules", &["aarch64", "mod-gzip"]),
    built(
        "small-aarch64-64k",
        "aarch64",
        "pages of 64 KiB",
        &["aarch64", "mod-gzip", "aarch64-64k"],
    ),
    built("small-riscv64-gzip", "riscv64", "inflates gzip modules", &["riscv64", "mod-gzip"]),
    built("small-riscv64-none", "riscv64", "inflates no modules", &["riscv64", "mod-none"]),
];

const fn packaged(
    name: &'static str,
    machine: &'static str,
    what: &'static str,
    suites: &'static [&'static str],
    package: &'static str,
) -> Source {
    Source { name, machine, what, from: Origin::Package(Packaged { suites, package }) }
}

const fn built(
    name: &'static str,
    machine: &'static str,
    what: &'static str,
    fragments: &'static [&'static str],
) -> Source {
    Source { name, machine, what, from: Origin::Built(Recipe { fragments }) }
}

/// The kernel called `name`, if there is one.
#[must_use]
pub fn named(name: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == name)
}

/// Those of `names` that are kernels of these machines.
pub fn on<'a>(
    machines: &'a [&'static Machine],
    names: &'a [&'static str],
) -> impl Iterator<Item = &'static str> + 'a {
    let is_one = |name: &str| machines.iter().any(|machine| machine.name == name);
    let is_on = move |name: &str| named(name).is_some_and(|kernel| is_one(kernel.machine().name));
    names.iter().copied().filter(move |name| is_on(name))
}

/// The names, for an error.
#[must_use]
pub fn names() -> String {
    SOURCES.iter().map(|source| source.name).collect::<Vec<_>>().join(", ")
}

impl Source {
    /// The machine it runs on.
    #[must_use]
    pub fn machine(&self) -> &'static Machine {
        machine::named(self.machine).expect("the table names machines there are")
    }

    /// Whether it is built here.
    #[must_use]
    pub fn is_built(&self) -> bool {
        matches!(self.from, Origin::Built(_))
    }

    /// The kernel, if the cache has it.
    ///
    /// # Errors
    /// There is no place for a cache.
    pub fn cached(&self) -> Result<Option<Kernel>> {
        let place = cache::folder()?.join("kernels").join(self.name);
        let current = match &self.from {
            Origin::Package(_) => true,
            Origin::Built(recipe) => recipe.is_of(&place, self.machine()),
        };
        Ok(current.then(|| complete(&place)).flatten())
    }

    /// The kernel, from the cache or brought into it.
    ///
    /// # Errors
    /// It is not in the cache and can't be fetched or built.
    pub fn get(&self) -> Result<Kernel> {
        if let Some(kernel) = self.cached()? {
            return Ok(kernel);
        }
        let kernels = cache::folder()?.join("kernels");
        let _lock = cache::lock(&kernels, self.name)?;
        if let Some(kernel) = self.cached()? {
            return Ok(kernel);
        }
        match &self.from {
            Origin::Package(packaged) => packaged.fetch(self.name, self.machine(), &kernels),
            Origin::Built(recipe) => recipe.build(self.name, self.machine(), &kernels),
        }
    }
}

/// Says that a folder is complete and names the packages it was made of.
pub const MARKER: &str = "packages";

/// The kernel in `place`, if it is all there.
#[must_use]
pub fn complete(place: &Path) -> Option<Kernel> {
    place.join(MARKER).is_file().then_some(())?;
    let kernel = Kernel::find(None, &[place.to_path_buf()], None).ok()?;
    let filled = kernel.trees().any(|tree| tree.join("modules.order").is_file());
    (filled && fs::metadata(&kernel.image).ok()?.len() > 0).then_some(kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_boots_a_kernel_that_can_be_fetched() {
        for machine in &machine::MACHINES {
            let source = named(machine.kernel).unwrap();
            assert!(source.machine().name == machine.name && !source.is_built());
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
        assert_eq!(complete(place.path()), None);
        fs::write(place.path().join(MARKER), "").unwrap();
        assert_eq!(complete(place.path()).unwrap().release, "6.1");
        fs::write(place.path().join("boot/vmlinuz-6.1"), "").unwrap();
        assert_eq!(complete(place.path()), None);
    }
}
