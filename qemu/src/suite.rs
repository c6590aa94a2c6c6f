//! Runs boot tests, two at a time, one line each.

use crate::command::CommandLine;
use crate::console::Run;
use crate::ground::Ground;
use crate::judge::faults;
use crate::scenario::Scenario;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// Boots at a time: QEMU's translator keeps one core busy with each.
const AT_A_TIME: usize = 2;

/// One boot to be done.
pub type Job = (&'static str, Scenario);

/// Passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were good.
    pub passed: usize,
    /// How many weren't.
    pub failed: usize,
}

impl Tally {
    /// Counts one.
    pub fn count(&mut self, good: bool) {
        *(if good { &mut self.passed } else { &mut self.failed }) += 1;
    }

    /// Makes a check without jobs, counts it, and says how it went and how long it took.
    pub fn check(&mut self, name: &str, check: impl FnOnce() -> Result<String>) {
        let begun = Instant::now();
        let said = check();
        let seconds = begun.elapsed().as_secs();
        match &said {
            Ok(said) if said.is_empty() => println!("ok    {name} ({seconds} s)"),
            Ok(said) => println!("ok    {name} ({seconds} s): {said}"),
            Err(error) => println!("FAIL  {name} ({seconds} s): {error:#}"),
        }
        self.count(said.is_ok());
    }

    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Does all jobs; what failed stays in `kept`.
pub fn run(jobs: &[Job], grounds: &BTreeMap<&'static str, Ground>, kept: &Path) -> Tally {
    let queue = Mutex::new(jobs.iter().enumerate());
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((number, (kernel, scenario))) = next(&queue) {
                    let earlier = jobs[..number]
                        .iter()
                        .filter(|job| job.0 == *kernel && job.1.name == scenario.name);
                    let kept = kept.join(format!("{}", earlier.count() + 1));
                    let good = one(&grounds[kernel], kernel, scenario, &kept);
                    tally.lock().expect("no boot panics").count(good);
                }
            });
        }
    });
    tally.into_inner().unwrap_or_default()
}

/// The next job; the queue is free again at once.
fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    queue.lock().expect("taking a job does not panic").next()
}

/// Does one boot and says how it went.
fn one(ground: &Ground, kernel: &str, scenario: &Scenario, kept: &Path) -> bool {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = scenario.name.chars().map(plain).collect();
    let folder = kept.join(format!("{kernel}-{name}"));
    match ground.boot(scenario, &folder) {
        Ok((command, run)) => {
            let faults = faults(scenario, ground.release(), &run);
            say(kernel, scenario, &run, &faults, &command, &folder);
            faults.is_empty()
        }
        Err(error) => {
            println!("FAIL  {kernel:13} {}: {error:#}", scenario.name);
            false
        }
    }
}

/// Prints the boot's line and, if it failed, all that helps; a good boot leaves nothing behind.
fn say(
    kernel: &str,
    scenario: &Scenario,
    run: &Run,
    faults: &[String],
    command: &CommandLine,
    folder: &Path,
) {
    let seconds = run.time.as_secs_f32();
    if faults.is_empty() {
        println!("ok    {kernel:13} {} ({seconds:.1} s)", scenario.name);
        let _ = fs::remove_dir_all(folder);
        return;
    }
    let console = run.lines.join("\n");
    let _ = fs::write(folder.join("console"), format!("{console}\n"));
    let faults = faults.join("\n      ");
    println!(
        "FAIL  {kernel:13} {} ({seconds:.1} s)\n      {faults}\n{}\n      {command}\n",
        scenario.name,
        tail(&run.lines)
    );
}

/// The console from where the kernel starts init, at most 60 lines.
fn tail(lines: &[String]) -> String {
    let init = lines.iter().position(|line| line.contains("as init process")).unwrap_or(0);
    let from = init.max(lines.len().saturating_sub(60));
    lines[from..].iter().map(|line| format!("    | {line}\n")).collect()
}
