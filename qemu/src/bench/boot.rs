//! One boot that is counted, and one whose memory is measured.

use super::contestant::{Contestant, Place};
use super::files::{self, Files};
use super::known::Known;
use super::programs::Programs;
use super::sets::{self, Form, Module};
use super::whole::Whole;
use crate::cache;
use crate::command::CommandLine;
use crate::console::{self, Run, Watch};
use crate::kernel::Kernel;
use crate::machine;
use anyhow::{Context, Result, bail, ensure};
use insinit_initramfs::{Compression, Entry, write_archive};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For one boot on a busy host: 60 modules under the tracer.
const LIMIT: Duration = Duration::from_secs(900);

/// The machine: no device, one CPU, a clock that is the instructions'. Debian's kernels hang on microvm
/// without `-icount`, as there is no timer to calibrate by.
const MACHINE: &str = "-M microvm -cpu qemu64 -smp 1 -m 512 -accel tcg -icount shift=0,sleep=off \
    -rtc base=2026-01-01,clock=vm -seed 1 -nodefaults -no-user-config -display none \
    -serial stdio -no-reboot";

/// The command line of every boot; the kernel's self-tests would run on into the window.
const WORDS: &str = "console=ttyS0 quiet loglevel=3 panic=-1 reboot=t nokaslr cryptomgr.notests";

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All instructions.
    pub total: u64,
    /// Those outside the load calls.
    pub outside: u64,
    /// Programs' among the total.
    pub user: u64,
    /// Programs' inside load calls: somebody else ran meanwhile.
    pub alien: u64,
    /// Those of inflating, where the contestant marks it.
    pub marked: u64,
    /// System calls.
    pub calls: u64,
    /// Load calls.
    pub loads: u64,
    /// Page faults.
    pub faults: u64,
}

/// What was measured, in KiB, at its peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Anonymous memory.
    pub private: u64,
    /// Proportional set size.
    pub pss: u64,
    /// Processes.
    pub processes: u64,
}

/// The kernel, what is measured with, and what is loaded.
pub struct Guest {
    kernel: Kernel,
    programs: Programs,
    modules: Vec<Module>,
    whole: Whole,
    symbols: BTreeMap<String, String>,
    known: Known,
    folder: PathBuf,
}

impl Guest {
    /// Prepares the modules and asks the kernel where its functions are, once.
    ///
    /// # Errors
    /// The kernel lacks a module or doesn't boot.
    pub fn new(kernel: Kernel, programs: Programs, folder: &Path) -> Result<Self> {
        let machine = machine::named("x86_64").map_err(anyhow::Error::msg)?;
        let modules = sets::modules(machine, &kernel, folder)?;
        let (symbols, whole) = (BTreeMap::new(), Whole::default());
        let known = Known::new(folder, &[&kernel.image, &programs.plugin], MACHINE)?;
        let folder = folder.into();
        let mut guest = Self { kernel, programs, modules, whole, symbols, known, folder };
        guest.symbols = guest.symbols()?;
        Ok(guest)
    }

    /// The kernel's release.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.kernel.release
    }

    /// What a contestant puts into its image for the set of `size` modules.
    ///
    /// # Errors
    /// A package can't be had or a program not be built.
    pub fn files(&self, contestant: &Contestant, size: usize, form: Form) -> Result<Files> {
        let (kernel, programs, whole) = (&self.kernel, &self.programs, &self.whole);
        let modules = &sets::set(&self.modules, size, form)?;
        contestant.files(&Place { kernel, programs, modules, form, whole })
    }

    /// How long an image of its own files is.
    ///
    /// # Errors
    /// It can't be packed.
    pub fn image_size(&self, files: &Files) -> Result<u64> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        files.image_size(folder.path())
    }

    /// Counts a boot of `files` with the set of that size and form; `profile` gets the blocks that ran outside
    /// the load calls.
    ///
    /// # Errors
    /// The contestant doesn't load them all, or QEMU can't count.
    pub fn count(
        &self,
        files: &Files,
        size: usize,
        form: Form,
        profile: Option<&Path>,
    ) -> Result<Counts> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let out = folder.path().join("counts");
        let image = self.image(files, "stamp", folder.path())?;
        let words = words(files);
        let set = sets::set(&self.modules, size, form)?;
        let count = set.iter().filter(|module| module.is_loaded()).count();
        let boot = || {
            let command = self.command(&image, &words, Some(self.plugin(files, &out, profile)));
            let run = run(&command)?;
            all_loaded(&run, count, &command)?;
            fs::read_to_string(&out)
                .with_context(|| format!("QEMU counted nothing:\n{}", run.complaints.join("\n")))
        };
        let text = match profile {
            Some(_) => boot()?,
            None => self.known.get(&image, &words, boot)?,
        };
        let is_left_out = of(&text, "left_out") > 0;
        ensure!(files.root.is_empty() || is_left_out, "what is done for the root wasn't seen");
        Ok(counts(&text))
    }

    /// Measures the memory of such a boot.
    ///
    /// # Errors
    /// The contestant's end isn't seen.
    pub fn memory(&self, files: &Files) -> Result<Memory> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let image = self.image(files, "trace", folder.path())?;
        let words = words(files);
        let line = self.known.get(&image, &words, || {
            let command = self.command(&image, &words, None);
            let run = run(&command)?;
            let line = said(&run, "bench: memory ").with_context(|| failed(&run, &command))?;
            Ok(line.to_string())
        })?;
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [private, pss, _, processes] = numbers[..] else { bail!("the tracer said {line}") };
        Ok(Memory { private, pss, processes })
    }

    /// Packs an image whose /init is ours.
    fn image(&self, files: &Files, init: &str, folder: &Path) -> Result<PathBuf> {
        let arguments: String = files.arguments.iter().map(|word| format!("{word}\n")).collect();
        let ours = vec![
            Entry::program("init", files::read(&self.programs.guest(init))?),
            Entry::program("sbin/init", files::read(&self.programs.guest("end"))?),
            Entry::char_device("dev/console", 5, 1),
            Entry::file("arguments", arguments),
        ];
        let parts = [files::folders(), ours, files.own.clone(), files.index.clone()];
        let entries = [parts.concat(), files.modules.clone()].concat();
        let path = folder.join("initramfs");
        write_archive(entries, Compression::None, &path)?;
        Ok(path)
    }

    /// The plugin and its words.
    fn plugin(&self, files: &Files, out: &Path, profile: Option<&Path>) -> String {
        let mut plugin = format!("{},out={}", self.programs.plugin.display(), out.display());
        for (name, address) in &self.symbols {
            let Some(key) = key(name, !files.root.is_empty()) else { continue };
            plugin += &format!(",{key}={address}");
        }
        if let Some(file) = profile {
            plugin += &format!(",profile={}", file.display());
        }
        plugin
    }

    /// QEMU's command; with the plugin it counts.
    fn command(&self, image: &Path, words: &str, plugin: Option<String>) -> CommandLine {
        let mut line = vec![OsString::from("qemu-system-x86_64")];
        line.extend(MACHINE.split_whitespace().map(OsString::from));
        line.extend(["-kernel".into(), self.kernel.image.clone().into()]);
        line.extend(["-initrd".into(), image.into(), "-append".into(), words.into()]);
        if let Some(plugin) = plugin {
            line.extend(["-plugin".into(), plugin.into()]);
        }
        CommandLine(line)
    }

    /// Where the kernel has the functions that the plugin watches: from the cache, or from a boot.
    fn symbols(&self) -> Result<BTreeMap<String, String>> {
        let length = fs::metadata(&self.kernel.image)?.len();
        let name = format!("symbols-{}-{length}", self.kernel.release);
        let file = cache::folder()?.join("bench").join(name);
        if let Some(known) = fs::read_to_string(&file).ok().and_then(|text| symbols(&text)) {
            return Ok(known);
        }
        eprintln!("asking {} for its symbols", self.kernel.release);
        let folder = tempfile::tempdir_in(&self.folder)?;
        let image = self.image(&Files::default(), "stamp", folder.path())?;
        let command = self.command(&image, WORDS, None);
        let run = run(&command)?;
        let text = run.lines.join("\n");
        let found = symbols(&text).with_context(|| failed(&run, &command))?;
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        fs::write(&file, text)?;
        Ok(found)
    }
}

/// What the plugin calls a function of the kernel; nothing if it isn't told. What a contestant does for
/// its root lies between the last two.
fn key(name: &str, has_root: bool) -> Option<&'static str> {
    match name {
        "asm_exc_page_fault" => Some("fault"),
        "__x64_sys_access" => has_root.then_some("skip"),
        "__x64_sys_execve" => has_root.then_some("until"),
        _ => Some("load"),
    }
}

/// The five symbols of `bench: symbol ADDRESS KIND NAME` lines, if they are all there.
fn symbols(text: &str) -> Option<BTreeMap<String, String>> {
    let lines = text.lines().filter_map(|line| line.split_once("bench: symbol "));
    let words = lines.map(|(_, line)| line.split(' ').collect::<Vec<_>>());
    let found: BTreeMap<_, _> = words
        .filter_map(|words| Some((words.get(2)?.to_string(), words.first()?.to_string())))
        .collect();
    (found.len() == 5).then_some(found)
}

/// The kernel's words, with the list and what names a root.
fn words(files: &Files) -> String {
    let words = format!("{WORDS} insinit.modules={} {}", files.list.join(","), files.root);
    words.trim_end().into()
}

fn run(command: &CommandLine) -> Result<Run> {
    console::run(command, Watch { limit: LIMIT, until: None, input: false, each: &mut |_| () })
}

/// What the guest said behind `start`.
fn said<'a>(run: &'a Run, start: &str) -> Option<&'a str> {
    run.lines.iter().find_map(|line| line.split_once(start)).map(|(_, said)| said)
}

/// The real init found all modules.
fn all_loaded(run: &Run, size: usize, command: &CommandLine) -> Result<()> {
    let count = said(run, "bench: modules ").with_context(|| failed(run, command))?;
    ensure!(
        count == size.to_string(),
        "{count} of {size} modules were loaded\n{}",
        failed(run, command)
    );
    Ok(())
}

/// A boot that went wrong.
fn failed(run: &Run, command: &CommandLine) -> String {
    let tail = &run.lines[run.lines.len().saturating_sub(20)..];
    let said = [tail, &run.complaints].concat().join("\n    | ");
    format!("the boot ended early ({:?}):\n    | {said}\n{command}", run.end)
}

/// The plugin's counts. The stamp's own execve is one of the calls.
fn counts(text: &str) -> Counts {
    let of = |name| of(text, name);
    let total: u64 = of("user") + of("kernel");
    Counts {
        total,
        outside: total.saturating_sub(of("inside")),
        user: of("user"),
        alien: of("alien"),
        marked: of("marked"),
        calls: of("calls").saturating_sub(1),
        loads: of("loads"),
        faults: of("faults"),
    }
}

/// The number that the plugin wrote behind this name.
fn of(text: &str, name: &str) -> u64 {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let number = lines.filter(|(key, _)| *key == name).find_map(|(_, number)| number.parse().ok());
    number.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_for_a_root_is_left_out_only_where_there_is_one() {
        let keys =
            |has_root| ["__x64_sys_access", "__x64_sys_execve"].map(|name| key(name, has_root));
        assert_eq!(keys(true), [Some("skip"), Some("until")]);
        assert_eq!(keys(false), [None, None]);
        assert_eq!(key("__x64_sys_init_module", true), Some("load"));
        assert_eq!(key("asm_exc_page_fault", false), Some("fault"));
    }

    #[test]
    fn words_name_a_root_behind_the_list() {
        let files = Files { list: vec!["/m/a.ko".into()], ..Files::default() };
        assert!(words(&files).ends_with(" insinit.modules=/m/a.ko"));
        let files = Files { root: "root=/dev/x", ..Files::default() };
        assert!(words(&files).ends_with(" insinit.modules= root=/dev/x"));
    }

    #[test]
    fn the_stamps_own_call_is_not_counted() {
        let counts = counts("user 5\nkernel 10\ncalls 4\nloads 1\ninside 8\nleft_out 3\n");
        assert_eq!((counts.total, counts.outside, counts.calls), (15, 7, 3));
    }
}
