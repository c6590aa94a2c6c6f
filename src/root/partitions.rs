//! The UUID of a partition, where the kernel doesn't tell it: read from the disk's GPT or MBR
//! (`block/partitions/efi.c` and `msdos.c`).
#![forbid(unsafe_code)]

use super::uuid::{MIXED, SIGNATURE, is_spelled};
use crate::kernel::{Fd, Kernel};
use crate::text;

/// What an MBR ends with.
const MARK: [u8; 2] = [0x55, 0xaa];
/// The type of the partition that tells of a GPT.
const PROTECTIVE: u8 = 0xee;
/// Where the types of the four are.
const TYPES: [u16; 4] = [450, 466, 482, 498];

/// Where the disk's signature is, and how many bytes.
const DISK: usize = 440;

/// Whether `wanted` is the UUID of partition `part`, counted from 1, of the disk `fd` with blocks of `block`
/// bytes and `blocks` of them.
#[inline(never)]
pub fn has_uuid<K: Kernel>(
    k: &mut K,
    fd: Fd,
    block: u64,
    blocks: u64,
    part: u64,
    wanted: &[u8],
) -> bool {
    let mut sector = [0; 512];
    let read = k.read_at(fd, &mut sector, 0);
    if read != Ok(sector.len()) || part == 0 || !sector.ends_with(&MARK) {
        return false;
    }
    if !TYPES.iter().any(|at| sector.get(usize::from(*at)) == Some(&PROTECTIVE)) {
        // The number stands behind the signature, where there is nothing else.
        if let Some(number) = sector.get_mut(DISK + 4) {
            *number = part as u8;
        }
        return is_spelled(wanted, SIGNATURE, text::head(text::tail(&sector, DISK), 5));
    }
    // The first block behind the MBR, else the disk's last.
    for header in [block, blocks.wrapping_sub(1).wrapping_mul(block)] {
        if let Some(is_its) = entry(k, fd, block, header, part, wanted) {
            return is_its;
        }
    }
    false
}

/// Whether `wanted` is the partition's own GUID in the table whose header is there; none without a table.
#[inline(never)]
fn entry<K: Kernel>(
    k: &mut K,
    fd: Fd,
    block: u64,
    header: u64,
    part: u64,
    wanted: &[u8],
) -> Option<bool> {
    let mut found = [0; 92];
    let read = k.read_at(fd, &mut found, header);
    if read != Ok(found.len()) || !found.starts_with(b"EFI PART") {
        return None;
    }
    let first = text::little(&found, 72, 8).checked_mul(block)?;
    let [count, size] = [80, 84].map(|at| text::little(&found, at, 4));
    let before = part.checked_sub(1).filter(|before| *before < count)?;
    let at = first.checked_add(before.checked_mul(size)?)?;
    let entry = found.first_chunk_mut::<32>()?;
    let read = k.read_at(fd, entry, at);
    (read == Ok(32)).then(|| is_spelled(wanted, MIXED, text::tail(entry, 16)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::Linux;
    use linux_raw_sys::general::O_RDONLY;
    use proptest::prelude::*;
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    /// An MBR with that signature and the type of its first partition.
    pub fn mbr(signature: u32, kind: u8) -> Vec<u8> {
        let mut disk = vec![0; 64 << 10];
        disk[440..444].copy_from_slice(&signature.to_le_bytes());
        disk[450] = kind;
        disk[510..512].copy_from_slice(&MARK);
        disk
    }

    /// A GPT whose partition `n` has the bytes `n, 1, 2, …` as its GUID; its header in block `at`.
    pub fn gpt(block: usize, at: usize) -> Vec<u8> {
        let mut disk = mbr(0, PROTECTIVE);
        let header = at * block;
        disk[header..header + 8].copy_from_slice(b"EFI PART");
        disk[header + 72..header + 80].copy_from_slice(&2_u64.to_le_bytes());
        disk[header + 80..header + 84].copy_from_slice(&8_u32.to_le_bytes());
        disk[header + 84..header + 88].copy_from_slice(&128_u32.to_le_bytes());
        for part in 0..8 {
            let guid = 2 * block + part * 128 + 16;
            disk[guid] = part as u8 + 1;
            (1..16).for_each(|n| disk[guid + n] = n as u8);
        }
        disk
    }

    fn has(disk: &[u8], block: u64, part: u64, uuid: &str) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), disk).unwrap();
        let mut k = Linux::default();
        let path = CString::new(file.path().as_os_str().as_bytes()).unwrap();
        let fd = k.open(&path, O_RDONLY).unwrap();
        let blocks = disk.len() as u64 / block;
        let has = has_uuid(&mut k, fd, block, blocks, part, uuid.as_bytes());
        k.close(fd);
        has
    }

    const GUIDS: [&str; 8] = [
        "03020101-0504-0706-0809-0a0b0c0d0e0f",
        "03020102-0504-0706-0809-0a0b0c0d0e0f",
        "03020103-0504-0706-0809-0a0b0c0d0e0f",
        "03020104-0504-0706-0809-0a0b0c0d0e0f",
        "03020105-0504-0706-0809-0a0b0c0d0e0f",
        "03020106-0504-0706-0809-0a0b0c0d0e0f",
        "03020107-0504-0706-0809-0a0b0c0d0e0f",
        "03020108-0504-0706-0809-0a0b0c0d0e0f",
    ];

    /// Which of the GUIDs that [`gpt`] writes a partition has.
    fn guid_in(disk: &[u8], block: u64, part: u64) -> &'static str {
        GUIDS.iter().find(|guid| has(disk, block, part, guid)).unwrap_or(&"")
    }

    #[test]
    fn a_gpt_is_read_in_blocks_of_the_disk() {
        for block in [512, 4096] {
            let disk = gpt(block, 1);
            assert_eq!(guid_in(&disk, block as u64, 3), "03020103-0504-0706-0809-0a0b0c0d0e0f");
            assert_eq!(guid_in(&disk, block as u64, 9), "", "beyond the table");
            assert_eq!(guid_in(&disk, block as u64, 0), "", "the disk itself");
        }
        assert_eq!(guid_in(&gpt(4096, 1), 512, 3), "", "other blocks than the table's");
    }

    #[test]
    fn a_gpt_without_its_first_header_is_read_by_its_last() {
        let disk = gpt(512, 127);
        assert_eq!(guid_in(&disk, 512, 1), "03020101-0504-0706-0809-0a0b0c0d0e0f");
    }

    #[test]
    fn an_mbr_gives_signature_and_number() {
        assert!(has(&mbr(0xdead_beef, 0x83), 512, 1, "deadbeef-01"));
        assert!(has(&mbr(0xbeef, 0x83), 512, 11, "0000beef-0b"));
        assert!(!has(&mbr(0xbeef, 0x83), 512, 11, "0000beef-0c"));
    }

    #[test]
    fn without_a_table_there_is_none() {
        for uuid in ["", "00000000-01", GUIDS[0]] {
            assert!(!has(&[], 512, 1, uuid) && !has(&[0; 4096], 512, 1, uuid));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_table_of_any_kind_breaks_it(
            changes in prop::collection::vec((0..1200_usize, any::<u8>()), 0..60),
            block in prop::sample::select(vec![0, 1, 512, 4096, u64::MAX]),
            part in any::<u64>(),
        ) {
            let mut disk = gpt(512, 1);
            changes.iter().for_each(|(at, byte)| disk[*at] = *byte);
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &disk).unwrap();
            let mut k = Linux::default();
            let path = CString::new(file.path().as_os_str().as_bytes()).unwrap();
            let fd = k.open(&path, O_RDONLY).unwrap();
            has_uuid(&mut k, fd, block, block, part, GUIDS[0].as_bytes());
            k.close(fd);
        }
    }
}
