//! Packed by liblzma, the reference, with every option; unpacked here. Then damaged.

use super::*;
use crate::inflate::pieces::{self, Broken, Steps, sample};
use crate::kernel::Errno;
use liblzma::read::XzEncoder;
use liblzma::stream::{Action, Check, Filters, LzmaOptions, Status, Stream};
use proptest::prelude::*;
use std::io::Read;
use std::num::NonZeroU64;

const CHECKS: [Check; 4] = [Check::None, Check::Crc32, Check::Crc64, Check::Sha256];

/// Inflates `file`, read in steps, into `room` bytes.
fn inflate_in(file: &[u8], step: usize, room: usize) -> Result<Vec<u8>, Damage> {
    pieces::inflate_in(|from, memory, out| inflate(from, memory, out), file, step, room)
}

fn inflate_all(file: &[u8]) -> Result<Vec<u8>, Damage> {
    inflate_in(file, 4096, 1 << 20)
}

/// How the reference inflates it; the way without a checksum that it can't check is refused.
fn reference(file: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let flags = liblzma::stream::CONCATENATED | liblzma::stream::TELL_UNSUPPORTED_CHECK;
    let stream = Stream::new_stream_decoder(u64::MAX, flags).unwrap();
    liblzma::read::XzDecoder::new_stream(file, stream).read_to_end(&mut out).ok().map(|_| out)
}

/// LZMA2 of a preset, with another coder.
fn options(preset: u32, [lc, lp, pb]: [u32; 3]) -> LzmaOptions {
    let mut options = LzmaOptions::new_preset(preset).unwrap();
    options.literal_context_bits(lc).literal_position_bits(lp).position_bits(pb);
    options
}

/// LZMA2 of a preset behind the filters that are added first.
fn chain(preset: u32, add: impl Fn(&mut Filters)) -> Filters {
    let mut filters = Filters::new();
    add(&mut filters);
    filters.lzma2(&LzmaOptions::new_preset(preset).unwrap());
    filters
}

fn pack(bytes: &[u8], filters: &Filters, check: Check) -> Vec<u8> {
    let mut file = Vec::new();
    let stream = Stream::new_stream_encoder(filters, check).unwrap();
    XzEncoder::new_stream(bytes, stream).read_to_end(&mut file).unwrap();
    file
}

/// As `xz -6` does it, but for the check.
fn xz(bytes: &[u8], check: Check) -> Vec<u8> {
    pack(bytes, &chain(6, |_| ()), check)
}

/// A block for each part.
fn blocks(parts: &[&[u8]], check: Check) -> Vec<u8> {
    let mut stream = Stream::new_stream_encoder(&chain(6, |_| ()), check).unwrap();
    let mut file = Vec::with_capacity(1 << 20);
    for (at, part) in parts.iter().enumerate() {
        let last = at + 1 == parts.len();
        let action = if last { Action::Finish } else { Action::FullFlush };
        let done = stream.process_vec(part, &mut file, action).unwrap();
        assert_eq!(done, Status::StreamEnd);
    }
    file
}

/// Blocks of so many bytes at most, by the other reference.
fn other_blocks(bytes: &[u8], size: u64) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = 4096;
    options.block_size = NonZeroU64::new(size);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    std::io::Write::write_all(&mut writer, bytes).unwrap();
    writer.finish().unwrap()
}

/// Bytes full of what the filters look for.
fn code(len: usize) -> Vec<u8> {
    const PARTS: [&[u8]; 16] = [
        b"\xe8",
        b"\xe9",
        b"\0",
        b"\xff",
        b"\0\0",
        b"\xff\xff",
        b"\x01\x02",
        b"\xeb",
        b"\x00\xf0\x00\xf8",
        b"\x94",
        b"\x90",
        b"\x48\x00\x00\x01",
        b"\x40",
        b"\x7f\xff",
        b"\xef\x00\x10",
        b"\x17\x05",
    ];
    let mut code = Vec::new();
    let mut noise = 1_u32;
    while code.len() < len {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        code.extend(PARTS[(noise >> 28) as usize]);
        if noise >> 24 & 3 == 0 {
            code.push((noise >> 16) as u8);
        }
    }
    code.truncate(len);
    code
}

#[test]
fn every_preset_and_check_comes_back() {
    let bytes = sample(100_000);
    for (preset, check) in (0..=9).flat_map(|preset| CHECKS.map(|check| (preset, check))) {
        let file = pack(&bytes, &chain(preset, |_| ()), check);
        assert!(inflate_all(&file).as_ref() == Ok(&bytes), "{preset} {check:?}");
    }
}

#[test]
fn every_coder_comes_back() {
    let bytes = sample(60_000);
    for (lc, lp, pb) in (0..=4).flat_map(|lc| (0..=4 - lc).map(move |lp| (lc, lp, (lc + lp) % 5))) {
        for pb in [pb, 4 - pb] {
            let mut filters = Filters::new();
            filters.lzma2(&options(6, [lc, lp, pb]));
            let file = pack(&bytes, &filters, Check::Crc32);
            assert!(inflate_all(&file).as_ref() == Ok(&bytes), "{lc} {lp} {pb}");
        }
    }
}

#[test]
fn every_dictionary_comes_back() {
    let bytes = [sample(100_000), sample(100_000)].concat();
    for size in [4096, 6144, 8192, 65_536, 98_304, 1 << 20, 100 << 20] {
        let mut options = LzmaOptions::new_preset(6).unwrap();
        options.dict_size(size);
        let mut filters = Filters::new();
        filters.lzma2(&options);
        let file = pack(&bytes, &filters, Check::Crc32);
        assert!(inflate_all(&file).as_ref() == Ok(&bytes), "{size}");
    }
}

#[test]
fn no_distance_is_larger_than_the_dictionary() {
    let half: Vec<u8> =
        (0..6000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut file = xz(&[&half[..], &half].concat(), Check::None);
    assert!(inflate_all(&file).is_ok());
    // The property of LZMA2: 8 MiB becomes 4 KiB.
    assert_eq!(file[16], 22);
    file[16] = 0;
    let crc = crc32(&file[12..20]);
    file[20..24].copy_from_slice(&crc);
    assert!(matches!(inflate_all(&file), Err(Damage::Corrupt { .. })));
    assert_eq!(reference(&file), None);
}

/// The CRC32 of a header.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}

#[test]
fn every_filter_comes_back_from_any_start() {
    let bytes = code(200_000);
    let adds: [fn(&mut Filters, &[u8]); 8] = [
        |filters, start| _ = filters.x86_properties(start).unwrap(),
        |filters, start| _ = filters.arm64_properties(start).unwrap(),
        |filters, start| _ = filters.riscv_properties(start).unwrap(),
        |filters, start| _ = filters.arm_properties(start).unwrap(),
        |filters, start| _ = filters.arm_thumb_properties(start).unwrap(),
        |filters, start| _ = filters.powerpc_properties(start).unwrap(),
        |filters, start| _ = filters.sparc_properties(start).unwrap(),
        |filters, start| _ = filters.delta_properties(&[start[1]]).unwrap(),
    ];
    for (number, add) in adds.iter().enumerate() {
        for start in [0, 16, 0x1230, 0xffff_fff0_u32] {
            let filters = chain(3, |filters| add(filters, &start.to_le_bytes()));
            for len in [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 200_000] {
                let file = pack(&bytes[..len], &filters, Check::Crc32);
                let found = inflate_all(&file);
                assert!(
                    found.as_deref() == Ok(&bytes[..len]),
                    "{number} {start} {len}: {:?}",
                    found.err()
                );
            }
        }
    }
}

#[test]
fn filters_may_stand_in_front_of_filters() {
    let bytes = code(100_000);
    let filters = chain(6, |filters| {
        filters.x86().arm64().delta_properties(&[3]).unwrap();
    });
    let file = pack(&bytes, &filters, Check::Sha256);
    assert!(inflate_in(&file, 7, bytes.len()).as_ref() == Ok(&bytes));
}

#[test]
fn a_filter_is_undone_in_each_block_from_its_start() {
    let bytes = code(50_000);
    let filters = chain(6, |filters| _ = filters.x86());
    let mut stream = Stream::new_stream_encoder(&filters, Check::Crc64).unwrap();
    let mut file = Vec::with_capacity(1 << 20);
    stream.process_vec(&bytes, &mut file, Action::FullFlush).unwrap();
    stream.process_vec(&bytes, &mut file, Action::Finish).unwrap();
    assert!(inflate_all(&file) == Ok([&bytes[..], &bytes].concat()));
}

#[test]
fn one_byte_at_a_time_is_enough() {
    let bytes = sample(100_000);
    for check in CHECKS {
        assert!(inflate_in(&xz(&bytes, check), 1, bytes.len()).as_ref() == Ok(&bytes));
    }
}

#[test]
fn bytes_that_cannot_be_packed_come_back() {
    let noise = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8;
    let bytes: Vec<u8> = (0..300_000).map(noise).collect();
    let mixed = [&bytes[..], &sample(100_000), &bytes, &vec![0; 3 << 20]].concat();
    let file = xz(&mixed, Check::Crc32);
    assert!(inflate_in(&file, 4096, mixed.len()) == Ok(mixed));
}

#[test]
fn no_bytes_are_a_file_too() {
    for check in CHECKS {
        assert_eq!(inflate_in(&xz(b"", check), 1, 0), Ok(vec![]));
    }
    assert_eq!(inflate_in(&blocks(&[b"", b""], Check::Crc64), 1, 0), Ok(vec![]));
}

#[test]
fn blocks_come_back_and_the_index_is_held_against_them() {
    let bytes = sample(100_000);
    for size in [4096, 5000, 33_333] {
        let parts: Vec<_> = bytes.chunks(size).collect();
        for file in [blocks(&parts, Check::Crc32), other_blocks(&bytes, size as u64)] {
            assert!(inflate_in(&file, 999, bytes.len()).as_ref() == Ok(&bytes));
        }
    }
    // The same records in another order.
    let file = blocks(&[b"first", b"second!"], Check::Crc32);
    let index = file.len() - 12 - 12;
    let mut other = file.clone();
    other[index + 2..index + 6].rotate_left(2);
    let crc = crc32(&other[index..index + 8]);
    other[index + 8..index + 12].copy_from_slice(&crc);
    assert!(inflate_all(&file).is_ok());
    let refused = Err(Damage::Header { field: "Index", at: index as u64 + 12 });
    assert_eq!(inflate_all(&other), refused);
}

#[test]
fn streams_and_their_padding_are_counted() {
    let parts = [xz(b"a", Check::Crc64), xz(b"", Check::None), xz(b"bc", Check::Sha256)];
    let file = [&parts[0][..], &[0; 4], &parts[1], &parts[2], &[0; 512]].concat();
    let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 3]);
    let all = inflate(&mut Steps(&file, 9), &mut scratch, &mut out);
    assert_eq!((all, &out), (Ok(Inflated { size: 3, parts: 3 }), b"abc"));
}

#[test]
fn nothing_but_zeros_by_fours_and_streams_may_follow() {
    let file = xz(b"hello", Check::Crc32);
    let at = file.len() as u64;
    let followed = |by: &[u8]| inflate_all(&[&file, by].concat());
    let garbage = |at| Err(Damage::TrailingGarbage { at });
    assert_eq!(followed(&[0; 8]), Ok(b"hello".to_vec()));
    assert_eq!(followed(b"x"), garbage(at));
    assert_eq!(followed(b"\0\0\0\0x"), garbage(at + 4));
    assert_eq!(followed(&[&[0; 2], &file[..]].concat()), garbage(at + 2));
    for odd in [1, 2, 3, 5, 511] {
        let padding = Err(Damage::Header { field: "Stream Padding", at: at + odd as u64 });
        assert_eq!(followed(&vec![0; odd]), padding);
    }
    assert_eq!(followed(b"\xfd7zX?"), Err(Damage::Header { field: "Magic", at: at + 5 }));
    assert_eq!(followed(b"\xfd7z"), Err(Damage::Truncated { at: at + 3 }));
}

#[test]
fn room_is_counted_to_the_byte() {
    for (bytes, step) in [(sample(70_000), 1), (vec![0; 70_000], 1), (sample(70_000), 4096)] {
        let parts: Vec<_> = bytes.chunks(30_000).collect();
        for file in [xz(&bytes, Check::Crc64), blocks(&parts, Check::Crc32)] {
            let (exact, less) = (bytes.len(), bytes.len() - 1);
            assert!(inflate_in(&file, step, exact).as_ref() == Ok(&bytes));
            let too_large = Err(Damage::TooLarge { limit: less as u64 });
            assert_eq!(inflate_in(&file, step, less), too_large);
            assert_eq!(inflate_in(&file, step, 0), Err(Damage::TooLarge { limit: 0 }));
        }
    }
}

#[test]
fn scratch_serves_again_after_damage() {
    let bytes = sample(50_000);
    let file = xz(&bytes, Check::Sha256);
    let (mut scratch, mut out) = (Box::new(Scratch::new()), vec![0; 50_000]);
    for cut in [10, file.len() / 2, file.len(), 100, file.len()] {
        let all = inflate(&mut Steps(&file[..cut], 999), &mut scratch, &mut out);
        assert_eq!(all.is_ok(), cut == file.len());
    }
    assert!(out == bytes);
}

#[test]
fn a_match_cannot_reach_into_what_came_before() {
    let second = xz(&vec![b'x'; 500], Check::None);
    // Without the chunk's reset of the dictionary.
    for control in [0xc0, 0xa0, 0x80] {
        let mut file = second.clone();
        assert_eq!(file[24] & 0xe0, 0xe0);
        file[24] = control | file[24] & 0x1f;
        for file in [file.clone(), [xz(b"before", Check::None), file].concat()] {
            assert!(matches!(inflate_all(&file), Err(Damage::Corrupt { .. })));
        }
    }
}

/// `hello` with other bytes in the stream's header, whose CRC is right.
fn with_flags(flags: [u8; 2]) -> Vec<u8> {
    let mut file = xz(b"hello", Check::Crc32);
    file[6..8].copy_from_slice(&flags);
    file[8..12].copy_from_slice(&crc32(&flags));
    file
}

#[test]
fn unknown_checks_and_filters_are_named_by_their_number() {
    let unknown = |what, number| Err(Damage::Unknown { what, number });
    for check in [2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15] {
        assert_eq!(inflate_all(&with_flags([0, check])), unknown("check type", check.into()));
    }
    for flags in [[1, 1], [0, 0x11], [0, 0x80]] {
        let refused = Err(Damage::Header { field: "Stream Flags", at: 8 });
        assert_eq!(inflate_all(&with_flags(flags)), refused);
    }
    let mut file = xz(b"hello", Check::Crc32);
    file[14] = 0x22;
    let crc = crc32(&file[12..20]);
    file[20..24].copy_from_slice(&crc);
    assert_eq!(inflate_all(&file), unknown("last filter", 0x22));
    let ia64 = pack(b"hello", &chain(6, |filters| _ = filters.ia64()), Check::Crc32);
    assert_eq!(inflate_all(&ia64), unknown("filter", 6));
}

#[test]
fn a_damaged_header_is_told_before_what_it_asks_for() {
    let mut file = with_flags([0, 1]);
    file[7] = 5;
    assert_eq!(inflate_all(&file), Err(Damage::Header { field: "CRC32", at: 12 }));
    let mut file = xz(b"hello", Check::Crc32);
    file[14] = 0x22;
    assert_eq!(inflate_all(&file), Err(Damage::Header { field: "CRC32", at: 24 }));
}

#[test]
fn a_header_of_endless_properties_is_passed_over() {
    // A filter whose properties have 2⁶³ - 1 bytes.
    let fields = [&[2, 1, 0x22][..], &[0xff; 8], &[0x7f, 0x21]].concat();
    let header = [&[5][..], &fields[1..], &[0; 24][..20 - fields.len()]].concat();
    let file = [&with_flags([0, 1])[..12], &header, &crc32(&header)].concat();
    assert!(inflate_all(&file).is_err());
}

#[test]
fn a_wrong_check_is_told_with_both() {
    for (check, len) in [(Check::Crc32, 4), (Check::Crc64, 8)] {
        let mut file = xz(b"hello", check);
        // The check stands before the index and the footer.
        let at = file.len() - 12 - 8 - len;
        let mut computed = [0; 8];
        computed[..len].copy_from_slice(&file[at..at + len]);
        let computed = u64::from_le_bytes(computed);
        file[at] ^= 1;
        let stored = computed ^ 1;
        assert_eq!(inflate_all(&file), Err(Damage::Checksum { stored, computed }));
    }
    let mut file = xz(b"hello", Check::Sha256);
    let at = file.len() - 12 - 8 - 1;
    file[at] ^= 1;
    let (stored, computed) = (0x938b_9825, 0x938b_9824);
    assert_eq!(inflate_all(&file), Err(Damage::Checksum { stored, computed }));
}

/// `hello` with these sizes in its block's header, where there is room for them.
fn with_sizes(packed: u8, size: u8) -> Vec<u8> {
    let mut file = xz(b"hello", Check::Crc32);
    let property = file[16];
    file[12..20].copy_from_slice(&[2, 0xc0, packed, size, 0x21, 1, property, 0]);
    let crc = crc32(&file[12..20]);
    file[20..24].copy_from_slice(&crc);
    file
}

#[test]
fn sizes_that_are_not_the_blocks_are_told() {
    assert_eq!(inflate_all(&with_sizes(9, 5)), Ok(b"hello".to_vec()));
    let length = Err(Damage::Length { stored: 6, computed: 5 });
    assert_eq!(inflate_all(&with_sizes(9, 6)), length);
    let packed = Err(Damage::Header { field: "Compressed Size", at: 24 + 9 });
    assert_eq!(inflate_all(&with_sizes(8, 5)), packed);
}

/// A small file of several blocks and streams, with a filter.
fn small() -> (Vec<u8>, Vec<u8>) {
    let bytes = code(300);
    let filters = chain(6, |filters| _ = filters.x86());
    let parts = [
        pack(&bytes[..100], &filters, Check::Sha256),
        blocks(&[&bytes[100..150], &bytes[150..200]], Check::Crc64),
        vec![0; 4],
        xz(&bytes[200..], Check::Crc32),
    ];
    (bytes, parts.concat())
}

#[test]
fn every_truncation_is_refused_where_it_ends() {
    let (_, file) = small();
    let whole = |cut: usize| reference(&file[..cut]).is_some();
    assert!(whole(file.len()));
    for cut in (0..file.len()).filter(|cut| !whole(*cut)) {
        for step in [1, 4096] {
            let refused = inflate_in(&file[..cut], step, 1000);
            let padding = Err(Damage::Header { field: "Stream Padding", at: cut as u64 });
            let truncated = Err(Damage::Truncated { at: cut as u64 });
            assert!(refused == truncated || refused == padding, "{cut}: {refused:?}");
        }
    }
}

#[test]
fn every_flipped_byte_is_refused() {
    let (bytes, file) = small();
    let masks = [1, 2, 4, 8, 16, 32, 64, 128, 255];
    for (at, mask) in (0..file.len()).flat_map(|at| masks.map(|mask| (at, mask))) {
        let mut file = file.clone();
        file[at] ^= mask;
        let found = inflate_in(&file, 4096, 4096);
        assert!(found.is_err(), "byte {at} flipped by {mask:#x}: {}", found == Ok(bytes));
    }
}

#[test]
fn without_a_check_a_flipped_byte_gives_what_the_reference_gives() {
    let file = xz(&sample(600), Check::None);
    for (at, mask) in (0..file.len()).flat_map(|at| [1, 16, 128, 255].map(|mask| (at, mask))) {
        let mut file = file.clone();
        file[at] ^= mask;
        assert_eq!(inflate_in(&file, 4096, 1 << 20).ok(), reference(&file), "byte {at}, {mask:#x}");
    }
}

#[test]
fn a_read_error_is_passed_on() {
    let file = xz(&sample(700), Check::Crc32);
    for cut in [0, 5, 100, file.len()] {
        let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 700]);
        let refused = inflate(&mut Broken(&file[..cut]), &mut scratch, &mut out);
        assert_eq!(refused, Err(Damage::Read(Errno::EIO)));
    }
}

/// How the other reference inflates it.
fn other_reference(file: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    lzma_rust2::XzReader::new(file, true).read_to_end(&mut out).ok().map(|_| out)
}

proptest! {
    #[test]
    fn whatever_is_packed_comes_back(
        bytes in prop::collection::vec(prop_oneof![4 => 0..4u8, 1 => any::<u8>()], 0..5000),
        (preset, lc, lp, pb) in (0..10_u32, 0..=2_u32, 0..=2_u32, 0..=4_u32),
        (check, filter, step) in (0..4_usize, 0..6_u8, 1..3000_usize),
    ) {
        let mut filters = Filters::new();
        match filter {
            0 => _ = filters.x86(),
            1 => _ = filters.arm64(),
            2 => _ = filters.riscv(),
            _ => {}
        }
        filters.lzma2(&options(preset, [lc, lp, pb]));
        let file = pack(&bytes, &filters, CHECKS[check]);
        prop_assert_eq!(inflate_in(&file, step, 5000), Ok(bytes));
    }

    #[test]
    fn changed_files_give_what_both_references_give(
        bytes in prop::collection::vec(prop_oneof![4 => 0..4u8, 1 => any::<u8>()], 1..3000),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        // Behind the headers, in front of the index: what no checksum guards.
        let mut file = xz(&bytes, Check::None);
        let end = file.len() - 12 - 12;
        for (at, byte) in changes {
            let at = 24 + at.index(end - 24);
            file[at] = byte;
        }
        let found = inflate_in(&file, 4096, 1 << 22).ok();
        prop_assert_eq!(&found, &reference(&file));
        prop_assert_eq!(found, other_reference(&file));
    }

    #[test]
    fn any_bytes_do_no_harm(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        let file = [&xz(b"", Check::None)[..12], &data].concat();
        let whole = inflate_in(&file, 4096, 9000);
        prop_assert_eq!(inflate_in(&file, 1, 9000).is_ok(), whole.is_ok());
    }
}
