//! An image as the kernel reads it: archives one after another, some of them compressed,
//! zero bytes between them (`init/initramfs.c`, `unpack_to_rootfs`).

use anyhow::{Context, Result, ensure};

use crate::cpio_reader::{self, Record};
use crate::inflate;

/// A part of an image: plain archives, or one compressed stream of them.
pub struct Segment {
    /// How it was compressed: `cpio` where it was not.
    pub form: &'static str,
    /// The archives in it, inflated.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// The records of every archive in it.
    pub fn records(&self) -> Result<Vec<Record<'_>>> {
        let mut all = Vec::new();
        let mut rest = self.bytes.as_slice();
        while !skip_zeros(&mut rest).is_empty() {
            let (found, used) = cpio_reader::records(rest)?;
            all.extend(found);
            rest = &rest[used..];
        }
        Ok(all)
    }
}

/// The parts of an image in their order.
pub fn segments(image: &[u8]) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    let mut rest = image;
    while !skip_zeros(&mut rest).is_empty() {
        let at = image.len() - rest.len();
        let (segment, used) = segment(rest).with_context(|| format!("at byte {at}"))?;
        found.push(segment);
        rest = &rest[used..];
    }
    ensure!(!found.is_empty(), "there is no archive in it");
    Ok(found)
}

/// The part that begins here, and how many bytes of the image it takes.
fn segment(bytes: &[u8]) -> Result<(Segment, usize)> {
    if cpio_reader::begins(bytes) {
        let (_, used) = cpio_reader::records(bytes)?;
        return Ok((plain(&bytes[..used]), used));
    }
    let stream = inflate::first_stream(bytes)?;
    let segment = Segment { form: stream.form, bytes: stream.bytes };
    Ok((segment, stream.used))
}

/// A part that is not compressed.
fn plain(bytes: &[u8]) -> Segment {
    Segment { form: "cpio", bytes: bytes.to_vec() }
}

/// Moves past zero bytes; gives what is left.
fn skip_zeros<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let zeros = rest.iter().take_while(|byte| **byte == 0).count();
    *rest = &rest[zeros..];
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::Compression;
    use crate::cpio::archive;
    use crate::entry::Entry;
    use std::io::Write;

    fn one(path: &str) -> Vec<u8> {
        archive(&[Entry::file(path, vec![b'x'; 9000])]).expect("an archive")
    }

    fn paths(image: &[u8]) -> Vec<String> {
        let segments = segments(image).expect("segments");
        let paths = segments.iter().flat_map(|segment| {
            let records = segment.records().expect("records");
            let paths = records.iter().map(|record| String::from_utf8_lossy(record.path).into());
            paths.collect::<Vec<String>>()
        });
        paths.collect()
    }

    /// `lz4 -l`: a magic number, then blocks with their length.
    fn lz4(bytes: &[u8]) -> Vec<u8> {
        let block = lz4_flex::block::compress(bytes);
        let length = (block.len() as u32).to_le_bytes();
        [&[0x02, 0x21, 0x4c, 0x18], length.as_slice(), &block].concat()
    }

    fn lzma(bytes: &[u8]) -> Vec<u8> {
        let options = liblzma::stream::LzmaOptions::new_preset(6).expect("options");
        let stream = liblzma::stream::Stream::new_lzma_encoder(&options).expect("encoder");
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(bytes).expect("written");
        encoder.finish().expect("finished")
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).expect("written");
        encoder.finish().expect("finished")
    }

    #[test]
    fn every_compression_is_read_with_others_around_it() {
        let ours = [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd];
        let ours = ours.map(|form| form.pack(&one("main")).expect("packed"));
        let others = [lzma(&one("main")), bzip2(&one("main")), lz4(&one("main"))];
        for middle in ours.into_iter().chain(others) {
            let image = [one("early"), vec![0; 512], middle, vec![0; 8], one("last")].concat();
            assert_eq!(paths(&image), ["early", "main", "last"]);
        }
    }

    #[test]
    fn one_stream_may_hold_several_archives() {
        let both = [one("a"), vec![0; 100], one("b")].concat();
        let image = Compression::Gzip.pack(&both).expect("packed");
        assert_eq!(paths(&image), ["a", "b"]);
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let mut packed = Compression::Gzip.pack(&one("a")).expect("packed");
        let middle = packed.len() / 2;
        packed.truncate(middle);
        let image = [one("early"), packed].concat();
        let error = segments(&image).err().expect("an error");
        let place = format!("at byte {}: damaged gzip stream", one("early").len());
        assert!(format!("{error:#}").starts_with(&place), "{error:#}");
        for image in [&b""[..], b"\0\0", b"hello", &[0x89, b'L', b'Z', b'O', 0]] {
            assert!(segments(image).is_err());
        }
    }
}
