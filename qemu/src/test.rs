//! `cargo qemu test`: the host's checks, then the boots, then one line that counts.

use crate::checks;
use crate::cli::{self, TestOptions};
use crate::programs;
use crate::scenarios;
use crate::setup;
use crate::suite::{self, Job, Tally};
use anyhow::{Result, ensure};
use std::fs;
use std::time::Instant;

/// How often each boot is done with `--long`.
const REPETITIONS: usize = 3;

/// Runs everything that `options` ask for; gives whether all of it passed.
///
/// # Errors
/// Something can't be had, or nothing has that name.
pub fn run(options: &TestOptions) -> Result<bool> {
    let begun = Instant::now();
    let machines = cli::machines(&options.arch);
    setup::ready(&machines)?;
    let mut tally = Tally::default();
    if options.part().is_empty() {
        checks::run(&mut tally);
    }
    let jobs = jobs(options)?;
    let kept = programs::target_folder()?.join("boots");
    fs::create_dir_all(&kept)?;
    let boots = suite::run(&jobs, &suite::grounds(&jobs)?, &kept);
    tally.add(boots);
    println!("{} boots, {} s in all", jobs.len(), begun.elapsed().as_secs());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

/// The boots to be done.
fn jobs(options: &TestOptions) -> Result<Vec<Job>> {
    let machines: Vec<_> =
        cli::machines(&options.arch).iter().map(|machine| machine.name).collect();
    let jobs = scenarios::jobs(&machines, options.part());
    ensure!(!jobs.is_empty(), "no boot test has {:?} in its name", options.part());
    Ok(if options.is_long() { jobs.repeat(REPETITIONS) } else { jobs })
}
