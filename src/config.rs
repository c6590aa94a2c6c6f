//! The configuration: what the words say, before anything is looked up.
#![forbid(unsafe_code)]

use crate::cmdline::{self, Word};
use crate::files::{self, Top};
use crate::forms::{Form, form};
use crate::kernel::{Errno, Kernel, Result, Stop};
use crate::line::Priority;
use crate::list::{self, Entry};
use crate::mem::{self, Table, Zero};
use crate::modprobe::{Lines, Rules};
use crate::name;
use crate::text;
use crate::ways::Ways;

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

/// The words of `insinit.fail=`, in the order of [`Action`].
pub const ACTIONS: &[u8] = b"panic reboot poweroff halt shell continue";

const ACTION: [Action; 6] = [
    Action::Panic,
    Action::Reboot,
    Action::PowerOff,
    Action::Halt,
    Action::Shell,
    Action::Continue,
];

/// The words of `insinit.log=`, in the order of [`LEVEL`].
const LEVELS: &[u8] = b"error warn info debug";

const LEVEL: [Priority; 4] = [Priority::Error, Priority::Warning, Priority::Info, Priority::Debug];

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
    pub what: Form,
}

/// What the words say.
pub struct Config {
    /// What is missing at the image's top.
    pub top: Top,
    /// The list of the command line, in order.
    pub entries: Table<Entry>,
    /// Words with a dot that aren't ours: parameters of modules.
    pub params: Table<Word<'static>>,
    /// The block lists of the command line.
    pub blocked: Table<Block>,
    /// The lines of modprobe.d and of the tree's `modules.softdep`.
    pub rules: Lines,
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
    /// What the words say of the root file system besides.
    #[cfg(feature = "root")]
    pub mounting: crate::root::words::Words,
    /// `quiet`
    pub quiet: bool,
    /// `insinit.modules_disabled`
    pub modules_disabled: bool,
    /// `insinit.inflate=` and `insinit.force=`
    pub ways: Ways,
    /// `blacklist` lines count for the list's names, too, as modprobe's `-b` has it.
    pub hides_names: bool,
    /// `insinit.coldplug`
    pub coldplug: bool,
    /// `insinit.jobs=` and what goes with it
    #[cfg(feature = "jobs")]
    pub jobs: crate::jobs::Settings,
}

/// The configuration file of the image.
pub const CONF: &[u8] = b"/etc/insinit.conf";

/// The words that the loader knows, in the order of [`USE`]; the first are found soonest.
const WORDS: &[u8] = b"insinit.modules quiet modules_load rd.modules_load modules rd.driver.pre \
rd.modules_force_load insinit.required module_blacklist modprobe.blacklist rd.driver.blacklist \
insinit.list insinit.dir insinit.fail insinit.log insinit.init init root insinit.modules_disabled \
insinit.coldplug";

/// The words' hashes: a word of the command line is compared with these first.
const HASHES: [u32; USE.len()] = {
    let (mut hashes, mut number, mut from, mut at) = ([0; USE.len()], 0, 0, 0);
    while at <= WORDS.len() {
        if at == WORDS.len() || WORDS[at] == b' ' {
            let (_, word) = WORDS.split_at(from);
            hashes[number] = name::hash(word.split_at(at - from).0);
            (number, from) = (number + 1, at + 1);
        }
        at += 1;
    }
    hashes
};

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
    Disable,
    Coldplug,
}

const USE: [Use; 20] = [
    Use::List,
    Use::Quiet,
    Use::List,
    Use::List,
    Use::List,
    Use::List,
    Use::List,
    Use::Required,
    Use::Block,
    Use::Block,
    Use::Block,
    Use::ListFile,
    Use::Dir,
    Use::Fail,
    Use::Log,
    Use::Init,
    Use::KernelInit,
    Use::Root,
    Use::Disable,
    Use::Coldplug,
];

#[expect(
    clippy::derivable_impls,
    reason = "clearing memory is far smaller than what would be derived"
)]
impl Default for Config {
    fn default() -> Self {
        Self { log: None, ..Self::zero() }
    }
}

impl Config {
    /// Reads the configuration file of the image below `root`, if there is one.
    ///
    /// # Errors
    /// What reading it says.
    pub fn read_image<K: Kernel>(&mut self, k: &mut K, root: &[u8]) -> Result<()> {
        if !self.top.may_have(CONF) {
            return Ok(());
        }
        let path = mem::path(k, &[root, CONF]);
        match files::read(k, path) {
            Err(Errno::ENOENT) => {}
            found => self.read_file(k, found?),
        }
        Ok(())
    }

    /// Gives the whole list, once: the list file's entries, then the words'. A file that nobody named needn't
    /// be there.
    ///
    /// # Errors
    /// What reading the list file says.
    pub fn all_entries<K: Kernel>(
        &mut self,
        k: &mut K,
        root: &[u8],
        entries: &mut Table<Entry>,
    ) -> Result<()> {
        let (file, mut done) = (self.list_file(), Ok(()));
        if !file.is_empty() {
            let path = mem::path(k, &[root, file]);
            let is_near = self.top.may_have(file);
            let found = if is_near { files::read(k, path) } else { Err(Errno::ENOENT) };
            let mut text = found.unwrap_or_default();
            while let Some(entry) = list::of_file(&mut text) {
                entries.push(k, entry);
            }
            if found != Err(Errno::ENOENT) || self.list.is_some() {
                done = found.map(drop);
            }
        }
        if entries.is_empty() {
            *entries = core::mem::take(&mut self.entries);
        }
        entries.extend(k, &self.entries);
        done
    }

    /// The path of the list file; empty for none.
    #[must_use]
    pub fn list_file(&self) -> &'static [u8] {
        self.list.unwrap_or(b"/etc/modules")
    }

    /// Whether there are lines that begin with the word of that number.
    #[must_use]
    pub fn has_rules(&self, verb: usize) -> bool {
        self.rules.get(verb).is_some_and(|rules| !rules.is_empty())
    }

    /// The lines that begin with the word of that number, from the first on.
    #[must_use]
    #[inline(never)]
    pub fn rules(&self, verb: usize) -> Rules<'_> {
        Rules::of(self.rules.get(verb).map_or(&[], |rules| rules))
    }

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
            let may_be_known = may_be_known(word.key);
            let what = match may_be_known.then(|| usage(word.key)).flatten() {
                Some(usage) => self.known(k, usage, word),
                None => self.unknown(k, word, may_be_known),
            };
            if what != Form::NONE {
                self.complaints.push(k, Complaint { key: word.key, what });
            }
        }
    }

    /// Takes a word in that says how to load or may be a module's parameter; says what is wrong with it.
    fn unknown<K: Kernel>(&mut self, k: &mut K, word: Word<'static>, ours: bool) -> Form {
        #[cfg(feature = "ways")]
        if ours && let Some(what) = self.ways.read(word) {
            return what;
        }
        #[cfg(feature = "jobs")]
        if ours && let Some(what) = self.jobs.take(k, word) {
            return what;
        }
        #[cfg(feature = "root")]
        if ours && let Some(what) = self.mounting.take(k, word) {
            return what;
        }
        if ours && word.key.starts_with(b"insinit.") {
            return form!("not a word that this build knows");
        }
        if text::has(word.key, b'.') {
            self.params.push(k, word);
        }
        Form::NONE
    }

    /// Takes a word of ours in; says what is wrong with it.
    #[inline(never)]
    fn known<K: Kernel>(&mut self, k: &mut K, usage: Use, word: Word<'static>) -> Form {
        let is_flag = matches!(usage, Use::Quiet | Use::Disable | Use::Coldplug);
        let Some(value) = word.value.or(is_flag.then_some(b"1")) else {
            return form!("needs =VALUE");
        };
        let given = word.value.filter(|value| !value.is_empty());
        match usage {
            Use::List | Use::Required => self.list(k, value, usage == Use::Required),
            Use::Block => self.block(k, word.key, value),
            Use::ListFile => self.list = word.value,
            Use::Dir => self.dir = given.map(|dir| dir.strip_suffix(b"/").unwrap_or(dir)),
            Use::Init => self.init = given,
            Use::KernelInit => self.kernel_init = given,
            // `init/do_mounts_rd.c`: a ram disk is what init runs from.
            Use::Root if cfg!(feature = "root") && value.starts_with(b"/dev/ram") => {
                self.root = None
            }
            Use::Root => self.root = given,
            Use::Quiet => self.quiet = true,
            Use::Disable | Use::Coldplug => match switch(value) {
                Some(is_on) if usage == Use::Disable => self.modules_disabled = is_on,
                Some(is_on) => self.coldplug = is_on,
                None => return form!("not 0 or 1"),
            },
            Use::Fail => match choice(ACTIONS, &ACTION, value) {
                Some(action) => self.fail = action,
                None => return form!("not panic, reboot, poweroff, halt, shell or continue"),
            },
            Use::Log => match choice(LEVELS, &LEVEL, value) {
                Some(level) => self.log = Some(level),
                None => return form!("not error, warn, info or debug"),
            },
        }
        Form::NONE
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

/// Whether a word begins as any of ours: most of a command line are the kernel's. (No word of ours has a `b`
/// there, but `reboot=` has.)
fn may_be_known(word: &[u8]) -> bool {
    matches!(word.first(), Some(b'i' | b'm' | b'q' | b'r')) && word.get(2) != Some(&b'b')
}

/// What a word is for, if it is one of ours.
fn usage(word: &[u8]) -> Option<Use> {
    let hash = name::hash(word);
    let number = HASHES.iter().position(|known| *known == hash)?;
    let usage = USE.get(number).copied();
    usage.filter(|_| name::same(text::nth(WORDS, b' ', number), word))
}

/// Whether a switch is on; none if it is neither. An empty value drops it.
fn switch(value: &[u8]) -> Option<bool> {
    let number = name::position(b"0 n no off false 1 y yes on true", value);
    if value.is_empty() { Some(false) } else { number.map(|number| number > 4) }
}

/// What a word chooses.
fn choice<T: Copy>(words: &[u8], choices: &[T], word: &[u8]) -> Option<T> {
    choices.get(name::position(words, word)?).copied()
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
    fn a_switch_is_on_or_off_and_says_what_is_neither() {
        let (on, off) = (["", "=1", "=yes", "=on"], ["=0", "=no", "=off", "=n", "=", "=perhaps"]);
        for word in on.into_iter().chain(off) {
            let text = format!("insinit.coldplug{word} insinit.modules_disabled{word}").leak();
            let found = config(&[text]);
            assert_eq!(found.coldplug, on.contains(&word), "{word}");
            assert_eq!(found.modules_disabled, on.contains(&word), "{word}");
            assert_eq!(found.complaints.len() == 2, word == "=perhaps", "{word}");
        }
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
