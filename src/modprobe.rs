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
const KNOWN: &[u8] = b"alias blacklist options softdep";

/// The word of the line before each file's own; no file can hold it, for it would be taken as an escape.
const FILE: &[u8] = b"\\";

/// Rules, looked at one by one.
#[derive(Clone, Copy, Default)]
pub struct Rules {
    text: &'static [u8],
    /// What follows the name in the line that was taken last.
    pub rest: &'static [u8],
    /// The file that it stands in.
    pub by: &'static [u8],
}

impl Rules {
    /// All of a text that [`add`] made.
    #[must_use]
    pub fn of(text: &'static [u8]) -> Self {
        Self { text, ..Self::default() }
    }

    /// Takes the next line that begins with that word: the name that it is about.
    #[inline(never)]
    pub fn next(&mut self, verb: &[u8]) -> Option<&'static [u8]> {
        loop {
            if self.text.is_empty() {
                return None;
            }
            self.rest = text::take(&mut self.text, b'\n')?;
            let word = text::take_word(&mut self.rest).unwrap_or_default();
            if word == FILE {
                self.by = text::trim(self.rest);
            } else if word == verb
                && let Some(name) = text::take_word(&mut self.rest)
            {
                return Some(name);
            }
        }
    }

    /// The file with an `install` line that keeps the module away; other commands are none of ours.
    #[must_use]
    pub fn blocks(mut self, module: &[u8]) -> Option<&'static [u8]> {
        while let Some(pattern) = self.next(b"install") {
            if does_nothing(self.rest) && glob::matches(pattern, module) {
                return Some(self.by);
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
/// (kmod `shared/util.c`, `freadline_wrapped`).
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
        for byte in line {
            escaped = *byte == b'\\' && !escaped;
            if !escaped {
                rules.push(k, *byte);
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
        word => name::position(KNOWN, word).is_none().then_some(Priority::Debug),
    }
}
