//! The configuration: what the words say, before anything is looked up.
#![forbid(unsafe_code)]

use crate::cmdline::{Word, is_space, words};
use crate::kernel::{Kernel, Result};
use crate::line::Priority;
use crate::list::{self, Entry, Severity};
use crate::mem::Table;
use crate::name;

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
    pub params: Table<Word>,
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
#[derive(Clone, Copy)]
enum Use {
    List(Severity),
    Block,
    ListFile,
    Dir,
    Fail,
    Log,
    Init,
    KernelInit,
    Root,
    Quiet,
}

/// The words that the loader knows.
const USES: [(&str, Use); 18] = [
    ("insinit.modules", Use::List(Severity::Normal)),
    ("insinit.required", Use::List(Severity::Required)),
    ("modules_load", Use::List(Severity::Normal)),
    ("rd.modules_load", Use::List(Severity::Normal)),
    ("modules", Use::List(Severity::Normal)),
    ("rd.driver.pre", Use::List(Severity::Normal)),
    ("rd.modules_force_load", Use::List(Severity::Normal)),
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

impl Config {
    /// Reads the words of a configuration file: one or more a line, `#` lines are comments.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn read_file<K: Kernel>(&mut self, k: &mut K, text: &'static [u8]) -> Result<()> {
        for line in text.split(|byte| *byte == b'\n') {
            let first = line.iter().find(|byte| !is_space(**byte));
            if first != Some(&b'#') {
                self.read(k, line)?;
            }
        }
        Ok(())
    }

    /// Reads words; what they say adds to or replaces what was read before.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn read<K: Kernel>(&mut self, k: &mut K, text: &'static [u8]) -> Result<()> {
        for word in words(text) {
            self.word(k, word)?;
        }
        Ok(())
    }

    fn word<K: Kernel>(&mut self, k: &mut K, word: Word) -> Result<()> {
        let known = USES.iter().find(|(key, _)| name::same(key.as_bytes(), word.key));
        match (known, word.value) {
            (Some((_, Use::Quiet)), _) => self.quiet = true,
            (Some((_, usage)), Some(value)) => self.known(k, *usage, word.key, value)?,
            (Some(_), None) => self.complain(k, word.key, "needs =VALUE")?,
            (None, _) if word.key.starts_with(b"insinit.") => {
                self.complain(k, word.key, "not a word that this build knows")?;
            }
            (None, _) if word.key.contains(&b'.') => self.params.push(k, word)?,
            (None, _) => {}
        }
        Ok(())
    }

    fn known<K: Kernel>(
        &mut self,
        k: &mut K,
        usage: Use,
        key: &'static [u8],
        value: &'static [u8],
    ) -> Result<()> {
        let given = (!value.is_empty()).then_some(value);
        match usage {
            Use::List(severity) => self.list(k, value, severity)?,
            Use::Block => self.block(k, key, value)?,
            Use::ListFile => self.list = Some(value),
            Use::Dir => self.dir = given,
            Use::Init => self.init = given,
            Use::KernelInit => self.kernel_init = given,
            Use::Root => self.root = given,
            Use::Quiet => self.quiet = true,
            Use::Fail => match choice(&ACTIONS, value) {
                Some(action) => self.fail = action,
                None => {
                    let what = "not one of panic, reboot, poweroff, halt, shell, continue";
                    self.complain(k, key, what)?;
                }
            },
            Use::Log => match choice(&LEVELS, value) {
                Some(level) => self.log = Some(level),
                None => self.complain(k, key, "not one of error, warn, info, debug")?,
            },
        }
        Ok(())
    }

    fn list<K: Kernel>(
        &mut self,
        k: &mut K,
        value: &'static [u8],
        severity: Severity,
    ) -> Result<()> {
        if value.is_empty() {
            self.entries.truncate(0);
        }
        list::of_word(value, severity).try_for_each(|entry| self.entries.push(k, entry))
    }

    fn block<K: Kernel>(
        &mut self,
        k: &mut K,
        key: &'static [u8],
        value: &'static [u8],
    ) -> Result<()> {
        if value.is_empty() {
            self.blocked.truncate(0);
        }
        let names = value.split(|byte| *byte == b',').filter(|name| !name.is_empty());
        for name in names {
            self.blocked.push(k, Block { name, by: key })?;
        }
        Ok(())
    }

    fn complain<K: Kernel>(
        &mut self,
        k: &mut K,
        key: &'static [u8],
        what: &'static str,
    ) -> Result<()> {
        self.complaints.push(k, Complaint { key, what })
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
        texts.iter().for_each(|text| config.read(&mut k, text.as_bytes()).unwrap());
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
        assert_eq!(found.entries[5].severity, Severity::Required);
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
        found.read_file(&mut k, text).unwrap();
        assert_eq!((names(&found), found.params.len(), found.quiet), (vec!["a"], 1, true));
    }
}
