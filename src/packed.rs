//! Texts at five bits a letter: what the loader says is a tenth of its size.
//!
//! Three codes lie in a `u16`, the first lowest. 0 ends a text, 1 to 26 are the letters, 27 to 29 the first
//! of [`MARKS`]; behind 30 comes a letter of the other case, behind 31 the number of any of [`MARKS`].
#![forbid(unsafe_code)]

use crate::errno;
use crate::forms;

/// The first letter's place less one in ASCII, where texts are in small letters.
pub const SMALL: u8 = b'a' - 1;
/// The same, in capitals.
pub const CAPITAL: u8 = b'A' - 1;

/// All that isn't a letter.
const MARKS: &[u8; 32] = b" %:,./()_-;'?=23456789018<>[]&|!";

const FIRST_MARK: u8 = 27;
const OTHER_CASE: u8 = 30;
const ANY_MARK: u8 = 31;

/// The forms, then the errors' names, each with the code behind it that ends it.
const CODES: usize = codes_of(&mut []);
static WORDS: [u16; CODES.div_ceil(3)] = {
    let mut codes = [0; CODES];
    codes_of(&mut codes);
    let (mut words, mut at) = ([0; CODES.div_ceil(3)], 0);
    while at < CODES {
        words[at / 3] |= (codes[at] as u16) << (at % 3 * 5);
        at += 1;
    }
    words
};

/// Writes all codes, as far as there is room; gives how many they are.
const fn codes_of(room: &mut [u8]) -> usize {
    let (mut at, mut form) = (0, 0);
    while form < forms::FORMS.len() {
        at = add(room, at, forms::FORMS[form], SMALL);
        form += 1;
    }
    add(room, at, errno::NAMES, CAPITAL)
}

/// Adds the codes of a text, or of several with a line's end between them.
const fn add(room: &mut [u8], mut at: usize, text: &str, letters: u8) -> usize {
    let mut byte = 0;
    while byte <= text.len() {
        let (first, second) =
            if byte < text.len() { codes(text.as_bytes()[byte], letters) } else { (0, None) };
        put(room, at, first);
        at += 1;
        if let Some(second) = second {
            put(room, at, second);
            at += 1;
        }
        byte += 1;
    }
    at
}

const fn put(room: &mut [u8], at: usize, code: u8) {
    if at < room.len() {
        room[at] = code;
    }
}

/// The codes of a byte; one that has none doesn't compile.
const fn codes(byte: u8, letters: u8) -> (u8, Option<u8>) {
    if byte == b'\n' {
        return (0, None);
    }
    if byte.is_ascii_alphabetic() {
        let code = byte & 31;
        return if letters + code == byte { (code, None) } else { (OTHER_CASE, Some(code)) };
    }
    let mut mark = 0;
    while MARKS[mark as usize] != byte {
        mark += 1; // panics behind the last
    }
    if mark < OTHER_CASE - FIRST_MARK { (FIRST_MARK + mark, None) } else { (ANY_MARK, Some(mark)) }
}

/// A place in the packed texts.
#[derive(Clone, Copy, Default)]
pub struct Packed(u32);

impl Packed {
    /// Behind all texts, where there are empty ones.
    pub const END: Self = Self(u32::MAX / 2);

    /// The text of that number: the forms', then the errors'.
    #[must_use]
    #[inline(never)]
    pub fn nth(number: usize) -> Self {
        let mut texts = Self(0);
        for _ in 0..number {
            while texts.next(SMALL) != 0 {}
        }
        texts
    }

    /// The text's next byte; 0 at its end.
    #[inline(never)]
    pub fn next(&mut self, letters: u8) -> u8 {
        let code = self.code();
        let mark = match code {
            0 => return 0,
            ANY_MARK => self.code(),
            OTHER_CASE => return (letters ^ 0x20).wrapping_add(self.code()),
            FIRST_MARK.. => code.wrapping_sub(FIRST_MARK),
            _ => return letters.wrapping_add(code),
        };
        MARKS.get(usize::from(mark)).copied().unwrap_or_default()
    }

    #[inline(never)]
    fn code(&mut self) -> u8 {
        let word = WORDS.get(self.0 as usize / 3).copied().unwrap_or_default();
        let code = word >> (self.0 % 3).wrapping_mul(5);
        self.0 = self.0.wrapping_add(1);
        code as u8 & 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize, letters: u8) -> String {
        let mut texts = Packed::nth(number);
        let next = || Some(texts.next(letters)).filter(|byte| *byte != 0);
        core::iter::from_fn(next).map(char::from).collect()
    }

    #[test]
    fn texts_come_back_as_they_were() {
        for (number, form) in forms::FORMS.iter().enumerate() {
            assert_eq!(text(number, SMALL), *form);
        }
        for (number, name) in errno::NAMES.split('\n').enumerate() {
            assert_eq!(text(forms::FORMS.len() + number, CAPITAL), name);
        }
        assert_eq!(text(forms::FORMS.len() + 4000, CAPITAL), "");
    }
}
