//! From a compressed file to a module in memory, whatever the compression.
#![forbid(unsafe_code)]

use crate::image::Format;
use crate::inflate::{Damage, Inflated, Scratch, Source};
use crate::kernel::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::text;

/// The largest module that is inflated here: 512 MiB, the address space that is set aside at most.
pub const LIMIT: u64 = 512 << 20;

/// Whether this build inflates the format.
#[must_use]
pub fn knows(format: Format) -> bool {
    match format {
        Format::Gzip => cfg!(feature = "gzip"),
        Format::Xz => cfg!(feature = "xz"),
        Format::Zstd => cfg!(feature = "zstd"),
        Format::Elf => false,
    }
}

/// How much a compressed file of that length holds: gzip says so in its last four bytes (RFC 1952,
/// section 2.3.1), xz in its index, zstd in its first frame; for the others five times their length, which
/// few modules exceed. Not to be relied on.
pub fn claim<K: Kernel>(k: &mut K, fd: Fd, format: Format, length: u64) -> u64 {
    let mut last = [0; 4];
    let end = length.saturating_sub(4);
    if format == Format::Gzip && k.read_at(fd, &mut last, end) == Ok(4) {
        return u64::from(u32::from_le_bytes(last));
    }
    #[cfg(feature = "zstd")]
    if format == Format::Zstd
        && let Some(size) = crate::zstd::claim(&mut File { k, fd, at: 0 })
    {
        return size;
    }
    let index = if format == Format::Xz { xz_size(k, fd, length) } else { None };
    index.unwrap_or(length.saturating_mul(5))
}

/// How much an xz stream holds, by the index at its end (xz-file-format.txt, sections 2.1.2 and 4):
/// how many blocks there are, then the length of each, packed and unpacked.
fn xz_size<K: Kernel>(k: &mut K, fd: Fd, length: u64) -> Option<u64> {
    let mut piece = [0; 64];
    let start = length.saturating_sub(64);
    let mut len = k.read_at(fd, &mut piece, start).ok()?;
    let footer = text::head(&piece, len).last_chunk::<12>();
    let [_, _, _, _, a, b, c, d, _, _, b'Y', b'Z'] = *footer? else { return None };
    let index = u64::from(u32::from_le_bytes([a, b, c, d])).checked_add(1)?.checked_mul(4)?;
    let mut at = length.checked_sub(12)?.checked_sub(index)?.checked_add(1)?;
    let mut skip = 0;
    match at.checked_sub(start) {
        // Nearly always all of it has been read with the footer.
        Some(before) => (skip, at) = (before as usize, length),
        None => len = 0,
    }
    let (mut left, mut number, mut shift, mut sum) = (0_u64, 0_u64, 0_u32, 0_u64);
    let mut first = true;
    loop {
        for byte in text::tail(text::head(&piece, len), skip) {
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift = shift.checked_add(7)?;
            if *byte < 0x80 {
                match (first, left % 2) {
                    (true, _) => left = number.checked_mul(2)?,
                    (false, 1) => (left, sum) = (left.checked_sub(1)?, sum.checked_add(number)?),
                    (false, _) => left = left.checked_sub(1)?,
                }
                if left == 0 {
                    return Some(sum);
                }
                (first, number, shift) = (false, 0, 0);
            }
        }
        (skip, len) = (0, k.read_at(fd, &mut piece, at).ok()?);
        at = at.checked_add(len as u64)?;
        if len == 0 {
            return None;
        }
    }
}

/// Inflates the file into `memory` and checks all that the stream says of itself.
///
/// # Errors
/// What is wrong with the stream.
#[inline(never)]
pub fn inflate<K: Kernel>(
    k: &mut K,
    fd: Fd,
    format: Format,
    scratch: &mut Scratch,
    memory: &mut [u8],
) -> core::result::Result<Inflated, Damage> {
    let mut file = File { k, fd, at: 0 };
    match format {
        #[cfg(feature = "gzip")]
        Format::Gzip => crate::gzip::inflate(&mut file, scratch, memory),
        #[cfg(feature = "xz")]
        Format::Xz => crate::xz::inflate(&mut file, scratch, memory),
        #[cfg(feature = "zstd")]
        Format::Zstd => crate::zstd::inflate(&mut file, scratch, memory),
        _ => {
            let _ = (&mut file, scratch, memory);
            Err(Damage::Read(Errno::ENOSYS))
        }
    }
}

/// A file from its first byte on, whatever of it was read before.
struct File<'a, K> {
    k: &'a mut K,
    fd: Fd,
    at: u64,
}

impl<K: Kernel> Source for File<'_, K> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let len = self.k.read_at(self.fd, buffer, self.at)?;
        self.at = self.at.saturating_add(len as u64);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;
    use std::ffi::CString;

    /// The index and the footer that `xz --check=crc32 --block-size=40000` gave 100000 zeros.
    const XZ_END: [u8; 32] = [
        0x00, 0x03, 0x5d, 0xc0, 0xb8, 0x02, 0x5d, 0xc0, 0xb8, 0x02, 0x52, 0xa0, 0x9c, 0x01, 0x00,
        0x00, 0x47, 0x68, 0xca, 0xfb, 0x23, 0xd3, 0x54, 0x5d, 0x04, 0x00, 0x00, 0x00, 0x00, 0x01,
        0x59, 0x5a,
    ];

    /// What a file with these bytes claims to hold.
    fn claimed(content: &[u8], format: Format) -> u64 {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let mut k = Linux::default();
        let path = CString::new(file.path().to_str().unwrap()).unwrap();
        let fd = k.open(&path, 0).unwrap();
        claim(&mut k, fd, format, content.len() as u64)
    }

    #[test]
    fn an_xz_index_tells_how_much_all_blocks_hold() {
        assert_eq!(claimed(&XZ_END, Format::Xz), 100_000);
    }

    #[test]
    fn without_an_index_it_is_a_guess() {
        assert_eq!(claimed(&[b'x'; 100], Format::Xz), 500);
        assert_eq!(claimed(b"short", Format::Xz), 25);
        let mut damaged = XZ_END;
        damaged[26] = 0xff; // the index would begin before the file
        assert_eq!(claimed(&damaged, Format::Xz), 5 * XZ_END.len() as u64);
    }

    #[test]
    fn an_xz_index_of_any_length_tells_the_same() {
        // So many blocks of 5 bytes, packed to 20: a count, then two bytes for each.
        for count in [1_u8, 19, 20, 21, 40, 100] {
            let mut index = vec![0, count];
            index.extend([20, 5].repeat(count.into()));
            index.resize(index.len().next_multiple_of(4), 0);
            index.extend(b"crc!");
            let backward = (index.len() / 4 - 1) as u32;
            let footer = [b"crc!", &backward.to_le_bytes()[..], b"\0\x01YZ"].concat();
            let file = [&[b'x'; 30], &index[..], &footer].concat();
            assert_eq!(claimed(&file, Format::Xz), 5 * u64::from(count), "{count} blocks");
        }
    }

    #[test]
    fn gzip_tells_in_its_last_bytes() {
        assert_eq!(claimed(b"anything\x40\x42\x0f\0", Format::Gzip), 1_000_000);
    }
}
