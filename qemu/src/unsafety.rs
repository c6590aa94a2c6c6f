//! `unsafe` stands in few files, and how often is written down: `src/unsafe.txt`.

use crate::programs;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How often the loader's files may say it, a file and a count a line.
const COUNTS: &str = include_str!("../../src/unsafe.txt");

/// Uses of the keyword in a text, comments and attributes left out.
fn uses(text: &str) -> usize {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words = |line: &str| {
        let parts = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        parts.filter(|word| *word == "unsafe").count()
    };
    code.map(words).sum()
}

/// Adds the files below `folder` that say it.
fn count(folder: &Path, name: &str, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{name}/{}", entry.file_name().display());
        if entry.file_type().unwrap().is_dir() {
            count(&entry.path(), &name, found);
        } else if name.ends_with(".rs") {
            let uses = uses(&fs::read_to_string(entry.path()).unwrap());
            found.extend((uses > 0).then_some((name, uses)));
        }
    }
}

#[test]
fn unsafe_code_is_counted() {
    let mut found = BTreeMap::new();
    count(&programs::workspace().join("src"), "src", &mut found);
    let lines = COUNTS.lines().filter(|line| !line.starts_with('#'));
    let written = lines.map(|line| {
        let (name, count) = line.split_once(' ').expect("a file and a count");
        (name.to_string(), count.trim().parse().expect("a count"))
    });
    assert_eq!(found, written.collect(), "src/unsafe.txt does not fit the code");
}

#[test]
fn words_in_comments_are_no_uses() {
    assert_eq!(uses("// unsafe\nlet a = unsafe { f() }; // unsafe\nnot_unsafe();"), 1);
}
