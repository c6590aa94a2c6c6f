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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elves::Ko;
    use proptest::prelude::*;

    #[test]
    fn names_fields_and_symbols_are_read() {
        let ko = Ko::new("a").field("alias", "pci:*").exports(&["one", "two"]);
        let module = Module::parse(&ko.needs(&["three"], "b,c").bytes()).expect("a module");
        assert_eq!(module.exports, ["one", "two"]);
        assert_eq!(module.needs, ["printk", "three"]);
        assert_eq!(module.depends().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(module.info.first("alias"), Some("pci:*"));
        assert!(module.is_intree());
    }

    #[test]
    fn exports_are_found_without_modversions() {
        let ko = Ko::new("a").exports(&["one", "two"]).without_crcs();
        assert_eq!(Module::parse(&ko.bytes()).expect("a module").exports, ["one", "two"]);
    }

    #[test]
    fn programs_and_text_are_no_modules() {
        let program = crate::elves::program(crate::Arch::X86_64, None);
        assert!(Module::parse(&program).is_err());
        assert!(Module::parse(b"#!/bin/sh").is_err());
        assert!(Module::parse(b"").is_err());
    }

    proptest! {
        #[test]
        fn no_damage_is_too_strange(at: usize, byte: u8, cut: usize) {
            let mut bytes = Ko::new("a").exports(&["one"]).debug().bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Module::parse(&bytes);
            let _ = crate::strip::debug(&bytes);
            bytes.truncate(cut % bytes.len());
            let _ = Module::parse(&bytes);
            let _ = crate::strip::debug(&bytes);
        }
    }
}
