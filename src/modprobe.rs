//! modprobe's configuration: the lines of modprobe.d(5), and those of `modules.softdep`.
//!
//! Takes the folders' files, gives their lines by the word that each begins with. What a rule does to a name is the
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

/// The words that lines begin with, in the order of their numbers; most lines are the first's.
const VERBS: &[u8] = b"softdep alias blacklist options install";

/// The number of `softdep` lines: [`crate::config::Config::rules`].
pub const SOFTDEP: usize = 0;
/// The number of `alias` lines.
pub const ALIAS: usize = 1;
/// The number of `blacklist` lines.
pub const BLACKLIST: usize = 2;
/// The number of `options` lines.
pub const OPTIONS: usize = 3;
/// The number of `install` lines.
pub const INSTALL: usize = 4;

/// A line of a file, behind the word that it begins with.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it begins with: [`glob::first`].
    first: u8,
    /// The name that it is about.
    name: &'static [u8],
    /// What follows.
    rest: &'static [u8],
    /// The file that it stands in.
    by: &'static [u8],
}

/// All lines, by the number of their word.
pub type Lines = [Table<Rule>; 5];

/// Lines that begin with the same word, looked at one by one.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    left: &'a [Rule],
    /// What follows the name in the line that was taken last.
    pub rest: &'static [u8],
    /// The file that it stands in.
    pub by: &'static [u8],
    /// Lines that can't be about a name that begins so ([`glob::first`]) are passed over; 0: none.
    pub about: u8,
}

impl<'a> Rules<'a> {
    /// All of them.
    #[must_use]
    pub fn of(left: &'a [Rule]) -> Self {
        Self { left, rest: b"", by: b"", about: 0 }
    }

    /// Takes the next line: the name that it is about.
    #[inline(never)]
    pub fn take(&mut self) -> Option<&'static [u8]> {
        loop {
            let (rule, left) = self.left.split_first()?;
            self.left = left;
            if glob::may_begin(rule.first, self.about) {
                (self.rest, self.by) = (rule.rest, rule.by);
                return Some(rule.name);
            }
        }
    }

    /// The file whose first of these `install` lines for the module keeps it away; other commands are none of ours.
    #[must_use]
    pub fn blocks(mut self, module: &[u8]) -> Option<&'static [u8]> {
        while let Some(pattern) = self.take() {
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
pub fn read<K: Kernel>(k: &mut K, log: &mut Log, lines: &mut Lines, root: &[u8], top: Top) {
    if top.is_bare() {
        return;
    }
    let (mut found, mut parents) = (Table::<&'static [u8]>::new(), PARENTS);
    while let Some(parent) = text::take(&mut parents, b' ') {
        if !top.may_have(parent) {
            continue;
        }
        let folder = mem::path(k, &[root, parent, b"/modprobe.d/"]);
        let _ = files::entries(k, folder, &mut |k: &mut K, file, _, _| {
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
            Ok(text) => add(k, log, lines, text, text::tail(file, root.len())),
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

/// Adds the lines of a file.
#[inline(never)]
pub fn add<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    lines: &mut Lines,
    mut text: &'static [u8],
    by: &'static [u8],
) {
    let (mut number, is_plain) = (0, [b'\\', b'\t'].iter().all(|byte| !text::has(text, *byte)));
    while !text.is_empty() {
        let line = match is_plain {
            true => text::cut(&mut text, b'\n'),
            false => joined(k, &mut text, &mut number),
        };
        number = number.wrapping_add(1);
        if let Some(priority) = take(k, lines, line, by) {
            log.say(priority, form!("read %:%: ignored: %")).bytes(by).number(number).bytes(line);
            log.send(k);
        }
    }
}

/// Takes a line, and all that a backslash at its end joins to it, which `number` counts. Elsewhere only what follows a
/// backslash counts (kmod `shared/util.c`, `freadline_wrapped`); tabs become blanks (kmod `libkmod/libkmod-config.c`).
fn joined<K: Kernel>(k: &mut K, text: &mut &'static [u8], number: &mut u64) -> &'static [u8] {
    let mut whole = Table::new();
    loop {
        let (line, mut escaped) = (text::cut(text, b'\n'), false);
        for byte in line.strip_suffix(b"\r").unwrap_or(line) {
            escaped = *byte == b'\\' && !escaped;
            if !escaped {
                whole.push(k, if *byte == b'\t' { b' ' } else { *byte });
            }
        }
        if !escaped || text.is_empty() {
            return whole.into_slice();
        }
        *number = number.wrapping_add(1);
    }
}

/// Takes in what a line says; gives how loud it is to be said that it does nothing here.
fn take<K: Kernel>(
    k: &mut K,
    lines: &mut Lines,
    mut line: &'static [u8],
    by: &'static [u8],
) -> Option<Priority> {
    let verb = match text::take_word(&mut line)? {
        [b'#', ..] => return None,
        word => name::position(VERBS, word),
    };
    let Some(verb) = verb else { return Some(Priority::Debug) };
    if let (Some(name), Some(rules)) = (text::take_word(&mut line), lines.get_mut(verb)) {
        rules.push(k, Rule { first: glob::first(name), name, rest: line, by });
    }
    (verb == INSTALL && !does_nothing(line)).then_some(Priority::Warning)
}
