//! The words that loading side by side is told with.

use crate::cmdline::Word;
use crate::forms::{Form, form};
use crate::kernel::Kernel;
use crate::mem::Table;
use crate::name;
use crate::text;

/// `auto` has no more workers than this.
const AUTO: u32 = 8;

/// What the words say.
#[derive(Default)]
pub struct Settings {
    /// `insinit.jobs=`; `u32::MAX` is `auto`, 0 none.
    pub jobs: u32,
    /// `insinit.alone=`
    pub alone: Table<&'static [u8]>,
    /// `insinit.memory=` in bytes; 0 is the default.
    pub memory: u64,
    /// `insinit.timeout=` in seconds; 0 is none.
    pub timeout: u64,
}

/// The words, in the order of [`Settings::take`].
const WORDS: &[u8] = b"insinit.jobs insinit.alone insinit.memory insinit.timeout";

impl Settings {
    /// How many workers there are to be, at most.
    pub fn lanes<K: Kernel>(&self, k: &mut K) -> u32 {
        if self.jobs == u32::MAX { k.cpus().min(AUTO) } else { self.jobs }
    }

    /// Takes a word in, if it is one of these; says what is wrong with it.
    pub fn take<K: Kernel>(&mut self, k: &mut K, word: Word<'static>) -> Option<Form> {
        let usage = name::position(WORDS, word.key)?;
        let Some(mut value) = word.value else { return Some(form!("needs =VALUE")) };
        let amount = if value.is_empty() { Some(0) } else { number(value) };
        match (usage, amount) {
            (1, _) => {
                if value.is_empty() {
                    self.alone.truncate(0);
                }
                while let Some(name) = text::take(&mut value, b',') {
                    self.alone.push(k, name);
                }
            }
            (0, _) if value == b"auto" => self.jobs = u32::MAX,
            (0, Some(jobs)) => self.jobs = jobs.min(1 << 16) as u32,
            (2, Some(bytes)) => self.memory = bytes,
            (3, Some(seconds)) => self.timeout = seconds,
            _ => return Some(form!("not a number")),
        }
        Some(Form::NONE)
    }
}

/// A number, with K, M or G behind it for powers of 1024.
#[inline(never)]
fn number(text: &[u8]) -> Option<u64> {
    let (digits, shift) = match text {
        [digits @ .., b'K' | b'k'] => (digits, 10),
        [digits @ .., b'M' | b'm'] => (digits, 20),
        [digits @ .., b'G' | b'g'] => (digits, 30),
        digits => (digits, 0),
    };
    let mut sum = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum.checked_mul(10)?.checked_add(digit.into())?;
    }
    sum.checked_mul(1 << shift).filter(|_| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    fn settings(words: &[(&'static str, &'static str)]) -> (Settings, Vec<Form>) {
        let (mut settings, mut wrong) = (Settings::default(), vec![]);
        for (key, value) in words {
            let word =
                Word { key: key.as_bytes(), value: Some(value.as_bytes()), quotes: [false; 2] };
            wrong.extend(
                settings.take(&mut Linux::default(), word).filter(|what| *what != Form::NONE),
            );
        }
        (settings, wrong)
    }

    #[test]
    fn the_last_number_wins_and_names_add_up() {
        let words = [
            ("insinit.jobs", "4"),
            ("insinit.jobs", "2"),
            ("insinit.alone", "a,b"),
            ("insinit.alone", ""),
            ("insinit.alone", "c"),
            ("insinit.alone", "d"),
            ("insinit.memory", "24M"),
            ("insinit.timeout", "7"),
        ];
        let (found, wrong) = settings(&words);
        assert_eq!((found.jobs, found.memory, found.timeout), (2, 24 << 20, 7));
        assert_eq!((&*found.alone, wrong.len()), ([b"c".as_slice(), b"d"].as_slice(), 0));
        assert_eq!(settings(&[("insinit.jobs", "4"), ("insinit.jobs", "")]).0.jobs, 0);
    }

    #[test]
    fn what_is_no_number_is_said_and_changes_nothing() {
        for value in ["many", "-1", "4x", "M", "99999999999999999999", "99999999999G"] {
            let words = [("insinit.memory", "1k"), ("insinit.memory", value)];
            let (found, wrong) = settings(&words);
            assert_eq!((found.memory, wrong), (1024, vec![form!("not a number")]), "{value}");
        }
    }

    #[test]
    fn auto_is_a_worker_for_each_cpu_up_to_eight() {
        let (found, _) = settings(&[("insinit.jobs", "auto")]);
        let mut k = Linux::default();
        assert_eq!(found.lanes(&mut k), k.cpus().min(8));
        assert!(k.cpus() >= 1);
    }
}
