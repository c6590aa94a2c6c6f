//! Any bytes as an xz file, beside liblzma.
#![no_main]

use insinit::inflate::Damage;
use insinit_fuzz::{LIMIT, ours};
use libfuzzer_sys::fuzz_target;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use std::io::Read;

fn reference(file: &[u8]) -> Option<Vec<u8>> {
    let stream = Stream::new_stream_decoder(64 << 20, CONCATENATED).ok()?;
    let mut out = Vec::new();
    let decoder = XzDecoder::new_stream(file, stream);
    decoder.take((LIMIT + 1) as u64).read_to_end(&mut out).ok()?;
    (out.len() <= LIMIT).then_some(out)
}

fuzz_target!(|data: &[u8]| {
    match ours(|file, scratch, out| insinit::xz::inflate(file, scratch, out), data) {
        // It has checks and a filter more.
        Err(Damage::Unknown { .. }) => {}
        // Its memory has an end, too: a dictionary of gigabytes.
        Ok(found) => {
            if let Some(expected) = reference(data) {
                assert!(found == expected, "liblzma has other bytes");
            } else {
                assert!(has_large_dictionary(data), "liblzma refuses it");
            }
        }
        Err(damage) => assert!(reference(data).is_none(), "liblzma takes it: {damage:?}"),
    }
});

/// Whether a property of LZMA2 in it is above 26: 32 MiB.
fn has_large_dictionary(data: &[u8]) -> bool {
    data.windows(3).any(|part| part[..2] == [0x21, 1] && part[2] > 26)
}
