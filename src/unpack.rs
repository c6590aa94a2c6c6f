//! From a compressed file to a module in memory, whatever the compression.
#![forbid(unsafe_code)]

use crate::image::{Format, Image};
use crate::inflate::{Inflated, Scratch, Source};
use crate::kernel::{Fd, Kernel, Result};
use crate::outcome::Failure;
use syscalls::Errno;

/// The largest module that is inflated here: 512 MiB, the address space that is set aside at most.
pub const LIMIT: u64 = 512 << 20;

/// A file's sizes in bytes.
#[derive(Clone, Copy, Default)]
pub struct Size {
    /// On disk.
    pub compressed: u64,
    /// As the file says, or as much as such a file may well hold; not to be relied on.
    pub inflated: u64,
}

/// Whether this build inflates the format.
#[must_use]
pub fn knows(format: Format) -> bool {
    match format {
        Format::Gzip => cfg!(feature = "gzip"),
        Format::Elf | Format::Xz | Format::Zstd => false,
    }
}

/// How much a compressed file holds: gzip says so in its last four bytes (RFC 1952, section 2.3.1);
/// for the others five times their length, which few modules exceed.
///
/// # Errors
/// What statx(2) and pread64(2) say.
pub fn size<K: Kernel>(k: &mut K, image: &Image, format: Format) -> Result<Size> {
    let compressed = k.stat_fd(image.fd)?.size;
    let mut last = [0; 4];
    if format == Format::Gzip && compressed > 18 {
        k.read_at(image.fd, &mut last, compressed.saturating_sub(4))?;
        return Ok(Size { compressed, inflated: u64::from(u32::from_le_bytes(last)) });
    }
    Ok(Size { compressed, inflated: compressed.saturating_mul(5) })
}

/// Address space for the inflated module; pages appear as they are written.
///
/// # Errors
/// What mmap(2) says.
pub fn room<K: Kernel>(k: &mut K, limit: u64) -> Result<&'static mut [u8]> {
    let len = usize::try_from(limit).map_err(|_| Errno::ENOMEM)?;
    k.map(len.max(1))
}

/// Inflates the file into `memory` and checks all that the stream says of itself.
///
/// # Errors
/// [`Failure::Damaged`], or [`Failure::Unknown`] for a format that this build doesn't have.
pub fn inflate<K: Kernel>(
    k: &mut K,
    image: &Image,
    format: Format,
    scratch: &mut Scratch,
    memory: &mut [u8],
) -> core::result::Result<Inflated, Failure> {
    let mut rest = Rest { k, fd: image.fd };
    match format {
        #[cfg(feature = "gzip")]
        Format::Gzip => crate::gzip::inflate(&mut rest, image.head(), scratch, memory)
            .map_err(|damage| Failure::Damaged(format, damage)),
        _ => {
            let _ = (&mut rest, scratch, memory);
            Err(Failure::Unknown(format))
        }
    }
}

/// What follows a file's head.
struct Rest<'a, K> {
    k: &'a mut K,
    fd: Fd,
}

impl<K: Kernel> Source for Rest<'_, K> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.k.read(self.fd, buffer) {
                Err(Errno::EINTR) => {}
                done => return done,
            }
        }
    }
}
