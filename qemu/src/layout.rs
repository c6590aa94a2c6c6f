//! What the built loader must look like as an ELF file (`linker/insinit.ld`).

use crate::machine::Machine;
use crate::programs;
use crate::sizes;
use crate::suite::Tally;
use anyhow::{Context, Result, bail, ensure};
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};
use std::fs;
use std::path::Path;

/// The largest page of the three machines: aarch64 kernels may use 64 KiB.
const PAGE: u64 = 64 * 1024;

/// A loadable segment: flags, offset in the file, address, bytes in memory, alignment.
#[derive(Clone, Copy, Debug)]
struct Segment {
    flags: u32,
    offset: u64,
    address: u64,
    bytes: u64,
    align: u64,
}

/// Builds the loader for every machine in each way of `linker/sizes.txt`, checks it, counts that, and
/// says how it went.
pub fn run(machines: &[&'static Machine], tally: &mut Tally) {
    for machine in machines {
        let laid = programs::with(machine, sizes::DEFAULT).and_then(|all| check(&all, machine));
        match &laid {
            Ok(()) => println!("ok    {}: layout", machine.target),
            Err(error) => println!("FAIL  {}: {error:#}", machine.target),
        }
        tally.count(laid.is_ok());
        let said = sizes::check(machine);
        match &said {
            Ok(said) => {
                said.iter().for_each(|line| println!("ok    {}: {line}", machine.target));
            }
            Err(error) => println!("FAIL  {}: {error:#}", machine.target),
        }
        tally.count(said.is_ok());
    }
}

/// Checks the loader that was built for `machine`.
///
/// # Errors
/// The first thing that isn't as it must be.
fn check(loader: &Path, machine: &Machine) -> Result<()> {
    let file = fs::read(loader).with_context(|| format!("can't read {}", loader.display()))?;
    elf(&file, machine).with_context(|| format!("{} is not laid out well", loader.display()))
}

/// Static, for this machine, nothing to be resolved, nothing writable that can be executed.
fn elf(file: &[u8], machine: &Machine) -> Result<()> {
    ensure!(FileKind::parse(file)? == FileKind::Elf64, "not a 64-bit ELF file");
    let header = elf::FileHeader64::<Endianness>::parse(file)?;
    let end = header.endian()?;
    ensure!(header.e_type(end) == elf::ET_EXEC, "not a static executable at a fixed address");
    ensure!(header.e_machine(end) == number(machine), "built for another machine");
    ensure!(header.e_shnum(end) == 0, "has section headers: nobody reads them at run time");
    let mut segments = Vec::new();
    let mut stack = None;
    for part in header.program_headers(end, file)? {
        match part.p_type(end) {
            elf::PT_LOAD => segments.push(Segment {
                flags: part.p_flags(end),
                offset: part.p_offset(end),
                address: part.p_vaddr(end),
                bytes: part.p_memsz(end),
                align: part.p_align(end),
            }),
            elf::PT_GNU_STACK => stack = Some(part.p_flags(end)),
            elf::PT_INTERP => bail!("wants an interpreter"),
            elf::PT_DYNAMIC => bail!("wants a dynamic linker"),
            elf::PT_GNU_EH_FRAME => bail!("carries .eh_frame"),
            other => bail!("has a segment of type {other:#x} that the linker script doesn't name"),
        }
    }
    ensure!(stack == Some(elf::PF_R | elf::PF_W), "the stack's flags are {stack:?}");
    layout(&segments)
}

/// The machine's number in an ELF header.
fn number(machine: &Machine) -> u16 {
    match machine.name {
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        _ => elf::EM_RISCV,
    }
}

/// Read-only, read+execute, read+write, in this order; no two share a page.
fn layout(segments: &[Segment]) -> Result<()> {
    let allowed = [elf::PF_R, elf::PF_R | elf::PF_X, elf::PF_R | elf::PF_W];
    let flags: Vec<_> = segments.iter().map(|segment| segment.flags).collect();
    ensure!(allowed.starts_with(&flags) && flags.len() >= 2, "segments have flags {flags:?}");
    for segment in segments {
        ensure!(segment.align == PAGE, "{segment:x?} is not aligned for 64 KiB pages");
        ensure!(segment.address % PAGE == segment.offset % PAGE, "{segment:x?} can't be mapped");
    }
    for pair in segments.windows(2) {
        let end = (pair[0].address + pair[0].bytes).next_multiple_of(PAGE);
        ensure!(end <= pair[1].address / PAGE * PAGE, "{pair:x?} share a page");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::MACHINES;

    const TEXT: u32 = elf::PF_R | elf::PF_X;

    fn segment(flags: u32, address: u64) -> Segment {
        Segment { flags, offset: address % PAGE, address, bytes: 0x1000, align: PAGE }
    }

    #[test]
    fn segments_on_pages_of_their_own_are_fine() {
        let segments = [segment(elf::PF_R, 0x40_0000), segment(TEXT, 0x41_1000)];
        assert!(layout(&segments).is_ok());
    }

    #[test]
    fn writable_code_is_refused() {
        let segments = [segment(elf::PF_R, 0x40_0000), segment(TEXT | elf::PF_W, 0x41_1000)];
        assert!(layout(&segments).is_err());
    }

    #[test]
    fn segments_that_share_a_large_page_are_refused() {
        let segments = [segment(elf::PF_R, 0x40_0000), segment(TEXT, 0x40_2000)];
        assert!(layout(&segments).is_err());
    }

    #[test]
    fn this_test_program_is_no_loader() {
        let program = std::env::current_exe().expect("a test has a file");
        assert!(check(&program, &MACHINES[0]).is_err());
    }
}
