//! Small ELF files made by hand: kernel modules and programs.

use super::Arch;
use object::write::{Object, Relocation, StandardSegment, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind};
use object::{RelocationFlags, SymbolScope, elf};

/// A kernel module to be: nothing in it but what tools read.
#[derive(Clone)]
pub struct Ko {
    arch: Arch,
    fields: Vec<String>,
    exports: Vec<String>,
    needs: Vec<String>,
    crcs: bool,
    debug: bool,
    signature: bool,
}

/// The release that modules here are for.
pub const RELEASE: &str = "6.1.0-test";

impl Ko {
    /// An in-tree module of x86_64 for `RELEASE`.
    pub fn new(name: &str) -> Ko {
        let fields = [format!("name={name}"), "intree=Y".into(), vermagic(RELEASE)];
        Ko {
            arch: Arch::X86_64,
            fields: fields.into(),
            exports: Vec::new(),
            needs: vec!["printk".into()],
            crcs: true,
            debug: false,
            signature: false,
        }
    }

    pub fn arch(mut self, arch: Arch) -> Ko {
        self.arch = arch;
        self
    }

    /// Adds `key=value`; of a key that `new` has set it is the only value.
    pub fn field(mut self, key: &str, value: &str) -> Ko {
        let begin = format!("{key}=");
        let is_repeatable = matches!(key, "alias" | "softdep" | "weakdep" | "firmware");
        self.fields.retain(|field| is_repeatable || !field.starts_with(&begin));
        self.fields.push(format!("{begin}{value}"));
        self
    }

    pub fn release(self, release: &str) -> Ko {
        self.field("vermagic", &format!("{release} SMP mod_unload "))
    }

    pub fn exports(mut self, names: &[&str]) -> Ko {
        self.exports.extend(names.iter().map(|name| name.to_string()));
        self
    }

    /// Needs symbols of other modules, which modpost has written into `depends`.
    pub fn needs(mut self, names: &[&str], modules: &str) -> Ko {
        self.needs.extend(names.iter().map(|name| name.to_string()));
        self.field("depends", modules)
    }

    /// Exports without `__crc_` symbols, as kernels without modversions have them.
    pub fn without_crcs(mut self) -> Ko {
        self.crcs = false;
        self
    }

    pub fn debug(mut self) -> Ko {
        self.debug = true;
        self
    }

    pub fn signed(mut self) -> Ko {
        self.signature = true;
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut object =
            Object::new(BinaryFormat::Elf, architecture(self.arch), Endianness::Little);
        let mut modinfo = self.fields.join("\0").into_bytes();
        modinfo.push(0);
        section(&mut object, ".modinfo", SectionKind::ReadOnlyData, &modinfo);
        let strings = self.exports.iter().map(|name| format!("{name}\0"));
        let strings = strings.collect::<String>();
        section(&mut object, "__ksymtab_strings", SectionKind::ReadOnlyString, strings.as_bytes());
        let this = section(&mut object, ".gnu.linkonce.this_module", SectionKind::Data, &[0; 64]);
        if self.crcs {
            let crc = |name: &String| symbol(&format!("__crc_{name}"), SymbolSection::Absolute);
            for symbol in self.exports.iter().map(crc) {
                object.add_symbol(symbol);
            }
        }
        for name in &self.needs {
            let needed = object.add_symbol(symbol(name, SymbolSection::Undefined));
            relocate(&mut object, this, needed, self.arch);
        }
        if self.debug {
            let text = object.section_symbol(this);
            let info = section(&mut object, ".debug_info", SectionKind::Debug, &[7; 5000]);
            relocate(&mut object, info, text, self.arch);
        }
        let mut bytes = object.write().expect("an ELF file");
        if self.signature {
            bytes.extend_from_slice(b"signature\0\0\x02\0\0\0\0\0\0\0\0\x09");
            bytes.extend_from_slice(b"~Module signature appended~\n");
        }
        bytes
    }
}

fn vermagic(release: &str) -> String {
    format!("vermagic={release} SMP mod_unload ")
}

fn architecture(arch: Arch) -> Architecture {
    match arch {
        Arch::X86_64 => Architecture::X86_64,
        Arch::Aarch64 => Architecture::Aarch64,
        Arch::Riscv64 => Architecture::Riscv64,
    }
}

fn section(
    object: &mut Object,
    name: &str,
    kind: SectionKind,
    data: &[u8],
) -> object::write::SectionId {
    let segment = object.segment_name(StandardSegment::Data).to_vec();
    let id = object.add_section(segment, name.as_bytes().to_vec(), kind);
    object.append_section_data(id, data, 8);
    id
}

fn symbol(name: &str, section: SymbolSection) -> Symbol {
    Symbol {
        name: name.as_bytes().to_vec(),
        value: 0,
        size: 0,
        kind: SymbolKind::Data,
        scope: SymbolScope::Dynamic,
        weak: false,
        section,
        flags: SymbolFlags::None,
    }
}

/// A relocation of 64 bits at the start of a section.
fn relocate(
    object: &mut Object,
    section: object::write::SectionId,
    symbol: object::write::SymbolId,
    arch: Arch,
) {
    let r_type = match arch {
        Arch::X86_64 => elf::R_X86_64_64,
        Arch::Aarch64 => elf::R_AARCH64_ABS64,
        Arch::Riscv64 => elf::R_RISCV_64,
    };
    let flags = RelocationFlags::Elf { r_type };
    let relocation = Relocation { offset: 0, symbol, addend: 0, flags };
    object.add_relocation(section, relocation).expect("a relocation");
}

/// A program: an ELF header and, if it asks for an interpreter, a program header.
pub fn program(arch: Arch, interpreter: Option<&str>) -> Vec<u8> {
    let path = interpreter.map(|path| format!("{path}\0")).unwrap_or_default();
    let headers = u16::from(interpreter.is_some());
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(elf::ET_EXEC.to_le_bytes());
    bytes.extend(arch.machine().to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    [0u64, 64, 0].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    bytes.extend(0u32.to_le_bytes());
    [64, 56, headers, 64, 0, 0].iter().for_each(|field: &u16| bytes.extend(field.to_le_bytes()));
    if interpreter.is_some() {
        bytes.extend([elf::PT_INTERP, elf::PF_R].map(u32::to_le_bytes).concat());
        let len = path.len() as u64;
        [120u64, 0, 0, len, len, 1].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    }
    bytes.extend(path.as_bytes());
    bytes
}
