//! What came of a boot.

use super::{Load, Machine};
use crate::kernel::{Errno, Stop};
use crate::line::{self, Parsed};
use crate::name;
use linux_raw_sys::general::MS_RDONLY;
use std::any::Any;
use std::collections::BTreeMap;

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The process became this program; `fds` are the descriptors that it inherits, with their path.
    Exec { path: String, argv: Vec<String>, envp: Vec<String>, fds: Vec<(i32, String)> },
    /// reboot(2)
    Stop(Stop),
    /// PID 1 ended: the kernel panics.
    Exit(i32),
    /// Loading this module took more memory than there was: the kernel panics.
    OutOfMemory(String),
    /// More system calls than any boot needs.
    Endless,
    /// The loader itself panicked.
    Bug(String),
}

/// What came of a boot.
pub struct Booted {
    pub end: End,
    machine: Machine,
    before: Vec<String>,
}

impl Booted {
    pub fn new(
        ended: Result<(), Box<dyn Any + Send>>,
        machine: Machine,
        before: Vec<String>,
    ) -> Self {
        let payload = ended.expect_err("a boot never returns");
        let message = payload.downcast_ref::<String>().cloned().unwrap_or_default();
        let end = payload.downcast::<End>().map_or(End::Bug(message), |end| *end);
        Self { end, machine, before }
    }

    /// What holds of every boot, whatever it was told to do.
    pub fn check(&self) {
        assert_eq!(self.machine.odd, [""; 0], "calls: {:#?}", self.machine.calls);
        if self.machine.pid != 1 {
            return;
        }
        assert_eq!(self.machine.dropped, 0, "the kernel dropped lines; these came out: {self}");
        for line in &self.machine.kmsg {
            let priority = line.strip_prefix('<').and_then(|line| line.chars().next());
            assert!(matches!(priority, Some('2'..='7')), "no priority: {line:?}");
            assert_eq!(line.get(2..12), Some(">insinit: "), "not ours: {line:?}");
        }
        for line in self.machine.kmsg.iter().chain(&self.machine.console) {
            let whole = line.ends_with('\n') && line.matches('\n').count() == 1;
            assert!(whole && line::parse(line).is_some(), "not a line: {line:?}");
        }
        self.check_loads();
        let mut open = self.machine.fds.open();
        assert!(open.len() < 64, "the exec has too many files to close: {open:?}");
        open.retain(|path| *path != "uevents" && name::of_file(path.as_bytes()).is_none());
        let exhausted =
            self.says("no memory for the loader's tables") || self.machine.storm.is_some();
        assert!(
            open.len() <= 4 || exhausted,
            "more than the console and the log is open: {open:?}"
        );
    }

    /// Nothing is tried twice, unless the first answer proves that the kernel saw no module.
    fn check_loads(&self) {
        let blind = [Errno::EOPNOTSUPP, Errno::ENOSYS, Errno::ENOEXEC];
        let loads = self.loads();
        for (at, load) in loads.iter().enumerate() {
            let again = loads[..at].iter().filter(|before| before.name == load.name);
            let blind =
                again.clone().all(|before| before.result.is_err_and(|e| blind.contains(&e)));
            assert!(blind && again.count() < 2, "{} was tried twice: {loads:?}", load.name);
        }
    }

    /// The kernel's log, a line each without its end.
    pub fn log(&self) -> Vec<&str> {
        self.machine.kmsg.iter().map(|line| line.trim_end()).collect()
    }

    /// What was written to the console itself.
    pub fn console(&self) -> Vec<&str> {
        self.machine.console.iter().map(|line| line.trim_end()).collect()
    }

    /// What was written to descriptor 1, a line each without its end.
    pub fn output(&self) -> Vec<&str> {
        self.machine.output.iter().flat_map(|text| text.lines()).collect()
    }

    /// Every line, wherever it was written to.
    pub fn lines(&self) -> Vec<&str> {
        [self.log(), self.console()].concat()
    }

    /// The log's only line that holds `text`.
    pub fn line(&self, text: &str) -> &str {
        let lines = self.lines();
        let found: Vec<_> = lines.iter().filter(|line| line.contains(text)).collect();
        assert_eq!(found.len(), 1, "lines with {text:?} in {self}");
        found[0]
    }

    /// Whether a line holds `text`.
    pub fn says(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }

    /// Whether `kernel.modules_disabled` is 1 in the end.
    pub fn modules_disabled(&self) -> bool {
        self.machine.modules.disabled
    }

    /// The lines of a priority and above.
    pub fn loud(&self, priority: u8) -> Vec<&str> {
        let loud =
            |line: &&str| line.as_bytes().get(1).is_some_and(|digit| digit - b'0' <= priority);
        self.log().into_iter().filter(loud).collect()
    }

    /// The line about a module, without `<priority>insinit: load NAME: `.
    pub fn result(&self, module: &str) -> String {
        let line = self.line(&format!(" load {module}: "));
        let Parsed { result, detail, .. } = line::parse(line).unwrap();
        if detail.is_empty() { result.into() } else { format!("{result} {detail}") }
    }

    /// The priority of the line about a module.
    pub fn priority(&self, module: &str) -> u8 {
        self.line(&format!(" load {module}: ")).as_bytes()[1] - b'0'
    }

    /// Every attempt to load a module.
    pub fn loads(&self) -> &[Load] {
        &self.machine.modules.loads
    }

    /// The names of the modules that the kernel was asked to load, in order.
    pub fn order(&self) -> Vec<&str> {
        self.loads().iter().map(|load| load.name.as_str()).collect()
    }

    /// The parameters that a module was loaded with.
    pub fn params(&self, module: &str) -> &str {
        let mut loads = self.loads().iter().filter(|load| load.name == module);
        &loads.next().unwrap_or_else(|| panic!("{module} not loaded in {self}")).params
    }

    /// The program that the process became.
    pub fn init(&self) -> &str {
        match &self.end {
            End::Exec { path, .. } => path,
            end => panic!("no init, but {end:?} after {self}"),
        }
    }

    /// How many workers ran at once, at most.
    pub fn workers(&self) -> usize {
        self.machine.most_workers()
    }

    /// The workers that the real init finds.
    pub fn workers_left(&self) -> usize {
        self.machine.workers_left()
    }

    /// How often each system call was made.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (name, _) in &self.machine.calls {
            *counts.entry(*name).or_default() += 1;
        }
        counts
    }

    /// How often that system call was made.
    pub fn count(&self, call: &str) -> usize {
        self.counts().get(call).copied().unwrap_or_default()
    }

    /// How many system calls were made.
    pub fn calls(&self) -> usize {
        self.machine.calls.len()
    }

    /// How many calls begin like that, with what they were about.
    pub fn calls_of(&self, beginning: &str) -> usize {
        (1..=self.calls()).filter(|n| self.call(*n).starts_with(beginning)).count()
    }

    /// The number of the last such system call, counted from 1.
    pub fn last(&self, call: &str) -> Option<usize> {
        let at = self.machine.calls.iter().rposition(|(name, _)| *name == call);
        at.map(|at| at + 1)
    }

    /// The system call of that number: its name and what it was about.
    pub fn call(&self, number: usize) -> String {
        let call = number.checked_sub(1).and_then(|at| self.machine.calls.get(at));
        call.map_or(String::new(), |(name, about)| format!("{name} {about}"))
    }

    /// What is mounted in the end: `SOURCE TARGET KIND ro|rw DATA`, as the process sees it.
    pub fn mounts(&self) -> Vec<String> {
        let seen = self.machine.mounts.iter().filter_map(|(target, mount)| {
            let target = target.strip_prefix(&self.machine.root)?;
            let target = if target.is_empty() { "/" } else { target };
            let state = if mount.flags & MS_RDONLY == 0 { "rw" } else { "ro" };
            let line = format!("{} {target} {} {state} {}", mount.source, mount.kind, mount.data);
            Some(line.trim_end().into())
        });
        seen.collect()
    }

    /// Whether the process has another root now.
    pub fn has_switched(&self) -> bool {
        !self.machine.root.is_empty()
    }

    /// The paths of the first root that are there in the end; where the new one is mounted doesn't count.
    pub fn first_root(&self) -> Vec<String> {
        let mut paths = self.machine.tree.paths();
        paths.retain(|path| !self.machine.mounts.contains_key(path));
        paths
    }

    /// Seconds since power was switched on.
    pub fn seconds(&self) -> u64 {
        self.machine.clock / 1_000_000
    }

    /// What is in the image now and wasn't, what was and isn't, and what is still mounted.
    pub fn left_behind(&self) -> Vec<String> {
        let after = self.machine.tree.paths();
        let new = after.iter().filter(|path| !self.before.contains(path));
        let gone = self.before.iter().filter(|path| !after.contains(path));
        let mounts = self.machine.mounts.keys().filter(|_| !self.machine.secluded);
        new.chain(gone).chain(mounts).cloned().collect()
    }
}

impl std::fmt::Display for Booted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines().iter().try_for_each(|line| write!(f, "\n  {line}"))?;
        write!(f, "\n  {:?}", self.end)
    }
}
