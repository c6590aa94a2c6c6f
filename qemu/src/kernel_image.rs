//! Whether a file can be a kernel of a machine: what its first bytes say.
//!
//! x86 has "HdrS" (`Documentation/arch/x86/boot.rst`), arm64 and riscv an Image header
//! (`Documentation/arch/arm64/booting.rst`, `Documentation/arch/riscv/boot-image-header.rst`); an EFI program or an ELF
//! file says its machine by number. What may hide a kernel is left to QEMU.

use crate::machine::Machine;
use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// So many bytes are looked at: a multiboot header is among them, if there is one.
const HEAD: u64 = 8192;

/// What a file is.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// A kernel of the machine with that name.
    Of(&'static str),
    /// Perhaps a kernel.
    Unknown,
    /// No kernel.
    Nothing,
}

/// Bytes that stand somewhere, and the machine whose kernels have them.
const MARKS: [(usize, &[u8], &str); 4] = [
    (0x202, b"HdrS", "x86_64"),
    (56, b"ARM\x64", "aarch64"),
    (56, b"RSC\x05", "riscv64"),
    (48, b"RISCV", "riscv64"),
];

/// A machine's number in an ELF header, in a PE header, and its name.
const NUMBERS: [(u16, u16, &str); 3] =
    [(62, 0x8664, "x86_64"), (183, 0xaa64, "aarch64"), (243, 0x5064, "riscv64")];

/// How files begin that may hold a kernel: xz, zstd, lz4 twice, bzip2, lzma, U-Boot's image, a device tree.
const WRAPPERS: [&[u8]; 8] = [
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"\x02\x21\x4c\x18",
    b"BZh",
    b"\x5d\0\0",
    b"\x27\x05\x19\x56",
    b"\xd0\x0d\xfe\xed",
];

/// What a multiboot header begins with.
const MULTIBOOT: [u8; 4] = 0x1bad_b002_u32.to_le_bytes();

/// Sees to it that `path` is no kernel of another machine, and a kernel at all.
///
/// # Errors
/// It is not, or it can't be read.
pub fn check(path: &Path, machine: &Machine) -> Result<()> {
    let shown = path.display();
    match found(&head(path).with_context(|| format!("can't read {shown}"))?) {
        Found::Of(name) if name != machine.name => {
            bail!("{shown} is for {name}, not {}: give --arch {name}", machine.name)
        }
        Found::Nothing => bail!("{shown} is not a kernel image"),
        Found::Of(_) | Found::Unknown => Ok(()),
    }
}

/// The first bytes, inflated where gzip has been at them.
fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut bytes)?;
    if bytes.starts_with(b"\x1f\x8b") {
        let mut inflated = Vec::new();
        // It ends early, which is an error.
        let _ = MultiGzDecoder::new(&*bytes).read_to_end(&mut inflated);
        return Ok(inflated);
    }
    Ok(bytes)
}

/// What a file with these first bytes is.
fn found(head: &[u8]) -> Found {
    let has = |at: usize, mark: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(mark));
    if let Some((.., name)) = MARKS.iter().find(|(at, mark, _)| has(*at, mark)) {
        return Found::Of(name);
    }
    let name = match (elf(head), pe(head)) {
        (Some(number), _) => NUMBERS.iter().find(|(elf, ..)| *elf == number),
        (_, Some(number)) => NUMBERS.iter().find(|(_, pe, _)| *pe == number),
        _ if may_hide_one(head) => None,
        _ => return Found::Nothing,
    };
    name.map_or(Found::Unknown, |(.., name)| Found::Of(name))
}

/// The machine's number in an ELF header.
fn elf(head: &[u8]) -> Option<u16> {
    head.starts_with(b"\x7fELF").then(|| number(head, 18)).flatten()
}

/// The machine's number in the header of an EFI program; a compressed kernel (zboot) is one.
fn pe(head: &[u8]) -> Option<u16> {
    let at = usize::from(head.starts_with(b"MZ").then(|| number(head, 0x3c)).flatten()?);
    head.get(at..)?.starts_with(b"PE\0\0").then(|| number(head, at + 4)).flatten()
}

/// Two bytes as a number.
fn number(head: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?))
}

/// Whether a kernel may be in it that is not seen here.
fn may_hide_one(head: &[u8]) -> bool {
    WRAPPERS.iter().any(|mark| head.starts_with(mark))
        || head.chunks_exact(4).any(|word| word == MULTIBOOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;
    use flate2::{Compression, write::GzEncoder};
    use std::fs;
    use std::io::Write;

    /// A file of 1 KiB with bytes at some places.
    fn file(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 1024];
        for (at, part) in parts {
            bytes[*at..at + part.len()].copy_from_slice(part);
        }
        bytes
    }

    /// An EFI program of a machine.
    fn efi(machine: [u8; 2], more: (usize, &[u8])) -> Vec<u8> {
        file(&[(0, b"MZ"), (0x3c, &[0x40]), (0x40, b"PE\0\0"), (0x44, &machine), more])
    }

    /// What is said of a file on x86_64.
    fn said(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Image");
        fs::write(&path, bytes).unwrap();
        let checked = check(&path, machine::named("x86_64").unwrap());
        let error = checked.err().map(|error| error.to_string()).unwrap_or_default();
        error.replace(&path.display().to_string(), "Image")
    }

    #[test]
    fn a_header_tells_the_machine() {
        assert_eq!(found(&file(&[(0x202, b"HdrS")])), Found::Of("x86_64"));
        assert_eq!(found(&file(&[(0, b"MZ"), (56, b"ARM\x64")])), Found::Of("aarch64"));
        assert_eq!(found(&file(&[(48, b"RISCV"), (56, b"RSC\x05")])), Found::Of("riscv64"));
        assert_eq!(found(&file(&[(0, b"\x7fELF"), (18, &[243, 0])])), Found::Of("riscv64"));
        assert_eq!(found(&efi([0x64, 0xaa], (4, b"zimg"))), Found::Of("aarch64"));
        assert_eq!(found(&efi([0x64, 0x62], (4, b"zimg"))), Found::Unknown);
    }

    #[test]
    fn what_may_be_a_kernel_is_left_to_qemu() {
        assert_eq!(found(b"\xfd7zXZ\0 and more"), Found::Unknown);
        assert_eq!(found(&file(&[(512, &MULTIBOOT)])), Found::Unknown);
        assert_eq!(found(&file(&[(0, b"\x7fELF"), (18, &[3, 0])])), Found::Unknown);
    }

    #[test]
    fn another_machines_kernel_and_no_kernel_are_errors() {
        let arm = file(&[(56, b"ARM\x64")]);
        assert_eq!(said(&arm), "Image is for aarch64, not x86_64: give --arch aarch64");
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&arm).unwrap();
        assert!(said(&packed.finish().unwrap()).starts_with("Image is for aarch64"));
        assert_eq!(said(b"# insinit\n"), "Image is not a kernel image");
        assert_eq!(said(b""), "Image is not a kernel image");
        assert_eq!(said(b"MZ"), "Image is not a kernel image");
        assert_eq!(said(&file(&[(0x202, b"HdrS")])), "");
    }
}
