//! Alias patterns, as fnmatch(3) without flags matches them and depmod writes them.
#![forbid(unsafe_code)]

use crate::name::normal;

/// Whether `text` matches `pattern`: `*`, `?`, `[a-z]`, `[!a]`; `-` and `_` are equal outside brackets.
///
/// Takes time in proportion to the product of the lengths at worst: only the last `*` is tried again.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix(b"*") {
            again = Some((rest, text));
            pattern = rest;
            continue;
        }
        if let Some((rest, left)) = step(pattern, text) {
            (pattern, text) = (rest, left);
            continue;
        }
        if pattern.is_empty() && text.is_empty() {
            return true;
        }
        match again.and_then(|(rest, from)| Some((rest, from.get(1..)?))) {
            Some((rest, from)) => {
                again = Some((rest, from));
                (pattern, text) = (rest, from);
            }
            None => return false,
        }
    }
}

/// Matches one character: what is left of both.
fn step<'a>(pattern: &'a [u8], text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let ((wanted, rest), (byte, left)) = (pattern.split_first()?, text.split_first()?);
    let rest = match wanted {
        b'?' => rest,
        b'[' => bracket(rest, *byte)?,
        _ => (normal(*wanted) == normal(*byte)).then_some(rest)?,
    };
    Some((rest, left))
}

/// Matches a bracket whose `[` is gone: what follows its `]`. None if it doesn't match or doesn't end.
fn bracket(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    let inverted = matches!(pattern.first(), Some(b'!' | b'^'));
    let mut rest = if inverted { pattern.get(1..)? } else { pattern };
    let (mut found, mut first) = (false, true);
    loop {
        let (low, next) = rest.split_first()?;
        if *low == b']' && !first {
            return (found != inverted).then_some(next);
        }
        let (high, next) = match next {
            [b'-', high, next @ ..] if *high != b']' => (high, next),
            _ => (low, next),
        };
        found |= (*low..=*high).contains(&byte);
        (rest, first) = (next, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_fnmatch_does() {
        let cases: [(&str, &str, bool); 17] = [
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
            ("x[-]y", "x-y", true),
            ("x[-]y", "x_y", false),
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
