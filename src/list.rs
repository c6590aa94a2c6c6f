//! The module list: entries as the command line and the list file spell them.
#![forbid(unsafe_code)]

use crate::cmdline;
use crate::name;
use crate::text;

/// How much a module's failure matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A failure is a notice.
    Optional,
    /// A failure is an error; the boot goes on.
    #[default]
    Normal,
    /// A failure leads to the failure action.
    Required,
}

/// One entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A module's name, an alias or a path, as it was written.
    pub name: &'static [u8],
    /// From the entry's mark, or from the word that it stood in.
    pub severity: Severity,
    /// What stood behind the name in a list file, split by the kernel when it gets there.
    pub params: &'static [u8],
}

impl Entry {
    /// Whether it is `:`, the barrier: all before it have finished before any after it starts.
    #[must_use]
    pub fn is_barrier(&self) -> bool {
        self.name == b":"
    }

    /// Whether it is looked up by its name, so that a tree without an index is walked.
    #[must_use]
    pub fn is_name(&self) -> bool {
        !self.is_barrier() && !name::is_path(self.name)
    }
}

/// Takes the next entry of a word's value, `A,-B,:,C`; `required` makes each of them required.
/// None at the end.
pub fn of_word(value: &mut &'static [u8], required: bool) -> Option<Entry> {
    loop {
        let item = text::trim(text::take(value, b',')?);
        let optional = item.first() == Some(&b'-');
        let name = text::tail(item, usize::from(optional));
        if !name.is_empty() {
            let usual = if optional { Severity::Optional } else { Severity::Normal };
            let severity = if required { Severity::Required } else { usual };
            return Some(Entry { name, severity, params: b"" });
        }
    }
}

/// Takes the next entry of a list file: one a line, then its parameters; `#` starts a comment, a
/// leading `-` makes it optional, a leading `!` required. A name in quotes may hold blanks. None at the end.
pub fn of_file(file: &mut &'static [u8]) -> Option<Entry> {
    loop {
        let line = text::trim(text::take(file, b'\n')?);
        let severity = match line.first() {
            Some(b'#') => continue,
            Some(b'-') => Severity::Optional,
            Some(b'!') => Severity::Required,
            _ => Severity::Normal,
        };
        let mut line = text::trim(text::tail(line, usize::from(severity != Severity::Normal)));
        let name = match line.strip_prefix(b"\"") {
            Some(quoted) => {
                line = quoted;
                text::take(&mut line, b'"')
            }
            None => text::take_word(&mut line),
        };
        let name = name.unwrap_or_default();
        if !name.is_empty() {
            return Some(Entry { name, severity, params: without_comment(line) });
        }
    }
}

/// The parameters up to a `#` that begins a word.
fn without_comment(params: &'static [u8]) -> &'static [u8] {
    let params = text::trim(params);
    let mut rest = params;
    while !matches!(rest, [] | [b'#', ..]) {
        cmdline::take(&mut rest);
        rest = text::trim(rest);
    }
    text::trim(text::head(params, params.len().saturating_sub(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Normal, Optional, Required};

    fn plain(entries: impl Iterator<Item = Entry>) -> Vec<(String, Severity, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        entries.map(|entry| (text(entry.name), entry.severity, text(entry.params))).collect()
    }

    fn entry(name: &str, severity: Severity, params: &str) -> (String, Severity, String) {
        (name.into(), severity, params.into())
    }

    #[test]
    fn a_word_holds_names_marks_and_barriers() {
        let mut value = b"a,-b,,:,/lib/c.ko".as_slice();
        let found = plain(core::iter::from_fn(|| of_word(&mut value, false)));
        let expected = [("a", Normal), ("b", Optional), (":", Normal), ("/lib/c.ko", Normal)];
        assert_eq!(found, expected.map(|(name, severity)| entry(name, severity, "")));
    }

    #[test]
    fn required_words_make_every_entry_required() {
        let mut value = b"a,-b".as_slice();
        let found = plain(core::iter::from_fn(|| of_word(&mut value, true)));
        assert_eq!(found, [entry("a", Required, ""), entry("b", Required, "")]);
    }

    #[test]
    fn a_blank_may_stand_behind_a_mark() {
        let mut text = b"- e1000 debug=1\n! loop\n".as_slice();
        let found = plain(core::iter::from_fn(|| of_file(&mut text)));
        assert_eq!(found, [entry("e1000", Optional, "debug=1"), entry("loop", Required, "")]);
    }

    #[test]
    fn a_name_in_quotes_may_hold_blanks() {
        let mut text = b"\"of:Nx,y 2\" a=1\n-\"b c\"\n\"\n\"\"\n! \"d\n".as_slice();
        let found = plain(core::iter::from_fn(|| of_file(&mut text)));
        let expected = [("of:Nx,y 2", Normal, "a=1"), ("b c", Optional, ""), ("d", Required, "")];
        assert_eq!(found, expected.map(|(name, severity, params)| entry(name, severity, params)));
    }

    #[test]
    fn a_file_holds_an_entry_a_line_with_its_parameters() {
        let mut text =
            b"# comment\n\n virtio_blk\t\n-e1000 debug=3 # why\n!loop max=\"a # b\" x\r\n:\n#\n-\n"
                .as_slice();
        assert_eq!(
            plain(core::iter::from_fn(|| of_file(&mut text))),
            [
                entry("virtio_blk", Normal, ""),
                entry("e1000", Optional, "debug=3"),
                entry("loop", Required, "max=\"a # b\" x"),
                entry(":", Normal, ""),
            ]
        );
    }

    #[test]
    fn a_line_that_ends_in_white_space_of_the_kernels_comes_to_an_end() {
        for line in ["a x=\u{a0}", "a x=\u{e0}", "a \u{a0}"] {
            let mut file = line.as_bytes();
            assert_eq!(of_file(&mut file).map(|entry| entry.name), Some(b"a".as_slice()), "{line}");
        }
    }
}
