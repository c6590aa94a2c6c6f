//! What a boot's console says happened, in a few lines and as a verdict.

use crate::command::Accelerator;
use crate::console::{End, Run};
use crate::kernel::Kernel;
use crate::machine::Machine;
use insinit::line::{self, Parsed};
use std::fmt::Write;

/// What was to happen.
#[derive(Debug, Default)]
pub struct Expected {
    /// The modules that were asked for.
    pub asked: Vec<String>,
    /// The modules in the image, dependencies too.
    pub packed: Vec<String>,
    /// The real init is ours and says that it runs.
    pub guest: bool,
}

/// What happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Modules that were expected and of which neither is true, with what is known of them.
    lacking: Vec<String>,
    /// How many were expected.
    expected: usize,
    /// The loader's own account.
    done: Option<String>,
    /// The loader's last words, if it stopped the boot, behind the first of its errors.
    stop: Vec<String>,
    /// Nothing of the kernel's was heard.
    silent: bool,
    /// The real init ran.
    handed_over: bool,
    /// The machine was switched off; asked of our own real init only.
    ended: bool,
}

/// So many errors are shown in front of a stop.
const ERRORS: usize = 3;

impl Summary {
    /// The summary of a boot.
    #[must_use]
    pub fn of(run: &Run, expected: &Expected) -> Self {
        let said: Vec<Parsed> = run.lines.iter().filter_map(|line| line::parse(line)).collect();
        let loads = || said.iter().filter(|line| line.verb == "load");
        let names = expected.names();
        Self {
            lacking: names.iter().filter_map(|name| lacking(name, loads(), expected)).collect(),
            expected: names.len(),
            done: said.iter().find(|line| line.verb == "done").map(account),
            stop: stop(&run.lines, &names),
            silent: said.is_empty() && !run.lines.iter().any(|line| is_kernels(line)),
            handed_over: handed_over(run, &said, expected.guest),
            ended: !expected.guest || run.end == End::Off(0),
        }
    }

    /// Whether all went as expected.
    #[must_use]
    pub fn good(&self) -> bool {
        self.lacking.is_empty() && self.done.is_some() && self.handed_over && self.ended
    }

    /// The summary for people.
    #[must_use]
    pub fn text(&self, machine: &Machine, kernel: &Kernel, with: Accelerator, run: &Run) -> String {
        let mut text = String::new();
        let with = format!("{with:?}").to_lowercase();
        let _ = writeln!(text, "kernel     {} ({}, {with})", kernel.release, machine.name);
        let there = self.expected - self.lacking.len();
        let _ = writeln!(text, "modules    {there} of {} as expected", self.expected);
        for module in &self.lacking {
            let _ = writeln!(text, "           {module}");
        }
        let done = self.done.as_deref().unwrap_or("did not finish");
        let _ = writeln!(text, "insinit    {done}");
        for line in &self.stop {
            let _ = writeln!(text, "           {line}");
        }
        let ran = if self.handed_over { "ran" } else { "did not run" };
        let _ = writeln!(text, "real init  {ran}");
        let _ = writeln!(text, "boot       {}", ending(run));
        if self.silent {
            let _ = writeln!(text, "           no line of the kernel's: is --memory enough?");
        }
        for complaint in &run.complaints {
            let _ = writeln!(text, "qemu       {complaint}");
        }
        text
    }
}

impl Expected {
    /// The names of all modules that are expected, as the kernel writes them.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let asked = self.asked.iter().filter(|entry| *entry != ":");
        for name in self.packed.iter().chain(asked) {
            let name = normal(name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// A list entry's module as the kernel writes it: no `-`, no folders, no suffix, no dashes.
fn normal(entry: &str) -> String {
    let file = entry.trim_start_matches('-').rsplit('/').next().unwrap_or_default();
    file.split(".ko").next().unwrap_or_default().replace('-', "_")
}

/// What is wrong with `name`, if something is. A dependency for which there is no device will do,
/// and so will an optional entry (`-name`) that is missing.
fn lacking<'a>(
    name: &str,
    mut loads: impl Iterator<Item = &'a Parsed<'a>>,
    expected: &Expected,
) -> Option<String> {
    let Some(line) = loads.find(|line| normal(line.subject) == name) else {
        return Some(format!("{name}: no word of it"));
    };
    let asked = expected.asked.iter().find(|asked| normal(asked) == name);
    let there = match line.result {
        "loaded" | "already" => true,
        "absent" => asked.is_none_or(|asked| asked.starts_with('-')),
        "missing" => asked.is_some_and(|asked| asked.starts_with('-')),
        _ => false,
    };
    (!there).then(|| format!("{name}: {} {}", line.result, line.detail).trim_end().to_string())
}

/// The loader's last account: `12 loaded, 2 already, 34.1 ms`.
fn account(line: &Parsed) -> String {
    format!("{} {}", line.result, line.detail)
}

/// `stop panic`, if that is what the loader says, and in front of it what went wrong before; what became of
/// the modules that are expected is told with them.
fn stop(lines: &[String], names: &[String]) -> Vec<String> {
    let is_stop =
        |line: &String| line::parse(line).is_some_and(|said| matches!(said.verb, "stop" | "stop:"));
    let Some(at) = lines.iter().position(is_stop) else { return Vec::new() };
    let wrong = |line: &&String| line::parse(line).is_some_and(|said| is_wrong(&said, names));
    let wrong = lines[..at].iter().filter(wrong).take(ERRORS);
    wrong.chain([&lines[at]]).filter_map(|line| words(line)).collect()
}

/// Whether a line says that something went wrong of which the modules' lines don't tell.
fn is_wrong(said: &Parsed, names: &[String]) -> bool {
    let result = said.result.trim_end_matches([':', ',', ';']);
    let is_told = said.verb == "load" && names.contains(&normal(said.subject));
    matches!(result, "failed" | "missing") && !is_told || said.subject.starts_with("modules for ")
}

/// What a line of the loader's says behind its name.
fn words(line: &str) -> Option<String> {
    Some(line.split_once("insinit: ")?.1.trim_end().to_string())
}

/// Whether the kernel wrote `line`: `[    1.234567] …`, or its first, which may lack the time.
fn is_kernels(line: &str) -> bool {
    let time = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_time = |time: &str| time.trim().parse::<f64>().is_ok();
    time.is_some_and(|(time, _)| is_time(time)) || line.contains("Linux version")
}

/// Whether the real init ran: ours says so; of another we see that nothing is said against it.
fn handed_over(run: &Run, said: &[Parsed], guest: bool) -> bool {
    if guest {
        return run.lines.iter().any(|line| line.contains("guest: pid 1"));
    }
    let stopped = run.lines.iter().any(|line| line.contains("Kernel panic"));
    let went = |line: &Parsed| line.verb == "exec" && ["", "leaves"].contains(&line.result);
    !stopped && said.last().is_some_and(went)
}

/// How the boot ended and how long it took.
fn ending(run: &Run) -> String {
    let seconds = run.time.as_secs_f32();
    let how = match run.end {
        End::Off(0) | End::Seen => String::new(),
        End::Off(status) => format!(", QEMU ended with status {status}"),
        End::TimedOut => ", then its time was over (--timeout)".to_string(),
    };
    format!("{seconds:.1} s{how}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const GOOD: [&str; 5] = [
        "[    1.1] insinit: load mbcache: loaded 0.4 ms",
        "[    1.2] insinit: load ext4: already (built in)",
        "[    1.3] insinit: done: 1 loaded, 1 already, 34.1 ms",
        "[    1.3] insinit: exec /sbin/init",
        "[    1.4] guest: pid 1",
    ];

    fn run(lines: &[&str]) -> Run {
        Run {
            lines: lines.iter().map(ToString::to_string).collect(),
            complaints: vec![],
            end: End::Off(0),
            time: Duration::from_millis(3200),
        }
    }

    fn summary(lines: &[&str], guest: bool) -> Summary {
        let expected =
            Expected { asked: vec!["ext4".into()], packed: vec!["mbcache".into()], guest };
        Summary::of(&run(lines), &expected)
    }

    #[test]
    fn a_good_boot() {
        let summary = summary(&GOOD, true);
        assert!(summary.good(), "{summary:?}");
        assert_eq!(summary.expected, 2);
        assert_eq!(summary.done.as_deref(), Some("1 loaded, 1 already, 34.1 ms"));
    }

    #[test]
    fn a_module_that_failed_is_named_with_its_reason() {
        let mut lines = GOOD;
        lines[0] = "insinit: load mbcache: failed ENOEXEC: not a module for 6.12 (x86_64)";
        let summary = summary(&lines, true);
        let reason = "mbcache: failed ENOEXEC: not a module for 6.12 (x86_64)";
        assert_eq!(summary.lacking, [reason]);
        assert!(!summary.good());
    }

    #[test]
    fn a_module_without_a_line_is_lacking() {
        assert_eq!(summary(&GOOD[1..], true).lacking, ["mbcache: no word of it"]);
    }

    #[test]
    fn a_boot_that_had_to_be_ended_is_not_good() {
        let expected = Expected { asked: vec![], packed: vec![], guest: true };
        let hangs = Run { end: End::TimedOut, ..run(&GOOD) };
        assert!(!Summary::of(&hangs, &expected).good());
        assert!(Summary::of(&run(&GOOD), &expected).good());
    }

    #[test]
    fn absent_will_do_for_a_dependency_only() {
        let mut lines = GOOD;
        lines[0] = "insinit: load mbcache: absent";
        assert!(summary(&lines, true).good());
        lines[1] = "insinit: load ext4: absent";
        assert!(!summary(&lines, true).good());
    }

    #[test]
    fn missing_will_do_for_an_optional_entry_only() {
        let line = "insinit: load nbd: missing";
        let summary = |asked: &str| {
            let asked = vec![asked.to_string(), ":".to_string()];
            Summary::of(&run(&[line]), &Expected { asked, ..Expected::default() })
        };
        assert_eq!(summary("-nbd").lacking, [""; 0]);
        assert_eq!(summary("nbd").lacking, ["nbd: missing"]);
    }

    #[test]
    fn a_stop_is_repeated() {
        let stop = summary(&["[    1.3] insinit: stop panic"], true).stop;
        assert_eq!(stop, ["stop panic"]);
        let stop = summary(&["insinit: stop: failed EPERM; PID 1 ends"], true).stop;
        assert_eq!(stop, ["stop: failed EPERM; PID 1 ends"]);
        assert_eq!(summary(&GOOD, true).stop, [""; 0]);
    }

    #[test]
    fn a_stop_is_explained_by_the_errors_before_it() {
        let exec = ["/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];
        let exec = exec.map(|path| format!("[ 1.2] insinit: exec {path}: failed ENOENT"));
        let mut lines = vec![
            "[ 1.1] insinit: load ext4: failed ENOEXEC",
            "[ 1.1] insinit: no modules for 6.12 (found: 6.13)",
            "[ 1.1] insinit: load nosuch: missing",
            "[ 1.1] insinit: load loop: loaded 0.4 ms",
        ];
        lines.extend(exec.iter().map(String::as_str));
        assert_eq!(summary(&lines, true).stop, [""; 0]);
        lines.push("[ 1.3] insinit: stop panic: no init can be started");
        let expected = [
            "no modules for 6.12 (found: 6.13)",
            "load nosuch: missing",
            "exec /sbin/init: failed ENOENT",
            "stop panic: no init can be started",
        ];
        assert_eq!(summary(&lines, true).stop, expected);
    }

    #[test]
    fn a_kernel_that_said_nothing_is_noticed() {
        assert!(summary(&[], true).silent);
        assert!(summary(&["OpenSBI v1.5", "[x] y"], true).silent);
        assert!(!summary(&["[    0.000000] Linux version 6.12"], true).silent);
        assert!(!summary(&GOOD, true).silent);
    }

    #[test]
    fn a_real_init_that_did_not_say_so_did_not_run() {
        assert!(!summary(&GOOD[..4], true).good());
        assert!(summary(&GOOD[..4], false).good());
        assert!(!summary(&GOOD[..3], false).good());
        assert!(!summary(&[&GOOD[..4], &["Kernel panic - not syncing"]].concat(), false).good());
    }
}
