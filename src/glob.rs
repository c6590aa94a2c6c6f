//! Alias patterns, as fnmatch(3) without flags matches them and depmod writes them.
#![forbid(unsafe_code)]

use crate::name::normal;

/// Whether `text` matches `pattern`: `*`, `?`, `[a-z]`, `[!a]`. A `-` of the text is a `_`, as kmod's
/// `alias_normalize` makes it before it matches, and so is one of the pattern outside brackets.
///
/// Takes time in proportion to the product of the lengths at worst: only the last `*` is tried again.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    if !may_match(pattern, text) {
        return false; // nearly always
    }
    let (mut pattern, mut text) = (pattern, text);
    // What follows the last `*`, and where the text that it stands for ends.
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            pattern = rest;
            again = Some((rest, text));
        } else if let [byte, left @ ..] = text
            && take(&mut pattern, *byte)
        {
            text = left;
        } else if pattern.is_empty() && text.is_empty() {
            return true;
        } else if let Some((rest, [_, left @ ..])) = again {
            (pattern, text) = (rest, left);
            again = Some((rest, left));
        } else {
            return false;
        }
    }
}

/// Whether the first bytes don't rule it out.
#[must_use]
pub fn may_match(pattern: &[u8], text: &[u8]) -> bool {
    may_begin(first(pattern), first(text))
}

/// Whether what has these [`first`] bytes may match.
#[must_use]
pub fn may_begin(pattern: u8, text: u8) -> bool {
    pattern == 0 || text == 0 || pattern == text
}

/// The byte that a text begins with, 0 where it may be any; with a blank, too, as there may be more of them.
#[must_use]
pub fn first(text: &[u8]) -> u8 {
    match text {
        [] | [..=b' ' | b'*' | b'?' | b'[', ..] => 0,
        [byte, ..] => normal(*byte),
    }
}

/// Whether the byte may stand for others.
#[must_use]
pub fn is_wild(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[')
}

/// Takes what matches one character; whether that is `byte`. (What was taken doesn't matter if not.)
fn take(pattern: &mut &[u8], byte: u8) -> bool {
    match next(pattern) {
        Some(b'?') => true,
        Some(b'[') => bracket(pattern, normal(byte)).unwrap_or(false),
        wanted => wanted.map(normal) == Some(normal(byte)),
    }
}

/// Takes a bracket whose `[` is gone; whether it matches. None if it doesn't end.
fn bracket(pattern: &mut &[u8], byte: u8) -> Option<bool> {
    let mut low = next(pattern)?;
    let mut matches = false;
    let inverted = matches!(low, b'!' | b'^');
    if inverted {
        low = next(pattern)?;
    }
    loop {
        let mut high = low;
        if let [b'-', end, rest @ ..] = *pattern
            && *end != b']'
        {
            (high, *pattern) = (*end, rest);
        }
        matches |= (low..=high).contains(&byte);
        low = next(pattern)?;
        if low == b']' {
            return Some(matches != inverted);
        }
    }
}

/// Takes the first byte.
fn next(pattern: &mut &[u8]) -> Option<u8> {
    let (first, rest) = pattern.split_first()?;
    *pattern = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_fnmatch_does() {
        let cases: [(&str, &str, bool); 18] = [
            ("pci:v00008086d*sv*", "pci:v00008086d00001234sv0000", true),
            ("pci:v00008086d*sv*", "pci:v00008087d00001234sv0000", false),
            ("usb:v05ACp[0-9]*", "usb:v05ACp8242", true),
            ("usb:v05ACp[!0-9]*", "usb:v05ACp8242", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("crypto-crc32c", "crypto_crc32c", true),
            ("x[-]y", "x-y", false),
            ("x[_]y", "x-y", true),
            ("x[!-]y", "x-y", true),
            ("x[]]y", "x]y", true),
            ("x[a", "xa", false),
            ("of:N*T*Cti,tas 2*", "of:NxTyCti,tas 20", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!matches(pattern.as_bytes(), "a".repeat(2000).as_bytes()));
    }
}
