//! The `insinit-initramfs` program.
#![forbid(unsafe_code)]

mod cli;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use insinit_initramfs::{Built, build, image_plan, listing};

use cli::{Build, Cli, Command, List};

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build(options) => make(*options),
        Command::List(List { image, plan: None, .. }) => print(&listing(&image)?),
        Command::List(List { image, plan: Some(words), release }) => {
            let plan = image_plan(&image, release.as_deref(), &words)?;
            let lines = plan.lines.iter().map(|line| format!("{}\n", line.trim_end()));
            print(&lines.collect::<String>())?;
            complain("warning", &plan.warnings);
            complain("note", &plan.notes);
            complain("error", &plan.errors);
            Ok(if plan.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn make(command: Build) -> Result<ExitCode> {
    let quiet = command.quiet;
    let built = build(&command.options()?)?;
    complain("warning", &built.warnings);
    if !quiet {
        print(&summary(&built))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `out.cpio: 2404352 bytes, 5 modules of 6.12.107`
fn summary(built: &Built) -> String {
    let modules = match (&built.release, built.modules.len()) {
        (Some(release), 1) => format!(", 1 module of {release}"),
        (Some(release), count) => format!(", {count} modules of {release}"),
        (None, _) => String::new(),
    };
    format!("{}: {} bytes{modules}\n", built.path.display(), built.bytes)
}

fn complain(kind: &str, texts: &[String]) {
    for text in texts {
        say(&format!("{kind}: {text}"));
    }
}

/// Says it to whoever still listens.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "insinit-initramfs: {text}");
}

/// Prints to a reader that may have gone away, like `head`.
fn print(text: &str) -> Result<ExitCode> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
