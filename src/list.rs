//! The module list: entries as the command line and the list file spell them.
#![forbid(unsafe_code)]

use crate::cmdline::is_space;

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
}

/// The entries of a word's value: `A,-B,:,C`.
pub fn of_word(value: &'static [u8], severity: Severity) -> impl Iterator<Item = Entry> {
    let entry = move |item: &'static [u8]| match item.strip_prefix(b"-") {
        Some(name) => Entry { name, severity: severity.min(Severity::Optional), params: b"" },
        None => Entry { name: item, severity, params: b"" },
    };
    let required = severity == Severity::Required;
    let items = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).map(entry);
    let items = items.map(move |entry| Entry {
        severity: if required { Severity::Required } else { entry.severity },
        ..entry
    });
    items.filter(|entry| !entry.name.is_empty())
}

/// The entries of a list file: one a line, then its parameters; `#` starts a comment.
pub fn of_file(text: &'static [u8]) -> impl Iterator<Item = Entry> {
    text.split(|byte| *byte == b'\n').filter_map(of_line)
}

fn of_line(line: &'static [u8]) -> Option<Entry> {
    let line = trim(line);
    let len = line.iter().position(|byte| is_space(*byte)).unwrap_or(line.len());
    let (marked, params) = line.split_at_checked(len)?;
    let (name, severity) = match marked.split_first()? {
        (b'#', _) => return None,
        (b'-', name) => (name, Severity::Optional),
        (b'!', name) => (name, Severity::Required),
        _ => (marked, Severity::Normal),
    };
    (!name.is_empty()).then_some(Entry { name, severity, params: without_comment(trim(params)) })
}

/// The parameters up to a ` #` that no quote holds.
fn without_comment(params: &'static [u8]) -> &'static [u8] {
    let (mut inside, mut after_space) = (false, true);
    for (at, byte) in params.iter().enumerate() {
        match byte {
            b'#' if after_space && !inside => return trim(params.get(..at).unwrap_or_default()),
            b'"' => inside = !inside,
            _ => {}
        }
        after_space = is_space(*byte);
    }
    params
}

/// Without white space at both ends.
fn trim(mut text: &[u8]) -> &[u8] {
    while let Some((first, rest)) = text.split_first().filter(|(first, _)| is_space(**first)) {
        let _ = first;
        text = rest;
    }
    while let Some((last, rest)) = text.split_last().filter(|(last, _)| is_space(**last)) {
        let _ = last;
        text = rest;
    }
    text
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
        let found = plain(of_word(b"a,-b,,:,/lib/c.ko", Normal));
        let expected = [("a", Normal), ("b", Optional), (":", Normal), ("/lib/c.ko", Normal)];
        assert_eq!(found, expected.map(|(name, severity)| entry(name, severity, "")));
    }

    #[test]
    fn required_words_make_every_entry_required() {
        let found = plain(of_word(b"a,-b", Required));
        assert_eq!(found, [entry("a", Required, ""), entry("b", Required, "")]);
    }

    #[test]
    fn a_file_holds_an_entry_a_line_with_its_parameters() {
        let text = b"# comment\n\n virtio_blk\t\n-e1000 debug=3 # why\n!loop max=\"a # b\" x\r\n:\n#\n-\n";
        assert_eq!(plain(of_file(text)), [
            entry("virtio_blk", Normal, ""),
            entry("e1000", Optional, "debug=3"),
            entry("loop", Required, "max=\"a # b\" x"),
            entry(":", Normal, ""),
        ]);
    }
}
