//! Every module of whole trees, packed again in odd ways, and inflated by the loader's own code.

use crate::kernels;
use anyhow::{Context, Result, ensure};
use insinit::inflate::{Damage, Inflated, Scratch, Source};
use insinit::kernel::Errno;
use insinit_initramfs::Compression;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{Action, Check, Filters, LzmaOptions, Stream};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use zstd::zstd_safe::CParameter;

/// One kernel of each machine.
const TREES: [&str; 3] = ["6.12-x86_64", "6.12-aarch64", "6.12-riscv64"];

/// Threads; each holds a module several times.
const THREADS: usize = 2;

/// Files that the loader's code inflates.
type Inflate = fn(&mut Bytes<'_>, &mut Scratch, &mut [u8]) -> Result<Inflated, Damage>;

/// A way to pack a module.
struct Form {
    name: &'static str,
    pack: fn(&[u8]) -> Result<Vec<u8>>,
    inflate: Inflate,
}

const XZ: Inflate = |file, scratch, out| insinit::xz::inflate(file, scratch, out);

/// All ways. Levels are low where they change nothing in the format.
const FORMS: &[Form] = &[
    Form {
        name: "gzip",
        pack: |bytes| Compression::Gzip.pack(bytes),
        inflate: |file, scratch, out| insinit::gzip::inflate(file, scratch, out),
    },
    Form {
        name: "xz --check=none --lzma2=preset=0,lc=0,lp=4,pb=0",
        pack: |bytes| xz(bytes, Check::None, usize::MAX, |_| (), (0, [0, 4, 0])),
        inflate: XZ,
    },
    Form {
        name: "xz --check=crc64 --block-size=99999 --lzma2=preset=1,lc=4,lp=0,pb=4",
        pack: |bytes| xz(bytes, Check::Crc64, 99_999, |_| (), (1, [4, 0, 4])),
        inflate: XZ,
    },
    Form {
        name: "xz --check=sha256 --x86 --lzma2=preset=0,lc=1,lp=3,pb=2",
        pack: |bytes| xz(bytes, Check::Sha256, usize::MAX, |chain| _ = chain.x86(), (0, [1, 3, 2])),
        inflate: XZ,
    },
    Form {
        name: "xz --check=crc32 --block-size=1MiB --arm64 --delta=dist=4 --lzma2=preset=0",
        pack: |bytes| xz(bytes, Check::Crc32, 1 << 20, arm64, (0, [3, 0, 2])),
        inflate: XZ,
    },
    Form {
        name: "xz --check=crc64 --riscv --lzma2=preset=0, twice with padding",
        pack: |bytes| {
            let (first, second) = bytes.split_at(bytes.len() / 2);
            let pack = |part| {
                xz(part, Check::Crc64, usize::MAX, |chain| _ = chain.riscv(), (0, [3, 0, 2]))
            };
            Ok([pack(first)?, vec![0; 8], pack(second)?].concat())
        },
        inflate: XZ,
    },
    Form { name: "zstd -19", pack: |bytes| zstd(bytes, &[level(19), SUM]), inflate: ZSTD },
    Form {
        name: "zstd -3 --long=27 --no-check --no-content-size",
        pack: |bytes| {
            let long = CParameter::EnableLongDistanceMatching(true);
            zstd(bytes, &[long, CParameter::WindowLog(27), CParameter::ContentSizeFlag(false)])
        },
        inflate: ZSTD,
    },
    Form {
        name: "zstd --fast=5, three frames and one to be skipped",
        pack: |bytes| {
            let mut file = b"\x5f\x2a\x4d\x18\x03\0\0\0abc".to_vec();
            for part in bytes.chunks((bytes.len() / 3).max(1)) {
                file.extend(zstd(part, &[level(-5)])?);
            }
            Ok(file)
        },
        inflate: ZSTD,
    },
];

const ZSTD: Inflate = |file, scratch, out| insinit::zstd::inflate(file, scratch, out);

const SUM: CParameter = CParameter::ChecksumFlag(true);

fn level(level: i32) -> CParameter {
    CParameter::CompressionLevel(level)
}

/// One frame.
fn zstd(bytes: &[u8], parameters: &[CParameter]) -> Result<Vec<u8>> {
    let mut packer = zstd::bulk::Compressor::default();
    for parameter in parameters {
        packer.set_parameter(*parameter)?;
    }
    Ok(packer.compress(bytes)?)
}

/// The filter for aarch64, then delta.
fn arm64(chain: &mut Filters) {
    // Its one property is a byte, so it can't fail.
    _ = chain.arm64().delta_properties(&[3]);
}

/// Blocks of so many bytes, by a preset with other lc, lp and pb, behind what `add` adds.
fn xz(
    bytes: &[u8],
    check: Check,
    block: usize,
    add: fn(&mut Filters),
    (preset, [lc, lp, pb]): (u32, [u32; 3]),
) -> Result<Vec<u8>> {
    let mut options = LzmaOptions::new_preset(preset)?;
    options.literal_context_bits(lc).literal_position_bits(lp).position_bits(pb);
    let mut filters = Filters::new();
    add(&mut filters);
    let mut stream = Stream::new_stream_encoder(filters.lzma2(&options), check)?;
    let blocks = bytes.chunks(block);
    // More than what can't be packed becomes.
    let mut file = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 4096 * (blocks.len() + 1));
    for part in blocks {
        stream.process_vec(part, &mut file, Action::FullFlush)?;
    }
    stream.process_vec(&[], &mut file, Action::Finish)?;
    Ok(file)
}

/// A file in memory, in pieces as large as they are asked for.
struct Bytes<'a>(&'a [u8]);

impl Source for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (now, later) = self.0.split_at(buffer.len().min(self.0.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.0 = later;
        Ok(now.len())
    }
}

/// Packs and inflates every module of every tree.
///
/// # Errors
/// A tree can't be had, or a module doesn't come back.
pub fn run() -> Result<String> {
    let mut modules = Vec::new();
    for name in TREES {
        let kernel = kernels::named(name).with_context(|| format!("no kernel {name}"))?.get()?;
        kernel.trees().for_each(|tree| find(&tree, &mut modules));
    }
    ensure!(modules.len() > 10_000, "the trees have {} modules only", modules.len());
    let next = AtomicUsize::new(0);
    let done: Result<Vec<()>> = thread::scope(|scope| {
        let each = || while_any(&modules, &next);
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(each)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    done?;
    Ok(format!("{} modules, as they are and in {} ways", modules.len(), FORMS.len()))
}

/// All module files below a folder.
fn find(folder: &Path, modules: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => find(&path, modules),
            Ok(kind) if kind.is_file() && path.to_string_lossy().ends_with(".ko.xz") => {
                modules.push(path);
            }
            _ => {}
        }
    }
}

/// Checks modules as long as there are any.
fn while_any(modules: &[PathBuf], next: &AtomicUsize) -> Result<()> {
    let mut scratch = Box::new(Scratch::new());
    while let Some(path) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
        check(path, &mut scratch).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Checks a module as it is and in every other form.
fn check(path: &Path, scratch: &mut Scratch) -> Result<()> {
    let file = fs::read(path)?;
    let mut plain = Vec::new();
    XzDecoder::new_multi_decoder(file.as_slice()).read_to_end(&mut plain)?;
    ensure!(inflated(XZ, &file, scratch, plain.len())? == plain, "differs as it is");
    for form in FORMS {
        let file = (form.pack)(&plain)?;
        let found = inflated(form.inflate, &file, scratch, plain.len());
        ensure!(found.with_context(|| form.name)? == plain, "differs as {}", form.name);
    }
    Ok(())
}

/// What the loader's code makes of a file, in a memory of exactly that size.
fn inflated(inflate: Inflate, file: &[u8], scratch: &mut Scratch, size: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; size];
    match inflate(&mut Bytes(file), scratch, &mut out) {
        Ok(found) => out.truncate(found.size),
        Err(damage) => anyhow::bail!("{damage:?}"),
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_back() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect();
        let mut scratch = Box::new(Scratch::new());
        for form in FORMS {
            let file = (form.pack)(&bytes).expect("packed");
            assert!(
                inflated(form.inflate, &file, &mut scratch, bytes.len()).expect("good") == bytes
            );
            assert!(inflated(form.inflate, &file, &mut scratch, bytes.len() - 1).is_err());
            let half = &file[..file.len() / 2];
            assert!(inflated(form.inflate, half, &mut scratch, bytes.len()).is_err());
        }
    }
}
