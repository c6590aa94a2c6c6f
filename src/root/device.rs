//! Block devices: what /sys/class/block says of them, and the one that is meant.
#![forbid(unsafe_code)]

use super::partitions;
use super::spec::{Kind, Spec};
use super::superblock::{LEN, Superblock};
use super::uuid::Uuid;
use crate::files;
use crate::kernel::{Fd, Kernel, Result};
use crate::mem;
use crate::name;
use crate::text;
use core::ffi::CStr;
use heapless::Vec;
use linux_raw_sys::general::{O_NONBLOCK, O_RDONLY};

/// Where the kernel lists them.
const CLASS: &CStr = c"/sys/class/block";

/// The keys of a uevent that are looked at, in the order of [`Device`]'s fields.
const KEYS: &[u8] = b"MAJOR MINOR DEVNAME PARTN PARTNAME PARTUUID";

/// A path below /sys or /dev: names of devices have at most 31 bytes (`include/linux/blkdev.h`,
/// `DISK_NAME_LEN`).
type Path = Vec<u8, 128>;

/// What a file of /sys holds: a page is the most, and uevents are far shorter.
type Room = [u8; 1024];

/// A block device as its uevent describes it.
#[derive(Default)]
struct Device<'a> {
    fields: [&'a [u8]; 6],
}

impl<'a> Device<'a> {
    /// Reads a uevent.
    fn of(mut uevent: &'a [u8]) -> Self {
        let mut device = Self::default();
        while let Some(mut line) = text::take(&mut uevent, b'\n') {
            let key = text::take(&mut line, b'=').unwrap_or_default();
            let number = name::position(KEYS, key);
            if let Some(field) = number.and_then(|number| device.fields.get_mut(number)) {
                *field = line;
            }
        }
        device
    }

    fn field(&self, number: usize) -> &'a [u8] {
        self.fields.get(number).copied().unwrap_or_default()
    }

    fn number(&self, number: usize) -> u64 {
        text::number(self.field(number), 10).unwrap_or_default()
    }

    /// Its name below /dev.
    fn name(&self) -> &'a [u8] {
        self.field(2)
    }

    /// The number of the partition; 0 for a disk.
    fn part(&self) -> u64 {
        self.number(3)
    }
}

/// The device that was found.
#[derive(Clone, Copy)]
pub struct Found {
    /// Its node.
    pub node: &'static CStr,
    /// The types that its superblock says it may be mounted as.
    pub kinds: &'static [u8],
    /// There is no file system on it.
    pub is_foreign: bool,
}

/// The parts as a path; what is too long is no path.
fn path(parts: &[&[u8]]) -> Path {
    let mut path = Path::new();
    for part in parts {
        let _ = path.extend_from_slice(part);
    }
    let _ = path.push(0);
    path
}

fn c_str(path: &Path) -> &CStr {
    mem::c_str(path).unwrap_or_default()
}

/// Reads a file of /sys/class/block.
#[inline(never)]
fn attribute<'r, K: Kernel>(k: &mut K, room: &'r mut Room, device: &[u8], file: &[u8]) -> &'r [u8] {
    let path = path(&[b"/sys/class/block/", device, file]);
    let Ok(fd) = k.open(c_str(&path), O_RDONLY) else { return b"" };
    let len = k.read(fd, room).unwrap_or_default();
    k.close(fd);
    text::trim(text::head(room, len))
}

/// Opens a device's node, which is made where devtmpfs has none.
#[inline(never)]
fn open<K: Kernel>(k: &mut K, device: &Device) -> Result<Fd> {
    let node = path(&[b"/dev/", device.name()]);
    if let Some(slash) = text::find(device.name(), b'/') {
        let folder = path(&[b"/dev/", text::head(device.name(), slash)]);
        let _ = k.make_dir(c_str(&folder));
    }
    let _ = k.make_block(c_str(&node), device.number(0) as u32, device.number(1) as u32);
    k.open(c_str(&node), O_RDONLY | O_NONBLOCK)
}

/// Looks for devices.
#[derive(Default)]
pub struct Search {
    /// The first bytes of the device that is looked at.
    image: Option<&'static mut [u8]>,
}

impl Search {
    /// The first device that is meant.
    pub fn find<K: Kernel>(&mut self, k: &mut K, spec: &Spec) -> Option<Found> {
        let mut found = None;
        let _ = files::entries(k, CLASS, &mut |k: &mut K, name, _| {
            let mut room = [0; 1024];
            let device = Device::of(attribute(k, &mut room, name, b"/uevent"));
            if found.is_none() && is_meant(k, spec, name, &device) {
                found = self.found(k, spec, &device);
            }
        });
        found
    }

    /// Shows `each` the names of all devices that hold anything.
    pub fn names<K: Kernel>(k: &mut K, each: &mut dyn FnMut(&mut K, &[u8])) {
        let _ = files::entries(k, CLASS, &mut |k: &mut K, name, _| {
            let mut room = [0; 1024];
            if attribute(k, &mut room, name, b"/size") != b"0" {
                each(k, name);
            }
        });
    }

    /// What the device holds.
    fn look<K: Kernel>(&mut self, k: &mut K, device: &Device) -> Option<Superblock<'_>> {
        let fd = open(k, device).ok()?;
        let image = self.image.take().unwrap_or_else(|| mem::bytes(k, LEN));
        let len = k.read_at(fd, image, 0).unwrap_or_default();
        k.close(fd);
        Superblock::of(text::head(self.image.insert(image), len))
    }

    /// The device, if what it holds is what is meant, too.
    fn found<K: Kernel>(&mut self, k: &mut K, spec: &Spec, device: &Device) -> Option<Found> {
        let superblock = self.look(k, device);
        let is_meant = match (spec.kind, &superblock) {
            (Kind::Uuid, Some(found)) => {
                let mut uuid = Uuid::new();
                found.uuid(&mut uuid);
                is_same(&uuid, spec.text)
            }
            (Kind::Label, Some(found)) => found.has_label(spec.text),
            (Kind::Uuid | Kind::Label, None) => false,
            _ => true,
        };
        let (kinds, is_foreign) =
            superblock.map_or((&b""[..], false), |found| (found.kinds, found.is_foreign));
        is_meant.then(|| Found {
            node: mem::path(k, &[b"/dev/", device.name()]),
            kinds,
            is_foreign,
        })
    }
}

/// Whether a device is the one that is meant, as far as that is told without looking into it.
fn is_meant<K: Kernel>(k: &mut K, spec: &Spec, name: &[u8], device: &Device) -> bool {
    let (wanted, (number, minor)) = (spec.text, spec.numbers);
    match spec.kind {
        Kind::Node => device.name() == wanted,
        Kind::Number => (device.number(0), device.number(1)) == (number, minor),
        Kind::PartLabel => device.field(4) == wanted && !wanted.is_empty(),
        Kind::PartUuid => {
            let (mut known, mut found) = (device.field(5), Uuid::new());
            if number != 0 || known.is_empty() {
                part_uuid(k, name, device, number, &mut found);
                known = &found;
            }
            is_same(known, wanted)
        }
        Kind::Uuid | Kind::Label => true,
        Kind::Tag | Kind::Foreign => false,
    }
}

/// Whether two UUIDs are the same, whatever the letters' case.
fn is_same(found: &[u8], wanted: &[u8]) -> bool {
    found.eq_ignore_ascii_case(wanted) && !wanted.is_empty()
}

/// The UUID of the partition that stands `offset` places before this device on its disk; none is empty.
fn part_uuid<K: Kernel>(k: &mut K, name: &[u8], device: &Device, offset: u64, uuid: &mut Uuid) {
    let mut disk = Path::new();
    let _ = disk.extend_from_slice(name);
    if device.part() != 0 {
        // The folder of a partition lies in its disk's.
        let _ = disk.extend_from_slice(b"/..");
    }
    let mut room = [0; 1024];
    let block = attribute(k, &mut room, &disk, b"/queue/logical_block_size");
    let block = text::number(block, 10).unwrap_or(512);
    // In sectors of 512 bytes, whatever the device's.
    let size = text::number(attribute(k, &mut room, &disk, b"/size"), 10).unwrap_or_default();
    let blocks = size.checked_div(block / 512).unwrap_or_default();
    let part = device.part().wrapping_sub(offset);
    let disk = Device::of(attribute(k, &mut room, &disk, b"/uevent"));
    if let Ok(fd) = open(k, &disk) {
        partitions::uuid(k, fd, block, blocks, part, uuid);
        k.close(fd);
    }
}
