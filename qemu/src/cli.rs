//! The command line.

use crate::choice::Choice;
use crate::kernels;
use crate::machine::{self, MACHINES, Machine};
use crate::setup;
use crate::virtiofs::By;
use clap::{Args, Parser, Subcommand, value_parser};
use std::path::PathBuf;

/// The least memory in MiB: an x86 kernel lies behind the first 16 (`CONFIG_PHYSICAL_START`), others may do with
/// as little.
const LEAST: i64 = 16;

/// Boots real kernels under QEMU with insinit and checks what happened.
#[derive(Debug, Parser)]
#[command(name = "cargo qemu", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Get QEMU, Rust's targets and the kernels, and boot nothing
    Setup(SetupOptions),
    /// Boot a kernel, load about a dozen real modules, run the real init
    Boot(BootOptions),
    /// Build a small kernel that is named, or list the kernels there are
    Kernel(KernelOptions),
    /// Run one static program on a kernel: its output, its status, and the console on stderr
    Run(RunOptions),
    /// Check everything: format, lints, unit tests, and boots of real kernels
    Test(TestOptions),
    /// Show where the loader's bytes go: by section, by crate, by function
    Size(SizeOptions),
    /// Draw where a boot's time went, from any text with insinit's lines: dmesg, a console, a journal
    Chart(ChartOptions),
    /// Measure insinit and its peers at the same work, by the instruction
    Bench(BenchOptions),
}

/// What `setup` is told.
#[derive(Args, Debug)]
pub struct SetupOptions {
    /// The machine, may be repeated; default: all
    #[arg(long, value_parser = machine::named, value_name = "MACHINE")]
    pub arch: Vec<&'static Machine>,
}

/// What `size` is told.
#[derive(Args, Debug)]
pub struct SizeOptions {
    /// The machine, may be repeated; default: all
    #[arg(long, value_parser = machine::named, value_name = "MACHINE")]
    pub arch: Vec<&'static Machine>,

    /// The loader's features, A,B,C
    #[arg(long, value_name = "NAMES", default_value = crate::sizes::DEFAULT)]
    pub features: String,

    /// How many functions to show, the largest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub largest: usize,
}

/// What `kernel` is told.
#[derive(Args, Debug)]
pub struct KernelOptions {
    /// A kernel's name, may be repeated; without one they are listed
    #[arg(value_name = "NAME")]
    pub name: Vec<String>,
}

/// What `boot` is told.
#[derive(Args, Debug)]
pub struct BootOptions {
    /// The machine and the kernel.
    #[command(flatten)]
    pub choice: Choice,

    /// A module to load instead of the usual dozen; may be repeated, or a list A,B,C; --module=-NAME
    /// is one that may be missing
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub module: Vec<String>,

    /// More words for the kernel's command line; may be repeated. insinit.log=debug brings loglevel=8
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub append: Vec<String>,

    /// The real init, a static program; default: one that says what it finds and powers off
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,

    /// The root, whose own init is run: a folder, or an image of a file system or of a disk. What its
    /// mounting takes of modules and words is added
    #[arg(long, value_name = "IMAGE|DIR", conflicts_with = "init")]
    pub root: Option<PathBuf>,

    /// How a root's folder is shared; default: virtiofs where this host has virtiofsd, else 9p
    #[arg(long, requires = "root", value_name = "HOW")]
    pub by: Option<By>,

    /// Keep the root as it is: what is written is gone afterwards
    #[arg(long, requires = "root")]
    pub overlay: bool,

    /// Memory in MiB, at least 16; default: 512
    #[arg(long, value_name = "MIB", value_parser = value_parser!(u32).range(LEAST..))]
    pub memory: Option<u32>,

    /// CPUs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub smp: u32,

    /// Seconds after which the boot is ended; default: 120, 600 for a --root, or a day for either or an
    /// --init on a terminal
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,

    /// A folder for the image, the console's text and the QEMU command
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,

    /// Draw where the time went to FILE, an SVG picture; brings insinit.log=debug
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,

    /// A word for QEMU; may be repeated
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub qemu: Vec<String>,

    /// Show the QEMU command and what is in the image
    #[arg(short, long)]
    pub verbose: bool,
}

/// What `chart` is told.
#[derive(Args, Debug)]
pub struct ChartOptions {
    /// The log, best of a boot with insinit.log=debug; - for standard input
    pub log: PathBuf,

    /// The picture, an SVG file
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// What `run` is told.
#[derive(Args, Debug)]
pub struct RunOptions {
    /// The machine and the kernel.
    #[command(flatten)]
    pub choice: Choice,

    /// A folder of this host that the program sees, by 9p; may be repeated
    #[arg(long, value_name = "HOST:GUEST")]
    pub share: Vec<String>,

    /// A folder that is laid over the initramfs; PROGRAM is a path in it, or a name in its bin folders
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// More words for the kernel's command line; may be repeated
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub append: Vec<String>,

    /// Memory in MiB, at least 16; default: 512
    #[arg(long, value_name = "MIB", value_parser = value_parser!(u32).range(LEAST..))]
    pub memory: Option<u32>,

    /// CPUs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub smp: u32,

    /// Seconds after which all is ended, with status 124
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u64,

    /// A word for QEMU; may be repeated
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub qemu: Vec<String>,

    /// Show the QEMU command
    #[arg(short, long)]
    pub verbose: bool,

    /// The program, static unless --root brings what it needs, and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    pub program: Vec<String>,
}

/// What `test` is told.
#[derive(Args, Debug)]
pub struct TestOptions {
    /// The machine, may be repeated; default: all
    #[arg(long, value_parser = machine::named, value_name = "MACHINE")]
    pub arch: Vec<&'static Machine>,

    /// Only boots with NAME in their name, once
    #[arg(long, value_name = "NAME", conflicts_with = "long")]
    pub only: Option<String>,

    /// Every boot three times, and checks that take long; with NAME only those with that in their name
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub long: Option<String>,
}

/// What `bench` is told.
#[derive(Args, Debug)]
pub struct BenchOptions {
    /// Only what fits all parts of one of these, in any order: 1, 12 or 60 modules; plain, gz, xz or zst;
    /// a part of a contestant's name; 35/names are looked up in a whole tree. The floor is measured beside it
    #[arg(long, value_name = "SET/FORM/CONTESTANT")]
    pub only: Vec<String>,

    /// Inflate the largest module of each machine on the host instead, against the usual programs
    #[arg(long, conflicts_with_all = ["only", "count_only", "profile", "init"])]
    pub inflate: bool,

    /// Leave out the boots that measure memory
    #[arg(long)]
    pub count_only: bool,

    /// Write what ran outside the load calls there: ADDRESS INSTRUCTIONS of each block, a line each
    #[arg(long, value_name = "DIR")]
    pub profile: Option<PathBuf>,

    /// A program of yours that takes insinit's words, as one more contestant
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,

    /// Draw each contestant's own instructions there, as SVG
    #[arg(long, value_name = "FILE", conflicts_with = "inflate")]
    pub chart: Option<PathBuf>,

    /// Write the figures there, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl TestOptions {
    /// What a boot test's name has to hold; empty: everything is tested.
    #[must_use]
    pub fn part(&self) -> &str {
        self.only.as_deref().or(self.long.as_deref()).unwrap_or_default()
    }

    /// Whether boots are repeated.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.long.is_some()
    }
}

/// Gets everything for the machines.
///
/// # Errors
/// Something can't be had.
pub fn setup(options: &SetupOptions) -> anyhow::Result<bool> {
    let machines = machines(&options.arch);
    setup::ready(&machines)?;
    for source in kernels::SOURCES.iter().filter(|source| !source.is_built()) {
        if machines.iter().any(|machine| machine.name == source.machine().name) {
            let kernel = source.get()?;
            println!("{}: {} in {}", source.name, kernel.release, kernel.folders[0].display());
        }
    }
    Ok(true)
}

/// The machines that were named, or all.
#[must_use]
pub fn machines(named: &[&'static Machine]) -> Vec<&'static Machine> {
    if named.is_empty() { MACHINES.iter().collect() } else { named.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn words_for_qemu_and_the_kernel_may_start_with_a_dash() {
        let words = ["cargo qemu", "boot", "--qemu", "-s", "--qemu", "-S", "--append", "-- a"];
        let Task::Boot(options) = Cli::parse_from(words).task else { panic!("not boot") };
        assert_eq!(options.qemu, ["-s", "-S"]);
        assert_eq!(options.append, ["-- a"]);
    }

    #[test]
    fn a_programs_own_options_are_not_ours() {
        let words = ["cargo qemu", "run", "--smp", "2", "--", "ls", "--smp", "-l"];
        let Task::Run(options) = Cli::parse_from(words).task else { panic!("not run") };
        assert_eq!(options.program, ["ls", "--smp", "-l"]);
        assert!(Cli::try_parse_from(["cargo qemu", "run"]).is_err());
    }

    #[test]
    fn a_machine_has_memory_and_cpus() {
        for end in [["boot", "--memory=15"], ["boot", "--smp=0"], ["run", "--smp=0"]] {
            let words = [&["cargo qemu"], &end[..], &["ls"][usize::from(end[0] == "boot")..]];
            let error = Cli::try_parse_from(words.concat()).unwrap_err().to_string();
            assert!(error.contains(" is not in "), "{error}");
        }
        assert!(Cli::try_parse_from(["cargo qemu", "boot", "--memory=16", "--smp=1"]).is_ok());
    }

    #[test]
    fn modules_are_split_at_commas() {
        let words = ["cargo qemu", "boot", "--module", "loop,dummy", "--module=-nbd"];
        let Task::Boot(options) = Cli::parse_from(words).task else { panic!("not boot") };
        assert_eq!(options.module, ["loop", "dummy", "-nbd"]);
    }

    #[test]
    fn the_help_tells_the_machines_memory() {
        assert!(MACHINES.iter().all(|machine| machine.memory == 512));
    }
}
