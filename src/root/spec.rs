//! What `root=` and the first part of `insinit.mount=` mean.
#![forbid(unsafe_code)]

use crate::forms::{Form, form};
use crate::kernel::Kernel;
use crate::mem::Table;
use crate::text;

/// What is to be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
    /// The UUID in a superblock.
    Uuid(&'static [u8]),
    /// The label in a superblock.
    Label(&'static [u8]),
    /// The partition so many places behind the one of that UUID.
    PartUuid(&'static [u8], i64),
    /// The name in a partition table.
    PartLabel(&'static [u8]),
    /// The device's name below /dev.
    Node(&'static [u8]),
    /// The device's number.
    Number(u64, u64),
    /// A UBI volume or an MTD device: mount(2) takes it as it stands once /sys/class has it.
    Flash(&'static [u8]),
    /// mount(2) takes it as it stands.
    Tag,
    /// Nothing that is handled here: who does.
    Foreign(Form),
}

/// How it may begin, in the order of [`Spec::of`]. `/dev/ubiblock0_1` and `/dev/mtdblock0` are block
/// devices.
const BEGINNINGS: &[u8] = b"UUID= LABEL= PARTUUID= PARTLABEL= /dev/disk/by-uuid/ /dev/disk/by-label/ \
/dev/disk/by-partuuid/ /dev/disk/by-partlabel/ /dev/mapper/ /dev/nfs /dev/ubiblock /dev/ubi /dev/ ubi mtd";

impl Spec {
    /// What a value means; with `kinds` the types of file system that were named
    /// (`block/early-lookup.c`, and what udev's links are called).
    #[inline(never)]
    pub fn of<K: Kernel>(k: &mut K, value: &'static [u8], kinds: Option<&[u8]>) -> Self {
        if matches!(kinds, Some(b"9p" | b"virtiofs")) {
            return Self::Tag;
        }
        let (mut beginnings, mut number) = (BEGINNINGS, 0_usize);
        while let Some(beginning) = text::take(&mut beginnings, b' ') {
            if let Some(rest) = value.strip_prefix(beginning) {
                let rest = if matches!(number, 4..=7) { decoded(k, rest) } else { rest };
                return match number {
                    0 | 4 => Self::Uuid(rest),
                    1 | 5 => Self::Label(rest),
                    2 | 6 => part_uuid(rest),
                    3 | 7 => Self::PartLabel(rest),
                    8 => Self::Foreign(form!(
                        ": what device mapper makes is set up by initramfs-tools or dracut"
                    )),
                    9 => Self::Foreign(form!(
                        ": NFS is mounted by dracut, or by the kernel without an initramfs"
                    )),
                    10 | 12 => Self::Node(text::tail(value, 5)),
                    11 => Self::Flash(text::tail(value, 5)),
                    _ => Self::Flash(value),
                };
            }
            number = number.wrapping_add(1);
        }
        match device_number(value) {
            Some((major, minor)) => Self::Number(major, minor),
            None if kinds.is_some() => Self::Tag,
            None => Self::Foreign(form!(": not a spelling of a device")),
        }
    }
}

/// With the offset behind it (`block/early-lookup.c`, `devt_from_partuuid`).
#[inline(never)]
fn part_uuid(text: &'static [u8]) -> Spec {
    let mut uuid = text;
    let uuid = text::take(&mut uuid, b'/').unwrap_or_default();
    let Some(mut offset) = text::tail(text, uuid.len()).strip_prefix(b"/PARTNROFF=") else {
        return Spec::PartUuid(text, 0);
    };
    let is_negative = offset.first() == Some(&b'-');
    offset = text::tail(offset, usize::from(is_negative));
    match text::number(offset, 10).and_then(|offset| i64::try_from(offset).ok()) {
        Some(offset) => {
            Spec::PartUuid(uuid, if is_negative { offset.wrapping_neg() } else { offset })
        }
        None => Spec::Foreign(form!(": PARTNROFF is not a number")),
    }
}

/// `MAJOR:MINOR`, or both in one hexadecimal number (`include/linux/kdev_t.h`, `new_decode_dev`).
fn device_number(value: &[u8]) -> Option<(u64, u64)> {
    if let Some(colon) = text::find(value, b':') {
        let minor = text::tail(value, colon.wrapping_add(1));
        return Some((text::number(text::head(value, colon), 10)?, text::number(minor, 10)?));
    }
    let number = text::number(value, 16)?;
    Some((number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00))
}

/// Without the `\xNN` that stand for odd bytes in the names of udev's links.
#[inline(never)]
fn decoded<K: Kernel>(k: &mut K, mut text: &'static [u8]) -> &'static [u8] {
    let mut found = Table::new();
    while let [first, rest @ ..] = text {
        let coded = rest.strip_prefix(b"x").filter(|_| *first == b'\\');
        let byte = coded.and_then(|coded| text::number(coded.get(..2)?, 16));
        found.push(k, byte.map_or(*first, |byte| byte as u8));
        text = if byte.is_some() { text::tail(rest, 3) } else { rest };
    }
    found.into_slice()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    fn of(value: &'static str) -> Spec {
        Spec::of(&mut Linux::default(), value.as_bytes(), None)
    }

    #[test]
    fn every_spelling_has_its_meaning() {
        let pairs = [
            ("/dev/vda", Spec::Node(b"vda")),
            ("/dev/cciss/c0d0", Spec::Node(b"cciss/c0d0")),
            ("/dev/ubiblock0_1", Spec::Node(b"ubiblock0_1")),
            ("/dev/mtdblock3", Spec::Node(b"mtdblock3")),
            ("/dev/ubi0_1", Spec::Flash(b"ubi0_1")),
            ("254:1", Spec::Number(254, 1)),
            ("fe01", Spec::Number(254, 1)),
            ("100fe01", Spec::Number(254, 0x1001)),
            ("UUID=a-B", Spec::Uuid(b"a-B")),
            ("LABEL=my disk", Spec::Label(b"my disk")),
            ("PARTUUID=deadbeef-01", Spec::PartUuid(b"deadbeef-01", 0)),
            ("PARTUUID=a/PARTNROFF=1", Spec::PartUuid(b"a", 1)),
            ("PARTUUID=a/PARTNROFF=-2", Spec::PartUuid(b"a", -2)),
            ("PARTLABEL=root", Spec::PartLabel(b"root")),
            ("/dev/disk/by-uuid/x", Spec::Uuid(b"x")),
            ("/dev/disk/by-label/a\\x20b", Spec::Label(b"a b")),
            ("/dev/disk/by-partuuid/x", Spec::PartUuid(b"x", 0)),
            ("/dev/disk/by-partlabel/a\\x2fb\\x", Spec::PartLabel(b"a/b\\x")),
            ("ubi0:rootfs", Spec::Flash(b"ubi0:rootfs")),
            ("mtd3", Spec::Flash(b"mtd3")),
        ];
        for (value, spec) in pairs {
            assert_eq!(of(value), spec, "{value}");
        }
    }

    #[test]
    fn what_others_do_is_said() {
        for value in ["/dev/nfs", "/dev/mapper/vg-root", "ZFS=tank", "PARTUUID=a/PARTNROFF=x"] {
            assert!(matches!(of(value), Spec::Foreign(_)), "{value}");
        }
    }

    #[test]
    fn for_shares_a_value_is_a_tag_whatever_it_looks_like() {
        for kind in ["9p", "virtiofs"] {
            let spec = Spec::of(&mut Linux::default(), b"/dev/root", Some(kind.as_bytes()));
            assert_eq!(spec, Spec::Tag);
        }
        let spec = Spec::of(&mut Linux::default(), b"none", Some(b"tmpfs"));
        assert_eq!(spec, Spec::Tag);
    }
}
