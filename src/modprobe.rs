//! modprobe's configuration: the lines of modprobe.d(5), and those of `modules.softdep`.
//!
//! Takes the folders' files, gives one text with a rule a line. What a rule does to a name is the
//! plan's business, and [`crate::params`]'s.
#![forbid(unsafe_code)]

use crate::files::{self, Top};
use crate::forms::form;
use crate::glob;
use crate::kernel::Kernel;
use crate::line::Priority;
use crate::log::Log;
use crate::mem::{self, Table};
use crate::name;
use crate::text;

/// The folders of `modprobe.d`: a file hides those of its name in later ones
/// (kmod `libkmod/libkmod.c`, `default_config_paths`).
const PARENTS: &[u8] = b"/etc /run /usr/local/lib /usr/lib /lib";

/// What the plan and the parameters look for.
const RULES: &[u8] = b"alias blacklist options softdep install";

/// The word of the line before each file's own; no file can hold it, for it would be taken as an escape.
const FILE: &[u8] = b"\\";

/// A line of a file.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The first letter of the word that it begins with; each of [`RULES`] has its own.
    verb: u8,
    /// The name that it is about.
    name: &'static [u8],
    /// What follows.
    rest: &'static [u8],
    /// The file that it stands in.
    by: &'static [u8],
}

/// The lines of a text that [`add`] made.
pub fn parse<K: Kernel>(k: &mut K, mut text: &'static [u8]) -> &'static [Rule] {
    let (mut rules, mut by) = (Table::new(), b"".as_slice());
    while let Some(mut rest) = text::take(&mut text, b'\n') {
        let word = text::take_word(&mut rest).unwrap_or_default();
        if word == FILE {
            by = text::trim(rest);
        } else if name::position(RULES, word).is_some()
            && let (Some(verb), Some(name)) = (word.first().copied(), text::take_word(&mut rest))
        {
            rules.push(k, Rule { verb, name, rest, by });
        }
    }
    rules.into_slice()
}

/// Rules, looked at one by one.
#[derive(Clone, Copy)]
pub struct Rules {
    left: &'static [Rule],
    /// What follows the name in the line that was taken last.
    pub rest: &'static [u8],
    /// The file that it stands in.
    pub by: &'static [u8],
    /// Lines that can't be about this name, by its first byte, are passed over; empty: none.
    pub about: &'static [u8],
}

impl Rules {
    /// All of them.
    #[must_use]
    pub fn of(left: &'static [Rule]) -> Self {
        Self { left, rest: b"", by: b"", about: b"" }
    }

    /// Takes the next line that begins with that word, given by its first letter: the name that it is about.
    #[inline(never)]
    pub fn next(&mut self, verb: u8) -> Option<&'static [u8]> {
        loop {
            let (rule, left) = self.left.split_first()?;
            self.left = left;
            if rule.verb == verb && glob::may_match(rule.name, self.about) {
                (self.rest, self.by) = (rule.rest, rule.by);
                return Some(rule.name);
            }
        }
    }

    /// The file whose first `install` line for the module keeps it away; other commands are none of ours.
    #[must_use]
    pub fn blocks(mut self, module: &[u8]) -> Option<&'static [u8]> {
        while let Some(pattern) = self.next(b'i') {
            if glob::matches(pattern, module) {
                return does_nothing(self.rest).then_some(self.by);
            }
        }
        None
    }
}

/// Whether an `install` command does no more than to keep a module away.
fn does_nothing(mut command: &[u8]) -> bool {
    let word = name::base(text::take_word(&mut command).unwrap_or_default());
    let is_alone = matches!(text::trim(command), [] | [b'#', ..]);
    is_alone && name::position(b": true false", word).is_some()
}

/// Adds the files of all folders below `root`, by the order of their names.
#[inline(never)]
pub fn read<K: Kernel>(k: &mut K, log: &mut Log, rules: &mut Table<u8>, root: &[u8], top: Top) {
    let (mut found, mut parents) = (Table::<&'static [u8]>::new(), PARENTS);
    while let Some(parent) = text::take(&mut parents, b' ') {
        if !top.may_have(parent) {
            continue;
        }
        let folder = mem::path(k, &[root, parent, b"/modprobe.d/"]);
        let _ = files::entries(k, folder, &mut |k: &mut K, file, _| {
            if file.ends_with(b".conf") && !file.starts_with(b".") {
                let file = mem::path(k, &[folder.to_bytes(), file]);
                found.push(k, file.to_bytes());
            }
        });
    }
    let mut last = b"".as_slice();
    while let Some(file) = after(&found, last) {
        last = name::base(file);
        let path = mem::path(k, &[file]);
        match files::read(k, path) {
            Ok(text) => add(k, log, rules, text, text::tail(file, root.len())),
            Err(errno) => {
                log.say(Priority::Warning, form!("read %: %")).bytes(file).failed(errno);
                log.send(k);
            }
        }
    }
}

/// The file whose name comes next after `last`; of equal ones the first.
fn after(files: &[&'static [u8]], last: &[u8]) -> Option<&'static [u8]> {
    let mut next: Option<&'static [u8]> = None;
    for file in files {
        let name = name::base(file);
        if name > last && next.is_none_or(|next| name < name::base(next)) {
            next = Some(*file);
        }
    }
    next
}

/// Adds the lines of a file. A backslash joins two of them, and elsewhere only what follows it counts
/// (kmod `shared/util.c`, `freadline_wrapped`); tabs become blanks (kmod `libkmod/libkmod-config.c`).
#[inline(never)]
pub fn add<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    rules: &mut Table<u8>,
    mut text: &[u8],
    file: &[u8],
) {
    let head = mem::path(k, &[FILE, b" ", file, b"\n"]).to_bytes();
    rules.extend(k, head);
    let (mut number, mut start) = (0_u64, rules.len());
    while let Some(line) = text::take(&mut text, b'\n') {
        number = number.wrapping_add(1);
        let mut escaped = false;
        for byte in line.strip_suffix(b"\r").unwrap_or(line) {
            escaped = *byte == b'\\' && !escaped;
            if !escaped {
                rules.push(k, if *byte == b'\t' { b' ' } else { *byte });
            }
        }
        if !escaped || text.is_empty() {
            let line = text::tail(rules, start);
            if let Some(priority) = ignored(line) {
                log.say(priority, form!("read %:%: ignored: %"))
                    .bytes(file)
                    .number(number)
                    .bytes(line);
                log.send(k);
            }
            rules.push(k, b'\n');
            start = rules.len();
        }
    }
}

/// How loud it is to be said that a line does nothing here.
fn ignored(mut line: &[u8]) -> Option<Priority> {
    match text::take_word(&mut line)? {
        [b'#', ..] => None,
        b"install" => {
            text::take_word(&mut line);
            (!does_nothing(line)).then_some(Priority::Warning)
        }
        word => name::position(RULES, word).is_none().then_some(Priority::Debug),
    }
}
