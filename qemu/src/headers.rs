//! What modules of others are built against: a kernel's headers and its build's helpers.
//!
//! A kernel built here left them beside it. Debian has them in packages; nothing of those is installed,
//! so the whole paths in them are changed, and helpers that want a newer C library than the host's
//! are run with their own.

use crate::apt::Apt;
use crate::cache;
use crate::debian::{self, Packaged, depends, into_place};
use crate::kernel::Kernel;
use crate::kernels::{Origin, Source};
use crate::machine::{self, Machine};
use crate::step;
use anyhow::{Context, Result, bail};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For looking at a program.
const LOOK: Duration = Duration::from_secs(60);

/// The libraries that helpers are linked with, by Debian's packages.
const LIBRARIES: [&str; 5] = ["libc6", "libelf1t64", "libssl3t64", "zlib1g", "libzstd1"];

/// Says that a folder is complete.
const COMPLETE: &str = "complete";

/// The folder to give to `make -C`.
///
/// # Errors
/// Debian has none for that kernel, or they can't be fetched.
pub fn of(source: &Source, kernel: &Kernel) -> Result<PathBuf> {
    match &source.from {
        Origin::Built(_) => Ok(kernel.folders[0].join("headers")),
        Origin::Package(packaged) => fetched(packaged, source.machine(), kernel),
    }
}

/// Debian's headers, from the cache or fetched into it.
fn fetched(packaged: &Packaged, machine: &Machine, kernel: &Kernel) -> Result<PathBuf> {
    let headers = cache::folder()?.join("headers");
    let place = headers.join(&kernel.release);
    let _lock = cache::lock(&headers, &kernel.release)?;
    if !place.join(COMPLETE).is_file() {
        let fetched = fetch(packaged, machine, kernel, &headers, &place);
        fetched.with_context(|| format!("can't get the headers of {}", kernel.release))?;
    }
    Ok(place.join("usr/src").join(format!("linux-headers-{}", kernel.release)))
}

/// Fetches the packages and makes them work where they are.
fn fetch(
    packaged: &Packaged,
    machine: &Machine,
    kernel: &Kernel,
    headers: &Path,
    place: &Path,
) -> Result<()> {
    let package = format!("linux-headers-{}", kernel.release);
    let Some((suite, apt)) = suite(packaged, machine, headers, &package) else {
        let folder = kernel.folders[0].display();
        bail!("Debian has no {package} any more: remove {folder} to fetch its newest kernel");
    };
    let record = apt.record(&package)?;
    let with = |start: &str| depends(&record).find(|name| name.starts_with(start));
    let common = with("linux-headers-").context("no common headers")?.to_string();
    let helpers = with("linux-kbuild-").context("no linux-kbuild")?.to_string();
    let host = Apt::new(headers, &[suite], machine::host().debian)?;
    let work = tempfile::Builder::new().prefix("headers-").tempdir_in(headers)?;
    let new = work.path().join("new");
    debian::extract(&debian::download(&apt, &package, &[package.clone(), common])?, &new)?;
    debian::extract(&debian::download(&host, &helpers, std::slice::from_ref(&helpers))?, &new)?;
    relocate(&new.join("usr/src").join(&package).join("Makefile"), place)?;
    let old = too_new(&new.join("usr/lib").join(&helpers))?;
    if !old.is_empty() {
        let libraries = LIBRARIES.map(String::from);
        debian::extract(&debian::download(&host, "libraries", &libraries)?, &new.join(OWN))?;
        let own = Own::find(&new)?;
        old.iter().try_for_each(|program| own.wrap(program, &new, place))?;
    }
    fs::write(new.join(COMPLETE), "")?;
    into_place(work.path(), place)
}

/// The first suite that has the package.
fn suite(
    packaged: &Packaged,
    machine: &Machine,
    headers: &Path,
    package: &str,
) -> Option<(&'static str, Apt)> {
    packaged.suites.iter().find_map(|suite| {
        let apt = Apt::new(headers, &[suite], machine.debian).ok()?;
        apt.record(package).is_ok().then_some((*suite, apt))
    })
}

/// Changes the whole paths in the headers' Makefile to where they will be.
fn relocate(makefile: &Path, place: &Path) -> Result<()> {
    let text = fs::read_to_string(makefile)?;
    let moved = [" ", "="].iter().fold(text, |text, before| {
        text.replace(
            &format!("{before}/usr/src/"),
            &format!("{before}{}/usr/src/", place.display()),
        )
    });
    Ok(fs::write(makefile, moved)?)
}

/// The programs below `folder` that this host has no libraries for.
fn too_new(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))? {
        let path = entry?.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(too_new(&path)?);
        } else if fs::read(&path)?.starts_with(b"\x7fELF") && lacks_library(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Whether the dynamic linker finds something missing.
fn lacks_library(program: &Path) -> bool {
    match step::output(Command::new("ldd").arg(program), LOOK) {
        Ok(said) => said.contains("not found"),
        Err(error) => error.to_string().contains("not found"),
    }
}

/// Below the headers: the libraries that their helpers want.
const OWN: &str = "libraries";

/// The libraries, as paths below the headers.
struct Own {
    linker: PathBuf,
    folder: PathBuf,
}

impl Own {
    /// Where they are in `new`.
    fn find(new: &Path) -> Result<Self> {
        let linker = file(&new.join(OWN), "ld-linux").context("no dynamic linker")?;
        let folder = file(&new.join(OWN), "libc.so.6").context("no C library")?;
        let below = |path: &Path| path.strip_prefix(new).map(Path::to_path_buf);
        Ok(Self { linker: below(&linker)?, folder: below(folder.parent().context("no folder")?)? })
    }

    /// Puts a script in the program's place that runs it with them.
    fn wrap(&self, program: &Path, new: &Path, place: &Path) -> Result<()> {
        let real = PathBuf::from(format!("{}.bin", program.display()));
        fs::rename(program, &real)?;
        let script = format!(
            "#!/bin/sh\nexec '{}' --library-path '{}' '{}' \"$@\"\n",
            place.join(&self.linker).display(),
            place.join(&self.folder).display(),
            place.join(real.strip_prefix(new)?).display()
        );
        fs::write(program, script)?;
        Ok(fs::set_permissions(program, Permissions::from_mode(0o755))?)
    }
}

/// A regular file below `folder` whose name starts with `start`.
fn file(folder: &Path, start: &str) -> Option<PathBuf> {
    let paths: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    let fits = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        path.is_file() && !path.is_symlink() && name.starts_with(start)
    };
    let folders = paths.iter().filter(|path| path.is_dir() && !path.is_symlink());
    paths.iter().find(fits).cloned().or_else(|| folders.clone().find_map(|path| file(path, start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_makefile_leads_to_where_the_headers_are() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "O=/usr/src/a\ninclude /usr/src/b\n").unwrap();
        relocate(file.path(), Path::new("/c")).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert_eq!(text, "O=/c/usr/src/a\ninclude /c/usr/src/b\n");
    }

    #[test]
    fn a_wrapped_program_runs_with_the_libraries_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path();
        fs::create_dir_all(new.join("libraries/lib")).unwrap();
        fs::write(new.join("libraries/lib/libc.so.6"), "").unwrap();
        let linker = new.join("libraries/lib/ld-linux.so");
        fs::write(&linker, "#!/bin/sh\necho \"$@\"\n").unwrap();
        fs::set_permissions(&linker, Permissions::from_mode(0o755)).unwrap();
        fs::write(new.join("tool"), "").unwrap();
        Own::find(new).unwrap().wrap(&new.join("tool"), new, new).unwrap();
        let said = step::output(Command::new(new.join("tool")).arg("a b"), LOOK).unwrap();
        let path = new.display();
        assert_eq!(said, format!("--library-path {path}/libraries/lib {path}/tool.bin a b\n"));
    }

    #[test]
    fn this_hosts_programs_lack_nothing() {
        assert!(!lacks_library(Path::new("/bin/sh")));
    }
}
