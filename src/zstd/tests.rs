//! Against the reference: what its library makes comes back, and whatever it refuses is refused.

use super::*;
use crate::inflate::pieces::{Broken, Steps, sample};
use crate::kernel::Errno;
use proptest::prelude::*;
use std::io::{Read, Write};
use zstd::zstd_safe::CParameter;

/// Inflates `file`, read in steps, into `room` bytes.
fn inflate_in(file: &[u8], step: usize, room: usize) -> Result<Vec<u8>, Damage> {
    let mut out = vec![0xaa; room];
    let mut scratch = Box::new(Scratch::new());
    let all = inflate(&mut Steps(file, step), &mut scratch, &mut out)?;
    out.truncate(all.size);
    Ok(out)
}

fn inflate_all(file: &[u8]) -> Result<Vec<u8>, Damage> {
    inflate_in(file, 4096, 4 << 20)
}

/// One frame, by the reference.
fn pack(bytes: &[u8], parameters: &[CParameter]) -> Vec<u8> {
    let mut context = zstd::zstd_safe::CCtx::create();
    for parameter in parameters {
        context.set_parameter(*parameter).unwrap();
    }
    let mut file = Vec::with_capacity(zstd::zstd_safe::compress_bound(bytes.len()));
    context.compress2(&mut file, bytes).unwrap();
    file
}

fn level(level: i32) -> CParameter {
    CParameter::CompressionLevel(level)
}

const SUM: CParameter = CParameter::ChecksumFlag(true);
const NO_SIZE: CParameter = CParameter::ContentSizeFlag(false);

/// With checksum and length, small.
fn small() -> (Vec<u8>, Vec<u8>) {
    let bytes = sample(600);
    (bytes.clone(), pack(&bytes, &[level(19), SUM]))
}

/// A frame to be skipped.
fn skippable(kind: u8, content: &[u8]) -> Vec<u8> {
    let head = [0x50 | kind, 0x2a, 0x4d, 0x18];
    [&head, &(content.len() as u32).to_le_bytes()[..], content].concat()
}

/// What the reference makes of a file of several frames; none if it refuses it.
fn reference(file: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(file).ok()?;
    decoder.take(room as u64 + 1).read_to_end(&mut found).ok()?;
    (found.len() <= room).then_some(found)
}

#[test]
fn every_level_comes_back() {
    let all = [
        sample(300_000),
        vec![0; 300_000],
        (0..300_000).map(|n: u32| (n.wrapping_mul(n) >> 7) as u8).collect(),
        include_bytes!("tests.rs").repeat(30),
        sample(40),
        vec![7],
    ];
    for bytes in &all {
        for number in [-5, 1, 3, 9, 19, 22] {
            for more in [&[SUM][..], &[NO_SIZE, SUM], &[NO_SIZE], &[]] {
                let file = pack(bytes, &[&[level(number)], more].concat());
                assert!(inflate_all(&file).as_ref() == Ok(bytes), "level {number}, {more:?}");
            }
        }
    }
}

#[test]
fn windows_of_every_size_come_back() {
    let far = sample(1 << 20);
    let bytes = [&far[..], &vec![1; 2 << 20], &far].concat();
    for log in [10, 17, 20, 27] {
        for long in [false, true] {
            let parameters = [
                level(3),
                CParameter::WindowLog(log),
                CParameter::EnableLongDistanceMatching(long),
                NO_SIZE,
            ];
            let file = pack(&bytes, &parameters);
            assert!(inflate_in(&file, 100_000, bytes.len()).as_ref() == Ok(&bytes), "2^{log}");
        }
    }
}

#[test]
fn what_a_stream_makes_comes_back() {
    let bytes = sample(400_000);
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 5).unwrap();
    for (number, piece) in bytes.chunks(7_001).enumerate() {
        encoder.write_all(piece).unwrap();
        if number % 3 == 0 {
            encoder.flush().unwrap();
        }
    }
    let file = encoder.finish().unwrap();
    assert!(inflate_all(&file) == Ok(bytes));
}

#[test]
fn one_byte_at_a_time_is_enough() {
    let bytes = sample(200_000);
    for number in [1, 19] {
        let file = pack(&bytes, &[level(number), SUM]);
        assert!(inflate_in(&file, 1, bytes.len()).as_ref() == Ok(&bytes), "level {number}");
    }
}

#[test]
fn no_bytes_are_a_frame_too() {
    for more in [&[SUM][..], &[NO_SIZE], &[]] {
        assert_eq!(inflate_in(&pack(b"", more), 1, 0), Ok(vec![]));
    }
}

#[test]
fn room_is_counted_to_the_byte() {
    for bytes in [sample(70_000), vec![0; 70_000], sample(300_000), sample(131_072)] {
        for more in [&[SUM][..], &[NO_SIZE], &[NO_SIZE, level(19)], &[level(-50), NO_SIZE]] {
            let (file, less) = (pack(&bytes, more), bytes.len() - 1);
            assert!(inflate_in(&file, 999, bytes.len()).as_ref() == Ok(&bytes), "{more:?}");
            for room in [less, less / 2, 0] {
                let too_large = Err(Damage::TooLarge { limit: room as u64 });
                assert_eq!(inflate_in(&file, 4096, room), too_large, "{more:?}");
            }
        }
    }
}

#[test]
fn all_frames_of_a_file_are_one_and_are_counted() {
    let parts = [&b"first"[..], b"", b"second", b"third"];
    let file = parts.map(|part| pack(part, &[SUM])).concat();
    let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 16]);
    let all = inflate(&mut Steps(&file, 9), &mut scratch, &mut out);
    assert_eq!(all, Ok(Inflated { size: 16, parts: 4 }));
    assert_eq!(&out, b"firstsecondthird");
    assert_eq!(inflate_in(&file, 1, 15), Err(Damage::TooLarge { limit: 15 }));
}

#[test]
fn skippable_frames_may_be_anywhere() {
    let [a, b] = [pack(b"a", &[SUM]), pack(b"b", &[])];
    let skips = [skippable(0, b""), skippable(7, &[0x28; 70_000]), skippable(15, b"x")];
    for skip in &skips {
        let file = [skip, &a, skip, skip, &b, skip].map(Vec::as_slice).concat();
        assert_eq!(inflate_in(&file, 500, 2), Ok(b"ab".to_vec()));
        assert_eq!(inflate_in(skip, 500, 0), Ok(vec![]));
        let cut = file.len() - 1;
        assert_eq!(inflate_in(&file[..cut], 500, 2), Err(Damage::Truncated { at: cut as u64 }));
    }
}

#[test]
fn nothing_else_may_follow() {
    let (_, file) = small();
    let at = file.len() as u64;
    for more in [&b"x"[..], b"\0\0\0\0", b"\x7fELF", b"\x28\xb5\x2f\xfe", b"\x1f\x8b\x08\0\0\0"] {
        let garbage = Err(Damage::TrailingGarbage { at });
        assert_eq!(inflate_all(&[&file, more].concat()), garbage, "{more:?}");
    }
    let cut = [&file, &b"\x28\xb5"[..]].concat();
    assert_eq!(inflate_all(&cut), Err(Damage::Truncated { at: at + 2 }));
}

#[test]
fn a_wrong_header_is_named() {
    let magic = Err(Damage::Header { field: "Magic_Number", at: 4 });
    assert_eq!(inflate_all(b"\x7fELF"), magic);
    assert_eq!(inflate_all(b"\x28\xb5\x2f\xfe"), magic);
    let (_, mut file) = small();
    file[4] |= 8;
    assert_eq!(inflate_all(&file), Err(Damage::Header { field: "Reserved_bit", at: 5 }));
    assert_eq!(inflate_all(b""), Err(Damage::Truncated { at: 0 }));
}

#[test]
fn a_dictionary_is_refused_by_its_number() {
    let samples: Vec<Vec<u8>> = (0..200).map(|n| sample(300 + n)).collect();
    let dictionary = zstd::dict::from_samples(&samples, 4000).unwrap();
    let mut packer = zstd::bulk::Compressor::with_dictionary(3, &dictionary).unwrap();
    let file = packer.compress(&sample(5000)).unwrap();
    let id = u64::from(u32::from_le_bytes(dictionary[4..8].try_into().unwrap()));
    assert_eq!(inflate_all(&file), Err(Damage::Unknown { what: "dictionary", number: id }));
}

#[test]
fn a_wrong_checksum_or_length_is_told_with_both() {
    let mut file = pack(b"hello", &[SUM]);
    let sum = file.len() - 4;
    let computed = u64::from(u32::from_le_bytes(file[sum..].try_into().unwrap()));
    file[sum] ^= 1;
    assert_eq!(inflate_all(&file), Err(Damage::Checksum { stored: computed ^ 1, computed }));
    // Frame_Content_Size.
    for (stored, computed) in [(6, 5), (4, 5)] {
        let mut file = pack(b"hello", &[]);
        file[5] = stored as u8;
        assert_eq!(inflate_all(&file), Err(Damage::Length { stored, computed }));
    }
}

#[test]
fn a_length_below_what_compressed_blocks_hold_is_refused() {
    let bytes = sample(5000);
    let file = pack(&bytes, &[level(19)]);
    for stored in [256_u16, 300, 4000, 4999, 5001, 60_000] {
        let mut file = file.clone();
        file[5..7].copy_from_slice(&(stored - 256).to_le_bytes());
        assert!(matches!(inflate_all(&file), Err(Damage::Length { .. })), "{stored}");
    }
}

#[test]
fn every_truncation_is_refused_where_it_ends() {
    let bytes = sample(3000);
    for more in [&[level(19), SUM][..], &[NO_SIZE], &[level(-50)]] {
        let file = pack(&bytes, more);
        for cut in 0..file.len() {
            let truncated = Err(Damage::Truncated { at: cut as u64 });
            assert_eq!(inflate_in(&file[..cut], 4096, 3000), truncated, "{cut} of {more:?}");
        }
    }
}

#[test]
fn every_flipped_byte_is_refused_or_harmless() {
    let (bytes, file) = small();
    let masks = [1, 2, 4, 8, 16, 32, 64, 128, 255];
    for (at, mask) in (0..file.len()).flat_map(|at| masks.map(|mask| (at, mask))) {
        let mut file = file.clone();
        file[at] ^= mask;
        let harmed = inflate_in(&file, 4096, 4096).is_ok_and(|found| found != bytes);
        // Without the checksum's flag its four bytes are what follows the frame.
        assert!(!harmed, "byte {at} flipped by {mask:#x}");
    }
}

#[test]
fn blocks_are_as_large_as_the_window_at_most() {
    // A window of 1 KiB, a raw block of 1025 bytes, then one of a repeated byte.
    let head = [0x28, 0xb5, 0x2f, 0xfd, 0, 0];
    let block = |kind: u32, size: u32| (size << 3 | kind << 1 | 1).to_le_bytes()[..3].to_vec();
    for (size, good) in [(1024, true), (1025, false)] {
        for (kind, body) in [(0, vec![5; size]), (1, vec![5])] {
            let file = [&head[..], &block(kind, size as u32), &body].concat();
            let found = inflate_all(&file);
            assert_eq!(found.is_ok(), good, "{found:?}");
            assert_eq!(reference(&file, 2000).is_some(), good);
        }
    }
    let reserved = [&head[..], &block(3, 5), b"12345"].concat();
    assert_eq!(inflate_all(&reserved), Err(Damage::Corrupt { at: 6 }));
}

#[test]
fn a_match_cannot_reach_into_the_frame_before() {
    // What a block refers to, the second time without it.
    let bytes = sample(100_000);
    let prefix = pack(&bytes, &[]);
    let dictionary = zstd::bulk::Compressor::with_dictionary(19, &bytes);
    let file = dictionary.unwrap().compress(&bytes).unwrap();
    assert!(file.len() < 1000, "it refers to the dictionary");
    assert!(matches!(inflate_all(&[prefix, file].concat()), Err(Damage::Corrupt { .. })));
}

#[test]
fn scratch_serves_again_after_damage() {
    let bytes = sample(50_000);
    let (file, mut scratch) = (pack(&bytes, &[level(19), SUM]), Box::new(Scratch::new()));
    let mut out = vec![0; 50_000];
    for cut in [10, file.len() / 2, file.len()] {
        let all = inflate(&mut Steps(&file[..cut], 999), &mut scratch, &mut out);
        assert_eq!(all.is_ok(), cut == file.len());
    }
    assert!(out == bytes);
}

#[test]
fn a_read_error_is_passed_on() {
    let (_, file) = small();
    for cut in [0, 3, 6, 20, file.len()] {
        let (mut scratch, mut out) = (Box::new(Scratch::new()), [0; 700]);
        let refused = inflate(&mut Broken(&file[..cut]), &mut scratch, &mut out);
        assert_eq!(refused, Err(Damage::Read(Errno::EIO)), "{cut}");
    }
}

#[test]
fn a_file_claims_what_its_first_frame_holds() {
    let claimed = |file: &[u8]| claim(&mut Steps(file, 3));
    let file = pack(&sample(70_000), &[level(3)]);
    assert_eq!(claimed(&file), Some(70_000));
    assert_eq!(claimed(&[skippable(1, &[0; 500]), file.clone(), file].concat()), Some(70_000));
    assert_eq!(claimed(&pack(&sample(70_000), &[NO_SIZE])), None);
    assert_eq!(claimed(b"\x28\xb5\x2f"), None);
}

#[test]
fn the_kernel_takes_a_plain_frame_with_a_window_that_it_allows() {
    let windowed = |log: u8| {
        let head = [0x28, 0xb5, 0x2f, 0xfd, 4, (log - 10) << 3];
        (kernel_takes(&head), window(&head, 7))
    };
    assert_eq!(windowed(20), (true, 1 << 20));
    assert_eq!(windowed(27), (true, 1 << 27));
    assert_eq!(windowed(28), (false, 1 << 28));
    let single = pack(b"hello", &[]);
    assert_eq!((kernel_takes(&single), window(&single, 7)), (true, 7));
    assert!(!kernel_takes(&skippable(0, &single)));
    assert!(!kernel_takes(&[0x28, 0xb5, 0x2f, 0xfd, 1, 0, 9]), "a dictionary");
}

/// Whatever we accept the reference accepts, with the same bytes.
fn agrees(file: &[u8]) -> Result<(), TestCaseError> {
    let room = 300_000;
    let whole = inflate_in(file, 4096, room);
    prop_assert_eq!(&inflate_in(file, 7, room), &whole);
    if let Ok(found) = whole {
        prop_assert_eq!(Some(found), reference(file, room));
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_compressed_comes_back(
        bytes in prop::collection::vec(prop_oneof![4 => 0..4u8, 1 => any::<u8>()], 0..9000),
        (number, step, sum, size) in (-9..23i32, 1..3000usize, any::<bool>(), any::<bool>()),
    ) {
        let more = [level(number), CParameter::ChecksumFlag(sum), CParameter::ContentSizeFlag(size)];
        prop_assert_eq!(inflate_in(&pack(&bytes, &more), step, bytes.len()), Ok(bytes));
    }

    #[test]
    fn changed_bytes_do_no_harm(
        (len, number) in (1..20_000usize, -3..20i32),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = pack(&sample(len), &[level(number)]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        agrees(&file)?;
    }

    #[test]
    fn any_bytes_do_no_harm(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        let len = (data.len() as u32) << 3 | 5;
        let head = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
        agrees(&[&head, &len.to_le_bytes()[..3], &data[..]].concat())?;
    }
}
