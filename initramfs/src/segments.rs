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
