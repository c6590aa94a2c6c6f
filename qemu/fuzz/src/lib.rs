//! What the fuzz targets share.
//!
//! ```text
//! cargo run --manifest-path qemu/fuzz/Cargo.toml --example seeds    makes the first files
//! cargo +nightly fuzz run --fuzz-dir qemu/fuzz xz            or gzip, lzma2, zstd, zstd_block, header
//! cargo +nightly fuzz run --fuzz-dir qemu/fuzz plan          or words, trie, glob, disk, cpio
//! ```
//!
//! A target stops at a crash, at a byte written behind the limit, and where the loader's decoder and the
//! reference disagree.

pub mod machine;

use insinit::inflate::{Damage, Inflated, Scratch, Source};
use insinit::kernel::Errno;
use std::cell::RefCell;
use std::io::Read;

/// The most that a file may hold.
pub const LIMIT: usize = 1 << 20;

/// A file in memory that comes in pieces: as much as is asked for, or a byte at a time.
pub struct Bytes<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Source for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (now, later) = self.rest.split_at(buffer.len().min(self.step).min(self.rest.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.rest = later;
        Ok(now.len())
    }
}

/// A decoder of [`Bytes`].
pub type Inflate = fn(&mut Bytes<'_>, &mut Scratch, &mut [u8]) -> Result<Inflated, Damage>;

/// What the loader's decoder makes of a file, in whole pieces and by single bytes, which is the same.
pub fn ours(inflate: Inflate, file: &[u8]) -> Result<Vec<u8>, Damage> {
    let whole = once(inflate, file, usize::MAX);
    if file.len() < 4096 {
        assert_eq!(whole, once(inflate, file, 1), "pieces matter");
    }
    whole
}

fn once(inflate: Inflate, file: &[u8], step: usize) -> Result<Vec<u8>, Damage> {
    thread_local! {
        static MEMORY: RefCell<(Box<Scratch>, Vec<u8>)> =
            RefCell::new((Box::default(), vec![0; LIMIT + 64]));
    }
    MEMORY.with_borrow_mut(|(scratch, memory)| {
        let (out, guard) = memory.split_at_mut(LIMIT);
        guard.fill(0xa5);
        let found = inflate(&mut Bytes { rest: file, step }, scratch, out);
        assert!(guard.iter().all(|byte| *byte == 0xa5), "written behind the limit");
        found.map(|found| out[..found.size].to_vec())
    })
}

/// The loader's decoder of zstd.
pub const ZSTD: Inflate = |file, scratch, out| insinit::zstd::inflate(file, scratch, out);

/// Checks that what was accepted has the reference's bytes.
pub fn zstd_agrees(file: &[u8], found: &Result<Vec<u8>, Damage>) {
    let mut expected = Vec::new();
    let mut decoder = zstd::stream::read::Decoder::new(file).expect("a decoder");
    // As large as a window may be here.
    decoder.window_log_max(31).expect("a limit");
    let done = decoder.take((LIMIT + 1) as u64).read_to_end(&mut expected);
    match (found, done) {
        (Ok(found), Ok(_)) => assert!(*found == expected, "the reference has other bytes"),
        // It wants memory for the window first.
        (Ok(_), Err(error)) => assert!(format!("{error}").contains("memory"), "it says: {error}"),
        (Err(_), _) => {}
    }
}
