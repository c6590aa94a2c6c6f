//! The words about the root file system, besides `root=` itself.
#![forbid(unsafe_code)]

use crate::cmdline::Word;
use crate::forms::{Form, form};
use crate::kernel::Kernel;
use crate::mem::Table;
use crate::name;
use crate::text;

/// As long as initramfs-tools waits for a root that isn't there, in seconds.
const USUAL: u64 = 30;

/// The words, in the order of [`Words::take`].
const WORDS: &[u8] =
    b"rootfstype rootflags rootwait rootdelay insinit.overlay insinit.mount ro rw resume";

/// What the words say.
#[derive(Default)]
pub struct Words {
    /// `rootfstype=`: names, a comma between them.
    pub kinds: Option<&'static [u8]>,
    /// `rootflags=`
    pub options: Option<&'static [u8]>,
    /// `rw` came last.
    pub writable: bool,
    /// `rootwait=`: the bits of [`Words::wait`] that aren't [`USUAL`]'s; 0 where there is no such word.
    wait: u64,
    /// `rootdelay=`, in seconds.
    pub delay: u64,
    /// `insinit.overlay=tmpfs`: the options of the tmpfs.
    pub overlay: Option<&'static [u8]>,
    /// `insinit.mount=`
    pub mounts: Table<&'static [u8]>,
}

impl Words {
    /// Takes a word in, if it is one of these; says what is wrong with it.
    #[inline(never)]
    pub fn take<K: Kernel>(&mut self, k: &mut K, word: Word<'static>) -> Option<Form> {
        let number = name::position(WORDS, word.key)?;
        let given = word.value.filter(|value| !value.is_empty());
        let value = given.unwrap_or_default();
        let seconds = text::number(value, 10);
        match number {
            0 => self.kinds = given,
            1 => self.options = given,
            2 | 3 if given.is_some() && seconds.is_none() => {
                return Some(form!("not a number of seconds"));
            }
            2 => self.wait = seconds.unwrap_or(u64::MAX) ^ USUAL,
            3 => self.delay = seconds.unwrap_or_default(),
            4 => match value.strip_prefix(b"tmpfs") {
                Some([]) => self.overlay = Some(b""),
                Some([b',', options @ ..]) => self.overlay = Some(options),
                _ if given.is_some() => return Some(form!("not tmpfs[,OPTIONS]")),
                _ => self.overlay = None,
            },
            5 if given.is_some() => self.mounts.push(k, value),
            5 => self.mounts.truncate(0),
            6 | 7 => self.writable = number == 7,
            _ => return Some(form!("to resume is systemd's or initramfs-tools' work")),
        }
        Some(Form::NONE)
    }

    /// How long to wait for the root, in seconds; the largest number is for ever.
    #[must_use]
    pub fn wait(&self) -> u64 {
        self.wait ^ USUAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::sys::Linux;

    fn words(text: &'static str) -> Words {
        let (mut k, mut config) = (Linux::default(), Config::default());
        config.read(&mut k, text.as_bytes());
        config.mounting
    }

    #[test]
    fn the_last_of_ro_and_rw_wins() {
        assert!(!words("").writable);
        assert!(words("ro rw").writable);
        assert!(!words("rw ro").writable);
    }

    #[test]
    fn a_wait_is_usual_endless_or_so_many_seconds() {
        let waits = ["", "rootwait", "rootwait=", "rootwait=5", "rootwait=0", "rootwait=x"];
        assert_eq!(waits.map(|text| words(text).wait()), [30, u64::MAX, u64::MAX, 5, 0, 30]);
        assert_eq!(["", "rootdelay=7", "rootdelay=x"].map(|text| words(text).delay), [0, 7, 0]);
    }

    #[test]
    fn mounts_add_up_and_an_empty_value_drops_them() {
        assert_eq!(words("insinit.mount=a:/b insinit.mount=c:/d").mounts.len(), 2);
        assert_eq!(words("insinit.mount=a:/b insinit.mount= insinit.mount=c:/d").mounts.len(), 1);
    }

    #[test]
    fn an_overlay_is_a_tmpfs_with_options() {
        assert_eq!(words("insinit.overlay=tmpfs").overlay, Some(&b""[..]));
        assert_eq!(words("insinit.overlay=tmpfs,size=5%").overlay, Some(&b"size=5%"[..]));
        assert_eq!(words("insinit.overlay=tmpfs insinit.overlay=").overlay, None);
        assert_eq!(words("insinit.overlay=tmpfsx").overlay, None);
    }
}
