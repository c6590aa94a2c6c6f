//! The index files of an image: the lines about its own modules.

use std::collections::BTreeSet;

use anyhow::Result;
use insinit::name;

use crate::entry::{Entry, Node};
use crate::fileset::FileSet;
use crate::index::Index;
use crate::index_merge::merge;
use crate::module_files::ModuleFile;
use crate::options::Options;
use crate::payload;
use crate::tree::Tree;

/// Tells the loader not to look into the older image's binary twins.
const NEWER: &str = "# newer than modules.dep.bin\n";

/// The modules of an image.
pub struct Packed<'a> {
    /// Those that are packed.
    pub wanted: &'a [&'a ModuleFile],
    /// The paths of those that its own files bring, which stay as they are.
    pub brought: &'a BTreeSet<String>,
}

/// Index files for the modules of the image, and for those of an older image below.
pub fn entries(
    tree: &Tree,
    index: &Index,
    packed: &Packed<'_>,
    options: &Options,
    files: &FileSet,
) -> Result<Vec<Entry>> {
    let mut paths: BTreeSet<&str> = packed.wanted.iter().map(|file| file.path.as_str()).collect();
    paths.extend(packed.brought.iter().map(String::as_str));
    let rename = |path: &str| match packed.brought.contains(path) {
        true => path.to_string(),
        false => payload::path(path, options.module_compress),
    };
    let index = index.only(|path| paths.contains(path), rename);
    let mut texts = index.files();
    let builtin = tree.bytes("modules.builtin")?;
    if !builtin.is_empty() {
        texts.push(("modules.builtin", String::from_utf8_lossy(&builtin).into_owned()));
    }
    let entry = |(file, text): (&str, String)| {
        let mut text = merge(file, &older(tree, files, file), &text);
        if file == "modules.dep"
            && files.older(&tree.guest("modules.dep.bin")).is_some()
            && !text.starts_with(NEWER)
        {
            text.insert_str(0, NEWER);
        }
        Entry::file(tree.guest(file), text).with_source("the index of the modules")
    };
    let mut entries: Vec<Entry> = texts.into_iter().map(entry).collect();
    let aliases = tree.builtin_aliases()?;
    if !aliases.is_empty() {
        let entry = Entry::file(tree.guest("modules.builtin.modinfo"), aliases);
        entries.push(entry.with_source("the index of the modules"));
    }
    Ok(entries)
}

/// The text of an index file in the older image.
fn older(tree: &Tree, files: &FileSet, file: &str) -> String {
    match files.older(&tree.guest(file)).map(|entry| &entry.node) {
        Some(Node::File(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ if file == "modules.dep" => walked(tree, files),
        _ => String::new(),
    }
}

/// Lines for the modules of an older image that has no `modules.dep`: the loader found them by
/// a walk, which it makes only where there is no such file.
fn walked(tree: &Tree, files: &FileSet) -> String {
    let dir = files.place_of(&tree.guest(""));
    let paths = files.below().filter_map(|entry| entry.path.strip_prefix(dir.as_slice()));
    let modules = paths.filter(|path| name::of_file(path).is_some());
    let lines = modules.map(|path| String::from_utf8_lossy(path).trim_matches('/').to_string());
    lines.map(|path| format!("{path}:\n")).collect()
}
