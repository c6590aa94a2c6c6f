//! Boots real kernels under QEMU with insinit and checks what happened.
#![forbid(unsafe_code)]

#[macro_use]
mod say;

mod accelerator;
mod apt;
mod bench;
mod boot;
mod build_kernel;
mod built;
mod cache;
mod chart;
mod checks;
mod choice;
mod cli;
mod command;
mod console;
mod debian;
mod debian_root;
mod differential;
mod disks;
mod failing_calls;
mod ground;
mod headers;
mod image;
mod job;
mod judge;
mod kernel;
mod kernel_image;
mod kernels;
mod layout;
mod licences;
mod long;
mod machine;
mod made;
mod memory;
mod odd;
mod programs;
mod progress;
mod recompress;
mod reproducible;
mod rootfs;
mod rootfs_test;
mod run;
mod run_test;
mod scenario;
mod scenarios;
mod setup;
mod share;
mod size;
mod sizes;
mod smallest;
mod source;
mod step;
mod suite;
mod summary;
mod superblock;
mod svg;
mod systems;
mod temporary;
mod test;
mod testmods;
mod timeline;
mod tools;
mod transcript;
#[cfg(test)]
mod unsafety;
mod virtiofs;
mod wires;

use clap::Parser;
use cli::{Cli, Task};
use std::process::ExitCode;

/// The user has something to do first.
const YOURS: u8 = 2;

fn main() -> ExitCode {
    let task = Cli::parse().task;
    if let Task::Run(options) = &task {
        return ExitCode::from(run::run(options));
    }
    match run(task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is::<setup::Yours>() => {
            eprintln!("{error}");
            ExitCode::from(YOURS)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does it; gives whether all that was to be shown was shown.
fn run(task: Task) -> anyhow::Result<bool> {
    match task {
        Task::Setup(options) => cli::setup(&options),
        Task::Kernel(options) => build_kernel::run(&options),
        Task::Boot(options) => boot::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Size(options) => size::run(&options),
        Task::Chart(options) => chart::run(&options.log, &options.output).map(|()| true),
        Task::Run(options) => Ok(run::run(&options) == 0),
        Task::Bench(options) => bench::run(&options),
    }
}
