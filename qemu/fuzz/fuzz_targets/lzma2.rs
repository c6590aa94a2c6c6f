//! Any bytes as LZMA2 data, in a file whose checksums are right, beside liblzma. The first byte chooses
//! the filter.
#![no_main]

use flate2::Crc;
use insinit_fuzz::{LIMIT, ours};
use libfuzzer_sys::fuzz_target;
use liblzma::stream::{Action, Filters, Status, Stream};

/// BCJ filters' numbers in the format; none for LZMA2 alone.
const FILTERS: [Option<u8>; 4] = [None, Some(4), Some(10), Some(11)];

/// The property of LZMA2: 4 KiB.
const DICTIONARY: u8 = 0;

/// What liblzma makes of the data, and how many bytes of it.
fn reference(filter: Option<u8>, data: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut filters = Filters::new();
    match filter {
        Some(4) => _ = filters.x86(),
        Some(10) => _ = filters.arm64(),
        Some(_) => _ = filters.riscv(),
        None => {}
    }
    filters.lzma2_properties(&[DICTIONARY]).ok()?;
    let mut stream = Stream::new_raw_decoder(&filters).ok()?;
    let mut out = vec![0; LIMIT];
    match stream.process(data, &mut out, Action::Finish) {
        Ok(Status::StreamEnd) => {
            out.truncate(stream.total_out() as usize);
            Some((out, stream.total_in() as usize))
        }
        _ => None,
    }
}

/// The bytes with their CRC32.
fn with_crc(bytes: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(bytes);
    [bytes, &crc.sum().to_le_bytes()].concat()
}

/// A number as the format has it.
fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A file of one block without a check.
fn file(filter: Option<u8>, data: &[u8], size: usize) -> Vec<u8> {
    let before = filter.map_or(vec![], |filter| vec![filter, 0]);
    let fields = [&[0, u8::from(filter.is_some())][..], &before, &[0x21, 1, DICTIONARY]].concat();
    let mut fields = padded(fields);
    fields[0] = (fields.len() / 4) as u8;
    let header = with_crc(&fields);
    let unpadded = number((header.len() + data.len()) as u64);
    let index = with_crc(&padded([&[0, 1][..], &unpadded, &number(size as u64)].concat()));
    let backward = (index.len() as u32 / 4 - 1).to_le_bytes();
    let end = with_crc(&[&backward[..], &[0, 0]].concat());
    let start = [&b"\xfd7zXZ\0"[..], &with_crc(&[0, 0])].concat();
    let footer = [&end[6..], &end[..6], b"YZ"].concat();
    [start, padded([header, data.to_vec()].concat()), index, footer].concat()
}

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let filter = FILTERS[usize::from(first % 4)];
    let reference = reference(filter, data);
    let (size, read) = reference.as_ref().map_or((0, data.len()), |(out, read)| (out.len(), *read));
    let file = file(filter, &data[..read], size);
    let found = ours(|file, scratch, out| insinit::xz::inflate(file, scratch, out), &file);
    assert!(found.as_ref().ok() == reference.as_ref().map(|(out, _)| out), "{found:?}");
});
