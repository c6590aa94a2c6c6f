//! UUIDs as they are written.
#![forbid(unsafe_code)]

use heapless::Vec;

/// A UUID as text; all kinds fit.
pub type Uuid = Vec<u8, 40>;

/// RFC 9562: the bytes in their order.
pub const PLAIN: &[u8] = b"0123-45-67-89-abcdef";
/// As in a GPT (UEFI, appendix A): the first three parts in little-endian order.
pub const MIXED: &[u8] = b"3210-54-76-89-abcdef";
/// The serial number of a FAT file system.
pub const SERIAL: &[u8] = b"32-10";
/// A disk's signature in an MBR, in front of the partition's number.
pub const SIGNATURE: &[u8] = b"3210-";

/// Adds the bytes as `pattern` orders them: a hexadecimal digit stands for the byte of that number.
#[inline(never)]
pub fn spell(text: &mut Uuid, pattern: &[u8], bytes: &[u8]) {
    for mark in pattern {
        match char::from(*mark).to_digit(16) {
            Some(number) => {
                let byte = bytes.get(number as usize).copied().unwrap_or_default();
                hex(text, byte);
            }
            None => _ = text.push(*mark),
        }
    }
}

/// Adds a byte as two digits.
#[inline(never)]
pub fn hex(text: &mut Uuid, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        let zero = if digit < 10 { b'0' } else { b'a'.wrapping_sub(10) };
        let _ = text.push(zero.wrapping_add(digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(pattern: &[u8]) -> String {
        let bytes: std::vec::Vec<u8> = (0xa0..0xb0).collect();
        let mut text = Uuid::new();
        spell(&mut text, pattern, &bytes);
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn each_order_is_spelled() {
        assert_eq!(spelled(PLAIN), "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
        assert_eq!(spelled(MIXED), "a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf");
        assert_eq!((spelled(SERIAL), spelled(SIGNATURE)), ("a3a2-a1a0".into(), "a3a2a1a0-".into()));
    }
}
