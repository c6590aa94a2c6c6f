//! `cargo qemu bench`: insinit and its peers at the same work, counted by the instruction.
//!
//! The guest is deterministic (`-icount shift=0,sleep=off`), so one boot is enough and a busy host
//! changes nothing. One boot counts with the TCG plugin of `qemu/plugin`, from the instruction before the
//! contestant's execve to the first one of the real init; a second one measures memory with a tracer in
//! the guest. Both check that the kernel has all modules in the end.

mod boot;
mod cells;
mod chart;
mod contestant;
mod depmod;
mod files;
mod filter;
mod goals;
mod inflate;
mod json;
mod known;
mod packages;
mod programs;
pub mod sample;
mod sets;
mod table;
mod whole;

use crate::cli::BenchOptions;
use crate::kernels;
use crate::machine;
use crate::programs as loader;
use crate::setup;
use anyhow::{Context, Result, ensure};
use boot::Guest;
use cells::How;
use contestant::Contestant;
use filter::Filter;
use std::fs;

/// The kernel that everything is loaded into.
const KERNEL: &str = "6.12-x86_64";

/// Measures what `options` ask for and shows it; gives whether all goals that were measured are met.
///
/// # Errors
/// Something can't be had, a contestant doesn't load what it is given, or nothing has that name.
pub fn run(options: &BenchOptions) -> Result<bool> {
    let machine = machine::named("x86_64").map_err(anyhow::Error::msg)?;
    setup::ready(&[machine])?;
    let source = kernels::named(KERNEL).context("no kernel to measure with")?;
    let kernel = source.get()?;
    let programs = programs::build(&loader::build(machine)?.loader)?;
    let folder = loader::target_folder()?.join("bench");
    fs::create_dir_all(&folder)?;
    if options.inflate {
        return inflate::run(&programs, &folder, options.json.as_deref());
    }
    let guest = Guest::new(kernel, programs, &folder)?;
    let mut all = Contestant::all();
    all.extend(options.init.clone().map(Contestant::Yours));
    let filter = Filter::of(&options.only);
    let wanted = cells::wanted(&all, &filter);
    ensure!(!wanted.is_empty(), "nothing is called {}", options.only.join(" "));
    let how = How { count_only: options.count_only, profile: options.profile.clone() };
    if let Some(folder) = &options.profile {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    let table = cells::measure(&guest, &wanted, &how)?;
    print!("{}", table::shown(&table));
    if let Some(file) = &options.json {
        fs::write(file, json::of(&table, guest.release()))
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    if let Some(file) = &options.chart {
        fs::write(file, chart::of(&table))
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(goals::shown(&table))
}
