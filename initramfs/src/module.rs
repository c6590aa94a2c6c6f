//! A module file as depmod sees it: names, fields, symbols given and wanted.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::elf::Elf;
use crate::host::read;
use crate::inflate;
use crate::modinfo::ModInfo;

/// What was read from a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Its `.modinfo`.
    pub info: ModInfo,
    /// Symbols other modules may use.
    pub exports: Vec<String>,
    /// Symbols it needs, in the order of its symbol table.
    pub needs: Vec<String>,
}

impl Module {
    /// Reads a module file of any compression.
    pub fn open(path: &Path) -> Result<Module> {
        let shown = path.display();
        let bytes = inflate::whole(read(path)?).with_context(|| format!("{shown}: damaged"))?;
        Module::parse(&bytes).with_context(|| format!("{shown}: not a kernel module"))
    }

    /// Reads a module that is not compressed.
    pub fn parse(bytes: &[u8]) -> Result<Module> {
        let elf = Elf::read(bytes)?;
        ensure!(elf.is_relocatable(), "a program, not a relocatable file");
        let info = elf.section(b".modinfo")?.context("no .modinfo section")?;
        let symbols = elf.symbols()?;
        Ok(Module {
            info: ModInfo::parse(info),
            exports: exports(&elf, &symbols.crcs)?,
            needs: texts(symbols.undefined.iter().copied()),
        })
    }

    /// The modules it was linked against (`scripts/mod/modpost.c`, `add_depends`).
    pub fn depends(&self) -> impl Iterator<Item = &str> {
        let values = self.info.all("depends").flat_map(|value| value.split(','));
        values.filter(|name| !name.is_empty())
    }

    /// Whether it was built with its kernel, so that `depends` knew every other module.
    pub fn is_intree(&self) -> bool {
        self.info.first("intree") == Some("Y")
    }
}

/// The names of exported symbols: from `__crc_` symbols, and without any from the strings of
/// the export table, as depmod has it (kmod `libkmod/libkmod-elf.c`, `kmod_elf_get_symbols`).
fn exports(elf: &Elf, crcs: &[&[u8]]) -> Result<Vec<String>> {
    if !crcs.is_empty() {
        return Ok(texts(crcs.iter().copied()));
    }
    let strings = elf.section(b"__ksymtab_strings")?.unwrap_or_default();
    let strings = strings.split(|byte| *byte == 0);
    Ok(texts(strings.filter(|name| !name.is_empty())))
}

fn texts<'a>(names: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}
