//! Files made for a test: modules of the kernel's own, plain, packed, cut or changed.

use crate::image::name;
use crate::kernel::Kernel;
use crate::programs::Programs;
use crate::scenario::Made;
use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;
use insinit_initramfs::Compression;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{Action, Check, Filters, LzmaOptions, Stream};
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What ends a signed module (`include/linux/module_signature.h`), behind a block of 12 bytes whose
/// last four say how long the signature before it is.
const SIGNED: &[u8] = b"~Module signature appended~\n";
const SIGNATURE_BLOCK: usize = 12;

/// Writes the file that `made` describes to `path`.
///
/// # Errors
/// The kernel has no such module, or a file can't be read or written.
pub fn write(made: Made, kernel: &Kernel, programs: &Programs, path: &Path) -> Result<()> {
    let bytes = match made {
        Made::Text(text) => text.into(),
        Made::Plain(module) => plain(kernel, module)?,
        Made::Gzip(module) => gzip(kernel, module)?,
        Made::HalfGzip(module) => half(gzip(kernel, module)?),
        Made::WrongCrc(module) => wrong_crc(gzip(kernel, module)?),
        Made::OddXz(module) => odd_xz(&plain(kernel, module)?)?,
        Made::HalfXz(module) => half(odd_xz(&plain(kernel, module)?)?),
        Made::WrongXz(module) => wrong_check(odd_xz(&plain(kernel, module)?)?),
        Made::HalfZstd(module) => half(Compression::Zstd.pack(&plain(kernel, module)?)?),
        Made::WrongZstd(module) => wrong_sum(Compression::Zstd.pack(&plain(kernel, module)?)?),
        Made::OtherRelease(module) => other_release(unsigned(plain(kernel, module)?)),
        Made::Unsigned(module) => unsigned(plain(kernel, module)?),
        Made::Altered(module) => altered(plain(kernel, module)?),
        Made::List(count, last) => list(count, last).into(),
        Made::Index(count, last) => index(count, last).into(),
        Made::GzipOtherRelease(module) => {
            Compression::Gzip.pack(&other_release(unsigned(plain(kernel, module)?)))?
        }
        Made::Padded(module, mebibytes) => {
            let content = plain(kernel, module)?;
            Compression::Gzip.pack(&[content, vec![0; mebibytes << 20]].concat())?
        }
        Made::Guest => fs::read(&programs.guest)?,
        Made::Large(mebibytes) => vec![b'x'; mebibytes << 20],
    };
    fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))?;
    let mode = if made == Made::Guest { 0o755 } else { 0o644 };
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}

/// The module inflated.
///
/// # Errors
/// The kernel has no such module, or its file can't be read.
pub fn plain(kernel: &Kernel, module: &str) -> Result<Vec<u8>> {
    let path = file(kernel, module)
        .with_context(|| format!("{} has no module {module}", kernel.release))?;
    let bytes = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
    let mut plain = Vec::new();
    match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("xz") => XzDecoder::new_multi_decoder(bytes.as_slice()).read_to_end(&mut plain)?,
        Some("gz") => MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?,
        Some("zst") => return Ok(zstd::decode_all(bytes.as_slice())?),
        _ => return Ok(bytes),
    };
    Ok(plain)
}

/// The module's file, found through `modules.order`, which names it as it was built.
fn file(kernel: &Kernel, module: &str) -> Option<PathBuf> {
    kernel.trees().find_map(|tree| {
        let order = fs::read_to_string(tree.join("modules.order")).ok()?;
        let built = order.lines().find(|path| name(path).as_deref() == Some(module))?;
        let files = ["", ".xz", ".gz", ".zst"].map(|suffix| tree.join(format!("{built}{suffix}")));
        files.into_iter().find(|file| file.is_file())
    })
}

fn gzip(kernel: &Kernel, module: &str) -> Result<Vec<u8>> {
    Compression::Gzip.pack(&plain(kernel, module)?)
}

fn half(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// A gzip member ends in CRC-32 and length, four bytes each (RFC 1952).
fn wrong_crc(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = bytes.len().saturating_sub(8);
    bytes[crc] ^= 1;
    bytes
}

/// In two blocks, behind the filter for x86 code, with CRC-64.
fn odd_xz(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut filters = Filters::new();
    filters.x86().lzma2(&LzmaOptions::new_preset(6)?);
    let mut stream = Stream::new_stream_encoder(&filters, Check::Crc64)?;
    // More than bytes that can't be packed become.
    let mut file = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 4096);
    let (first, second) = bytes.split_at(bytes.len() / 3);
    stream.process_vec(first, &mut file, Action::FullFlush)?;
    stream.process_vec(second, &mut file, Action::Finish)?;
    Ok(file)
}

/// An xz stream ends in its index and twelve bytes, which say how long the index is (xz-file-format.txt,
/// 2.1.2.2); a block's check stands before it.
fn wrong_check(mut bytes: Vec<u8>) -> Vec<u8> {
    let footer = bytes.len().saturating_sub(12);
    let index = (usize::from(bytes[footer + 4]) + 1) * 4;
    bytes[footer - index - 1] ^= 1;
    bytes
}

/// A zstd frame ends in its checksum (RFC 8878).
fn wrong_sum(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    bytes
}

/// Without its signature, which a change would make worse than missing.
fn unsigned(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(signed) = bytes.strip_suffix(SIGNED) {
        let block = &signed[signed.len() - SIGNATURE_BLOCK..];
        let length = u32::from_be_bytes([block[8], block[9], block[10], block[11]]) as usize;
        let end = signed.len() - SIGNATURE_BLOCK - length;
        bytes.truncate(end);
    }
    bytes
}

/// With another byte in the middle of its code, which its signature tells.
fn altered(mut bytes: Vec<u8>) -> Vec<u8> {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// `count` optional entries that nobody has, then `last`.
fn list(count: u32, last: &str) -> String {
    (0..count).map(|at| format!("-not_there_{at}\n")).chain([format!("{last}\n")]).collect()
}

/// `count` modules that need the one before, then `last`, which needs none.
fn index(count: u32, last: &str) -> String {
    let line = |at: u32| format!("kernel/m{at}.ko: kernel/m{}.ko\n", at.saturating_sub(1));
    (0..count).map(line).chain([format!("{last}:\n")]).collect()
}

/// With another version magic: the flags, as the kernel passes over the release where symbols have
/// versions of their own (`kernel/module/version.c`: `same_magic`).
fn other_release(mut bytes: Vec<u8>) -> Vec<u8> {
    let (flag, other) = (b" mod_unload ", b" mod_UNLOAD ");
    if let Some(at) = bytes.windows(flag.len()).position(|window| window == flag) {
        bytes[at..at + flag.len()].copy_from_slice(other);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_goes_with_its_block_and_marker() {
        let block = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3];
        let signed = [b"ELF".as_slice(), b"sig", &block, SIGNED].concat();
        assert_eq!(unsigned(signed), b"ELF");
        assert_eq!(unsigned(b"ELF".to_vec()), b"ELF");
    }

    #[test]
    fn a_changed_module_differs_in_its_version_magic_only() {
        let module = b"vermagic=6.12 SMP mod_unload modversions \0rest".to_vec();
        let changed = other_release(module.clone());
        assert_eq!(changed.len(), module.len());
        assert_eq!(changed, b"vermagic=6.12 SMP mod_UNLOAD modversions \0rest");
    }

    #[test]
    fn a_wrong_checksum_leaves_the_length_right() {
        let bytes = wrong_crc(vec![0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(bytes, [0, 0, 0, 2, 3, 4, 5, 6, 7, 8]);
    }
}
