//! Modules of our own for tests, built from `qemu/testmods` for a kernel.
//!
//! They come as a module tree of the kernel's release, to be taken as one more folder of the kernel:
//! scenarios name them like any other module.

use crate::cache;
use crate::debian::into_place;
use crate::headers;
use crate::kernel::Kernel;
use crate::kernels::Source;
use crate::machine::Machine;
use crate::programs::workspace;
use crate::step;
use crate::tools;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For building them all.
const BUILD: Duration = Duration::from_secs(600);

/// What they were built from, in a file beside them.
const MADE_OF: &str = "made-of";

/// The source that is built as several modules, and how many.
const COPIED: (&str, usize) = ("tm_slow", 20);

/// Settings that Debian's kernels were built with and other compilers or hosts don't do.
const WITHOUT: [&str; 4] = [
    "CONFIG_DEBUG_INFO_BTF_MODULES=",
    "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=",
    "CONFIG_TOOLCHAIN_HAS_ZABHA=",
    "CONFIG_TOOLCHAIN_HAS_ZACAS=",
];

/// Whether `module` is one of them.
#[must_use]
pub fn is_ours(module: &str) -> bool {
    module.starts_with("tm_") || module.starts_with("tm-")
}

/// The folder with the tree for that kernel, from the cache or built into it.
///
/// # Errors
/// A tool or the kernel's headers can't be had, or they can't be built.
pub fn of(source: &Source, kernel: &Kernel) -> Result<PathBuf> {
    let folder = cache::folder()?.join("testmods");
    let _lock = cache::lock(&folder, source.name)?;
    let place = folder.join(source.name);
    let made_of = made_of(source, kernel)?;
    if fs::read_to_string(place.join(MADE_OF)).ok().as_ref() != Some(&made_of) {
        tools::for_modules(source.machine())?;
        let headers = headers::of(source, kernel)?;
        let built = build(source.machine(), kernel, &headers, &folder, &place, &made_of);
        built.with_context(|| format!("can't build test modules for {}", source.name))?;
    }
    Ok(place)
}

/// All that decides what they are: the kernel and the sources.
fn made_of(source: &Source, kernel: &Kernel) -> Result<String> {
    let built = fs::read_to_string(kernel.folders[0].join("recipe")).unwrap_or_default();
    let mut text = format!("{} {}\n{built}", source.name, kernel.release);
    for (name, content) in sources()? {
        let _ = write!(text, "--- {name}\n{content}");
    }
    Ok(text)
}

/// The sources: a file's name and its text each.
fn sources() -> Result<Vec<(String, String)>> {
    let folder = workspace().join("qemu/testmods");
    let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.push((name, fs::read_to_string(entry.path())?));
    }
    files.sort();
    let (copied, count) = COPIED;
    let copies =
        (1..=count).map(|n| (format!("{copied}{n}.c"), format!("#include \"{copied}.c\"\n")));
    files.extend(copies);
    Ok(files)
}

/// Builds them beside their place and moves them there.
fn build(
    machine: &Machine,
    kernel: &Kernel,
    headers: &Path,
    folder: &Path,
    place: &Path,
    made_of: &str,
) -> Result<()> {
    eprintln!("building test modules for {}", kernel.release);
    let work = tempfile::Builder::new().prefix("build-").tempdir_in(folder)?;
    let objects = work.path().join("objects");
    fs::create_dir(&objects)?;
    for (name, text) in sources()? {
        fs::write(objects.join(name), text)?;
    }
    step::output(&mut make(machine, headers, &objects), BUILD)?;
    let tree = work.path().join("new/lib/modules").join(&kernel.release);
    install(machine, &objects, &tree)?;
    fs::write(work.path().join("new").join(MADE_OF), made_of)?;
    into_place(work.path(), place)
}

/// The command that builds them.
fn make(machine: &Machine, headers: &Path, objects: &Path) -> Command {
    let prefix = tools::prefix(machine);
    let mut make = Command::new("make");
    make.arg("-C").arg(headers).arg(format!("M={}", objects.display()));
    make.args([format!("ARCH={}", machine.linux), format!("CROSS_COMPILE={prefix}")]);
    make.arg(format!("CC={prefix}gcc")).args(WITHOUT).arg("modules");
    make.env("LC_ALL", "C").env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    make
}

/// Puts them into a tree, without what is for debuggers.
fn install(machine: &Machine, objects: &Path, tree: &Path) -> Result<()> {
    let folder = tree.join("kernel/testmods");
    fs::create_dir_all(&folder)?;
    let mut order = String::new();
    for module in modules(objects)? {
        let name = module.file_name().unwrap_or_default();
        let mut strip = Command::new(format!("{}strip", tools::prefix(machine)));
        strip.arg("--strip-debug").arg("-o").arg(folder.join(name)).arg(&module);
        step::output(&mut strip, BUILD)?;
        let _ = writeln!(order, "kernel/testmods/{}", name.to_string_lossy());
    }
    fs::write(tree.join("modules.order"), order)?;
    Ok(())
}

/// The modules in a folder, sorted.
fn modules(objects: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(objects)?.flatten().map(|entry| entry.path());
    let mut modules: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "ko")).collect();
    modules.sort();
    Ok(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_built_and_says_its_licence() {
        let sources = sources().unwrap();
        let (_, kbuild) = sources.iter().find(|(name, _)| name == "Kbuild").unwrap();
        for (name, text) in sources.iter().filter(|(name, _)| name.ends_with(".c")) {
            let stem = name.trim_end_matches(".c");
            let object = kbuild.contains(&format!("{stem}.o")) || stem.starts_with(COPIED.0);
            assert!(object, "{name} is not in Kbuild");
            let said = text.starts_with("// SPDX-License-Identifier: GPL-2.0\n");
            assert!(said || text.starts_with("#include"), "{name} has no licence");
            assert!(is_ours(stem), "{name}");
        }
    }
}
