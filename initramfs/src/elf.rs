//! What is read from ELF files: machine, interpreter, sections and symbols.
//!
//! All three machines are 64-bit and little-endian, so that is all that is taken.

use anyhow::{Context, Result, anyhow, bail, ensure};
use object::LittleEndian;
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable, SymbolTable};

use crate::Arch;

type Header = FileHeader64<LittleEndian>;

/// The byte order of every file here.
const ORDER: LittleEndian = LittleEndian;

/// An ELF file of 64 bits.
pub struct Elf<'a> {
    bytes: &'a [u8],
    header: &'a Header,
}

/// What a module gives and wants.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Symbols<'a> {
    /// Names of `__crc_NAME` symbols.
    pub crcs: Vec<&'a [u8]>,
    /// Names of undefined symbols in their order.
    pub undefined: Vec<&'a [u8]>,
}

impl<'a> Elf<'a> {
    /// The file in some bytes; an error if they are anything else.
    pub fn read(bytes: &'a [u8]) -> Result<Elf<'a>> {
        ensure!(bytes.starts_with(&elf::ELFMAG), "not an ELF file");
        let header = Header::parse(bytes)
            .map_err(|_| anyhow!("no ELF file of 64 bits and little-endian, or cut off"))?;
        Ok(Elf { bytes, header })
    }

    /// An error if the file is for another machine.
    pub fn expect(&self, arch: Arch) -> Result<()> {
        let machine = self.header.e_machine(ORDER);
        if machine == arch.machine() {
            return Ok(());
        }
        match Arch::ALL.iter().find(|arch| arch.machine() == machine) {
            Some(other) => bail!("is for {other}, and the image is for {arch}"),
            None => bail!("is for ELF machine {machine}, and the image is for {arch}"),
        }
    }

    /// Whether it is a relocatable file, as modules are.
    pub fn is_relocatable(&self) -> bool {
        self.header.e_type(ORDER) == elf::ET_REL
    }

    /// The interpreter a dynamic program asks for.
    pub fn interpreter(&self) -> Result<Option<&'a [u8]>> {
        let segments = self.header.program_headers(ORDER, self.bytes);
        for segment in segments.map_err(|_| anyhow!("program headers cut off"))? {
            let path = segment.interpreter(ORDER, self.bytes);
            if let Some(path) = path.map_err(|_| anyhow!("damaged PT_INTERP"))? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// The bytes of a section, if there is one of that name.
    pub fn section(&self, name: &[u8]) -> Result<Option<&'a [u8]>> {
        let Some((_, section)) = self.sections()?.section_by_name(ORDER, name) else {
            return Ok(None);
        };
        let data = section.data(ORDER, self.bytes);
        let data = data.map_err(|_| anyhow!("section {} cut off", name.escape_ascii()))?;
        Ok(Some(data))
    }

    /// The symbols depmod looks at (kmod `libkmod/libkmod-elf.c`).
    pub fn symbols(&self) -> Result<Symbols<'a>> {
        let table = self.symbol_table()?;
        let mut found = Symbols::default();
        for symbol in table.iter().skip(1) {
            let name = table.symbol_name(ORDER, symbol).context("symbol names")?;
            if let Some(name) = name.strip_prefix(b"__crc_") {
                found.crcs.push(name);
            } else if symbol.st_shndx.get(ORDER) == elf::SHN_UNDEF && !name.is_empty() {
                found.undefined.push(name);
            }
        }
        Ok(found)
    }

    fn sections(&self) -> Result<SectionTable<'a, Header>> {
        let sections = self.header.sections(ORDER, self.bytes);
        sections.map_err(|_| anyhow!("section headers cut off"))
    }

    fn symbol_table(&self) -> Result<SymbolTable<'a, Header>> {
        let table = self.sections()?;
        let table = table.symbols(ORDER, self.bytes, elf::SHT_SYMTAB);
        table.map_err(|_| anyhow!("symbol table cut off"))
    }
}
