//! A line with numbers, on the console.

use insinit::kernel::{Fd, Kernel};

/// One line that is being made; what is beyond its room is dropped.
pub struct Say {
    text: [u8; 160],
    len: usize,
}

impl Default for Say {
    fn default() -> Self {
        Self { text: [0; 160], len: 0 }
    }
}

impl Say {
    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: &[u8]) -> Self {
        for byte in text {
            if let Some(slot) = self.text.get_mut(self.len) {
                *slot = *byte;
                self.len = self.len.wrapping_add(1);
            }
        }
        self
    }

    /// Adds a number in decimal.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        let (digits, from) = decimal(number);
        self.text(digits.get(from..).unwrap_or_default())
    }

    /// Writes it to descriptor 1, with a new line.
    pub fn line<K: Kernel>(self, k: &mut K) {
        let said = self.text(b"\n");
        let _ = k.write(Fd(1), said.text.get(..said.len).unwrap_or_default());
    }
}

/// A number's digits and where the first of them stands.
#[must_use]
pub fn decimal(number: u64) -> ([u8; 20], usize) {
    let (mut digits, mut rest, mut at) = ([0; 20], number, 20usize);
    loop {
        at = at.wrapping_sub(1);
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0'.wrapping_add((rest % 10) as u8);
        }
        rest /= 10;
        if rest == 0 {
            return (digits, at);
        }
    }
}
