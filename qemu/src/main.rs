//! Boots real kernels under QEMU with insinit and checks what happened.
#![forbid(unsafe_code)]

mod accelerator;
mod apt;
mod boot;
mod cache;
mod cli;
mod command;
mod console;
mod image;
mod kernel;
mod kernels;
mod machine;
mod programs;
mod progress;
mod setup;
mod step;
mod summary;

use clap::Parser;
use cli::{Cli, Task};
use std::process::ExitCode;

/// The user has something to do first.
const YOURS: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse().task) {
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
        Task::Boot(options) => boot::run(&options),
    }
}
