//! The bytes of a module as they go into the image.

use anyhow::{Context, Result, ensure};

use crate::arch::Arch;
use crate::compression::Compression;
use crate::elf::Elf;
use crate::host::read;
use crate::index::bare;
use crate::inflate;
use crate::modinfo::ModInfo;
use crate::module_files::ModuleFile;
use crate::options::Options;
use crate::{signature, strip};

/// A module that is ready.
pub struct Payload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it had a signature that is gone.
    pub lost_signature: bool,
    /// The firmware it names.
    pub firmware: Vec<String>,
}

/// The path of a module in the image, which says its compression.
pub fn path(path: &str, compress: Option<Compression>) -> String {
    match compress {
        Some(compress) => format!("{}{}", bare(path), compress.suffix()),
        None => path.to_string(),
    }
}

/// Reads, checks and changes a module as the options say.
pub fn payload(file: &ModuleFile, release: &str, options: &Options) -> Result<Payload> {
    let shown = || file.host.display().to_string();
    let raw = read(&file.host)?;
    let plain = inflate::whole(raw.clone()).with_context(|| format!("{}: damaged", shown()))?;
    let info = check(&plain, release, options.arch).with_context(shown)?;
    let (bytes, lost_signature) = change(raw, &plain, options).with_context(shown)?;
    let firmware = info.all("firmware").map(str::to_string).collect();
    Ok(Payload { bytes, lost_signature, firmware })
}

/// The bytes as the options want them, and whether a signature went.
fn change(raw: Vec<u8>, plain: &[u8], options: &Options) -> Result<(Vec<u8>, bool)> {
    let smaller = smaller(plain, options)?;
    let lost_signature = smaller.is_some() && signature::is_signed(plain);
    let bytes = match (smaller, options.module_compress) {
        (None, None) => raw,
        (None, Some(compress)) => compress.pack(plain)?,
        (Some(smaller), compress) => {
            compress.unwrap_or_else(|| compression(&raw)).pack(&smaller)?
        }
    };
    Ok((bytes, lost_signature))
}

/// The module without what is to go; none if nothing does.
fn smaller(plain: &[u8], options: &Options) -> Result<Option<Vec<u8>>> {
    if options.strip_debug
        && let Some(stripped) = strip::debug(plain)?
    {
        return Ok(Some(stripped));
    }
    if options.strip_signature && signature::is_signed(plain) {
        return Ok(Some(signature::without(plain)?.to_vec()));
    }
    Ok(None)
}

/// How a file is compressed.
fn compression(bytes: &[u8]) -> Compression {
    match inflate::form(bytes) {
        Some("gzip") => Compression::Gzip,
        Some("xz") => Compression::Xz,
        Some("zstd") => Compression::Zstd,
        _ => Compression::None,
    }
}

/// A module that the kernel would not take is an error here and now.
fn check(plain: &[u8], release: &str, arch: Arch) -> Result<ModInfo> {
    let elf = Elf::read(plain)?;
    elf.expect(arch)?;
    let info = elf.section(b".modinfo")?.context("no .modinfo section")?;
    let info = ModInfo::parse(info);
    let built_for = info.release().context("no vermagic in .modinfo")?;
    ensure!(built_for == release, "is for {built_for}, and the tree is of {release}");
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elves::{Ko, RELEASE};
    use std::path::PathBuf;

    fn given(file: &[u8], options: &Options) -> Result<Payload> {
        let dir = tempfile::tempdir().expect("a directory");
        let host: PathBuf = dir.path().join("a.ko");
        std::fs::write(&host, file).expect("written");
        payload(&ModuleFile { path: "a.ko".into(), host }, RELEASE, options)
    }

    fn options(module_compress: Option<Compression>, strip_debug: bool) -> Options {
        Options { arch: Arch::X86_64, module_compress, strip_debug, ..Options::default() }
    }

    #[test]
    fn kept_modules_are_the_same_bytes() {
        let ko = Ko::new("a").signed().bytes();
        for file in [ko.clone(), Compression::Xz.pack(&ko).expect("packed")] {
            let found = given(&file, &options(None, true)).expect("a payload");
            assert!(found.bytes == file && !found.lost_signature);
        }
    }

    #[test]
    fn modules_change_their_compression() {
        let ko = Ko::new("a").bytes();
        let file = Compression::Gzip.pack(&ko).expect("packed");
        for to in [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd] {
            let found = given(&file, &options(Some(to), false)).expect("a payload");
            assert_eq!(compression(&found.bytes), to);
            assert_eq!(inflate::whole(found.bytes).expect("inflated"), ko);
        }
    }

    #[test]
    fn stripped_modules_keep_their_compression_and_lose_their_signature() {
        let ko = Ko::new("a").debug().signed().bytes();
        let file = Compression::Zstd.pack(&ko).expect("packed");
        let found = given(&file, &options(None, true)).expect("a payload");
        assert!(found.lost_signature);
        assert_eq!(compression(&found.bytes), Compression::Zstd);
        assert!(inflate::whole(found.bytes).expect("inflated").len() < ko.len() - 5000);
    }

    #[test]
    fn a_module_the_kernel_would_refuse_is_an_error() {
        let error = |ko: Ko| match given(&ko.bytes(), &options(None, false)) {
            Err(error) => format!("{error:#}"),
            Ok(_) => String::from("no error"),
        };
        let other = error(Ko::new("a").arch(Arch::Aarch64));
        assert!(other.contains("is for aarch64, and the image is for x86_64"), "{other}");
        let other = error(Ko::new("a").release("6.2.0"));
        assert!(other.contains("is for 6.2.0, and the tree is of 6.1.0-test"), "{other}");
    }

    #[test]
    fn damaged_streams_are_errors() {
        let mut file = Compression::Gzip.pack(&Ko::new("a").bytes()).expect("packed");
        let middle = file.len() / 2;
        file[middle] ^= 0x55;
        assert!(given(&file, &options(None, false)).is_err());
    }
}
