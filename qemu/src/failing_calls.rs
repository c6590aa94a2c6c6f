//! The release binary as PID 1 of a namespace, one of its system calls failing in each boot
//! (`qemu/faults`).

use crate::machine::{self, Machine};
use crate::programs;
use crate::suite::Tally;
use anyhow::{Context, Result};
use insinit_faults::{Extent, sweep};
use std::fs;

const NAME: &str = "faults: the release binary, each system call failing";

/// Whether it is meant by that part of a name; it is the host's machine's.
#[must_use]
pub fn is_meant(machines: &[&'static Machine], part: &str) -> bool {
    NAME.contains(part) && machines.iter().any(|machine| machine.name == machine::host().name)
}

/// Makes it, counts it, and says how it went.
pub fn run(long: bool, tally: &mut Tally) {
    let extent = if long { Extent::Each } else { Extent::One };
    tally.check(NAME, || Ok(format!("{} boots", one(extent)?)));
}

fn one(extent: Extent) -> Result<usize> {
    let loader = programs::build(machine::host())?.loader;
    let bytes = fs::read(&loader).with_context(|| format!("can't read {}", loader.display()))?;
    sweep(&bytes, extent)
}
