//! Packs images with the library of `insinit-initramfs`.

use crate::kernel::Kernel;
use crate::machine::Machine;
use anyhow::{Context, Result};
use insinit_initramfs::{Arch, Built, Options};
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

/// Options for an image of that kernel, so far without modules or programs.
#[must_use]
pub fn options(machine: &Machine, kernel: &Kernel, output: PathBuf) -> Options {
    Options {
        arch: arch(machine),
        kernel_dirs: kernel.folders.clone(),
        release: Some(kernel.release.clone()),
        output,
        ..Options::default()
    }
}

/// Packs it and passes its warnings on, but not that a real init is missing where none was meant to be in it.
///
/// # Errors
/// It can't be packed.
pub fn build(options: &Options) -> Result<Built> {
    let built = insinit_initramfs::build(options).context("can't pack the image")?;
    let is_meant =
        |warning: &&String| options.init.is_some() || !warning.starts_with("no real init");
    for warning in built.warnings.iter().filter(is_meant) {
        eprintln!("image: {warning}");
    }
    Ok(built)
}

/// Those of `names` that the kernel has, as modules or built in.
#[must_use]
pub fn there(kernel: &Kernel, names: &[&str]) -> Vec<String> {
    let known = known(kernel);
    names.iter().filter(|name| known.contains(**name)).map(ToString::to_string).collect()
}

/// The names of everything in `modules.order` and `modules.builtin`.
fn known(kernel: &Kernel) -> HashSet<String> {
    let lists =
        kernel.trees().flat_map(|tree| ["modules.order", "modules.builtin"].map(|f| tree.join(f)));
    let texts = lists.filter_map(|list| fs::read_to_string(list).ok());
    texts.flat_map(|text| text.lines().filter_map(name).collect::<Vec<_>>()).collect()
}

/// The module's name in a line like `kernel/net/bridge/bridge.ko`.
#[must_use]
pub fn name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    Some(file.split('.').next()?.replace('-', "_"))
}

/// The machine as the packer calls it.
fn arch(machine: &Machine) -> Arch {
    match machine.name {
        "aarch64" => Arch::Aarch64,
        "riscv64" => Arch::Riscv64,
        _ => Arch::X86_64,
    }
}
