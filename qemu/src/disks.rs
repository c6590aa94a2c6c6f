//! Disks made for a test, without mounting anything: file systems by their own tools, partition tables by
//! hand.

use crate::programs::Programs;
use crate::scenario::{Bus, Disk, Holds, LABEL, SERIAL, Table, UUID};
use crate::step;
use crate::tools;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For making one file system.
const MAKE: Duration = Duration::from_secs(120);

/// Where the partition with the file system starts, in bytes; it is the second one.
const START: u64 = 2 << 20;

/// What is left free behind it, in bytes.
const BEHIND: u64 = 1 << 20;

/// What makes each kind: the program, its package, and the least bytes that it takes.
const KINDS: &[(&str, &str, &str, u64)] = &[
    ("ext4", "mke2fs", "e2fsprogs", 8 << 20),
    ("ext2", "mke2fs", "e2fsprogs", 8 << 20),
    ("xfs", "mkfs.xfs", "xfsprogs", 320 << 20),
    ("btrfs", "mkfs.btrfs", "btrfs-progs", 128 << 20),
    ("f2fs", "mkfs.f2fs", "f2fs-tools", 64 << 20),
    ("f2fs", "sload.f2fs", "f2fs-tools", 0),
    ("vfat", "mkfs.vfat", "dosfstools", 64 << 20),
    ("vfat", "mcopy", "mtools", 0),
    ("squashfs", "mksquashfs", "squashfs-tools", 0),
    ("erofs", "mkfs.erofs", "erofs-utils", 0),
    ("jffs2", "mkfs.jffs2", "mtd-utils", 8 << 20),
    ("swap", "mkswap", "util-linux", 8 << 20),
];

/// Sees to it that what makes these kinds of file system is there.
///
/// # Errors
/// Something is missing and can't be installed.
pub fn ready<'a>(kinds: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut needed = Vec::new();
    for kind in kinds {
        let tools = KINDS.iter().filter(|(name, ..)| *name == kind);
        needed.extend(tools.map(|(_, program, package, _)| (*program, *package)));
    }
    tools::for_disks(&needed)
}

/// Makes a disk in `folder` with the programs that it is to hold. Gives QEMU's words for it.
///
/// # Errors
/// A tool fails, or a file can't be written.
pub fn make(disk: &Disk, number: usize, programs: &Programs, folder: &Path) -> Result<Vec<String>> {
    let tree = folder.join(format!("tree-{number}"));
    for name in FOLDERS {
        fs::create_dir_all(tree.join(name))?;
    }
    for (program, path) in held(disk.holds, programs) {
        fs::copy(program, tree.join(path))?;
        fs::set_permissions(tree.join(path), Permissions::from_mode(0o755))?;
    }
    let files = folder.join(format!("files-{number}"));
    file_system(disk, &tree, &files)?;
    let path = match disk.table {
        None => files,
        Some(table) => parted(disk, table, &files, &folder.join(format!("disk-{number}")))?,
    };
    fs::remove_dir_all(&tree)?;
    Ok(words(disk, number, &path))
}

/// What every file system has.
const FOLDERS: [&str; 8] = ["root", "sbin", "bin", "dev", "proc", "sys", "run", "mnt"];

/// The programs of a disk, and where they are.
fn held(holds: Holds, programs: &Programs) -> Vec<(&Path, &'static str)> {
    match holds {
        Holds::Nothing => vec![],
        Holds::Init => vec![(&programs.guest, "sbin/init")],
        Holds::Loader => vec![(&programs.loader, "sbin/init"), (&programs.guest, "bin/init")],
    }
}

/// Makes the file system in the file `path`.
fn file_system(disk: &Disk, tree: &Path, path: &Path) -> Result<()> {
    let kind = KINDS.iter().find(|(name, ..)| *name == disk.kind);
    let Some((kind, program, _, size)) = kind else { bail!("no way to make {}", disk.kind) };
    let file = File::create(path)?;
    file.set_len(*size)?;
    let block = disk.block.to_string();
    let mut command = Command::new(program);
    match *kind {
        "ext4" | "ext2" => command
            .args(["-q", "-F", "-t", kind, "-b", "4096", "-L", LABEL, "-U", UUID, "-d"])
            .args([tree, path]),
        "xfs" => {
            let list = path.with_extension("proto");
            fs::write(&list, protofile(tree))?;
            let uuid = format!("uuid={UUID}");
            let sector = format!("size={block}");
            command
                .args(["-q", "-f", "-L", LABEL, "-m", &uuid, "-s", &sector, "-p"])
                .args([&list, path])
        }
        "btrfs" => {
            command.args(["-q", "-f", "-L", LABEL, "-U", UUID, "--rootdir"]).args([tree, path])
        }
        "f2fs" => command.args(["-q", "-f", "-l", LABEL, "-U", UUID]).arg(path),
        "vfat" => command
            .args(["-F", "32", "-n", &LABEL.to_uppercase(), "-S", &block])
            .args(["-i", &SERIAL.replace('-', "")])
            .arg(path),
        "squashfs" => command.args([tree, path]).args(["-noappend", "-quiet", "-no-progress"]),
        "jffs2" => {
            // Its blocks of 128 KiB, up to the flash's end.
            command.args(["-e", "131072", "-p8388608", "-r"]).arg(tree).arg("-o").arg(path)
        }
        "erofs" => command.args(["--quiet", "-U", UUID]).args([path, tree]),
        _ => command.args(["-q", "-L", LABEL, "-U", UUID]).arg(path),
    };
    step::output(&mut command, MAKE).with_context(|| format!("can't make {kind}"))?;
    if *kind == "f2fs" {
        step::output(Command::new("sload.f2fs").arg("-f").args([tree, path]), MAKE)?;
    }
    if *kind == "vfat" {
        let folders = FOLDERS.map(|name| tree.join(name));
        let mut copy = Command::new("mcopy");
        step::output(copy.arg("-s").arg("-i").arg(path).args(folders).arg("::"), MAKE)?;
    }
    Ok(())
}

/// The files of the tree as mkfs.xfs(8) takes them.
fn protofile(tree: &Path) -> String {
    let mut list = String::from("/dev/null\n0 0\nd--755 0 0\n");
    for folder in FOLDERS {
        list += &format!("{folder} d--755 0 0\n");
        let init = tree.join(folder).join("init");
        if init.is_file() {
            list += &format!("init ---755 0 0 {}\n", init.display());
        }
        list += "$\n";
    }
    list + "$\n"
}

/// Puts the file system into the second partition of a disk.
fn parted(disk: &Disk, table: Table, files: &Path, path: &Path) -> Result<PathBuf> {
    let content = File::open(files)?;
    let size = content.metadata()?.len().next_multiple_of(1 << 20);
    let mut whole = START + size + BEHIND;
    if disk.bus == Bus::Sd {
        // QEMU's cards are of no other size.
        whole = whole.next_power_of_two();
    }
    let file = File::create(path)?;
    file.set_len(whole)?;
    let (block, first, last) = (u64::from(disk.block), START, START + size - 1);
    let parts =
        [(1 << 20, START - 1), (first, last)].map(|(first, last)| (first / block, last / block));
    match table {
        Table::Mbr => file.write_all_at(&mbr(&parts, 0x83), 0)?,
        Table::Gpt => gpt(&file, &parts, block, whole / block)?,
    }
    copy(&content, &file, START)?;
    fs::remove_file(files)?;
    Ok(path.into())
}

/// Copies a file to a place in another; holes stay holes.
fn copy(from: &File, to: &File, start: u64) -> Result<()> {
    let mut piece = vec![0; 1 << 20];
    let mut at = 0;
    loop {
        let len = from.read_at(&mut piece, at)?;
        if len == 0 {
            return Ok(());
        }
        if piece[..len].iter().any(|byte| *byte != 0) {
            to.write_all_at(&piece[..len], start + at)?;
        }
        at += len as u64;
    }
}

/// A master boot record with the signature `deadbeef`.
fn mbr(parts: &[(u64, u64)], kind: u8) -> [u8; 512] {
    let mut sector = [0; 512];
    sector[440..444].copy_from_slice(&0xdead_beef_u32.to_le_bytes());
    for (number, (first, last)) in parts.iter().enumerate() {
        let entry = &mut sector[446 + 16 * number..];
        entry[4] = kind;
        entry[8..12].copy_from_slice(&(*first as u32).to_le_bytes());
        entry[12..16].copy_from_slice(&((last - first + 1) as u32).to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// A GUID partition table (UEFI, 5.3) whose partition `n` is `0000000n-1111-2222-3333-444444444444`,
/// called `part n`.
fn gpt(file: &File, parts: &[(u64, u64)], block: u64, blocks: u64) -> Result<()> {
    let mut table = vec![0; 128 * 128];
    for (number, (first, last)) in parts.iter().enumerate() {
        let entry = &mut table[128 * number..];
        entry[..16]
            .copy_from_slice(b"\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4");
        entry[16..32].copy_from_slice(b"\0\0\0\0\x11\x11\x22\x22\x33\x33\x44\x44\x44\x44\x44\x44");
        entry[16] = number as u8 + 1;
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&last.to_le_bytes());
        let name = format!("part {}", number + 1);
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[56..56 + name.len()].copy_from_slice(&name);
    }
    let table_blocks = (table.len() as u64).div_ceil(block);
    file.write_all_at(&mbr(&[(1, blocks - 1)], 0xee), 0)?;
    for (own, other, at) in [(1, blocks - 1, 2), (blocks - 1, 1, blocks - 1 - table_blocks)] {
        file.write_all_at(&header(own, other, at, blocks, table_blocks, &table), own * block)?;
        file.write_all_at(&table, at * block)?;
    }
    Ok(())
}

/// The checksum that a GPT has (UEFI, 5.3.2), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |sum: u32| (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
    let byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum));
    !bytes.iter().fold(!0, byte)
}

/// The header of a GPT.
fn header(own: u64, other: u64, at: u64, blocks: u64, table_blocks: u64, table: &[u8]) -> Vec<u8> {
    let usable = (2 + table_blocks, blocks - 2 - table_blocks);
    let mut header = b"EFI PART\0\0\x01\0\x5c\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    for number in [own, other, usable.0, usable.1] {
        header.extend(number.to_le_bytes());
    }
    header.extend([0x77; 16]);
    header.extend(at.to_le_bytes());
    for number in [128, 128, crc32(table)] {
        header.extend(u32::to_le_bytes(number));
    }
    let sum = crc32(&header);
    header[16..20].copy_from_slice(&sum.to_le_bytes());
    header
}

/// QEMU's words for the disk.
fn words(disk: &Disk, number: usize, path: &Path) -> Vec<String> {
    let protected = if disk.write_protected { ",readonly=on" } else { "" };
    let drive = format!("if=none,id=disk{number},format=raw,file={}{protected}", path.display());
    let blocks = format!("logical_block_size={0},physical_block_size={0}", disk.block);
    let device = |name: &str| format!("{name},drive=disk{number},{blocks}");
    let devices = match disk.bus {
        Bus::Virtio => vec![device("virtio-blk-pci")],
        Bus::Nvme => vec![device(&format!("nvme,serial=n{number}"))],
        Bus::Scsi => vec![format!("virtio-scsi-pci,id=scsi{number}"), device("scsi-hd")],
        // QEMU's usb-storage has blocks of 512 bytes, whatever it is told.
        Bus::Usb => vec![
            format!("qemu-xhci,id=usb{number}"),
            format!("usb-bot,id=bot{number}"),
            device(&format!("scsi-hd,bus=bot{number}.0")),
        ],
        Bus::Flash => {
            let image = format!("loader,file={},addr=0x18000000,force-raw=on", path.display());
            return vec!["-device".into(), image];
        }
        Bus::Sd => vec![format!("sdhci-pci,id=sd{number}"), format!("sd-card,drive=disk{number}")],
    };
    let devices = devices.into_iter().flat_map(|device| ["-device".into(), device]);
    ["-drive".to_string(), drive].into_iter().chain(devices).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::DISK;

    #[test]
    fn every_kind_of_the_scenarios_can_be_made() {
        for scenario in crate::scenarios::all() {
            for disk in scenario.disks {
                assert!(KINDS.iter().any(|(name, ..)| *name == disk.kind), "{}", disk.kind);
            }
        }
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_gpt_has_two_headers_with_their_sums() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(8 << 20).unwrap();
        gpt(&file, &[(256, 511)], 4096, 2048).unwrap();
        for at in [4096, 2047 * 4096] {
            let mut found = [0; 92];
            file.read_exact_at(&mut found, at).unwrap();
            let sum = u32::from_le_bytes(found[16..20].try_into().unwrap());
            found[16..20].fill(0);
            assert_eq!((sum, &found[..8]), (crc32(&found), &b"EFI PART"[..]));
        }
    }

    #[test]
    fn a_disk_becomes_words() {
        let found = words(&Disk { bus: Bus::Scsi, block: 4096, ..DISK }, 3, Path::new("/x"));
        let expected = "-drive if=none,id=disk3,format=raw,file=/x -device virtio-scsi-pci,id=scsi3 \
                        -device scsi-hd,drive=disk3,logical_block_size=4096,physical_block_size=4096";
        assert_eq!(found.join(" "), expected);
    }
}
