//! From a compressed file to a module in memory, whatever the compression.
#![forbid(unsafe_code)]

use crate::image::Format;
use crate::inflate::{Damage, Inflated, Scratch, Source};
use crate::kernel::{Fd, Kernel, Result};
use syscalls::Errno;

/// The largest module that is inflated here: 512 MiB, the address space that is set aside at most.
pub const LIMIT: u64 = 512 << 20;

/// Whether this build inflates the format.
#[must_use]
pub fn knows(format: Format) -> bool {
    match format {
        Format::Gzip => cfg!(feature = "gzip"),
        Format::Elf | Format::Xz | Format::Zstd => false,
    }
}

/// How much a compressed file of that length holds: gzip says so in its last four bytes (RFC 1952,
/// section 2.3.1); for the others five times their length, which few modules exceed. Not to be
/// relied on.
pub fn claim<K: Kernel>(k: &mut K, fd: Fd, format: Format, length: u64) -> u64 {
    let mut last = [0; 4];
    let end = length.saturating_sub(4);
    if format == Format::Gzip && k.read_at(fd, &mut last, end) == Ok(4) {
        return u64::from(u32::from_le_bytes(last));
    }
    length.saturating_mul(5)
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
