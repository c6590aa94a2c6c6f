//! Words, split by the kernel's own rule (`lib/cmdline.c`, `next_arg`).
//!
//! Only `"` quotes: at the start of a word, or anywhere inside it. There is no escape. The same rule
//! splits a module's argument string, so the same code decides how a value must be quoted for it.
#![forbid(unsafe_code)]

/// A word: `key` or `key=value`, its outer quotes taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// What stands before the first `=` (an `=` in front of everything doesn't count).
    pub key: &'static [u8],
    /// What stands behind it; none without `=`.
    pub value: Option<&'static [u8]>,
}

/// White space as the kernel knows it: `lib/ctype.c` counts 0xa0, too.
#[must_use]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0xa0)
}

/// Splits the first word off: the word, and what is left. None if only white space is left.
pub fn next(text: &[u8]) -> Option<(&[u8], Option<&[u8]>, &[u8])> {
    let start = text.iter().position(|byte| !is_space(*byte))?;
    let text = text.get(start..)?;
    let quoted = text.first() == Some(&b'"');
    let body = if quoted { text.get(1..)? } else { text };
    let (len, equals) = extent(body, quoted);
    let (word, rest) = body.split_at_checked(len)?;
    let (key, value) = divide(word, equals);
    Some(match value {
        Some(value) => (key, Some(unquoted(value, quoted)), rest),
        None if quoted => (key.strip_suffix(b"\"").unwrap_or(key), None, rest),
        None => (key, None, rest),
    })
}

/// How long the word is, and where its `=` is.
fn extent(body: &[u8], quoted: bool) -> (usize, Option<usize>) {
    let (mut inside, mut equals) = (quoted, None);
    for (at, byte) in body.iter().enumerate() {
        match byte {
            b'"' => inside = !inside,
            b'=' if equals.is_none() && at > 0 => equals = Some(at),
            byte if is_space(*byte) && !inside => return (at, equals),
            _ => {}
        }
    }
    (body.len(), equals)
}

/// Cuts the word at its `=`.
fn divide(word: &[u8], equals: Option<usize>) -> (&[u8], Option<&[u8]>) {
    match equals.and_then(|at| Some((word.get(..at)?, word.get(at.checked_add(1)?..)?))) {
        Some((key, value)) => (key, Some(value)),
        None => (word, None),
    }
}

/// The value without the quotes that the kernel takes off: those around it, and the one that ends a
/// word that began with one.
fn unquoted(value: &[u8], quoted: bool) -> &[u8] {
    if let Some(inner) = value.strip_prefix(b"\"") {
        let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
        return inner;
    }
    if quoted { value.strip_suffix(b"\"").unwrap_or(value) } else { value }
}

/// The words of `text` up to a bare `--`; what follows that is the real init's.
pub fn words(text: &'static [u8]) -> impl Iterator<Item = Word> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (key, value, left) = next(rest)?;
        rest = left;
        (value.is_some() || key != b"--").then_some(Word { key, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &'static str) -> Vec<(&'static str, Option<&'static str>)> {
        let text_of = |bytes| core::str::from_utf8(bytes).unwrap();
        words(text.as_bytes()).map(|word| (text_of(word.key), word.value.map(text_of))).collect()
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
        assert_eq!(split("a=b=c =d=e = a="), vec![
            ("a", Some("b=c")),
            ("=d", Some("e")),
            ("=", None),
            ("a", Some("")),
        ]);
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
