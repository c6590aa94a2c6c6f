//! The memory that is free after the switch to the real root: what a large initramfs took has to be back.

use crate::ground::{self, Ground};
use crate::judge;
use crate::scenario::Scenario;
use crate::scenarios::{LARGE, LIGHT};
use crate::suite::Job;
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// So much less may be free, in KiB.
const ALLOWED: i64 = 1024;

/// Boots from a large and from a small initramfs into the same root, and compares.
///
/// # Errors
/// A boot goes wrong, or less is free after the large one.
pub fn run() -> Result<String> {
    let jobs: Vec<Job> = LARGE.on.iter().chain(LARGE.long).map(|kernel| (*kernel, LARGE)).collect();
    let folder = tempfile::tempdir()?;
    let (mut said, mut worst) = (Vec::new(), 0);
    for (name, ground) in &ground::all(&jobs)? {
        let light = free(ground, &LIGHT, folder.path())?;
        let large = free(ground, &LARGE, folder.path())?;
        let less = light - large;
        worst = worst.max(less);
        said.push(format!("{name} {less} kB of {light}"));
    }
    ensure!(worst <= ALLOWED, "less free than from a small initramfs: {}", said.join(", "));
    Ok(format!("less free than from a small initramfs: {}", said.join(", ")))
}

/// What is free in KiB when the real init runs.
fn free(ground: &Ground, scenario: &Scenario, folder: &Path) -> Result<i64> {
    let (command, run) = ground.boot(scenario, folder)?;
    let console = run.lines.join("\n");
    let faults = judge::faults(scenario, ground.release(), &run);
    ensure!(faults.is_empty(), "{}: {faults:?}\n{console}\n{command}", scenario.name);
    run.lines.iter().find_map(|line| figure(line)).with_context(|| console)
}

/// The figure of the guest's line about free memory.
fn figure(line: &str) -> Option<i64> {
    let (_, rest) = line.split_once("guest: memory MemFree:")?;
    rest.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_found() {
        assert_eq!(figure("guest: memory MemFree:          189152 kB"), Some(189_152));
        assert_eq!(figure("guest: memory MemTotal:         189152 kB"), None);
    }
}
