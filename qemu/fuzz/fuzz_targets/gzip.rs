//! Any bytes as a gzip file, beside zlib.
#![no_main]

use flate2::bufread::GzDecoder;
use insinit_fuzz::{LIMIT, ours};
use libfuzzer_sys::fuzz_target;
use std::io::Read;

/// The members up to the first that begins with a zero.
fn reference(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let mut member = GzDecoder::new(rest);
        member.by_ref().take((LIMIT + 1) as u64).read_to_end(&mut out).ok()?;
        rest = member.into_inner();
        if out.len() > LIMIT {
            return None;
        }
        if rest.iter().all(|byte| *byte == 0) {
            return Some(out);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(found) = ours(|file, scratch, out| insinit::gzip::inflate(file, scratch, out), data) {
        assert!(reference(data) == Some(found), "zlib says otherwise");
    }
});
