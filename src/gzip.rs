//! gzip files (RFC 1952): members of DEFLATE data (RFC 1951), each with a checksum and a length.
//!
//! Takes the compressed file in pieces and writes the inflated bytes straight into the mapping that
//! the kernel gets. Every byte has been checked when [`inflate`] returns. The DEFLATE decoder is
//! `miniz_oxide`; header, trailer and what may follow are checked here.
#![forbid(unsafe_code)]

use crate::fields::Fields;
use crate::inflate::{Damage, Inflated, Scratch, Source};
use crate::text;
use miniz_oxide::inflate::TINFLStatus as Status;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// ID1 and ID2, which every gzip file begins with (RFC 1952 section 2.3.1).
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// CM: the only compression method there is.
const DEFLATE: u8 = 8;

// The flags of FLG; the three bits above them are reserved and must be zero.
const FTEXT: u8 = 1;
const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// The output is flat memory, its own window. Constant, so that only the code for this is linked.
const FLAGS: u32 = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
    | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;

/// Whether the kernel's own decoder reads this header right: `kernel/module/decompress.c` knows the
/// file name and takes every other optional field for compressed data.
#[must_use]
pub fn kernel_takes(first: &[u8]) -> bool {
    matches!(first, [0x1f, 0x8b, DEFLATE, flags, ..] if flags & !(FTEXT | FNAME) == 0)
}

/// Inflates all members of the file that `source` gives into `out`.
///
/// Zero bytes may follow the last member, as on tapes; anything else is refused.
///
/// # Errors
/// The first damage there is. `out` then holds bytes that nobody may use.
pub fn inflate(
    source: &mut impl Source,
    scratch: &mut Scratch,
    out: &mut [u8],
) -> Result<Inflated, Damage> {
    let mut file = File {
        fields: Fields::new(source, &mut scratch.piece, &mut scratch.crc32),
        decoder: scratch.deflate.write(DecompressorOxide::default()),
        limit: out.len() as u64,
    };
    let mut all = Inflated { size: 0, parts: 0 };
    while file.goes_on(all.parts) {
        // Its own slice for each: no match reaches into the member before.
        let size = file.member(out.get_mut(all.size..).unwrap_or_default());
        all = Inflated { size: all.size.saturating_add(size), parts: all.parts.saturating_add(1) };
    }
    file.fields.input.damage().map_or(Ok(all), Err)
}

/// A file that is being read.
struct File<'a, S> {
    /// The checksum is of the header, then of the data.
    fields: Fields<'a, S>,
    decoder: &'a mut DecompressorOxide,
    /// The length of the whole output.
    limit: u64,
}

impl<S: Source> File<'_, S> {
    /// One member into the front of `out`: header, data, trailer. Returns its size.
    fn member(&mut self, out: &mut [u8]) -> usize {
        self.fields.crc.restart();
        self.header();
        self.fields.crc.restart();
        self.decoder.init();
        let mut size = 0;
        while self.fields.is_good() && self.piece(out, &mut size) {}
        self.trailer(size as u32);
        size
    }

    /// The header (RFC 1952 section 2.3): nothing in it is used, all of it is checked.
    fn header(&mut self) {
        let file = &mut self.fields;
        let id = file.half();
        file.check(id == u16::from_le_bytes(MAGIC), "ID");
        let method = file.byte();
        file.check(method == DEFLATE, "CM");
        let flags = file.byte();
        file.check(flags & RESERVED == 0, "FLG");
        // MTIME, XFL, OS.
        skip(file, 6);
        if flags & FEXTRA != 0 {
            let length = file.half();
            skip(file, length);
        }
        for flag in [FNAME, FCOMMENT] {
            while flags & flag != 0 && file.byte() != 0 {}
        }
        if flags & FHCRC != 0 {
            let computed = file.crc.value() as u16;
            let stored = file.half();
            file.check(stored == computed, "CRC16");
        }
    }

    /// Inflates what one piece of the file holds; whether there is more.
    fn piece(&mut self, out: &mut [u8], size: &mut usize) -> bool {
        let input = &mut self.fields.input;
        let piece = input.next();
        let last = piece.is_empty();
        let (status, read, wrote) = decompress(self.decoder, piece, out, *size, FLAGS);
        input.take(read);
        let end = size.saturating_add(wrote);
        self.fields.crc.update(text::tail(text::head(out, end), *size));
        *size = end;
        let asks = matches!(status, Status::HasMoreOutput | Status::NeedsMoreInput);
        // With the output full it asks for room, even where it only waits for input.
        if asks && (read > 0 || wrote > 0) {
            return true;
        }
        if asks && last {
            // A whole file has a trailer left.
            input.ended();
        } else if status == Status::HasMoreOutput {
            input.fail(Damage::TooLarge { limit: self.limit });
        } else if status != Status::Done {
            input.fail(Damage::Corrupt { at: input.at() });
        }
        false
    }

    /// CRC32 and ISIZE (RFC 1952 section 2.3.1), against a member of `size` bytes.
    fn trailer(&mut self, size: u32) {
        let file = &mut self.fields;
        let crc = file.crc.value();
        let (stored_crc, stored_size) = (file.word(), file.word());
        file.check_sum(stored_crc.into(), crc.into());
        file.check_length(stored_size.into(), size.into());
    }

    /// Whether another member follows the `parts` before; if not, only zero bytes may.
    fn goes_on(&mut self, parts: usize) -> bool {
        let input = &mut self.fields.input;
        if parts == 0 || input.next().first() == Some(&MAGIC[0]) {
            return self.fields.is_good();
        }
        loop {
            let at = input.at();
            match input.byte() {
                None => return false,
                Some(0) => {}
                Some(_) => input.fail(Damage::TrailingGarbage { at }),
            }
        }
    }
}

fn skip(file: &mut Fields<'_, impl Source>, count: u16) {
    (0..count).for_each(|_| _ = file.byte());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inflate::pieces::{self, Broken, Steps, sample};
    use crate::kernel::Errno;
    use flate2::write::GzEncoder;
    use flate2::{Compression, Crc};
    use proptest::prelude::*;
    use std::io::Write;

    fn inflate_in(file: &[u8], step: usize, room: usize) -> Result<Vec<u8>, Damage> {
        pieces::inflate_in(|from, memory, out| inflate(from, memory, out), file, step, room)
    }

    fn inflate_all(file: &[u8]) -> Result<Vec<u8>, Damage> {
        inflate_in(file, 4096, 1 << 20)
    }

    fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// `hello` with the given FLG and what stands between the fixed fields and the data.
    fn with_header(flags: u8, fields: &[u8]) -> Vec<u8> {
        let plain = gzip(b"hello", 6);
        let fixed = [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 5, 6];
        [&fixed, fields, &plain[10..]].concat()
    }

    /// The same with the CRC16 that belongs there, plus `error`.
    fn with_header_crc(flags: u8, fields: &[u8], error: u16) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(&[0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 5, 6]);
        crc.update(fields);
        let crc16 = (crc.sum() as u16).wrapping_add(error).to_le_bytes();
        with_header(flags, &[fields, &crc16].concat())
    }

    /// A member of stored bytes, made by hand.
    fn stored(bytes: &[u8]) -> Vec<u8> {
        let len = bytes.len() as u16;
        let mut crc = Crc::new();
        crc.update(bytes);
        let head = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1][..], &len.to_le_bytes()].concat();
        let trailer = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
        [&head, &(!len).to_le_bytes()[..], bytes, &trailer].concat()
    }

    #[test]
    fn every_level_comes_back() {
        let bytes = sample(300_000);
        for level in 0..=9 {
            assert!(inflate_all(&gzip(&bytes, level)).as_ref() == Ok(&bytes), "level {level}");
        }
    }

    #[test]
    fn one_byte_at_a_time_is_enough() {
        let bytes = sample(100_000);
        for level in [0, 1, 9] {
            let file = gzip(&bytes, level);
            assert!(inflate_in(&file, 1, bytes.len()).as_ref() == Ok(&bytes), "level {level}");
        }
    }

    #[test]
    fn no_bytes_are_a_file_too() {
        assert_eq!(inflate_in(&gzip(b"", 6), 1, 0), Ok(vec![]));
    }

    #[test]
    fn stored_blocks_come_back() {
        let bytes = sample(65_535);
        assert!(inflate_all(&stored(&bytes)) == Ok(bytes));
    }

    #[test]
    fn room_is_counted_to_the_byte() {
        for (bytes, step) in [(sample(70_000), 1), (vec![0; 70_000], 1), (sample(70_000), 4096)] {
            for file in [gzip(&bytes, 9), gzip(&bytes, 0)] {
                let (exact, less) = (bytes.len(), bytes.len() - 1);
                assert!(inflate_in(&file, step, exact).as_ref() == Ok(&bytes));
                let too_large = Err(Damage::TooLarge { limit: less as u64 });
                assert_eq!(inflate_in(&file, step, less), too_large);
                assert_eq!(inflate_in(&file, step, 0), Err(Damage::TooLarge { limit: 0 }));
            }
        }
    }

    #[test]
    fn room_of_several_members_is_the_whole() {
        let file = [gzip(b"first", 6), gzip(b"second", 6)].concat();
        assert_eq!(inflate_in(&file, 1, 11), Ok(b"firstsecond".to_vec()));
        assert_eq!(inflate_in(&file, 1, 10), Err(Damage::TooLarge { limit: 10 }));
        assert_eq!(inflate_in(&file, 1, 5), Err(Damage::TooLarge { limit: 5 }));
    }

    #[test]
    fn members_are_counted() {
        let file = [gzip(b"a", 6), gzip(b"", 6), stored(b"b"), gzip(b"c", 1)].concat();
        let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 3]);
        let all = inflate(&mut Steps(&file, 9), &mut scratch, &mut out);
        assert_eq!((all, &out), (Ok(Inflated { size: 3, parts: 4 }), b"abc"));
    }

    #[test]
    fn scratch_serves_again_after_damage() {
        let bytes = sample(50_000);
        let (file, mut scratch, mut out) =
            (gzip(&bytes, 9), Box::new(Scratch::new()), vec![0; 50_000]);
        for cut in [10, 20_000.min(file.len() / 2), file.len()] {
            let all = inflate(&mut Steps(&file[..cut], 999), &mut scratch, &mut out);
            assert_eq!(all.is_ok(), cut == file.len());
        }
        assert!(out == bytes);
    }

    #[test]
    fn a_match_cannot_reach_into_the_member_before() {
        // Fixed Huffman codes: a match of length 3 at distance 1, before any literal; end of block.
        let reaching = [&stored(b"x")[..10], &[0x03, 0x02, 0x00], &[0; 8]].concat();
        let file = [stored(b"before"), reaching.clone()].concat();
        assert!(matches!(inflate_all(&reaching), Err(Damage::Corrupt { .. })));
        assert!(matches!(inflate_all(&file), Err(Damage::Corrupt { .. })));
    }

    #[test]
    fn zero_padding_may_follow() {
        for padding in [1, 511, 100_000] {
            let file = [gzip(b"hello", 6), vec![0; padding]].concat();
            assert_eq!(inflate_all(&file), Ok(b"hello".to_vec()));
        }
    }

    #[test]
    fn nothing_else_may_follow() {
        let file = gzip(b"hello", 6);
        let at = file.len() as u64;
        let followed = |by: &[u8]| inflate_all(&[&file, by].concat());
        assert_eq!(followed(b"x"), Err(Damage::TrailingGarbage { at }));
        assert_eq!(followed(b"\0\0x"), Err(Damage::TrailingGarbage { at: at + 2 }));
        assert_eq!(
            followed(&[&[0], &file[..]].concat()),
            Err(Damage::TrailingGarbage { at: at + 1 })
        );
        assert_eq!(followed(&[0x1f, 1]), Err(Damage::Header { field: "ID", at: at + 2 }));
        assert_eq!(followed(&[0x1f]), Err(Damage::Truncated { at: at + 1 }));
    }

    #[test]
    fn every_header_field_is_passed_over() {
        let long_comment = [vec![b'c'; 70_000], vec![0]].concat();
        let largest_extra = [vec![0xff; 2], vec![0; 65_535]].concat();
        let all = [b"\x03\0abc".as_slice(), b"name\0", b"comment\0"].concat();
        for (flags, fields) in [
            (FTEXT, b"".as_slice()),
            (FNAME, b"module.ko\0"),
            (FNAME, b"\0"),
            (FCOMMENT, &long_comment),
            (FEXTRA, b"\0\0"),
            (FEXTRA, &largest_extra),
            (FTEXT | FEXTRA | FNAME | FCOMMENT, &all),
        ] {
            let expected = Ok(b"hello".to_vec());
            assert_eq!(inflate_all(&with_header(flags, fields)), expected, "{flags}");
            assert_eq!(
                inflate_all(&with_header_crc(flags | FHCRC, fields, 0)),
                expected,
                "{flags}"
            );
        }
    }

    #[test]
    fn wrong_header_fields_are_named() {
        let refused = |file: &[u8], field, at| {
            assert_eq!(inflate_all(file), Err(Damage::Header { field, at }));
        };
        refused(b"\x7fELF", "ID", 2);
        refused(b"\x1f\x8c\x08", "ID", 2);
        refused(b"\x1f\x8b\x07", "CM", 3);
        for reserved in [0x20, 0x40, 0x80] {
            refused(&with_header(reserved, b""), "FLG", 4);
        }
        refused(&with_header_crc(FHCRC | FNAME, b"a\0", 1), "CRC16", 14);
    }

    #[test]
    fn a_wrong_checksum_or_length_is_told_with_both() {
        let mut file = gzip(b"hello", 6);
        let (crc, len) = (file.len() - 8, file.len() - 4);
        file[len + 3] = 1;
        assert_eq!(inflate_all(&file), Err(Damage::Length { stored: 0x0100_0005, computed: 5 }));
        file[crc] ^= 1;
        let (stored, computed) = (0x3610_a687, 0x3610_a686);
        assert_eq!(inflate_all(&file), Err(Damage::Checksum { stored, computed }));
    }

    #[test]
    fn every_truncation_is_refused_where_it_ends() {
        let file = [gzip(&sample(700), 9), with_header_crc(31, b"\x01\0xn\0c\0", 0)].concat();
        let second = gzip(&sample(700), 9).len();
        for cut in (0..file.len()).filter(|cut| *cut != second) {
            for step in [1, 4096] {
                let truncated = Err(Damage::Truncated { at: cut as u64 });
                assert_eq!(inflate_in(&file[..cut], step, 1000), truncated, "{cut}");
            }
        }
    }

    #[test]
    fn truncation_where_the_room_ends_is_truncation() {
        let file = gzip(&sample(700), 9);
        let cut = file.len() - 8;
        let truncated = Err(Damage::Truncated { at: cut as u64 });
        assert_eq!(inflate_in(&file[..cut], 1, 700), truncated);
    }

    #[test]
    fn every_flipped_byte_is_refused_or_harmless() {
        let bytes = sample(600);
        let file = gzip(&bytes, 9);
        let masks = [1, 2, 4, 8, 16, 32, 64, 128, 255];
        for (at, mask) in (0..file.len()).flat_map(|at| masks.map(|mask| (at, mask))) {
            let mut file = file.clone();
            file[at] ^= mask;
            let harmed = inflate_in(&file, 4096, 4096).is_ok_and(|found| found != bytes);
            assert!(!harmed, "byte {at} flipped by {mask:#x}");
        }
    }

    #[test]
    fn the_end_of_the_file_is_read_once() {
        struct Counted<'a>(Steps<'a>, usize);
        impl Source for Counted<'_> {
            fn read(&mut self, buf: &mut [u8]) -> Result<usize, Errno> {
                self.1 += 1;
                self.0.read(buf)
            }
        }
        let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 5]);
        for file in [gzip(b"hello", 6), with_header(FEXTRA, b"\xff\xff")] {
            let mut source = Counted(Steps(&file, 4096), 0);
            let _ = inflate(&mut source, &mut scratch, &mut out);
            assert_eq!(source.1, 2);
        }
    }

    #[test]
    fn a_read_error_is_passed_on() {
        let file = gzip(&sample(700), 9);
        for cut in [0, 5, 100, file.len()] {
            let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 700]);
            let refused = inflate(&mut Broken(&file[..cut]), &mut scratch, &mut out);
            assert_eq!(refused, Err(Damage::Read(Errno::EIO)));
        }
    }

    #[test]
    fn the_kernel_takes_a_name_only() {
        let taken = (0..=255).filter(|flags| kernel_takes(&with_header(*flags, b"")));
        assert_eq!(taken.collect::<Vec<_>>(), [0, FTEXT, FNAME, FTEXT | FNAME]);
        let others = [b"\x1f\x8b\x08".as_slice(), b"\x1f\x8b\x09\0", b"\x7fELF", b""];
        assert!(!others.into_iter().any(kernel_takes));
    }

    proptest! {
        #[test]
        fn whatever_is_compressed_comes_back(
            bytes in prop::collection::vec(prop_oneof![4 => 0..4u8, 1 => any::<u8>()], 0..5000),
            (level, step) in (0..10u32, 1..3000usize),
        ) {
            let file = gzip(&bytes, level);
            prop_assert_eq!(inflate_in(&file, step, 5000), Ok(bytes));
        }

        #[test]
        fn any_bytes_do_no_harm(data in prop::collection::vec(any::<u8>(), 0..2000)) {
            let file = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], &data[..]].concat();
            let whole = inflate_in(&file, 4096, 9000);
            prop_assert_eq!(inflate_in(&file, 1, 9000).is_ok(), whole.is_ok());
        }
    }
}
