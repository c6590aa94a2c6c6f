//! The log line: how one is written, and how the host tools read it back.
//!
//! `<priority>insinit: verb subject: result [detail]`. The kernel's record holds 976 bytes with its
//! own prefix (`kernel/printk/printk.c`, `PRINTKRB_RECORD_MAX`); ours stays under 900.
#![forbid(unsafe_code)]

use crate::name;
use heapless::Vec;

/// The longest line in bytes.
pub const LIMIT: usize = 900;

/// Room kept for saying how much was left out.
const TAIL: usize = 32;

/// syslog(3) priorities as the loader uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A deliberate stop.
    Critical = 2,
    /// failed, missing, skipped.
    Error = 3,
    /// blocked, and odd input.
    Warning = 4,
    /// Of optional entries.
    Notice = 5,
    /// What happened.
    Info = 6,
    /// What is about to happen.
    Debug = 7,
}

/// A line being written.
pub struct Line {
    priority: Priority,
    text: Vec<u8, LIMIT>,
    /// Bytes that had no room.
    lost: usize,
}

impl Line {
    /// Starts `<priority>insinit: verb subject`; the subject is shown as it stands.
    #[must_use]
    #[inline(never)]
    pub fn new(priority: Priority, verb: &str, subject: &[u8]) -> Self {
        let mut line = Self { priority, text: Vec::new(), lost: 0 };
        line.str("<").number(priority as u64).str(">insinit: ").str(verb);
        if !subject.is_empty() {
            line.str(" ").bytes(subject);
        }
        line
    }

    /// The line's priority.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Adds text of the loader's own.
    #[inline(never)]
    pub fn str(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            self.byte(byte);
        }
        self
    }

    /// Adds text from outside; control characters are shown as `\xNN`, so that it stays one line.
    #[inline(never)]
    pub fn bytes(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            match byte {
                0..=0x1f | 0x7f => self.escape(*byte),
                _ => self.byte(*byte),
            }
        }
        self
    }

    /// Adds a module's name in the kernel's spelling.
    #[inline(never)]
    pub fn name(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            self.bytes(&[name::normal(*byte)]);
        }
        self
    }

    /// Adds a number in decimal.
    #[inline(never)]
    pub fn number(&mut self, number: u64) -> &mut Self {
        let mut digits = Vec::<u8, 20>::new();
        let mut rest = number;
        loop {
            let _ = digits.push(b'0'.wrapping_add((rest % 10) as u8));
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        for digit in digits.iter().rev() {
            self.byte(*digit);
        }
        self
    }

    /// Adds a duration given in microseconds as `1.9 ms`.
    #[inline(never)]
    pub fn millis(&mut self, microseconds: u64) -> &mut Self {
        let tenths = microseconds.saturating_add(50) / 100;
        self.number(tenths / 10).str(".").number(tenths % 10).str(" ms")
    }

    /// Adds a size given in bytes as `29.6 MiB`, rounded up.
    #[inline(never)]
    pub fn mebibytes(&mut self, bytes: u64) -> &mut Self {
        let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
        self.number(tenths / 10).str(".").number(tenths % 10).str(" MiB")
    }

    /// The finished line with its newline. Where something had no room its end says how much.
    #[inline(never)]
    pub fn finish(&mut self) -> &[u8] {
        if self.lost > 0 {
            let lost = core::mem::take(&mut self.lost);
            self.text.truncate(LIMIT.saturating_sub(TAIL));
            self.str(" [").number(lost as u64).str(" bytes over 900]");
        }
        let _ = self.text.push(b'\n');
        &self.text
    }

    /// Adds bytes as pairs of hexadecimal digits.
    #[inline(never)]
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            let letter = b"0123456789abcdef".get(usize::from(nibble)).copied();
            self.byte(letter.unwrap_or(b'?'));
        }
        self
    }

    fn escape(&mut self, byte: u8) {
        self.str("\\x").hex(&[byte]);
    }

    /// Adds a byte, or counts it as lost; the newline's place is kept.
    fn byte(&mut self, byte: u8) {
        let room = self.text.len() < LIMIT - 1;
        if !room || self.text.push(byte).is_err() {
            self.lost = self.lost.saturating_add(1);
        }
    }
}

/// A line read back: from /dev/kmsg's text, from dmesg or from a serial console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// `load`, `exec`, `done`, …
    pub verb: &'a str,
    /// What it is about, a module's name for `load`; empty if there is none.
    pub subject: &'a str,
    /// The first word after the colon: `loaded`, `failed`, …; empty if there is none.
    pub result: &'a str,
    /// The rest.
    pub detail: &'a str,
}

/// Reads one line; whatever stands before `insinit: ` (priority, time stamp) is passed over.
#[must_use]
pub fn parse(line: &str) -> Option<Parsed<'_>> {
    let (_, said) = line.trim_end().split_once("insinit: ")?;
    let (head, tail) = said.split_once(": ").unwrap_or((said, ""));
    let (verb, subject) = head.split_once(' ').unwrap_or((head, ""));
    let (result, detail) = tail.split_once(' ').unwrap_or((tail, ""));
    Some(Parsed { verb, subject, result, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_like_the_contract() {
        let mut line = Line::new(Priority::Info, "load", b"");
        line.str(" ").name(b"virtio-blk").str(": loaded ").millis(1_940);
        assert_eq!(line.finish(), b"<6>insinit: load virtio_blk: loaded 1.9 ms\n");
    }

    #[test]
    fn a_long_line_says_how_much_it_left_out_and_stays_under_the_limit() {
        let mut line = Line::new(Priority::Error, "load", &[b'x'; 2000]);
        let text = String::from_utf8(line.finish().to_vec()).unwrap();
        assert!(text.len() <= LIMIT && text.ends_with(" bytes over 900]\n"), "{text}");
        assert!(text.contains(&format!("[{} bytes", 2000 + 18 - (LIMIT - 1))), "{text}");
    }

    #[test]
    fn control_characters_do_not_break_the_line() {
        let mut line = Line::new(Priority::Error, "load", b"a\nb\x1b");
        assert_eq!(line.finish(), b"<3>insinit: load a\\x0ab\\x1b\n");
    }

    #[test]
    fn sizes_are_rounded_up() {
        let mut line = Line::new(Priority::Error, "x", b"");
        line.str(" ").mebibytes(1).str(" ").mebibytes(3 << 20);
        assert_eq!(line.finish(), b"<3>insinit: x 0.1 MiB 3.0 MiB\n");
    }

    #[test]
    fn a_console_line_is_read_back() {
        let line = "[    1.25] insinit: load e1000: failed ENOEXEC: not a module for 6.12 (x86_64)\r";
        let expected = Parsed {
            verb: "load",
            subject: "e1000",
            result: "failed",
            detail: "ENOEXEC: not a module for 6.12 (x86_64)",
        };
        assert_eq!(parse(line), Some(expected));
        let exec = parse("<6>insinit: exec /sbin/init").unwrap();
        assert_eq!((exec.verb, exec.subject, exec.result), ("exec", "/sbin/init", ""));
        assert_eq!(parse("[ 1.0] virtio_blk: loaded"), None);
    }
}
