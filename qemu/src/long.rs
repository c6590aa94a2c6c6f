//! What takes too long for every change: checks without a boot that `cargo qemu test --long [NAME]` makes
//! besides the boots.

use crate::differential;
use crate::ground;
use crate::judge;
use crate::kernels;
use crate::machine::Machine;
use crate::memory;
use crate::programs::{cargo, target_folder, workspace};
use crate::recompress;
use crate::scenario::{Image, NOTHING, PLAIN, Scenario};
use crate::scenarios::{SIDE_BY_SIDE, set};
use crate::step;
use crate::suite::{Job, Tally};
use anyhow::{Result, ensure};
use insinit_initramfs::Compression;
use std::process::Command;
use std::time::Duration;

/// One check: its name, and what makes it and gives what there is to say.
pub struct Check {
    /// What is shown, in words.
    pub name: &'static str,
    /// Makes it, on what there is of these machines; what boots nothing does not ask which they are.
    pub run: fn(&[&'static Machine]) -> Result<String>,
}

/// All of them.
pub const CHECKS: &[Check] = &[
    Check { name: "scripted boots in a storm of errors", run: |_| storms() },
    Check { name: "scripted boots, each call failing with each error", run: |_| sweep() },
    Check { name: "sixty modules side by side, fifty times", run: side_by_side },
    Check { name: memory::NAME, run: memory::long },
    Check { name: "two hundred boots in a row", run: |_| in_a_row() },
    Check { name: "the library's tests under Miri", run: |_| miri() },
    Check {
        name: "plans against modprobe's, of every name and alias",
        run: |_| differential::long(),
    },
    Check { name: "every module packed again, inflated here", run: |_| recompress::run() },
];

/// For a toolchain.
const INSTALL: Duration = Duration::from_secs(600);

/// How many storms there are of each kind, and how many one process takes.
const SEEDS: usize = 100_000;
const SLICE: usize = 5_000;

/// For some thousand boots.
const STORMS: Duration = Duration::from_secs(1800);

/// Makes the checks with `part` in their names, counts them, and says how each went.
pub fn run(machines: &[&'static Machine], part: &str, tally: &mut Tally) {
    for check in CHECKS.iter().filter(|check| check.name.contains(part)) {
        tally.check(check.name, || (check.run)(machines));
    }
}

/// Boots on the scripted machine, each with errors of its own in one call of eight.
fn storms() -> Result<String> {
    for from in (0..SEEDS).step_by(SLICE) {
        let mut command = cargo();
        command.args(["test", "--package", "insinit", "--lib", "--"]);
        command.args(["many_failing_calls", "a_storm_of_failing_calls"]);
        let slice = format!("{from}..{}", from + SLICE);
        step::output(command.env("INSINIT_STORMS", slice), STORMS)?;
    }
    Ok(format!("{SEEDS} of each kind, {SEEDS} of switches to a root, {SEEDS} more of all kinds"))
}

/// Boots on the scripted machine, one call failing in each: all kinds of boot, all calls, all errors.
fn sweep() -> Result<String> {
    let mut command = cargo();
    command.args(["test", "--package", "insinit", "--lib", "every_call_of_every_kind_of_boot"]);
    step::output(command.env("INSINIT_SWEEP", "1"), STORMS)?;
    Ok("every kind, call and error".into())
}

/// How often the same modules are loaded side by side.
const TIMES: usize = 50;

/// For such a boot, in seconds: four CPUs of the guest on two of the host, which has other work.
const PATIENCE: u64 = 600;

/// Boots again and again on each machine, once one after the other: the same modules have to be loaded.
fn side_by_side(machines: &[&'static Machine]) -> Result<String> {
    let parallel = Scenario { limit: PATIENCE, ..SIDE_BY_SIDE };
    let serial = Scenario { name: "one after the other", words: "", cpus: 1, ..parallel };
    let kernels = kernels::on(machines, parallel.on);
    let jobs: Vec<Job> = kernels.map(|kernel| (kernel, parallel)).collect();
    let grounds = ground::all(&jobs)?;
    let folder = tempfile::tempdir()?;
    for (name, ground) in &grounds {
        let (_, expected) = ground.boot(&serial, folder.path())?;
        for time in 1..=TIMES {
            let (command, run) = ground.boot(&parallel, folder.path())?;
            let faults = judge::faults(&parallel, ground.release(), &run);
            let console = run.lines.join("\n");
            ensure!(faults.is_empty(), "{name}, {time}: {faults:?}\n{console}\n{command}");
            let same = set(&run.lines) == set(&expected.lines);
            ensure!(same, "{name}, {time}: other modules\n{console}\n{command}");
        }
        println!("      {name}: the same set {TIMES} times");
    }
    Ok(format!("the same set {TIMES} times on each of {}", grounds.len()))
}

/// A plain boot of the kernel that is fastest.
const PLAINEST: Scenario = Scenario {
    name: "two hundred boots in a row",
    on: &["small-x86_64-gzip"],
    image: Image { modules: &["dummy", "loop"], compress: Some(Compression::Gzip), ..NOTHING },
    words: "insinit.modules=dummy,loop insinit.jobs=auto",
    expect: &["done: 2 loaded,", "exec /sbin/init", "guest: pid 1", "guest: modules 2"],
    ..PLAIN
};

/// Boots again and again: no panic, no hang, nothing missing.
fn in_a_row() -> Result<String> {
    let jobs: Vec<Job> = PLAINEST.on.iter().map(|kernel| (*kernel, PLAINEST)).collect();
    let folder = tempfile::tempdir()?;
    for ground in ground::all(&jobs)?.values() {
        for time in 1..=200 {
            let (command, run) = ground.boot(&PLAINEST, folder.path())?;
            let faults = judge::faults(&PLAINEST, ground.release(), &run);
            let console = run.lines.join("\n");
            ensure!(faults.is_empty(), "boot {time}: {faults:?}\n{console}\n{command}");
        }
    }
    Ok("none ended otherwise than the first".into())
}

/// For tests that Miri interprets, on a slow host.
const MIRI: Duration = Duration::from_secs(3600);

/// The parts of the library with `unsafe` in them and what is built on it; whole boots take Miri too long.
const INTERPRETED: &[&str] =
    &["mem::", "start::", "config::", "list::", "cmdline::", "text::", "line::", "glob::"];

/// Runs tests under Miri, which finds undefined behaviour. It comes with nightly Rust only.
fn miri() -> Result<String> {
    let words = ["toolchain", "install", "nightly", "--profile", "minimal"];
    let mut rustup = Command::new("rustup");
    rustup.args(words).args(["--component", "miri", "--component", "rust-src"]);
    step::output(&mut rustup, INSTALL)?;
    let mut command = Command::new("cargo");
    command.current_dir(workspace()).args(["+nightly", "miri", "test", "--package", "insinit"]);
    command.args(["--lib", "--target-dir"]).arg(target_folder()?.join("miri"));
    command.arg("--").args(INTERPRETED).env_remove("RUSTUP_TOOLCHAIN");
    // Tables are never given back, and a mapping's address is a number at first.
    command.env("MIRIFLAGS", "-Zmiri-ignore-leaks -Zmiri-permissive-provenance");
    step::output(&mut command, MIRI)?;
    Ok("no undefined behaviour".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_different() {
        let names: HashSet<_> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
    }
}
