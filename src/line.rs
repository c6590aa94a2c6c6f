//! The log line: how one is written, and how the host tools read it back.
//!
//! `<priority>insinit: verb subject: result [detail]`. The kernel's record holds 976 bytes with its
//! own prefix (`kernel/printk/printk.c`, `PRINTKRB_RECORD_MAX`); ours stays under 900.
#![forbid(unsafe_code)]

use crate::errno;
use crate::forms::Form;
use crate::kernel::Errno;
use crate::name;
use crate::packed::{CAPITAL, Packed, SMALL};
use heapless::Vec;

/// The longest line in bytes.
pub const LIMIT: usize = 900;

/// Room kept for saying how much was left out.
const TAIL: usize = 40;

/// syslog(3) priorities as the loader uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// None of ours; with it all zero bytes are a value ([`crate::mem::Zero`]).
    Emergency = 0,
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

/// A line being written. One that nobody wants (its priority is below the log's level) stays empty
/// and costs next to nothing.
#[derive(Default)]
#[repr(C)]
pub struct Line {
    /// What is left of the form: text, and a `%` for each piece to come.
    form: Packed,
    wanted: bool,
    /// Bytes that had no room.
    lost: u32,
    /// Where the text stands, apart from what is looked at even if nothing is said; without it nothing is wanted.
    text: Option<&'static mut Text>,
}

/// A line's memory.
pub type Text = Vec<u8, LIMIT>;

impl Line {
    /// Starts `<priority>insinit: ` and the text.
    pub fn start(&mut self, priority: Priority, text: &str, wanted: bool) -> &mut Self {
        self.lost = 0;
        self.form = Packed::END;
        self.wanted = false;
        if let Some(room) = &mut self.text
            && wanted
        {
            room.clear();
            self.wanted = true;
        }
        self.str("<").digit(priority as u8).str(">insinit: ").str(text)
    }

    /// Goes on with a form: each piece that is added takes the place of its next `%`, and the text up to
    /// the one after it follows.
    #[inline(never)]
    pub fn form(&mut self, form: Form) -> &mut Self {
        if self.wanted {
            self.form = form.packed();
        }
        self.go_on()
    }

    /// Adds the text up to the next piece.
    #[inline(never)]
    fn go_on(&mut self) -> &mut Self {
        while self.wanted {
            match self.form.next(SMALL) {
                b'%' => return self,
                0 => {
                    self.form = Packed::END;
                    return self;
                }
                byte => self.byte(byte),
            }
        }
        self
    }

    /// Adds text of the loader's own that the form doesn't have.
    pub fn str(&mut self, text: &str) -> &mut Self {
        self.raw(text.as_bytes())
    }

    /// Adds a blank.
    pub fn space(&mut self) -> &mut Self {
        self.str(" ")
    }

    /// Adds a colon and a blank.
    #[inline(never)]
    pub fn colon(&mut self) -> &mut Self {
        self.str(": ")
    }

    /// Adds text; control characters are shown as `\xNN`, so that it stays one line.
    #[inline(never)]
    fn raw(&mut self, text: &[u8]) -> &mut Self {
        for byte in if self.wanted { text } else { b"" } {
            self.outside(*byte);
        }
        self
    }

    /// Adds text from outside.
    #[inline(never)]
    pub fn bytes(&mut self, text: &[u8]) -> &mut Self {
        self.raw(text).go_on()
    }

    /// Adds a module's name in the kernel's spelling.
    #[inline(never)]
    pub fn name(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            self.outside(name::normal(*byte));
        }
        self.go_on()
    }

    #[inline(never)]
    fn outside(&mut self, byte: u8) {
        match byte {
            0..=0x1f | 0x7f => {
                self.str("\\x").digits(&[byte]);
            }
            _ => self.byte(byte),
        }
    }

    /// Adds a number in decimal.
    #[inline(never)]
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.decimal(number).go_on()
    }

    #[inline(never)]
    fn decimal(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.decimal(number / 10);
        }
        self.digit((number % 10) as u8)
    }

    /// Adds a digit of any base up to 36.
    #[inline(never)]
    fn digit(&mut self, digit: u8) -> &mut Self {
        let zero = if digit < 10 { b'0' } else { b'a'.wrapping_sub(10) };
        self.byte(zero.wrapping_add(digit));
        self
    }

    /// Adds a number of tenths as `1.9`, and its unit.
    #[inline(never)]
    fn tenths(&mut self, tenths: u64, unit: &str) -> &mut Self {
        self.decimal(tenths / 10).str(".").decimal(tenths % 10).bytes(unit.as_bytes())
    }

    /// Adds a duration given in microseconds as `1.9 ms`.
    pub fn millis(&mut self, microseconds: u64) -> &mut Self {
        self.tenths(microseconds.saturating_add(50) / 100, " ms")
    }

    /// Adds a size given in bytes as `29.6 MiB`, rounded up.
    #[inline(never)]
    pub fn mebibytes(&mut self, bytes: u64) -> &mut Self {
        self.tenths(bytes.saturating_mul(10).div_ceil(1 << 20), " MiB")
    }

    /// Adds bytes as pairs of hexadecimal digits.
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        self.digits(bytes).go_on()
    }

    #[inline(never)]
    fn digits(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.digit(byte >> 4).digit(byte & 15);
        }
        self
    }

    /// Adds `failed ENOENT`.
    pub fn failed(&mut self, errno: Errno) -> &mut Self {
        self.str("failed ").errno(errno)
    }

    /// Adds an error's name, or its number where it has none.
    #[inline(never)]
    #[cold]
    pub fn errno(&mut self, errno: Errno) -> &mut Self {
        let mut name = errno::name(errno);
        let mut letter = name.next(CAPITAL);
        if letter == 0 {
            self.str("errno ").decimal(u64::from(errno.into_raw().unsigned_abs()));
        } else {
            self.byte(b'E');
        }
        while letter != 0 {
            self.byte(letter);
            letter = name.next(CAPITAL);
        }
        self.go_on()
    }

    /// The finished line with its newline, empty if it isn't wanted. Where something had no room its
    /// end says how much.
    #[inline(never)]
    pub fn finish(&mut self) -> &[u8] {
        if self.lost > 0 {
            let kept = LIMIT.saturating_sub(TAIL);
            let cut = self.text().len().saturating_sub(kept) as u32;
            let lost = self.lost.saturating_add(cut);
            if let Some(text) = &mut self.text {
                text.truncate(kept);
            }
            self.str(" [").decimal(lost.into()).str(" bytes over 900]");
            self.lost = 0;
        }
        self.byte(b'\n');
        self.text()
    }

    /// The line as far as it is written.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        match &self.text {
            Some(text) if self.wanted => text,
            _ => b"",
        }
    }

    /// Gives it memory.
    pub fn give(&mut self, text: &'static mut Text) {
        self.text = Some(text);
    }

    /// Adds a byte, or counts it as lost; the newline's place is kept.
    #[inline(never)]
    fn byte(&mut self, byte: u8) {
        if let Some(text) = &mut self.text
            && self.wanted
        {
            let room = text.len() < LIMIT - 1 || byte == b'\n';
            if !(room && text.push(byte).is_ok()) {
                self.lost = self.lost.saturating_add(1);
            }
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

impl Parsed<'_> {
    /// The number behind a word of a line of the timeline, `start 1204 read 17 …`.
    #[must_use]
    pub fn figure(&self, word: &str) -> Option<u64> {
        let mut words = self.detail.split(' ');
        if self.result == word {
            return words.next()?.parse().ok();
        }
        words.find(|found| *found == word)?;
        words.next()?.parse().ok()
    }
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

    /// The line that `write` makes.
    fn line(priority: Priority, write: impl Fn(&mut Line)) -> String {
        let mut line = Line::default();
        line.give(Box::leak(Box::default()));
        write(line.start(priority, "load ", true));
        String::from_utf8(line.finish().to_vec()).unwrap()
    }

    #[test]
    fn a_line_reads_like_the_contract() {
        let found = line(Priority::Info, |line| {
            line.name(b"virtio-blk").str(": loaded ").millis(1_940);
        });
        assert_eq!(found, "<6>insinit: load virtio_blk: loaded 1.9 ms\n");
    }

    #[test]
    fn a_line_that_is_not_wanted_is_empty() {
        let mut line = Line::default();
        line.give(Box::leak(Box::default()));
        line.start(Priority::Debug, "load ", false).str("x").number(1);
        assert_eq!(line.finish(), b"");
    }

    #[test]
    fn a_long_line_says_how_much_it_left_out_and_stays_under_the_limit() {
        let found = line(Priority::Error, |line| {
            line.bytes(&[b'x'; 2000]);
        });
        assert!(found.len() <= LIMIT && found.ends_with(" bytes over 900]\n"), "{found}");
        let shown = found.matches('x').count();
        assert!(found.contains(&format!("[{} bytes", 2000 - shown)), "{found}");
    }

    #[test]
    fn control_characters_do_not_break_the_line() {
        let found = line(Priority::Error, |line| {
            line.bytes(b"a\nb\x1b");
        });
        assert_eq!(found, "<3>insinit: load a\\x0ab\\x1b\n");
    }

    #[test]
    fn numbers_and_sizes_are_exact() {
        let found = line(Priority::Error, |line| {
            line.number(0)
                .str(" ")
                .number(u64::MAX)
                .str(" ")
                .mebibytes(1)
                .str(" ")
                .mebibytes(3 << 20);
            line.str(" ").errno(Errno::ENOEXEC).str(" ").errno(Errno::new(999));
        });
        let expected = "0 18446744073709551615 0.1 MiB 3.0 MiB ENOEXEC errno 999\n";
        assert_eq!(found, format!("<3>insinit: load {expected}"));
    }

    #[test]
    fn a_console_line_is_read_back() {
        let line =
            "[    1.25] insinit: load e1000: failed ENOEXEC: not a module for 6.12 (x86_64)\r";
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
        let time = parse("<7>insinit: time e1000: start 12 read 3 end 15").unwrap();
        assert_eq!((time.verb, time.subject), ("time", "e1000"));
        let figures = ["start", "read", "end", "load", "3"].map(|word| time.figure(word));
        assert_eq!(figures, [Some(12), Some(3), Some(15), None, None]);
    }
}
