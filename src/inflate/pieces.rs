//! What the decoders' tests share: files that come in pieces, and bytes to be packed.

use super::Source;
#[cfg(any(feature = "gzip", feature = "xz"))]
use super::{Damage, Inflated, Scratch};
use crate::kernel::Errno;

/// A file that comes at most `step` bytes a read.
pub(crate) struct Steps<'a>(pub(crate) &'a [u8], pub(crate) usize);

impl Source for Steps<'_> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Errno> {
        let count = self.1.min(self.0.len()).min(buf.len());
        let (now, later) = self.0.split_at(count);
        buf[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

/// A disk that fails after these bytes.
pub(crate) struct Broken<'a>(pub(crate) &'a [u8]);

impl Source for Broken<'_> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Errno> {
        match Steps(core::mem::take(&mut self.0), usize::MAX).read(buf)? {
            0 => Err(Errno::EIO),
            len => Ok(len),
        }
    }
}

/// Inflates `file`, read in steps, into `room` bytes; what is behind them stays as it was.
#[cfg(any(feature = "gzip", feature = "xz"))]
pub(crate) fn inflate_in(
    inflate: impl FnOnce(&mut Steps<'_>, &mut Scratch, &mut [u8]) -> Result<Inflated, Damage>,
    file: &[u8],
    step: usize,
    room: usize,
) -> Result<Vec<u8>, Damage> {
    let mut out = vec![0xaa; room];
    let mut scratch = Box::new(Scratch::new());
    let all = inflate(&mut Steps(file, step), &mut scratch, &mut out)?;
    assert!(out[all.size..].iter().all(|byte| *byte == 0xaa), "wrote past the end");
    out.truncate(all.size);
    Ok(out)
}

/// Bytes like a module's: repetitive in places, random in others.
pub(crate) fn sample(len: usize) -> Vec<u8> {
    let noise = (0..len as u32).map(|n| n.wrapping_mul(2_654_435_761));
    noise.map(|n| if n & 0x3000 == 0 { (n >> 24) as u8 } else { (n >> 20 & 3) as u8 }).collect()
}
