//! Any bytes as an alias pattern and a text, beside fnmatch(3).
#![no_main]

use insinit::glob::{is_wild, matches, may_match};
use libfuzzer_sys::fuzz_target;
use std::ffi::CString;

/// `-` and `_` are one, as kmod makes them before it matches: but not in brackets of a pattern.
fn plain(text: &[u8], is_pattern: bool) -> Option<CString> {
    let mut inside = false;
    let byte = |byte: &u8| {
        inside = is_pattern && (*byte == b'[' || inside && *byte != b']');
        if *byte == b'-' && !inside { b'_' } else { *byte }
    };
    CString::new(text.iter().map(byte).collect::<Vec<_>>()).ok()
}

/// Where both are known to differ: what depmod never writes.
fn is_odd(pattern: &[u8]) -> bool {
    let pairs: [&[u8]; 4] = [b"[:", b"[.", b"[=", b"[]"];
    let has = |pair: &&[u8]| pattern.windows(2).any(|window| window == *pair);
    let brackets = pattern.iter().filter(|byte| b"[]".contains(byte)).count();
    // An open bracket is a letter to fnmatch(3), and matches nothing here.
    let is_open = brackets % 2 == 1
        || pattern.ends_with(b"[")
        || pattern.windows(3).any(|window| window == b"[!]");
    is_open
        || pattern.contains(&b'\\')
        || pattern.contains(&b'^')
        || pairs.iter().any(has)
        || brackets > 2
}

fuzz_target!(|data: &[u8]| {
    let Some((len, data)) = data.split_first() else { return };
    let (pattern, text) = data.split_at(usize::from(*len).min(data.len()));
    let found = matches(pattern, text);
    assert!(!found || may_match(pattern, text));
    if !pattern.iter().any(|byte| is_wild(*byte) || *byte == b'\\') {
        assert!(!found || pattern.len() == text.len());
    }
    if !data.is_ascii() || is_odd(pattern) {
        return;
    }
    let (Some(pattern), Some(text)) = (plain(pattern, true), plain(text, false)) else { return };
    // SAFETY: both are C strings.
    let expected = unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), 0) } == 0;
    assert!(found == expected, "fnmatch(3) says {expected} of {pattern:?} and {text:?}");
});
