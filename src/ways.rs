//! How modules are to be loaded: the words `insinit.inflate=` and `insinit.force=`.
//!
//! A build without the feature `ways` knows neither, and every load goes the usual way.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "ways"),
    allow(dead_code, unused_imports, reason = "without the words there is nothing to read")
)]

use crate::cmdline::Word;
use crate::forms::{Form, form};
use crate::image::Format;
use crate::kernel::Errno;
use crate::line::Line;
use crate::name;
use crate::outcome::{Outcome, Why};
use crate::text;

/// Who inflates (`insinit.inflate=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inflate {
    /// The kernel what it inflates itself, we the rest.
    #[default]
    Auto,
    /// The kernel only.
    Never,
    /// We only: every checksum is checked.
    Always,
}

/// The words of `insinit.inflate=`.
const INFLATES: &[u8] = b"auto never always";

/// The words of `insinit.force=`, each at the place of its flags for finit_module(2), less one:
/// `MODULE_INIT_IGNORE_MODVERSIONS` is 1, `MODULE_INIT_IGNORE_VERMAGIC` 2 (`include/uapi/linux/module.h`).
const FORCES: &[u8] = b"modversions vermagic all";

/// What those flags leave unchecked.
const IGNORED: &[u8] = b",modversions,vermagic,vermagic and modversions";

/// What the words have to do with a failure, one a line, in the order of [`Ways::explain`].
const EXPLAINED: &[u8] = b"
: the kernel does not inflate it (insinit.inflate=never)
: this build does not inflate it (insinit.inflate=always)
no memfd for a forced load
, or a kernel without CONFIG_MODULE_FORCE_LOAD";

/// What the two words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    #[cfg(feature = "ways")]
    inflate: Inflate,
    #[cfg(feature = "ways")]
    force: u32,
}

impl Ways {
    /// Takes a word in that may be one of the two; says what is wrong with it, nothing if it is good.
    #[cfg(feature = "ways")]
    #[inline(never)]
    pub fn read(&mut self, word: Word<'_>) -> Option<Form> {
        let forces = name::position(b"insinit.inflate insinit.force", word.key)? == 1;
        let Some(value) = word.value else { return Some(form!("needs =VALUE")) };
        let number = name::position(if forces { FORCES } else { INFLATES }, value);
        match number {
            None if forces && value.is_empty() => self.force = 0,
            None if forces => return Some(form!("not vermagic, modversions or all")),
            None => return Some(form!("not auto, never or always")),
            Some(number) if forces => self.force = (number as u32).wrapping_add(1),
            Some(0) => self.inflate = Inflate::Auto,
            Some(1) => self.inflate = Inflate::Never,
            Some(_) => self.inflate = Inflate::Always,
        }
        Some(Form::NONE)
    }

    /// Who inflates.
    #[must_use]
    pub fn inflate(&self) -> Inflate {
        #[cfg(feature = "ways")]
        return self.inflate;
        #[cfg(not(feature = "ways"))]
        Inflate::Auto
    }

    /// The flags that every finit_module(2) gets.
    #[must_use]
    pub fn force(&self) -> u32 {
        #[cfg(feature = "ways")]
        return self.force;
        #[cfg(not(feature = "ways"))]
        0
    }

    /// What those flags leave unchecked.
    #[cfg(feature = "ways")]
    #[must_use]
    pub fn ignored(&self) -> &'static [u8] {
        text::nth(IGNORED, b',', self.force as usize)
    }

    /// Why nobody inflates a file.
    #[must_use]
    pub fn unknown(&self) -> Why {
        if self.inflate() == Inflate::Auto { Why::Unknown } else { Why::Unwanted }
    }

    /// Adds what the words have to do with a failure.
    #[cfg(feature = "ways")]
    #[inline(never)]
    pub fn explain(&self, line: &mut Line, outcome: &Outcome, format: Option<Format>) {
        let number = match outcome.why {
            Why::Unwanted if self.inflate == Inflate::Never => 1,
            Why::Unwanted => 2,
            Why::Copy => 3,
            Why::Call if self.force != 0 && outcome.errno() == Errno::ENOEXEC => 4,
            _ => return,
        };
        if number < 3 {
            line.bytes(format.map_or(b"", Format::name));
        }
        line.bytes(text::nth(EXPLAINED, b'\n', number));
    }
}

#[cfg(all(test, feature = "ways"))]
mod tests {
    use super::*;

    fn read(ways: &mut Ways, key: &'static str, value: Option<&'static str>) -> Option<Form> {
        ways.read(Word { key: key.as_bytes(), value: value.map(str::as_bytes), quotes: [false; 2] })
    }

    #[test]
    fn the_last_word_wins_and_an_empty_one_forces_nothing() {
        let mut ways = Ways::default();
        for (value, flags, ignored) in [
            ("vermagic", 2, "vermagic"),
            ("modversions", 1, "modversions"),
            ("all", 3, "vermagic and modversions"),
            ("", 0, ""),
        ] {
            assert_eq!(read(&mut ways, "insinit.force", Some(value)), Some(Form::NONE));
            assert_eq!((ways.force(), ways.ignored()), (flags, ignored.as_bytes()));
        }
        for (value, inflate) in
            [("never", Inflate::Never), ("always", Inflate::Always), ("auto", Inflate::Auto)]
        {
            assert_eq!(read(&mut ways, "insinit.inflate", Some(value)), Some(Form::NONE));
            assert_eq!(ways.inflate(), inflate);
        }
    }

    #[test]
    fn odd_words_change_nothing() {
        let mut ways = Ways::default();
        let _ = read(&mut ways, "insinit.inflate", Some("never"));
        let before = ways;
        for (key, value) in [
            ("insinit.inflate", Some("")),
            ("insinit.inflate", Some("on")),
            ("insinit.inflate", None),
            ("insinit.force", Some("yes")),
            ("insinit.force", None),
        ] {
            assert!(read(&mut ways, key, value).is_some_and(|what| what != Form::NONE), "{key}");
        }
        assert_eq!(read(&mut ways, "insinit.forced", Some("all")), None);
        assert_eq!(ways, before);
    }
}
