//! UUIDs as they are written.
#![forbid(unsafe_code)]

use crate::text;

/// RFC 9562: the bytes in their order.
pub const PLAIN: &[u8] = b"\x00\x01\x02\x03-\x04\x05-\x06\x07-\x08\x09-\x0a\x0b\x0c\x0d\x0e\x0f";
/// As in a GPT (UEFI, appendix A): the first three parts in little-endian order.
pub const MIXED: &[u8] = b"\x03\x02\x01\x00-\x05\x04-\x07\x06-\x08\x09-\x0a\x0b\x0c\x0d\x0e\x0f";
/// The serial number of a FAT file system.
pub const SERIAL: &[u8] = b"\x03\x02-\x01\x00";
/// A disk's signature in an MBR, and the partition's number.
pub const SIGNATURE: &[u8] = b"\x03\x02\x01\x00-\x04";

/// Whether a text is the bytes as `pattern` has their numbers, whatever its letters' case. No more than 16
/// bytes: what stands for itself in the pattern must have no number among them.
#[inline(never)]
pub fn is_spelled(mut text: &[u8], pattern: &[u8], bytes: &[u8]) -> bool {
    for mark in pattern {
        let byte = bytes.get(usize::from(*mark));
        let len = if byte.is_some() { 2 } else { 1 };
        let Some((piece, rest)) = text.split_at_checked(len) else { return false };
        let is_same = match byte {
            Some(byte) => text::number(piece, 16) == Some(u64::from(*byte)),
            None => piece == [*mark],
        };
        if !is_same {
            return false;
        }
        text = rest;
    }
    text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_spelled_so(pattern: &[u8], text: &str) -> bool {
        let bytes: std::vec::Vec<u8> = (0xa0..0xb0).collect();
        is_spelled(text.as_bytes(), pattern, &bytes)
    }

    #[test]
    fn each_order_is_spelled() {
        assert!(is_spelled_so(PLAIN, "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"));
        assert!(is_spelled_so(MIXED, "a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf"));
        assert!(is_spelled_so(SERIAL, "a3a2-a1a0") && is_spelled_so(SIGNATURE, "a3a2a1a0-a4"));
        assert!(is_spelled_so(SERIAL, "A3a2-a1A0"));
    }

    #[test]
    fn nothing_else_is() {
        for other in
            ["", "a3a2", "a3a2-", "a3a2-a1", "a3a2-a1a", "a3a2-a1a1", "a3a2-a1a0 ", "a3a2xa1a0"]
        {
            assert!(!is_spelled_so(SERIAL, other), "{other}");
        }
        assert!(!is_spelled(b"a3a2-a10", SERIAL, &[0, 0xa1, 0xa2, 0xa3]));
        assert!(!is_spelled(b"0000-0000", SERIAL, &[]));
    }
}
