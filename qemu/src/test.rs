//! `cargo qemu test`: the host's checks, then the boots, then one line that counts.

use crate::bench::sample;
use crate::checks;
use crate::cli::{self, TestOptions};
use crate::differential;
use crate::failing_calls;
use crate::ground;
use crate::long::{self, CHECKS, Check};
use crate::memory;
use crate::programs;
use crate::rootfs_test;
use crate::run_test;
use crate::scenarios;
use crate::setup;
use crate::suite::{self, Job, Tally};
use crate::systems;
use anyhow::{Result, ensure};
use std::fs;
use std::time::Instant;

/// How often each boot is done with `--long`, but for those of a matrix: they are many of one kind.
const REPETITIONS: usize = 3;

/// Runs everything that `options` ask for; gives whether all of it passed.
///
/// # Errors
/// Something can't be had, or nothing has that name.
pub fn run(options: &TestOptions) -> Result<bool> {
    let begun = Instant::now();
    let jobs = jobs(options)?;
    let machines = cli::machines(&options.arch);
    setup::ready(&machines)?;
    let mut tally = Tally::default();
    if options.part().is_empty() {
        checks::run(&machines, &mut tally);
    }
    if !options.is_long() && differential::is_meant(options.part()) {
        differential::run(&machines, &mut tally);
    }
    if !options.is_long() && memory::is_meant(options.part()) {
        memory::run(&machines, &mut tally);
    }
    if options.is_long() {
        long::run(&machines, options.part(), &mut tally);
    }
    if failing_calls::is_meant(&machines, options.part()) {
        failing_calls::run(options.is_long(), &mut tally);
    }
    match boots(&jobs) {
        Ok(boots) => tally.add(boots),
        Err(error) => {
            println!("FAIL  none of {} boots: {error:#}", jobs.len());
            tally.count(false);
        }
    }
    run_test::run(&machines, options.part(), &mut tally);
    rootfs_test::run(&machines, options.part(), options.is_long(), &mut tally);
    systems::run(&machines, options.part(), options.is_long(), &mut tally);
    if machines.iter().any(|machine| machine.name == "x86_64") && sample::is_meant(options.part()) {
        sample::run(&mut tally);
    }
    println!("{} boots, {} s in all", jobs.len(), begun.elapsed().as_secs());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

/// Does the boots; what fails stays among what cargo builds.
fn boots(jobs: &[Job]) -> Result<Tally> {
    let kept = programs::target_folder()?.join("boots");
    fs::create_dir_all(&kept)?;
    Ok(suite::run(jobs, &ground::all(jobs)?, &kept))
}

/// The boots to be done.
fn jobs(options: &TestOptions) -> Result<Vec<Job>> {
    let machines = cli::machines(&options.arch);
    let jobs = scenarios::jobs(&machines, options.part(), options.is_long());
    let is_check = |check: &Check| options.is_long() && check.name.contains(options.part());
    let others = run_test::is_meant(options.part())
        || rootfs_test::is_meant(options.part())
        || differential::is_meant(options.part())
        || memory::is_meant(options.part())
        || failing_calls::is_meant(&machines, options.part())
        || sample::is_meant(options.part())
        || systems::is_meant(&machines, options.part(), options.is_long());
    let any = !jobs.is_empty() || CHECKS.iter().any(is_check) || others;
    ensure!(any, "no boot test has {:?} in its name", options.part());
    let again: Vec<Job> =
        jobs.iter().filter(|(_, boot)| !boot.name.starts_with("matrix: ")).copied().collect();
    let more = if options.is_long() { again.repeat(REPETITIONS - 1) } else { vec![] };
    Ok([jobs, more].concat())
}
