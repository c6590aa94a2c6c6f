//! The configuration: what the words say, before anything is looked up.
#![forbid(unsafe_code)]

use crate::cmdline::{self, Word};
use crate::kernel::{Kernel, Stop};
use crate::line::Priority;
use crate::list::{self, Entry};
use crate::mem::Table;
use crate::name;
use crate::text;

/// What a failed required entry, or a real init that can't start, leads to (`insinit.fail=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// PID 1 ends; the kernel's `panic=` decides.
    #[default]
    Panic,
    /// reboot(2)
    Reboot,
    /// reboot(2)
    PowerOff,
    /// reboot(2)
    Halt,
    /// `/bin/sh` on the console, then on with the boot.
    Shell,
    /// On with the boot.
    Continue,
}

impl Action {
    /// How it stops the machine; none ends PID 1.
    #[must_use]
    pub fn stop(self) -> Option<Stop> {
        match self {
            Self::Reboot => Some(Stop::Reboot),
            Self::PowerOff => Some(Stop::PowerOff),
            Self::Halt => Some(Stop::Halt),
            Self::Panic | Self::Shell | Self::Continue => None,
        }
    }
}

/// The words of `insinit.fail=`.
pub const ACTIONS: [(&str, Action); 6] = [
    ("panic", Action::Panic),
    ("reboot", Action::Reboot),
    ("poweroff", Action::PowerOff),
    ("halt", Action::Halt),
    ("shell", Action::Shell),
    ("continue", Action::Continue),
];

/// The words of `insinit.log=`.
const LEVELS: [(&str, Priority); 4] = [
    ("error", Priority::Error),
    ("warn", Priority::Warning),
    ("info", Priority::Info),
    ("debug", Priority::Debug),
];

/// A module that must not be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The module, as it was written.
    pub name: &'static [u8],
    /// The word or file that says so.
    pub by: &'static [u8],
}

/// A word that could not be used as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The word's key.
    pub key: &'static [u8],
    /// What is wrong with it.
    pub what: &'static str,
}

/// What the words say.
#[derive(Default)]
pub struct Config {
    /// The list of the command line, in order.
    pub entries: Table<Entry>,
    /// Words with a dot that aren't ours: parameters of modules.
    pub params: Table<Word<'static>>,
    /// The block lists of the command line.
    pub blocked: Table<Block>,
    /// Words that could not be used.
    pub complaints: Table<Complaint>,
    /// `insinit.list=`; empty is none.
    pub list: Option<&'static [u8]>,
    /// `insinit.dir=`
    pub dir: Option<&'static [u8]>,
    /// `insinit.fail=`
    pub fail: Action,
    /// `insinit.log=`, else by `quiet`.
    pub log: Option<Priority>,
    /// `insinit.init=`
    pub init: Option<&'static [u8]>,
    /// `init=`
    pub kernel_init: Option<&'static [u8]>,
    /// `root=`
    pub root: Option<&'static [u8]>,
    /// `quiet`
    pub quiet: bool,
}

/// What a word is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    List,
    Required,
    Block,
    ListFile,
    Dir,
    Fail,
    Log,
    Init,
    KernelInit,
    Root,
    Quiet,
    /// A parameter of a module.
    Param,
    /// In our name, but unknown.
    Strange,
    /// Nothing of ours.
    Other,
}

/// The words that the loader knows.
const USES: [(&str, Use); 18] = [
    ("insinit.modules", Use::List),
    ("insinit.required", Use::Required),
    ("modules_load", Use::List),
    ("rd.modules_load", Use::List),
    ("modules", Use::List),
    ("rd.driver.pre", Use::List),
    ("rd.modules_force_load", Use::List),
    ("module_blacklist", Use::Block),
    ("modprobe.blacklist", Use::Block),
    ("rd.driver.blacklist", Use::Block),
    ("insinit.list", Use::ListFile),
    ("insinit.dir", Use::Dir),
    ("insinit.fail", Use::Fail),
    ("insinit.log", Use::Log),
    ("insinit.init", Use::Init),
    ("init", Use::KernelInit),
    ("root", Use::Root),
    ("quiet", Use::Quiet),
];

impl Use {
    fn of(key: &[u8]) -> Self {
        match USES.iter().find(|(known, _)| name::same(known.as_bytes(), key)) {
            Some((_, found)) => *found,
            None if key.starts_with(b"insinit.") => Self::Strange,
            None if text::has(key, b'.') => Self::Param,
            None => Self::Other,
        }
    }
}

impl Config {
    /// Reads the words of a configuration file: one or more a line, `#` lines are comments.
    pub fn read_file<K: Kernel>(&mut self, k: &mut K, mut file: &'static [u8]) {
        while let Some(line) = text::take(&mut file, b'\n') {
            if text::trim(line).first() != Some(&b'#') {
                self.read(k, line);
            }
        }
    }

    /// Reads words; what they say adds to or replaces what was read before.
    #[inline(never)]
    pub fn read<K: Kernel>(&mut self, k: &mut K, mut words: &'static [u8]) {
        while let Some(word) = cmdline::take(&mut words) {
            if let Some(what) = self.word(k, word) {
                self.complaints.push(k, Complaint { key: word.key, what });
            }
        }
    }

    /// Takes one word in; says what is wrong with it.
    fn word<K: Kernel>(&mut self, k: &mut K, word: Word<'static>) -> Option<&'static str> {
        let usage = Use::of(word.key);
        match usage {
            Use::Quiet => self.quiet = true,
            Use::Param => self.params.push(k, word),
            Use::Strange => return Some("not a word that this build knows"),
            Use::Other => {}
            _ => match word.value {
                Some(value) => return self.valued(k, usage, word.key, value),
                None => return Some("needs =VALUE"),
            },
        }
        None
    }

    /// Takes a word's value in; says what is wrong with it.
    fn valued<K: Kernel>(
        &mut self,
        k: &mut K,
        usage: Use,
        key: &'static [u8],
        value: &'static [u8],
    ) -> Option<&'static str> {
        let given = Some(value).filter(|value| !value.is_empty());
        match usage {
            Use::Block => self.block(k, key, value),
            Use::ListFile => self.list = Some(value),
            Use::Dir => self.dir = given,
            Use::Init => self.init = given,
            Use::KernelInit => self.kernel_init = given,
            Use::Root => self.root = given,
            Use::Fail => match choice(&ACTIONS, value) {
                Some(action) => self.fail = action,
                None => return Some("not panic, reboot, poweroff, halt, shell or continue"),
            },
            Use::Log => match choice(&LEVELS, value) {
                Some(level) => self.log = Some(level),
                None => return Some("not error, warn, info or debug"),
            },
            _ => self.list(k, value, usage == Use::Required),
        }
        None
    }

    fn list<K: Kernel>(&mut self, k: &mut K, mut value: &'static [u8], required: bool) {
        if value.is_empty() {
            self.entries.truncate(0);
        }
        while let Some(entry) = list::of_word(&mut value, required) {
            self.entries.push(k, entry);
        }
    }

    fn block<K: Kernel>(&mut self, k: &mut K, by: &'static [u8], mut value: &'static [u8]) {
        if value.is_empty() {
            self.blocked.truncate(0);
        }
        while let Some(name) = text::take(&mut value, b',') {
            self.blocked.push(k, Block { name, by });
        }
    }

    /// The lowest priority that is logged.
    #[must_use]
    pub fn level(&self) -> Priority {
        self.log.unwrap_or(if self.quiet { Priority::Warning } else { Priority::Info })
    }
}

/// The value that a word chooses.
fn choice<T: Copy>(choices: &[(&str, T)], value: &[u8]) -> Option<T> {
    choices.iter().find(|(text, _)| text.as_bytes() == value).map(|(_, choice)| *choice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    fn config(texts: &[&'static str]) -> Config {
        let (mut k, mut config) = (Linux::default(), Config::default());
        texts.iter().for_each(|text| config.read(&mut k, text.as_bytes()));
        config
    }

    fn names(config: &Config) -> Vec<&str> {
        config.entries.iter().map(|entry| core::str::from_utf8(entry.name).unwrap()).collect()
    }

    #[test]
    fn every_spelling_adds_to_one_list() {
        let words = "insinit.modules=a modules_load=b rd.modules-load=c modules=d rd.driver.pre=e \
                     insinit.required=f rd.modules_force_load=g,h";
        let found = config(&[words]);
        assert_eq!(names(&found), ["a", "b", "c", "d", "e", "f", "g", "h"]);
        assert_eq!(found.entries[5].severity, list::Severity::Required);
    }

    #[test]
    fn an_empty_value_drops_what_came_before() {
        let found = config(&["insinit.modules=a module_blacklist=x", "insinit.modules= modules=b"]);
        assert_eq!(names(&found), ["b"]);
        assert_eq!(found.blocked.len(), 1);
        assert_eq!(config(&["module_blacklist=x modprobe.blacklist="]).blocked.len(), 0);
    }

    #[test]
    fn for_other_words_the_last_one_wins() {
        let found = config(&["insinit.fail=reboot insinit.init=/a", "insinit.fail=halt quiet"]);
        assert_eq!((found.fail, found.init), (Action::Halt, Some(&b"/a"[..])));
        assert_eq!(found.level(), Priority::Warning);
        assert_eq!(config(&["quiet insinit.log=debug"]).level(), Priority::Debug);
    }

    #[test]
    fn odd_words_are_named_and_nothing_is_lost() {
        let found = config(&["insinit.fail=no insinit.modules insinit.nonsense=1 insinit.log=2"]);
        let keys: Vec<_> = found.complaints.iter().map(|c| c.key).collect();
        let expected: [&[u8]; 4] =
            [b"insinit.fail", b"insinit.modules", b"insinit.nonsense", b"insinit.log"];
        assert_eq!(keys, expected);
    }

    #[test]
    fn words_behind_the_double_dash_are_the_real_inits() {
        assert!(names(&config(&["a.b=1 -- insinit.modules=x"])).is_empty());
    }

    #[test]
    fn a_file_may_hold_comments_and_several_words_a_line() {
        let (mut k, mut found) = (Linux::default(), Config::default());
        let text = b"# board\ninsinit.modules=a loop.max=2\n  # x=insinit.modules=b\n\nquiet\n";
        found.read_file(&mut k, text);
        assert_eq!((names(&found), found.params.len(), found.quiet), (vec!["a"], 1, true));
    }
}
