//! Block devices: what /sys/class/block says of them, and the one that is meant.
#![forbid(unsafe_code)]

use super::partitions;
use super::spec::{Kind, Spec};
use super::superblock::{LEN, Superblock};
use crate::files;
use crate::kernel::{Fd, Kernel, Result};
use crate::mem::{self, Table};
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{O_NONBLOCK, O_RDONLY};

/// Where the kernel lists them.
const CLASS: &CStr = c"/sys/class/block";

/// What a file of /sys holds: a page is the most, and uevents are far shorter.
type Room = [u8; 1024];

/// A block device as its uevent describes it.
struct Device<'a> {
    uevent: &'a [u8],
}

impl<'a> Device<'a> {
    /// What its uevent says behind a key, which ends with `=`.
    fn field(&self, key: &[u8]) -> &'a [u8] {
        text::value(self.uevent, b'\n', key)
    }

    #[inline(never)]
    fn number(&self, key: &[u8]) -> u64 {
        text::number(self.field(key), 10).unwrap_or_default()
    }

    /// Its name below /dev.
    #[inline(never)]
    fn name(&self) -> &'a [u8] {
        self.field(b"DEVNAME=")
    }

    #[inline(never)]
    fn major(&self) -> u64 {
        self.number(b"MAJOR=")
    }

    #[inline(never)]
    fn minor(&self) -> u64 {
        self.number(b"MINOR=")
    }

    /// The number of the partition; 0 for a disk.
    #[inline(never)]
    fn part(&self) -> u64 {
        self.number(b"PARTN=")
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

/// Reads a file of /sys/class/block; `path` is room for its path.
#[inline(never)]
fn attribute<'r, K: Kernel>(
    k: &mut K,
    path: &mut Table<u8>,
    room: &'r mut Room,
    device: &[u8],
    file: &[u8],
) -> &'r [u8] {
    let path = mem::spell(k, path, &[b"/sys/class/block/", device, file]);
    let Ok(fd) = k.open(path, O_RDONLY) else { return b"" };
    let len = k.read(fd, room).unwrap_or_default();
    k.close(fd);
    text::trim(text::head(room, len))
}

/// Opens a device's node, which is made where devtmpfs has none.
#[inline(never)]
fn open<K: Kernel>(k: &mut K, path: &mut Table<u8>, device: &Device) -> Result<Fd> {
    let name = device.name();
    if let Some(slash) = text::find(name, b'/') {
        let folder = mem::spell(k, path, &[b"/dev/", text::head(name, slash)]);
        let _ = k.make_dir(folder);
    }
    let node = mem::spell(k, path, &[b"/dev/", name]);
    let _ = k.make_block(node, device.major() as u32, device.minor() as u32);
    k.open(node, O_RDONLY | O_NONBLOCK)
}

/// Looks for devices.
#[derive(Default)]
pub struct Search {
    /// The first bytes of the device that is looked at.
    image: Option<&'static mut [u8]>,
    /// Room for a path.
    path: Table<u8>,
}

impl Search {
    /// The first device that is meant.
    pub fn find<K: Kernel>(&mut self, k: &mut K, spec: &Spec) -> Option<Found> {
        let mut found = None;
        let _ = files::entries(k, CLASS, &mut |k: &mut K, name, _, _| {
            let mut room = [0; 1024];
            let uevent = attribute(k, &mut self.path, &mut room, name, b"/uevent");
            let device = Device { uevent };
            if found.is_none() && self.is_meant(k, spec, name, &device) {
                found = self.found(k, spec, &device);
            }
        });
        found
    }

    /// Shows `each` the names of all devices that hold anything.
    pub fn names<K: Kernel>(k: &mut K, each: &mut dyn FnMut(&mut K, &[u8])) {
        let mut path = Table::new();
        let _ = files::entries(k, CLASS, &mut |k: &mut K, name, _, _| {
            let mut room = [0; 1024];
            if attribute(k, &mut path, &mut room, name, b"/size") != b"0" {
                each(k, name);
            }
        });
    }

    /// What the device holds.
    fn look<K: Kernel>(&mut self, k: &mut K, device: &Device) -> Superblock<'_> {
        let Ok(fd) = open(k, &mut self.path, device) else { return Superblock::of(b"") };
        let image = self.image.take().unwrap_or_else(|| mem::bytes(k, LEN));
        let len = k.read_at(fd, image, 0).unwrap_or_default();
        k.close(fd);
        Superblock::of(text::head(self.image.insert(image), len))
    }

    /// The device, if what it holds is what is meant, too.
    fn found<K: Kernel>(&mut self, k: &mut K, spec: &Spec, device: &Device) -> Option<Found> {
        let superblock = self.look(k, device);
        let is_meant = match spec.kind {
            Kind::Uuid => superblock.has_uuid(spec.text),
            Kind::Label => superblock.has_label(spec.text),
            _ => true,
        };
        is_meant.then(|| Found {
            node: mem::path(k, &[b"/dev/", device.name()]),
            kinds: superblock.kinds(),
            is_foreign: superblock.is_foreign(),
        })
    }

    /// Whether a device is the one that is meant, as far as that is told without looking into it.
    fn is_meant<K: Kernel>(
        &mut self,
        k: &mut K,
        spec: &Spec,
        name: &[u8],
        device: &Device,
    ) -> bool {
        let (wanted, (number, minor)) = (spec.text, spec.numbers);
        match spec.kind {
            Kind::Node => device.name() == wanted,
            Kind::Number => (device.major(), device.minor()) == (number, minor),
            Kind::PartLabel => device.field(b"PARTNAME=") == wanted && !wanted.is_empty(),
            Kind::PartUuid => {
                let known = device.field(b"PARTUUID=");
                if number == 0 && !known.is_empty() {
                    known.eq_ignore_ascii_case(wanted)
                } else {
                    self.has_part(k, name, device, number, wanted)
                }
            }
            Kind::Uuid | Kind::Label => true,
            Kind::Tag | Kind::Foreign => false,
        }
    }

    /// Whether the partition that stands `offset` places before this device on its disk has that UUID.
    fn has_part<K: Kernel>(
        &mut self,
        k: &mut K,
        name: &[u8],
        device: &Device,
        offset: u64,
        wanted: &[u8],
    ) -> bool {
        let (path, mut room, part) = (&mut self.path, [0; 1024], device.part());
        // The folder of a partition lies in its disk's.
        let up = if part == 0 { 3 } else { 0 };
        let file = text::tail(b"/../queue/logical_block_size", up);
        let block = text::number(attribute(k, path, &mut room, name, file), 10).unwrap_or(512);
        // In sectors of 512 bytes, whatever the device's.
        let size = attribute(k, path, &mut room, name, text::tail(b"/../size", up));
        let size = text::number(size, 10).unwrap_or_default();
        let blocks = size.checked_div(block / 512).unwrap_or_default();
        let uevent = attribute(k, path, &mut room, name, text::tail(b"/../uevent", up));
        open(k, path, &Device { uevent }).is_ok_and(|fd| {
            let part = part.wrapping_sub(offset);
            let has = partitions::has_uuid(k, fd, block, blocks, part, wanted);
            k.close(fd);
            has
        })
    }
}
