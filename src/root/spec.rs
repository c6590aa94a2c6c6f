//! What `root=` and the first part of `insinit.mount=` mean.
#![forbid(unsafe_code)]

use crate::forms::{Form, form};
use crate::kernel::Kernel;
use crate::mem::Table;
use crate::name;
use crate::text;

/// What a device is meant by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The UUID in a superblock.
    Uuid,
    /// The label in a superblock.
    Label,
    /// A partition's UUID; the number is how many places behind that one the meant one is.
    PartUuid,
    /// The name in a partition table.
    PartLabel,
    /// The device's name below /dev.
    Node,
    /// The device's major and minor number.
    Number,
    /// mount(2) takes it as it stands: a share's tag, a UBI volume, an MTD device.
    Tag,
    /// Nothing that is handled here.
    Foreign,
}

/// What is to be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// What it is meant by.
    pub kind: Kind,
    /// The UUID, label or name.
    pub text: &'static [u8],
    /// The numbers, of kinds that have any.
    pub numbers: (u64, u64),
    /// Who handles what is foreign, or what is wrong with it.
    pub who: Form,
}

/// How it may begin, in the order of [`KINDS`]. `/dev/ubiblock0_1` and `/dev/mtdblock0` are block
/// devices.
const BEGINNINGS: &[u8] =
    b"UUID= LABEL= PARTUUID= PARTLABEL= /dev/disk/by-uuid/ /dev/disk/by-label/ \
/dev/disk/by-partuuid/ /dev/disk/by-partlabel/ /dev/mapper/ /dev/nfs /dev/ubi0 /dev/ ubi mtd";

const KINDS: &[Kind] = &[
    Kind::Uuid,
    Kind::Label,
    Kind::PartUuid,
    Kind::PartLabel,
    Kind::Uuid,
    Kind::Label,
    Kind::PartUuid,
    Kind::PartLabel,
    Kind::Foreign,
    Kind::Foreign,
    Kind::Tag,
    Kind::Node,
    Kind::Tag,
    Kind::Tag,
];

impl Spec {
    /// What a value means; with `kinds` the types of file system that were named
    /// (`block/early-lookup.c`, and what udev's links are called).
    pub fn of<K: Kernel>(k: &mut K, value: &'static [u8], kinds: Option<&[u8]>) -> Self {
        let who = form!(": not a spelling of a device");
        let mut spec = Self { kind: Kind::Tag, text: value, numbers: (0, 0), who };
        if kinds.is_some_and(|kinds| name::position(b"9p virtiofs", kinds).is_some()) {
            return spec;
        }
        let mut beginnings = BEGINNINGS;
        for kind in KINDS {
            let beginning = text::cut(&mut beginnings, b' ');
            if let Some(rest) = text::after(value, beginning) {
                (spec.kind, spec.text) = (*kind, rest);
                if beginning.len() > 12 {
                    spec.text = decoded(k, &mut { rest }, 0);
                }
                spec.settle();
                return spec;
            }
        }
        if let Some(numbers) = device_number(value) {
            (spec.kind, spec.numbers) = (Kind::Number, numbers);
        } else if kinds.is_none() {
            spec.kind = Kind::Foreign;
        }
        spec
    }

    /// Takes the offset off a partition's UUID (`block/early-lookup.c`, `devt_from_partuuid`), and says who
    /// handles what is foreign.
    #[inline(never)]
    fn settle(&mut self) {
        if self.kind == Kind::Foreign {
            self.who = match self.text {
                b"" => form!(": NFS is mounted by dracut, or by the kernel without an initramfs"),
                _ => form!(": what device mapper makes is set up by initramfs-tools or dracut"),
            };
        }
        let mut rest = self.text;
        let uuid = text::cut(&mut rest, b'/');
        if self.kind == Kind::PartUuid
            && let Some(mut offset) = text::after(rest, b"PARTNROFF=")
        {
            let is_negative = offset.first() == Some(&b'-');
            offset = text::tail(offset, usize::from(is_negative));
            let places = text::number(offset, 10).unwrap_or_default();
            (self.text, self.numbers.0) = (uuid, places);
            if is_negative {
                self.numbers.0 = places.wrapping_neg();
            }
        }
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

/// Takes what stands before the next `end` that no `\` stands before, or all; `\xNN` are the odd bytes of
/// the names of udev's links. With an `end` other bytes lose the `\` in front of them, too.
#[inline(never)]
pub fn decoded<K: Kernel>(k: &mut K, rest: &mut &'static [u8], end: u8) -> &'static [u8] {
    let mut found = Table::new();
    while let [first, after @ ..] = *rest {
        let mut byte = *first;
        *rest = after;
        if byte == end {
            break;
        }
        if byte == b'\\' {
            let code = after.get(1..3).and_then(|code| text::number(code, 16));
            match (after, code) {
                ([b'x', ..], Some(code)) => {
                    byte = code as u8;
                    *rest = text::tail(after, 3);
                }
                ([escaped, after @ ..], _) if end != 0 => (byte, *rest) = (*escaped, after),
                _ => {}
            }
        }
        found.push(k, byte);
    }
    found.into_slice()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    fn of(value: &'static str) -> (Kind, &'static str, (u64, u64)) {
        let found = Spec::of(&mut Linux::default(), value.as_bytes(), None);
        (found.kind, std::str::from_utf8(found.text).unwrap(), found.numbers)
    }

    #[test]
    fn every_spelling_has_its_meaning() {
        let minus_two = 0_u64.wrapping_sub(2);
        let pairs = [
            ("/dev/vda", (Kind::Node, "vda", (0, 0))),
            ("/dev/cciss/c0d0", (Kind::Node, "cciss/c0d0", (0, 0))),
            ("/dev/ubiblock0_1", (Kind::Node, "ubiblock0_1", (0, 0))),
            ("/dev/mtdblock3", (Kind::Node, "mtdblock3", (0, 0))),
            ("254:1", (Kind::Number, "254:1", (254, 1))),
            ("fe01", (Kind::Number, "fe01", (254, 1))),
            ("100fe01", (Kind::Number, "100fe01", (254, 0x1001))),
            ("UUID=a-B", (Kind::Uuid, "a-B", (0, 0))),
            ("LABEL=my disk", (Kind::Label, "my disk", (0, 0))),
            ("PARTUUID=deadbeef-01", (Kind::PartUuid, "deadbeef-01", (0, 0))),
            ("PARTUUID=a/PARTNROFF=1", (Kind::PartUuid, "a", (1, 0))),
            ("PARTUUID=a/PARTNROFF=-2", (Kind::PartUuid, "a", (minus_two, 0))),
            ("PARTLABEL=root", (Kind::PartLabel, "root", (0, 0))),
            ("/dev/disk/by-uuid/x", (Kind::Uuid, "x", (0, 0))),
            ("/dev/disk/by-label/a\\x20b", (Kind::Label, "a b", (0, 0))),
            ("/dev/disk/by-partuuid/x", (Kind::PartUuid, "x", (0, 0))),
            ("/dev/disk/by-partlabel/a\\x2fb\\x", (Kind::PartLabel, "a/b\\x", (0, 0))),
            ("/dev/ubi0_1", (Kind::Tag, "_1", (0, 0))),
            ("ubi0:rootfs", (Kind::Tag, "0:rootfs", (0, 0))),
            ("mtd3", (Kind::Tag, "3", (0, 0))),
        ];
        for (value, meaning) in pairs {
            assert_eq!(of(value), meaning, "{value}");
        }
    }

    #[test]
    fn what_others_do_is_said() {
        for value in ["/dev/nfs", "/dev/mapper/vg-root", "ZFS=tank"] {
            assert_eq!(of(value).0, Kind::Foreign, "{value}");
        }
    }

    #[test]
    fn for_shares_a_value_is_a_tag_whatever_it_looks_like() {
        for kind in ["9p", "virtiofs"] {
            let spec = Spec::of(&mut Linux::default(), b"/dev/root", Some(kind.as_bytes()));
            assert_eq!((spec.kind, spec.text), (Kind::Tag, &b"/dev/root"[..]));
        }
        let spec = Spec::of(&mut Linux::default(), b"none", Some(b"tmpfs"));
        assert_eq!(spec.kind, Kind::Tag);
    }
}
