//! A contestant's image: what is its own, its index, the modules, what every image has.

use anyhow::{Context, Result};
use insinit_initramfs::{Compression, Entry, write_archive};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// What a contestant puts into its image.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Programs, libraries, scripts.
    pub own: Vec<Entry>,
    /// modules.dep and the like.
    pub index: Vec<Entry>,
    /// The modules.
    pub modules: Vec<Entry>,
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
    /// What the kernel's command line lists.
    pub list: Vec<String>,
    /// The words that give a root to one who can't do without; what is done for that isn't counted.
    pub root: &'static str,
    /// Bytes of its program.
    pub binary: u64,
}

impl Files {
    /// Adds the host's file as a program.
    ///
    /// # Errors
    /// It can't be read.
    pub fn program(&mut self, guest: &str, host: &Path) -> Result<&mut Self> {
        let bytes = read(host)?;
        self.binary = self.binary.max(bytes.len() as u64);
        self.own.push(Entry::program(guest, bytes));
        Ok(self)
    }

    /// How long an image of its own files is, with the folders that it mounts on, under gzip -9.
    ///
    /// # Errors
    /// It can't be packed.
    pub fn image_size(&self, folder: &Path) -> Result<u64> {
        let entries = [folders(), self.own.clone()].concat();
        write_archive(entries, Compression::Gzip, &folder.join("own.img"))
    }
}

/// The mount points.
#[must_use]
pub fn folders() -> Vec<Entry> {
    ["dev", "proc", "sys"].map(Entry::dir).into()
}

/// The host's file.
///
/// # Errors
/// It can't be read.
pub fn read(host: &Path) -> Result<Vec<u8>> {
    fs::read(host).with_context(|| format!("can't read {}", host.display()))
}

/// Adds a dynamic program of the package folder `root`, its interpreter and its libraries.
///
/// # Errors
/// One of them isn't there.
pub fn dynamic(files: &mut Files, guest: &str, root: &Path, program: &str) -> Result<()> {
    files.program(guest, &root.join(program))?;
    let mut wanted = VecDeque::from(needed(&read(&root.join(program))?)?);
    let mut seen = BTreeSet::new();
    while let Some(name) = wanted.pop_front() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let (path, bytes) = library(root, &name)?;
        wanted.extend(needed(&bytes)?);
        files.own.push(Entry::program(path, bytes));
    }
    let (_, bytes) = library(root, INTERPRETER)?;
    files.own.push(Entry::program(format!("lib64/{INTERPRETER}"), bytes));
    Ok(())
}

/// glibc's on x86_64.
pub const INTERPRETER: &str = "ld-linux-x86-64.so.2";

/// Where Debian has libraries.
const LIBRARIES: [&str; 2] = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

/// A library's path in the image, and its bytes.
fn library(root: &Path, name: &str) -> Result<(String, Vec<u8>)> {
    let paths = LIBRARIES.map(|folder| (format!("{folder}/{name}"), root.join(folder).join(name)));
    let found = paths.into_iter().find(|(_, host)| host.exists());
    let (guest, host): (String, PathBuf) =
        found.with_context(|| format!("{} has no library {name}", root.display()))?;
    Ok((guest, read(&host)?))
}

/// The names of the libraries that an ELF file asks for.
fn needed(bytes: &[u8]) -> Result<Vec<String>> {
    use object::read::elf::{Dyn, FileHeader};
    let header = object::elf::FileHeader64::<object::Endianness>::parse(bytes)?;
    let end = header.endian()?;
    let sections = header.sections(end, bytes)?;
    let Some((entries, strings)) = sections.dynamic(end, bytes)? else { return Ok(vec![]) };
    let strings = sections.strings(end, bytes, strings)?;
    let needed = entries.iter().filter(|entry| entry.tag(end) == object::elf::DT_NEEDED);
    let names = needed.filter_map(|entry| entry.string(end, strings).ok());
    Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}
