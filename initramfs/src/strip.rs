//! Drops the debug sections of a module.
//!
//! Every section keeps its number, so that symbols, relocations and the kernel's own tables
//! stay right; a dropped one becomes empty and of type null, which the kernel passes over
//! (`kernel/module/main.c`, `elf_validity_cache_sechdrs` and `apply_relocations`). Whatever
//! follows the ELF file, a signature above all, goes: it was over the file as it was.

use anyhow::{Result, anyhow, ensure};
use object::elf::{self, FileHeader64, SectionHeader64};
use object::read::elf::{FileHeader, SectionHeader};
use object::{LittleEndian, U16, U32, U64};

type Header = FileHeader64<LittleEndian>;
type Section = SectionHeader64<LittleEndian>;

const ORDER: LittleEndian = LittleEndian;

/// How the names of debug sections begin, as for `strip --strip-debug`.
const DEBUG: [&[u8]; 5] = [b".debug", b".zdebug", b".stab", b".gdb_index", b".line"];

/// The module without debug sections; none if it has no such section.
pub fn debug(bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let header = Header::parse(bytes).map_err(|_| anyhow!("not an ELF file"))?;
    let table = header.sections(ORDER, bytes);
    let table = table.map_err(|_| anyhow!("section headers cut off"))?;
    let is_debug = |section: &Section| {
        let name = table.section_name(ORDER, section).unwrap_or_default();
        let name = name.strip_prefix(b".rela").unwrap_or(name);
        let is_loaded = section.sh_flags(ORDER) & u64::from(elf::SHF_ALLOC) != 0;
        !is_loaded && DEBUG.iter().any(|begin| name.starts_with(begin))
    };
    let dropped: Vec<bool> = table.iter().map(is_debug).collect();
    if !dropped.contains(&true) {
        return Ok(None);
    }
    let sections: Vec<Section> = table.iter().copied().collect();
    rewrite(bytes, header, sections, &dropped).map(Some)
}

/// The file with the sections that are kept moved together.
fn rewrite(
    bytes: &[u8],
    header: &Header,
    mut sections: Vec<Section>,
    dropped: &[bool],
) -> Result<Vec<u8>> {
    ensure!(header.e_phnum.get(ORDER) == 0, "has program headers, as no module has");
    let mut out = bytes[..size_of::<Header>()].to_vec();
    let mut by_offset: Vec<usize> = (1..sections.len()).collect();
    by_offset.sort_by_key(|at| sections[*at].sh_offset(ORDER));
    for at in by_offset {
        match dropped[at] {
            true => empty(&mut sections[at]),
            false => keep(bytes, &mut sections[at], &mut out)?,
        }
    }
    finish(header, &sections, out)
}

/// Makes a section header say that nothing is there; the name stays.
fn empty(section: &mut Section) {
    let name = section.sh_name;
    *section = Section {
        sh_name: name,
        sh_type: U32::new(ORDER, elf::SHT_NULL),
        sh_flags: U64::new(ORDER, 0),
        sh_addr: U64::new(ORDER, 0),
        sh_offset: U64::new(ORDER, 0),
        sh_size: U64::new(ORDER, 0),
        sh_link: U32::new(ORDER, 0),
        sh_info: U32::new(ORDER, 0),
        sh_addralign: U64::new(ORDER, 0),
        sh_entsize: U64::new(ORDER, 0),
    };
}

/// Copies a section behind what is there.
fn keep(bytes: &[u8], section: &mut Section, out: &mut Vec<u8>) -> Result<()> {
    let data = section.data(ORDER, bytes);
    let data = data.map_err(|_| anyhow!("a section is cut off"))?;
    let align = section.sh_addralign(ORDER).max(1);
    ensure!(align <= 1 << 20, "a section is aligned to {align} bytes");
    out.resize(out.len().next_multiple_of(align as usize), 0);
    section.sh_offset = U64::new(ORDER, out.len() as u64);
    out.extend_from_slice(data);
    Ok(())
}

/// Puts the section headers at the end and their place into the file's header.
fn finish(header: &Header, sections: &[Section], mut out: Vec<u8>) -> Result<Vec<u8>> {
    out.resize(out.len().next_multiple_of(8), 0);
    let mut header = *header;
    header.e_shoff = U64::new(ORDER, out.len() as u64);
    header.e_shentsize = U16::new(ORDER, size_of::<Section>() as u16);
    let head = object::bytes_of(&header);
    out[..head.len()].copy_from_slice(head);
    out.extend_from_slice(object::bytes_of_slice(sections));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::Elf;
    use crate::elves::Ko;
    use crate::module::Module;

    fn stripped(ko: &Ko) -> Option<Vec<u8>> {
        debug(&ko.bytes()).expect("a module")
    }

    #[test]
    fn debug_sections_go_and_the_rest_stays() {
        let ko = Ko::new("a").exports(&["one"]).needs(&["two"], "b").debug();
        let (full, small) = (ko.bytes(), stripped(&ko).expect("stripped"));
        assert!(small.len() + 5000 <= full.len(), "{} {}", small.len(), full.len());
        assert_eq!(Module::parse(&small).expect("after"), Module::parse(&full).expect("before"));
        let (full, small) = (Elf::read(&full).expect("elf"), Elf::read(&small).expect("elf"));
        for name in [b".symtab".as_slice(), b".strtab", b".rela.gnu.linkonce.this_module"] {
            let section = small.section(name).expect("sections");
            assert!(section.is_some() && section == full.section(name).expect("sections"));
        }
        assert_eq!(small.section(b".debug_info").expect("sections"), Some(&[][..]));
    }

    #[test]
    fn sections_keep_their_numbers_and_alignment() {
        let ko = Ko::new("a").debug();
        let (full, small) = (ko.bytes(), stripped(&ko).expect("stripped"));
        let table = |bytes| Header::parse(bytes).and_then(|h| h.sections(ORDER, bytes));
        let (full, small) = (table(&*full).expect("before"), table(&*small).expect("after"));
        assert_eq!(full.len(), small.len());
        for (before, after) in full.iter().zip(small.iter()) {
            assert_eq!(before.sh_name, after.sh_name);
            let align = after.sh_addralign(ORDER).max(1);
            assert_eq!(after.sh_offset(ORDER) % align, 0);
            if after.sh_type(ORDER) != elf::SHT_NULL {
                let same = [before.sh_link(ORDER), before.sh_info(ORDER)];
                assert_eq!(same, [after.sh_link(ORDER), after.sh_info(ORDER)]);
            }
        }
    }

    #[test]
    fn without_debug_sections_there_is_nothing_to_do() {
        assert_eq!(stripped(&Ko::new("a").signed()), None);
    }

    #[test]
    fn the_signature_goes_with_what_it_signed() {
        let small = stripped(&Ko::new("a").debug().signed()).expect("stripped");
        assert!(!small.ends_with(b"~Module signature appended~\n"));
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        let bytes = Ko::new("a").debug().bytes();
        assert!(debug(&bytes[..bytes.len() - 100]).is_err());
        assert!(debug(b"not ELF").is_err());
    }
}
