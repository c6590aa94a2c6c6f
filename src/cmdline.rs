//! Words, split by the kernel's own rule (`lib/cmdline.c`, `next_arg`).
//!
//! Only `"` quotes: at the start of a word, or anywhere inside it. There is no escape. The same rule
//! splits a module's argument string, so the same code decides how a value must be quoted for it.
#![forbid(unsafe_code)]

use crate::text::{self, is_space};

/// A word: `key` or `key=value`, its outer quotes taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// What stands before the first `=` (an `=` in front of everything doesn't count).
    pub key: &'static [u8],
    /// What stands behind it; none without `=`.
    pub value: Option<&'static [u8]>,
}

/// A first word's key and value, and what is left.
pub type Split<'a> = (&'a [u8], Option<&'a [u8]>, &'a [u8]);

/// Splits the first word off: key, value, what is left. None if only white space is left.
#[inline(never)]
pub fn next(text: &[u8]) -> Option<Split<'_>> {
    let text = text::trim(text);
    let quoted = *text.first()? == b'"';
    let body = text::split(text, usize::from(quoted)).1;
    let (mut inside, mut equals, mut len) = (quoted, 0, 0_usize);
    for byte in body {
        match byte {
            b'"' => inside = !inside,
            b'=' if equals == 0 => equals = len,
            byte if is_space(*byte) && !inside => break,
            _ => {}
        }
        len = len.wrapping_add(1);
    }
    let (word, rest) = text::split(body, len);
    if equals == 0 {
        return Some((if quoted { unquoted(word) } else { word }, None, rest));
    }
    let (key, value) = text::split(word, equals);
    let value = text::split(value, 1).1;
    let inner = value.strip_prefix(b"\"").unwrap_or(value);
    let quoted = quoted || inner.len() < value.len();
    Some((key, Some(if quoted { unquoted(inner) } else { inner }), rest))
}

/// Without the quote at its end.
fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\"").unwrap_or(text)
}

/// Takes the next word; none at the end and at a bare `--`: what follows that is the real init's.
pub fn take(text: &mut &'static [u8]) -> Option<Word> {
    let (key, value, rest) = next(text)?;
    *text = rest;
    (value.is_some() || key != b"--").then_some(Word { key, value })
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
}
