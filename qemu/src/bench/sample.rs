//! What the ordinary tests keep of the benchmark: one set, insinit and the floor, by the instruction.

use super::boot::Guest;
use super::contestant::Contestant;
use super::programs;
use super::sets::Form;
use crate::kernels;
use crate::programs as loader;
use crate::suite::Tally;
use anyhow::{Context, Result, ensure};
use std::fs;

/// What the check is called.
const NAME: &str = "bench: a quiet boot's own instructions";

/// Modules of the sample.
const SIZE: usize = 1;

/// The most that insinit may take of the floor's instructions now, and what it is to reach; and calls.
const MOST: f64 = 1.2;
const GOAL: f64 = 1.1;
const CALLS: u64 = 4 * SIZE as u64 + 20;

/// Whether `part` of a test's name means this one.
#[must_use]
pub fn is_meant(part: &str) -> bool {
    NAME.contains(part)
}

/// Counts it in the tally and says how it went.
pub fn run(tally: &mut Tally) {
    tally.check(NAME, measure);
}

fn measure() -> Result<String> {
    let machine = crate::machine::named("x86_64").map_err(anyhow::Error::msg)?;
    let kernel = kernels::named(super::KERNEL).context("no kernel to measure with")?.get()?;
    let programs = programs::build(&loader::build(machine)?.loader)?;
    let folder = loader::target_folder()?.join("bench");
    fs::create_dir_all(&folder)?;
    let guest = Guest::new(kernel, programs, &folder)?;
    let count = |contestant: Contestant| {
        let files = guest.files(&contestant, SIZE, Form::PLAIN)?;
        guest.count(&files, SIZE, Form::PLAIN, None)
    };
    let (floor, ours) = (count(Contestant::Floor)?, count(Contestant::Insinit)?);
    let ratio = ours.outside as f64 / floor.outside as f64;
    ensure!(ours.calls <= CALLS, "{} system calls, at most {CALLS}", ours.calls);
    ensure!(ratio <= MOST, "{ratio:.3} of the floor's {}, at most {MOST}", floor.outside);
    Ok(format!("{ratio:.3} of the floor's {}, at most {MOST}, the goal is {GOAL}", floor.outside))
}
