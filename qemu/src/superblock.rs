//! Tells the file system of an image, and the partition of a disk that holds the largest one.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// A kind of file system.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// As the kernel calls it, and its module.
    pub name: &'static str,
    /// It can be written to.
    pub is_writable: bool,
    at: u64,
    magic: &'static [u8],
}

/// What an image holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The file system.
    pub kind: &'static Kind,
    /// Its partition; none if it is the whole.
    pub partition: Option<usize>,
}

/// The kinds, by where their superblocks have a magic (`include/uapi/linux/magic.h`, `fs/*/`).
static KINDS: [Kind; 6] = [
    kind("ext4", true, 0x438, &[0x53, 0xef]),
    kind("xfs", true, 0, b"XFSB"),
    kind("btrfs", true, 0x1_0040, b"_BHRfS_M"),
    kind("f2fs", true, 0x400, &[0x10, 0x20, 0xf5, 0xf2]),
    kind("squashfs", false, 0, b"hsqs"),
    kind("erofs", false, 0x400, &[0xe2, 0xe1, 0xf5, 0xe0]),
];

const fn kind(name: &'static str, is_writable: bool, at: u64, magic: &'static [u8]) -> Kind {
    Kind { name, is_writable, at, magic }
}

/// Bytes of a block, as partition tables of images count.
const BLOCK: u64 = 512;

/// What ends a boot sector.
const BOOT: (u64, &[u8]) = (510, &[0x55, 0xaa]);

/// What a GPT starts with, in its first block behind the boot sector (UEFI, 5.3.2).
const GPT: (u64, &[u8]) = (BLOCK, b"EFI PART");

/// The file system in `image`.
#[must_use]
pub fn find(image: &File) -> Option<Found> {
    if let Some(kind) = kind_at(image, 0) {
        return Some(Found { kind, partition: None });
    }
    let partitions = if is_at(image, GPT) { gpt(image)? } else { mbr(image)? };
    let known = partitions.into_iter().filter_map(|(number, first, blocks)| {
        Some((blocks, Found { kind: kind_at(image, first * BLOCK)?, partition: Some(number) }))
    });
    known.max_by_key(|(blocks, _)| *blocks).map(|(_, found)| found)
}

/// The kind of the file system that starts there.
fn kind_at(image: &File, start: u64) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| is_at(image, (start.saturating_add(kind.at), kind.magic)))
}

/// Whether those bytes are there.
fn is_at(image: &File, (at, wanted): (u64, &[u8])) -> bool {
    bytes(image, at, wanted.len()).is_some_and(|found| found == wanted)
}

fn bytes(image: &File, at: u64, len: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; len];
    image.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

/// A little-endian number of `bytes` at `at`.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + len)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Partitions: number, first block, blocks.
type Partitions = Vec<(usize, u64, u64)>;

/// The four of a boot sector.
fn mbr(image: &File) -> Option<Partitions> {
    let sector = bytes(image, 0, 512).filter(|_| is_at(image, BOOT))?;
    let entry = |at| Some((number(&sector, at + 8, 4)?, number(&sector, at + 12, 4)?));
    let entries = (0..4).filter_map(|at| Some((at + 1, entry(446 + at * 16)?)));
    Some(
        entries
            .filter(|(_, (_, blocks))| *blocks > 0)
            .map(|(at, (first, blocks))| (at, first, blocks))
            .collect(),
    )
}

/// Those of a GPT, of at most 128 entries.
fn gpt(image: &File) -> Option<Partitions> {
    let header = bytes(image, BLOCK, 92)?;
    let table = number(&header, 72, 8)?.checked_mul(BLOCK)?;
    let (count, size) = (number(&header, 80, 4)?.min(128), number(&header, 84, 4)?);
    let mut partitions = Vec::new();
    for at in 0..count {
        let entry = bytes(image, table.checked_add(at * size)?, 48)?;
        let (first, last) = (number(&entry, 32, 8)?, number(&entry, 40, 8)?);
        if first > 0 && last >= first {
            partitions.push((at as usize + 1, first, last - first + 1));
        }
    }
    Some(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image with those bytes at those places.
    fn image(parts: &[(u64, &[u8])]) -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 20).unwrap();
        for (at, bytes) in parts {
            file.write_all_at(bytes, *at).unwrap();
        }
        file
    }

    #[test]
    fn a_file_system_alone() {
        let found = find(&image(&[(0x438, &[0x53, 0xef])])).unwrap();
        assert_eq!((found.kind.name, found.partition), ("ext4", None));
        let found = find(&image(&[(0x1_0040, b"_BHRfS_M")])).unwrap();
        assert_eq!((found.kind.name, found.kind.is_writable), ("btrfs", true));
        assert_eq!(find(&image(&[])), None);
    }

    #[test]
    fn the_largest_of_a_disk() {
        let entry = |first: u32, blocks: u32| {
            [[0; 8].to_vec(), first.to_le_bytes().into(), blocks.to_le_bytes().into()].concat()
        };
        let table = [entry(8, 8), entry(64, 16), entry(128, 99)].concat();
        let disk = image(&[(446, &table), BOOT, (8 * 512, b"hsqs"), (64 * 512, b"XFSB")]);
        let found = find(&disk).unwrap();
        assert_eq!((found.kind.name, found.partition), ("xfs", Some(2)));
    }

    #[test]
    fn a_gpt_counts_from_its_own_table() {
        let mut header = vec![0; 92];
        header[..8].copy_from_slice(GPT.1);
        header[72] = 2;
        header[80] = 4;
        header[84] = 128;
        let mut entry = vec![0; 48];
        (entry[32], entry[40]) = (64, 99);
        let disk = image(&[BOOT, (512, &header), (1024 + 128, &entry), (64 * 512, b"hsqs")]);
        let found = find(&disk).unwrap();
        assert_eq!((found.kind.name, found.partition), ("squashfs", Some(2)));
    }
}
