//! Cutting text: what index files, lists and words are read with.
#![forbid(unsafe_code)]

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where `byte` is first, looked for eight bytes at a time: index files are long and read on every
/// boot. (Hacker's Delight, 6-1: the lowest zero byte of a word is found exactly.)
#[must_use]
#[inline(never)]
pub fn find(text: &[u8], byte: u8) -> Option<usize> {
    let (words, tail) = text.as_chunks::<8>();
    let mut at: usize = 0;
    let pattern = LOW.wrapping_mul(u64::from(byte));
    for word in words {
        let found = zeros(u64::from_le_bytes(*word) ^ pattern);
        if found != 0 {
            return Some(at.wrapping_add(found.trailing_zeros() as usize / 8));
        }
        at = at.wrapping_add(8);
    }
    if let Some(last) = text.last_chunk::<8>() {
        // What is left, and some of what was looked at; nothing, if nothing is left.
        let found = zeros(u64::from_le_bytes(*last) ^ pattern);
        let start = text.len().wrapping_sub(8);
        return (found != 0).then(|| start.wrapping_add(found.trailing_zeros() as usize / 8));
    }
    for found in tail {
        if *found == byte {
            return Some(at);
        }
        at = at.wrapping_add(1);
    }
    None
}

/// The highest bits of the bytes that are zero, the lowest of them exactly.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// Whether eight bytes follow, all of ASCII and behind `"`. (The bytes below `#` borrow into their highest bit.)
#[must_use]
pub fn is_plain(text: &[u8]) -> bool {
    let Some(word) = text.first_chunk::<8>() else { return false };
    let word = u64::from_le_bytes(*word);
    (word.wrapping_sub(LOW.wrapping_mul(0x23)) | word) & HIGH == 0
}

/// Whether `byte` is there.
#[must_use]
pub fn has(text: &[u8], byte: u8) -> bool {
    find(text, byte).is_some()
}

/// The first `len` bytes; all of it if it is shorter.
#[must_use]
pub fn head<T>(text: &[T], len: usize) -> &[T] {
    text.get(..len).unwrap_or(text)
}

/// The first `len` values, or all if there are fewer.
#[cfg(feature = "xz")]
pub fn head_mut<T>(values: &mut [T], len: usize) -> &mut [T] {
    let len = len.min(values.len());
    values.get_mut(..len).unwrap_or_default()
}

/// Copies what fits of `from` to the front of `to`; returns how many bytes that are.
#[cfg(feature = "xz")]
pub fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let both = to.iter_mut().zip(from);
    both.map(|(to, from)| *to = *from).count()
}

/// What follows the first `len` bytes; nothing if it is shorter.
#[must_use]
pub fn tail<T>(text: &[T], len: usize) -> &[T] {
    text.split_at(len.min(text.len())).1
}

/// Takes what stands before the first `byte`, or all; none at the end.
#[inline(never)]
pub fn take<'a>(text: &mut &'a [u8], byte: u8) -> Option<&'a [u8]> {
    let whole = *text;
    let len = find(whole, byte).unwrap_or(whole.len());
    *text = tail(whole, len.wrapping_add(1));
    (!whole.is_empty()).then_some(head(whole, len))
}

/// The same; at the end nothing is there.
#[inline(never)]
pub fn cut<'a>(text: &mut &'a [u8], byte: u8) -> &'a [u8] {
    take(text, byte).unwrap_or_default()
}

/// The entry at `number` of a list whose entries `byte` separates.
#[must_use]
#[inline(never)]
pub fn nth(mut list: &[u8], byte: u8, number: usize) -> &[u8] {
    for _ in 0..number {
        take(&mut list, byte);
    }
    cut(&mut list, byte)
}

/// What follows `start`; none where the text doesn't begin so.
#[must_use]
#[inline(never)]
pub fn after<'a>(text: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    text.strip_prefix(start)
}

/// What stands behind `key` in the first of the pieces, with `byte` between them, that begins with it.
#[must_use]
#[inline(never)]
pub fn value<'a>(mut text: &'a [u8], byte: u8, key: &[u8]) -> &'a [u8] {
    while let Some(piece) = take(&mut text, byte) {
        if let Some(value) = after(piece, key) {
            return value;
        }
    }
    b""
}

/// Takes the next word, whatever white space stands around it; none at the end.
#[inline(never)]
pub fn take_word<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let start = trim(text);
    let len = start.iter().position(|byte| is_space(*byte)).unwrap_or(start.len());
    *text = tail(start, len);
    (len > 0).then_some(head(start, len))
}

/// Takes the last word; none at the start.
#[inline(never)]
pub fn take_last<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let rest = trim(text);
    let mut start = rest.len();
    while let Some(before) = start.checked_sub(1)
        && rest.get(before).is_some_and(|byte| !is_space(*byte))
    {
        start = before;
    }
    *text = head(rest, start);
    (start < rest.len()).then_some(tail(rest, start))
}

/// The number that the whole text is, in this base; none where it isn't one, or is too large.
#[must_use]
#[inline(never)]
pub fn number(text: &[u8], base: u32) -> Option<u64> {
    let mut sum = 0_u64;
    for byte in text {
        let digit = char::from(*byte).to_digit(base)?;
        sum = sum.checked_mul(base.into())?.checked_add(digit.into())?;
    }
    (!text.is_empty()).then_some(sum)
}

/// The number of `len` bytes at a place, the lowest first; 0 where there are none.
#[must_use]
#[inline(never)]
pub fn little(bytes: &[u8], at: usize, len: usize) -> u64 {
    let field = head(tail(bytes, at), len);
    field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// White space. (The kernel's own, `lib/ctype.c`, has 0xa0, too, which is a part of letters in UTF-8:
/// that counts where the kernel splits, in `cmdline`.)
#[must_use]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Without white space at both ends.
#[must_use]
#[inline(never)]
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
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
            }
        }
        assert_eq!(find(b"", 1), None);
    }

    #[test]
    fn plain_is_no_byte_that_splits_or_quotes() {
        for byte in 0..=255_u8 {
            for at in 0..8 {
                let mut text = *b"a=#~0,:\x7f";
                text[at] = byte;
                let expected = (b'#'..0x80).contains(&byte);
                assert_eq!(is_plain(&text), expected, "{byte:#x} at {at}");
            }
        }
        assert!(is_plain(b"/lib/a,b") && !is_plain(b"/lib/a,"));
    }

    #[test]
    fn a_number_has_its_lowest_byte_first() {
        let bytes = [9, 1, 2, 0, 0x80];
        assert_eq!(
            [little(&bytes, 1, 2), little(&bytes, 3, 2), little(&bytes, 7, 8)],
            [0x201, 0x8000, 0]
        );
        assert_eq!(little(&[0xff; 9], 1, 8), u64::MAX);
    }

    #[test]
    fn numbers_are_whole_texts() {
        assert_eq!([number(b"254", 10), number(b"fE", 16)], [Some(254); 2]);
        for text in ["", "-1", "1 ", "a", "18446744073709551616"] {
            assert_eq!(number(text.as_bytes(), 10), None, "{text}");
        }
    }

    #[test]
    fn pieces_and_words_are_taken_in_order() {
        let mut text = b"a,,b".as_slice();
        let pieces: Vec<_> = core::iter::from_fn(|| take(&mut text, b',')).collect();
        assert_eq!(pieces, [b"a".as_slice(), b"", b"b"]);
        let mut text = b"  a\tbc \n".as_slice();
        let words: Vec<_> = core::iter::from_fn(|| take_word(&mut text)).collect();
        assert_eq!(words, [b"a".as_slice(), b"bc"]);
        let mut text = b"  a\tbc \n".as_slice();
        let words: Vec<_> = core::iter::from_fn(|| take_last(&mut text)).collect();
        assert_eq!(words, [b"bc".as_slice(), b"a"]);
        assert_eq!(trim(b" \ta b\r\n"), b"a b");
    }
}
