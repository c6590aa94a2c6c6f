//! Words, split by the kernel's own rule (`lib/cmdline.c`, `next_arg`).
//!
//! White space is what `lib/ctype.c` says, 0xa0 among it. Only `"` quotes: at the start of a word, or anywhere inside it. There is no escape. The same rule
//! splits a module's argument string, so the same code decides how a value must be quoted for it.
#![forbid(unsafe_code)]

use crate::text::{self, is_space};

/// A word: `key` or `key=value`, its outer quotes taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What stands before the first `=` (an `=` in front of everything doesn't count).
    pub key: &'a [u8],
    /// What stands behind it; none without `=`.
    pub value: Option<&'a [u8]>,
    /// Where the value's own quotes were, in front of it and behind: with them it can stand among others.
    pub quotes: [bool; 2],
}

/// Takes the next word; none at the end and at a bare `--`: what follows that is the real init's.
#[inline(never)]
pub fn take<'a>(text: &mut &'a [u8]) -> Option<Word<'a>> {
    let mut start = text::trim(text);
    while let [0xa0, rest @ ..] = start {
        start = text::trim(rest);
    }
    *text = start; // gone on with even where nothing follows
    let mut quoted = *start.first()? == b'"';
    let start = text::tail(start, usize::from(quoted));
    let (mut inside, mut equals, mut len) = (quoted, 0, 0_usize);
    while let Some(byte) = start.get(len) {
        match byte {
            // Nearly all; of a long value eight at a time.
            _ if equals != 0 && text::is_plain(text::tail(start, len)) => {
                len = len.wrapping_add(7);
            }
            byte if *byte > b'"' && *byte != b'=' && *byte != 0xa0 => {}
            b'"' => inside = !inside,
            b'=' if equals == 0 => equals = len,
            byte if (is_space(*byte) || *byte == 0xa0) && !inside => break,
            _ => {}
        }
        len = len.wrapping_add(1);
    }
    *text = text::tail(start, len);
    let word = text::head(start, len);
    if equals == 0 {
        let key = unquoted(word, quoted);
        return (key != b"--").then_some(Word { key, value: None, quotes: [false; 2] });
    }
    let mut value = text::tail(word, equals.wrapping_add(1));
    if let [b'"', inner @ ..] = value {
        inside |= quoted; // the one in front of the word goes
        (value, quoted) = (inner, true);
    }
    let inner = unquoted(value, quoted);
    let quotes = [quoted, inside || inner.len() < value.len()];
    Some(Word { key: text::head(word, equals), value: Some(inner), quotes })
}

/// Without the quote at its end, where there was one in front.
fn unquoted(text: &[u8], quoted: bool) -> &[u8] {
    match text {
        [inner @ .., b'"'] if quoted => inner,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &'static str) -> Vec<(&'static str, Option<&'static str>)> {
        let text_of = |bytes| core::str::from_utf8(bytes).unwrap();
        let mut text = text.as_bytes();
        let words = core::iter::from_fn(|| take(&mut text));
        words.map(|word| (text_of(word.key), word.value.map(text_of))).collect()
    }

    #[test]
    fn quotes_go_around_a_word_or_a_value() {
        let expected = vec![("a", Some("b c")), ("d", Some("e f")), ("g h", None)];
        assert_eq!(split(r#"a="b c" "d=e f" "g h""#), expected);
    }

    #[test]
    fn quotes_inside_a_value_stay() {
        assert_eq!(split(r#"a=x"y z"w b"#), vec![("a", Some(r#"x"y z"w"#)), ("b", None)]);
        assert_eq!(split(r#"a=x" y"#), vec![("a", Some(r#"x" y"#))]);
    }

    #[test]
    fn the_first_equals_divides_unless_it_leads() {
        assert_eq!(
            split("a=b=c =d=e = a="),
            vec![("a", Some("b=c")), ("=d", Some("e")), ("=", None), ("a", Some("")),]
        );
    }

    #[test]
    fn a_bare_double_dash_ends_the_words() {
        assert_eq!(split("a --b -- c=d"), vec![("a", None), ("--b", None)]);
    }

    #[test]
    fn odd_quotes_do_what_the_kernel_does() {
        assert_eq!(split(r#"a=" b"#), vec![("a", Some(" b"))]);
        assert_eq!(split(r#"a=""#), vec![("a", Some(""))]);
        assert_eq!(split(r#"a="""#), vec![("a", Some(""))]);
        assert_eq!(split(r#"" a"#), vec![(" a", None)]);
        assert_eq!(split("\"\""), vec![("", None)]);
        assert_eq!(split("  "), vec![]);
    }

    #[test]
    fn the_kernels_own_white_space_splits_words_here_only() {
        let mut text = b"\xa0a\xa0b".as_slice();
        let keys: Vec<_> = core::iter::from_fn(|| take(&mut text)).map(|word| word.key).collect();
        assert_eq!(keys, [b"a", b"b"]);
        assert_eq!(
            text::take_word(&mut "voil\u{e0}.ko x".as_bytes()),
            Some("voil\u{e0}.ko".as_bytes())
        );
    }
}
