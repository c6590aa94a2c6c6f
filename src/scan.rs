//! Finding a byte in text, eight at a time: index files are long and read on every boot.
#![forbid(unsafe_code)]

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Has a bit in every byte of `word` that is `byte`; the lowest is exact, higher ones may be false
/// (Hacker's Delight, 6-1).
fn matches(word: [u8; 8], byte: u8) -> u64 {
    let zero = u64::from_le_bytes(word) ^ LOW.wrapping_mul(u64::from(byte));
    zero.wrapping_sub(LOW) & !zero & HIGH
}

/// Where `byte` is first.
#[must_use]
pub fn find(text: &[u8], byte: u8) -> Option<usize> {
    let (words, tail) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = matches(*word, byte);
        if found != 0 {
            return at.checked_mul(8)?.checked_add(found.trailing_zeros() as usize / 8);
        }
    }
    let before = text.len().checked_sub(tail.len())?;
    before.checked_add(tail.iter().position(|found| *found == byte)?)
}

/// How often `byte` is there.
#[must_use]
pub fn count(text: &[u8], byte: u8) -> usize {
    let mut rest = text;
    let mut count: usize = 0;
    while let Some(left) = find(rest, byte).and_then(|at| rest.get(at.checked_add(1)?..)) {
        rest = left;
        count = count.saturating_add(1);
    }
    count
}

/// The first line, without its end.
#[must_use]
pub fn line(text: &[u8]) -> &[u8] {
    find(text, b'\n').and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_position_finds() {
        let text: Vec<u8> = (0..=255u8).chain([b'\n', 0x80, 0x81, 0]).cycle().take(777).collect();
        for start in 0..40 {
            for byte in [0, 1, b'\n', b':', 0x7f, 0x80, 0x81, 0xff] {
                let text = &text[start..];
                assert_eq!(find(text, byte), text.iter().position(|found| *found == byte));
                assert_eq!(count(text, byte), text.iter().filter(|found| **found == byte).count());
            }
        }
        assert_eq!((find(b"", 1), line(b"ab\nc"), line(b"ab")), (None, &b"ab"[..], &b"ab"[..]));
    }
}
