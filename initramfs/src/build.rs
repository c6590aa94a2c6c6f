//! From options to an image.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::compression::Compression;
use crate::entry::{Entry, Node};
use crate::fileset::FileSet;
use crate::host_files::HostFiles;
use crate::image::{self, Image};
use crate::modules::modules;
use crate::options::{FileSpec, Options};
use crate::request::Request;
use crate::{advice, cpio, loader, output, program, words};

/// Where the real init lands.
const INIT: &str = "sbin/init";

/// The kernel's usermode helper (`CONFIG_MODPROBE_PATH`).
const MODPROBE: &str = "sbin/modprobe";

/// Directories that the loader mounts on.
const MOUNT_POINTS: [&str; 3] = ["dev", "proc", "sys"];

/// A finished image.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// The release of its modules.
    pub release: Option<String>,
    /// Its modules, in the order in which they will be loaded.
    pub modules: Vec<PackedModule>,
    /// Things the user should know that are no errors.
    pub warnings: Vec<String>,
}

/// A module in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedModule {
    /// Its normalised name.
    pub name: String,
    /// Its path in the image, with a leading slash.
    pub guest_path: String,
}

/// Makes an image.
pub fn build(options: &Options) -> Result<Built> {
    let request = Request::of(options)?;
    let base = base(options)?;
    let mut files = FileSet::over(base.entries()?)?;
    let host = host_files(options)?;
    files.add_all(host.entries)?;
    files.add_all(own_entries(options, &request)?)?;
    let modules = modules(options, &request, &files)?;
    files.add_all(modules.entries)?;
    let list = request.list(&modules.packed, &modules.weak);
    if options.list {
        files.replace(list_entry(&list))?;
    }
    if options.init.is_some() {
        advice::check_init(options, &files, INIT)?;
        program::check(&files, INIT, options.arch)?;
    }
    check_output(&options.output, &files)?;
    let advice = advice::warnings(options, &files, &list);
    let bytes = base.with(&cpio::archive(&files.into_entries())?, options.compress)?;
    output::write(&options.output, &bytes)?;
    Ok(Built {
        path: options.output.clone(),
        bytes: bytes.len() as u64,
        release: modules.release,
        modules: modules.packed,
        warnings: [host.warnings, modules.warnings, advice].concat(),
    })
}

/// Writes entries as an archive; parents that are missing are made.
///
/// Gives the length of the file.
pub fn write_archive(entries: Vec<Entry>, compress: Compression, output: &Path) -> Result<u64> {
    let mut files = FileSet::default();
    files.add_all(entries)?;
    let bytes = compress.pack(&cpio::archive(&files.into_entries())?)?;
    output::write(output, &bytes)?;
    Ok(bytes.len() as u64)
}

/// The image that is appended to, or an empty one.
fn base(options: &Options) -> Result<Image> {
    let Some(path) = &options.append_to else {
        return Ok(Image::default());
    };
    ensure!(
        !output::is_one_of(&options.output, [path.as_path()]),
        "{}: is appended to and is never changed; name another file with -o",
        path.display()
    );
    image::read(path)
}

/// An error if the image would be written over a file that goes into it.
fn check_output(output: &Path, files: &FileSet) -> Result<()> {
    let sources = files.iter().filter(|entry| matches!(entry.node, Node::File(_)));
    ensure!(
        !output::is_one_of(output, sources.map(|entry| Path::new(&entry.source))),
        "{}: goes into the image and is never changed; name another file with -o",
        output.display()
    );
    Ok(())
}

/// Trees, single files and the real init.
fn host_files(options: &Options) -> Result<HostFiles> {
    let mut host = HostFiles::default();
    for tree in &options.trees {
        host.add_tree(tree)?;
    }
    for file in &options.files {
        host.add_file(file)?;
    }
    if let Some(init) = &options.init {
        let guest = INIT.to_string();
        host.add_file(&FileSpec { host: init.clone(), guest }).context("--init")?;
        if let Some(entry) = host.entries.last_mut() {
            entry.mode = 0o755;
        }
    }
    Ok(host)
}

/// What this program puts in of its own.
fn own_entries(options: &Options, request: &Request) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = MOUNT_POINTS.map(Entry::dir).into();
    if !options.no_loader {
        entries.push(loader::entry(options.loader.as_deref(), options.arch)?);
    }
    if options.modprobe {
        entries.push(Entry::link(MODPROBE, "/init").with_source("--modprobe"));
    }
    if !options.conf_words.is_empty() {
        entries.push(lines(words::CONF, &options.conf_words).with_source("--conf-words"));
    }
    if options.list {
        entries.push(list_entry(&request.entries));
    }
    Ok(entries)
}

/// The image's own list.
fn list_entry(list: &[String]) -> Entry {
    lines(words::LIST, list).with_source("--list")
}

/// A file of some lines.
fn lines(path: &str, lines: &[String]) -> Entry {
    let text = lines.iter().map(|line| format!("{line}\n"));
    Entry::file(path, text.collect::<String>())
}
