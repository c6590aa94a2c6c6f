//! The loader: the file that becomes `/init`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::arch::Arch;
use crate::elf::Elf;
use crate::entry::Entry;
use crate::host::read;

/// The entry for `/init`.
pub fn entry(file: Option<&Path>, arch: Arch) -> Result<Entry> {
    let path = match file {
        Some(file) => file.to_path_buf(),
        None => find(arch)?,
    };
    let bytes = read(&path)?;
    check(&bytes, arch).with_context(|| format!("the loader {}", path.display()))?;
    Ok(Entry::program("init", bytes).with_source(path.display()))
}

/// It runs before there is anything else, so it must be of the machine and need nothing.
fn check(bytes: &[u8], arch: Arch) -> Result<()> {
    let elf = Elf::read(bytes)?;
    elf.expect(arch)?;
    ensure!(!elf.is_relocatable(), "is an object file, not a program");
    match elf.interpreter()? {
        Some(wanted) => bail!("is dynamic and asks for {}", wanted.escape_ascii()),
        None => Ok(()),
    }
}

/// The one that cargo has built, near this program or near the current directory.
fn find(arch: Arch) -> Result<PathBuf> {
    let near = target_dirs().map(|dir| dir.join(arch.target()).join("release/insinit"));
    match near.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!(
            "no loader for {arch}; build it with `cargo build --release --target {}`, \
             or name one with --loader",
            arch.target()
        ),
    }
}

/// Where a build may have gone.
fn target_dirs() -> impl Iterator<Item = PathBuf> {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let program = std::env::current_exe().unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    let above_program: Vec<_> = program.ancestors().skip(1).map(Path::to_path_buf).collect();
    let above_here: Vec<_> = here.ancestors().map(|dir| dir.join("target")).collect();
    set.into_iter().chain(above_program).chain(above_here)
}
