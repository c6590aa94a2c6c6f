//! The memory that is free after the switch to the real root: what a large initramfs took has to be back.
//!
//! Free are the pages of each zone and those that each CPU keeps at hand. `MemFree` leaves out the latter,
//! and since 6.7 they may be an eighth of a zone right after much was freed at once (`mm/page_alloc.c`,
//! `nr_pcp_high`): after BusyBox' switch_root they are there, and the kernel puts them back within some
//! seconds. The loader has it do so at once. Both figures have to be right.

use crate::ground::{self, Ground};
use crate::judge;
use crate::kernels;
use crate::machine::Machine;
use crate::scenario::Scenario;
use crate::scenarios::{LARGE, LIGHT};
use crate::suite::{Job, Tally};
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// So much less may be free, in KiB.
const ALLOWED: i64 = 1024;

/// A page of these kernels, in KiB.
const PAGE: i64 = 4;

/// Memory that nobody uses, in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Free {
    /// All of it.
    all: i64,
    /// What `MemFree` says.
    said: i64,
}

/// What the check is called.
pub const NAME: &str = "memory after the switch from a large initramfs";

/// Whether it is meant by that part of a name.
#[must_use]
pub fn is_meant(part: &str) -> bool {
    NAME.contains(part)
}

/// Makes it on the kernel that has it for every change, if that is one of these machines'; counts it and says
/// how it went.
pub fn run(machines: &[&'static Machine], tally: &mut Tally) {
    for kernel in kernels::on(machines, LARGE.on) {
        tally.check(&format!("{kernel:13} {NAME}"), || compare(&[kernel]));
    }
}

/// Makes it on all kernels of these machines.
///
/// # Errors
/// A boot goes wrong, or less is free after the large one.
pub fn long(machines: &[&'static Machine]) -> Result<String> {
    let kernels = [LARGE.on, LARGE.long].concat();
    compare(&kernels::on(machines, &kernels).collect::<Vec<_>>())
}

/// Boots from a large and from a small initramfs into the same root, and compares.
fn compare(kernels: &[&'static str]) -> Result<String> {
    let jobs: Vec<Job> = kernels.iter().map(|kernel| (*kernel, LARGE)).collect();
    let folder = tempfile::tempdir()?;
    let (mut told, mut worst) = (Vec::new(), 0);
    for (name, ground) in &ground::all(&jobs)? {
        let light = free(ground, &LIGHT, folder.path())?;
        let large = free(ground, &LARGE, folder.path())?;
        let less = light.all - large.all;
        let said = light.said - large.said;
        worst = worst.max(less).max(said);
        told.push(format!("{name} {less} kB of {} (MemFree {said} kB)", light.all));
    }
    let told = format!("less free than from a small one: {}", told.join(", "));
    ensure!(worst <= ALLOWED, "{told}");
    Ok(told)
}

/// What is free when the real init runs.
fn free(ground: &Ground, scenario: &Scenario, folder: &Path) -> Result<Free> {
    let (command, run) = ground.boot(scenario, folder)?;
    let console = run.lines.join("\n");
    let faults = judge::faults(scenario, ground.release(), &run);
    ensure!(faults.is_empty(), "{}: {faults:?}\n{console}\n{command}", scenario.name);
    of(&run.lines).with_context(|| console)
}

/// The sum of the guest's figures; none where one is missing.
fn of(lines: &[String]) -> Option<Free> {
    let figures = |start: &str| -> Vec<i64> {
        let rests = lines.iter().filter_map(|line| line.split_once(start));
        rests.filter_map(|(_, rest)| rest.trim().trim_end_matches(" kB").parse().ok()).collect()
    };
    let zones = figures("guest: zone   pages free");
    let hands = figures("guest: zone               count:");
    let [said] = figures("guest: memory MemFree:")[..] else { return None };
    let pages = zones.iter().chain(&hands).sum::<i64>();
    (!zones.is_empty() && !hands.is_empty()).then_some(Free { all: PAGE * pages, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 6] = [
        "[    1.0] guest: memory MemTotal:         214492 kB",
        "[    1.0] guest: memory MemFree:          189152 kB",
        "[    1.0] guest: zone   pages free     3808",
        "[    1.0] guest: zone               count:    0",
        "[    1.0] guest: zone   pages free     42879",
        "[    1.0] guest: zone               count:    387",
    ];

    #[test]
    fn what_the_cpus_keep_at_hand_counts() {
        let lines = LINES.map(String::from);
        assert_eq!(of(&lines), Some(Free { all: 4 * (3808 + 42879 + 387), said: 189_152 }));
        assert_eq!((of(&lines[..3]), of(&lines[2..])), (None, None));
    }
}
