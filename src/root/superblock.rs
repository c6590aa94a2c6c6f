//! What a device holds, by its first bytes.
//!
//! One row a kind, from the file systems' own headers: `fs/ext4/ext4.h`, `fs/xfs/libxfs/xfs_format.h`,
//! `include/uapi/linux/btrfs_tree.h`, `include/linux/f2fs_fs.h`, `fs/fat`,
//! `fs/squashfs/squashfs_fs.h`, `fs/erofs/erofs_fs.h`, `include/linux/swap.h`, `fs/isofs`.
#![forbid(unsafe_code)]

use super::uuid::{PLAIN, SERIAL, is_spelled};
use crate::text;

/// So many bytes hold all that is looked at: btrfs has its label last.
pub const LEN: usize = 0x1022b;

/// How a kind's UUID is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    None,
    Plain,
    Serial,
}

/// How a kind's label is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    /// Up to a NUL.
    Plain,
    /// Blanks at the end.
    Padded,
    /// UTF-16, little-endian.
    Wide,
}

/// One kind: where its mark is and what it is; how far from there UUID and label are; a length of 0 is no
/// label.
struct Row {
    at: u32,
    /// Its first byte is the lowest; one of two bytes has only those.
    mark: u32,
    uuid: i16,
    label: i16,
    len: u16,
    id: Id,
    name: Name,
}

const fn row(mark: (u32, &[u8; 4]), uuid: (u32, Id), label: (u32, u16, Name)) -> Row {
    let (at, mark) = (mark.0, u32::from_le_bytes(*mark.1));
    Row {
        at,
        mark,
        uuid: far(at, uuid.0),
        label: far(at, label.0),
        len: label.1,
        id: uuid.1,
        name: label.2,
    }
}

/// How far it is from `at` to a field; 0 where there is no field.
const fn far(at: u32, field: u32) -> i16 {
    let far = if field == 0 { 0 } else { field.wrapping_sub(at) as i32 };
    assert!(far as i16 as i32 == far);
    far as i16
}

/// No label.
const NAMELESS: (u32, u16, Name) = (0, 0, Name::Plain);
/// No UUID.
const ANONYMOUS: (u32, Id) = (0, Id::None);

/// What each row is called, an entry a row: the types to be mounted as, in order.
const KINDS: &[u8] = b"xfs squashfs erofs f2fs btrfs ext4,ext3,ext2 vfat vfat iso9660 \
swap crypto_LUKS LVM2_member";

/// From here on they are no file systems.
const FOREIGN: usize = 9;

const ROWS: [Row; 12] = [
    row((0, b"XFSB"), (32, Id::Plain), (108, 12, Name::Plain)),
    row((0, b"hsqs"), ANONYMOUS, NAMELESS),
    row((0x400, b"\xe2\xe1\xf5\xe0"), (0x430, Id::Plain), (0x440, 16, Name::Plain)),
    row((0x400, b"\x10\x20\xf5\xf2"), (0x46c, Id::Plain), (0x47c, 1024, Name::Wide)),
    row((0x10040, b"_BHR"), (0x10020, Id::Plain), (0x1012b, 256, Name::Plain)),
    // Two bytes; the next two differ.
    row((0x438, b"\x53\xef\0\0"), (0x468, Id::Plain), (0x478, 16, Name::Plain)),
    row((82, b"FAT3"), (67, Id::Serial), (71, 11, Name::Padded)),
    row((54, b"FAT1"), (39, Id::Serial), (43, 11, Name::Padded)),
    row((0x8001, b"CD00"), ANONYMOUS, (0x8028, 32, Name::Padded)),
    // The end of a page of 4 KiB.
    row((4086, b"SWAP"), (0x40c, Id::Plain), (0x41c, 16, Name::Plain)),
    row((0, b"LUKS"), ANONYMOUS, NAMELESS),
    row((0x218, b"LVM2"), ANONYMOUS, NAMELESS),
];

/// What a device holds.
pub struct Superblock<'a> {
    image: &'a [u8],
    /// The number of its row; there is none where no row knows it.
    number: usize,
}

impl<'a> Superblock<'a> {
    /// What these first bytes of a device are.
    #[must_use]
    #[inline(never)]
    pub fn of(image: &'a [u8]) -> Self {
        let mut number = 0_usize;
        for row in &ROWS {
            let mask = if row.mark < 1 << 16 { 0xffff } else { u32::MAX };
            if text::little(image, row.at as usize, 4) as u32 & mask == row.mark {
                break;
            }
            number = number.wrapping_add(1);
        }
        Self { image, number }
    }

    /// The types it may be mounted as, a comma between them; none where nothing is known.
    #[must_use]
    pub fn kinds(&self) -> &'static [u8] {
        text::nth(KINDS, b' ', self.number)
    }

    /// It isn't a file system.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        (FOREIGN..ROWS.len()).contains(&self.number)
    }

    /// Whether it has that UUID.
    #[must_use]
    #[inline(never)]
    pub fn has_uuid(&self, wanted: &[u8]) -> bool {
        let Some(row) = ROWS.get(self.number) else { return false };
        let pattern = match row.id {
            Id::None => return false,
            Id::Plain => PLAIN,
            Id::Serial => SERIAL,
        };
        is_spelled(wanted, pattern, field(self.image, row.at, row.uuid, 16))
    }

    /// Whether it has that label.
    #[must_use]
    #[inline(never)]
    pub fn has_label(&self, wanted: &[u8]) -> bool {
        let Some(row) = ROWS.get(self.number) else { return false };
        let field = field(self.image, row.at, row.label, row.len.into());
        if row.name == Name::Wide {
            return is_wide(field, wanted);
        }
        let label = text::head(field, text::find(field, 0).unwrap_or(field.len()));
        let label = if row.name == Name::Padded { text::trim(label) } else { label };
        label == wanted && !label.is_empty()
    }
}

/// `len` bytes that are so far from a place; none where the image is shorter.
#[inline(never)]
fn field(image: &[u8], at: u32, far: i16, len: usize) -> &[u8] {
    text::tail(image, at.wrapping_add_signed(far.into()) as usize).get(..len).unwrap_or_default()
}

/// Whether a text of UTF-16 up to its NUL is `wanted`. Letters beyond U+FFFF are no part of a label here.
fn is_wide(label: &[u8], mut wanted: &[u8]) -> bool {
    let (mut units, is_empty) = (label.as_chunks::<2>().0.iter(), wanted.is_empty());
    let mut next = || units.next().map_or(0, |unit| u16::from_le_bytes(*unit).into());
    while let [first, rest @ ..] = wanted {
        // The first byte of a letter has as many ones in front as the letter has bytes.
        let mut letter = u32::from(first & 0xff_u8.unbounded_shr(first.leading_ones()));
        wanted = rest;
        while let [more @ 0x80..0xc0, rest @ ..] = wanted {
            letter = letter << 6 | u32::from(more & 0x3f);
            wanted = rest;
        }
        if letter != next() {
            return false;
        }
    }
    !is_empty && next() == 0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A device with these bytes at these places.
    pub fn device(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut image = vec![0; LEN];
        for (at, bytes) in parts {
            image[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        image
    }

    const BYTES: [u8; 16] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\0\x11\x22\x33\x44\x55\x66\x77";
    const TEXT: &str = "01234567-89ab-cdef-0011-223344556677";

    fn kinds_of(image: &[u8]) -> &'static str {
        std::str::from_utf8(Superblock::of(image).kinds()).unwrap()
    }

    fn has_uuid(image: &[u8], uuid: &str) -> bool {
        Superblock::of(image).has_uuid(uuid.as_bytes())
    }

    fn has_label(image: &[u8], label: &str) -> bool {
        Superblock::of(image).has_label(label.as_bytes())
    }

    #[test]
    fn each_kind_is_known_with_uuid_and_label() {
        for (kind, uuid, label, image) in &named() {
            assert_eq!(kinds_of(image), *kind);
            for known in [TEXT, "6745-2301", ""] {
                let is_its = !known.is_empty() && known == *uuid;
                assert_eq!(has_uuid(image, known), is_its, "{kind} {known}");
                assert_eq!(has_uuid(image, &known.to_uppercase()), is_its, "{kind} {known}");
            }
            assert!(has_label(image, label), "{kind}");
            for other in ["", "roo", "root ", "rootx"] {
                assert!(!has_label(image, other), "{kind} {other}");
            }
        }
    }

    /// Each kind with its UUID, its label and a device of it.
    fn named() -> [(&'static str, &'static str, &'static str, Vec<u8>); 9] {
        let wide: Vec<u8> = "r\u{f6}\u{20ac}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        [
            ("xfs", TEXT, "root", device(&[(0, b"XFSB"), (32, &BYTES), (108, b"root")])),
            (
                "erofs",
                TEXT,
                "root",
                device(&[(1024, b"\xe2\xe1\xf5\xe0"), (1072, &BYTES), (1088, b"root")]),
            ),
            (
                "f2fs",
                TEXT,
                "r\u{f6}\u{20ac}",
                device(&[(1024, b"\x10\x20\xf5\xf2"), (1132, &BYTES), (1148, &wide)]),
            ),
            (
                "btrfs",
                TEXT,
                "root",
                device(&[(65600, b"_BHRfS_M"), (65568, &BYTES), (65835, b"root")]),
            ),
            (
                "ext4,ext3,ext2",
                TEXT,
                "sixteen letters!",
                device(&[(1080, b"\x53\xef\x01\0"), (1128, &BYTES), (1144, b"sixteen letters!/")]),
            ),
            (
                "vfat",
                "6745-2301",
                "ROOT",
                device(&[(82, b"FAT32   "), (67, &BYTES[..4]), (71, b"ROOT       ")]),
            ),
            (
                "vfat",
                "6745-2301",
                "MY ROOT",
                device(&[(54, b"FAT16   "), (39, &BYTES[..4]), (43, b"MY ROOT    ")]),
            ),
            (
                "iso9660",
                "",
                "DISC",
                device(&[(0x8001, b"CD001"), (0x8028, b"DISC    "), (0x8030, &[b' '; 24])]),
            ),
            (
                "swap",
                TEXT,
                "swap",
                device(&[(4086, b"SWAPSPACE2"), (1036, &BYTES), (1052, b"swap")]),
            ),
        ]
    }

    #[test]
    fn what_has_no_label_has_none() {
        let image = device(&[(0, b"hsqs")]);
        assert!(kinds_of(&image) == "squashfs" && !has_uuid(&image, ""));
        assert!(!has_label(&image, ""));
    }

    #[test]
    fn what_is_no_file_system_is_told_apart() {
        let images = [
            ("swap", device(&[(4086, b"SWAPSPACE2")])),
            ("crypto_LUKS", device(&[(0, b"LUKS\xba\xbe")])),
            ("LVM2_member", device(&[(0x218, b"LVM2 001")])),
        ];
        for (kind, image) in &images {
            let superblock = Superblock::of(image);
            assert!(superblock.is_foreign() && superblock.kinds() == kind.as_bytes(), "{kind}");
        }
        assert!(!Superblock::of(&device(&[(0x8001, b"CD001")])).is_foreign());
    }

    #[test]
    fn an_empty_and_a_short_device_are_nothing() {
        for nothing in [&device(&[])[..], b""] {
            let nothing = Superblock::of(nothing);
            assert!(nothing.kinds().is_empty() && !nothing.is_foreign());
            assert!(!nothing.has_uuid(TEXT.as_bytes()) && !nothing.has_label(b"x"));
        }
        let short = Superblock::of(b"XFSB");
        assert!(!short.has_label(b"x") && !short.has_label(b""));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(image in prop::collection::vec(any::<u8>(), 0..2000), row in 0..ROWS.len()) {
            let mut image = image;
            let Row { at, mark, .. } = ROWS[row];
            if let Some(place) = image.get_mut(at as usize..at as usize + 4) {
                place.copy_from_slice(&mark.to_le_bytes());
            }
            let found = Superblock::of(&image);
            let _ = (found.kinds(), found.has_uuid(b"x"), found.has_uuid(b""));
            let _ = (found.has_label(b"x"), found.has_label(b""));
        }
    }
}
