//! `cargo qemu boot`: one kernel, about a dozen real modules, the console live, a summary.

use crate::accelerator;
use crate::chart;
use crate::cli::BootOptions;
use crate::command::{Boot, CommandLine};
use crate::console::{self, Run, Watch};
use crate::image;
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::programs;
use crate::rootfs::Root;
use crate::setup;
use crate::summary::{Expected, Summary};
use crate::temporary::Temporary;
use crate::virtiofs::{By, Daemon};
use anyhow::{Context, Result, ensure};
use insinit_initramfs::{Built, Options};
use std::fs;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A boot that takes longer than this hangs.
const BOOT: Duration = Duration::from_secs(120);

/// A boot of a whole system.
const SYSTEM: Duration = Duration::from_secs(600);

/// A boot with somebody at the keyboard.
const INTERACTIVE: Duration = Duration::from_secs(24 * 3600);

/// What is loaded when nothing is named, where the kernel has it.
const DOZEN: [&str; 13] = [
    "virtio_blk",
    "virtio_net",
    "virtio_scsi",
    "loop",
    "zram",
    "dummy",
    "bridge",
    "ext4",
    "xfs",
    "btrfs",
    "overlay",
    "squashfs",
    "9p",
];

/// Boots as `options` say; gives whether all expected modules were loaded and the real init ran.
///
/// # Errors
/// Something can't be had or built.
pub fn run(options: &BootOptions) -> Result<bool> {
    let machine = options.choice.machine()?;
    options.chart.as_deref().map_or(Ok(()), chart::check)?;
    setup::ready(&[machine])?;
    let kernel = options.choice.kernel(machine)?;
    let folder = Folder::new(options.keep.as_deref())?;
    let root = options.root.as_deref().map(|path| {
        let daemon = daemon(options, &kernel, path, folder.path())?;
        Root::of(path, options.overlay, daemon)
    });
    let root = root.transpose()?;
    let modules = modules(options, &kernel, root.as_ref())?;
    let built = pack(options, machine, &kernel, &modules, folder.path())?;
    let mut boot = command(options, machine, &kernel, &modules, &built);
    if let Some(root) = &root {
        boot.words = format!("{} {}", root.words, boot.words);
        boot.extra = [root.words_for_qemu(boot.memory), boot.extra].concat();
    }
    let command = boot.command();
    if options.verbose {
        show(&command, &built);
    }
    let run = watch(options, &command)?;
    folder.keep(&command, &run)?;
    let drawn = options.chart.as_deref().map(|picture| {
        println!();
        chart::write(&run.lines.join("\n"), picture)
    });
    let expected = Expected {
        asked: modules,
        packed: built.modules.into_iter().map(|module| module.name).collect(),
        guest: options.init.is_none() && options.root.is_none(),
    };
    let summary = Summary::of(&run, &expected);
    print!("\n{}", summary.text(machine, &kernel, boot.accelerator, &run));
    drawn.transpose()?;
    Ok(summary.good())
}

/// What serves the root's folder by virtiofs: where nothing was asked for, if host and kernel have it.
fn daemon(
    options: &BootOptions,
    kernel: &Kernel,
    root: &Path,
    folder: &Path,
) -> Result<Option<Daemon>> {
    let is_possible = || Daemon::is_there() && !image::there(kernel, &["virtiofs"]).is_empty();
    match options.by {
        _ if !root.is_dir() => Ok(None),
        Some(By::NineP) => Ok(None),
        Some(By::Virtiofs) => {
            Daemon::ready()?;
            Daemon::start(root, folder).map(Some)
        }
        None if !is_possible() => Ok(None),
        None => Ok(Daemon::start(root, folder)
            .inspect_err(|error| eprintln!("by 9p, because {error:#}"))
            .ok()),
    }
}

/// Builds the programs and packs the image. A root has an init of its own.
fn pack(
    options: &BootOptions,
    machine: &Machine,
    kernel: &Kernel,
    modules: &[String],
    folder: &Path,
) -> Result<Built> {
    let programs = programs::build(machine)?;
    let init = options.init.clone().unwrap_or(programs.guest);
    image::build(&Options {
        modules: modules.to_vec(),
        loader: Some(programs.loader),
        init: options.root.is_none().then_some(init),
        ..image::options(machine, kernel, folder.join("initramfs"))
    })
}

/// The modules that were named; a comma at the end of a list names none.
fn named(modules: &[String]) -> Result<Vec<String>> {
    let named: Vec<_> = modules.iter().filter(|name| !name.is_empty()).cloned().collect();
    ensure!(modules.is_empty() || !named.is_empty(), "--module= names no module");
    Ok(named)
}

/// The modules that were named and the root's, or the usual ones, as far as the kernel has them.
fn modules(options: &BootOptions, kernel: &Kernel, root: Option<&Root>) -> Result<Vec<String>> {
    if let Some(root) = root {
        let needed = image::there(kernel, &root.modules);
        return Ok([needed, named(&options.module)?].concat());
    }
    if !options.module.is_empty() {
        return named(&options.module);
    }
    let usual = image::there(kernel, &DOZEN);
    ensure!(
        !usual.is_empty(),
        "modules.order of {} names none of {}: name modules with --module",
        kernel.release,
        DOZEN.join(", ")
    );
    Ok(usual)
}

/// What is to be booted.
fn command(
    options: &BootOptions,
    machine: &'static Machine,
    kernel: &Kernel,
    modules: &[String],
    built: &Built,
) -> Boot {
    Boot {
        machine,
        kernel: kernel.image.clone(),
        initrd: Some(built.path.clone()),
        console: true,
        words: words(modules, &options.append.join(" "), options.chart.is_some()),
        memory: options.memory.unwrap_or(machine.memory),
        cpus: options.smp,
        accelerator: accelerator::best(machine, &kernel.image),
        extra: options.qemu.clone(),
    }
}

/// The kernel's words: the list, then the user's. The kernel shows debug lines at level 8 only; a chart
/// is drawn from them.
fn words(modules: &[String], append: &str, chart: bool) -> String {
    let debug = append.split_whitespace().any(|word| word == "insinit.log=debug");
    let level = match (chart, debug) {
        (true, _) => "loglevel=8 insinit.log=debug ",
        (false, true) => "loglevel=8 ",
        (false, false) => "",
    };
    format!("{level}insinit.modules={} {append}", modules.join(","))
}

/// Prints the command and the modules in the image.
fn show(command: &CommandLine, built: &Built) {
    println!("{command}\n");
    for module in &built.modules {
        println!("{}", module.guest_path);
    }
}

/// Runs it with the console on standard output.
fn watch(options: &BootOptions, command: &CommandLine) -> Result<Run> {
    let input = (options.init.is_some() || options.root.is_some()) && stdin().is_terminal();
    let usual = match (input, options.root.is_some()) {
        (true, _) => INTERACTIVE,
        (false, true) => SYSTEM,
        (false, false) => BOOT,
    };
    let limit = options.timeout.map_or(usual, Duration::from_secs);
    console::run(command, Watch { limit, until: None, input, each: &mut |line| println!("{line}") })
}

/// Where the image is written.
enum Folder {
    /// Goes away.
    Temporary(Temporary),
    /// The user's.
    Kept(PathBuf),
}

impl Folder {
    /// The user's folder or one that goes away.
    fn new(keep: Option<&Path>) -> Result<Self> {
        let Some(path) = keep else { return Temporary::new().map(Self::Temporary) };
        fs::create_dir_all(path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(Self::Kept(path.to_path_buf()))
    }

    /// Its path.
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }

    /// Writes the command and the console's text beside the image, if it is kept.
    fn keep(&self, command: &CommandLine, run: &Run) -> Result<()> {
        let Self::Kept(path) = self else { return Ok(()) };
        fs::write(path.join("command"), format!("{command}\n"))?;
        fs::write(path.join("console"), run.lines.join("\n") + "\n")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_at_the_end_names_no_module_and_alone_it_is_an_error() {
        let named =
            |names: &[&str]| named(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(named(&["loop", ""]).unwrap(), ["loop"]);
        assert!(named(&["", ""]).is_err() && named(&[]).unwrap().is_empty());
    }

    #[test]
    fn debug_lines_are_shown_unless_the_user_says_otherwise() {
        let modules = ["loop".to_string(), "dummy".to_string()];
        assert_eq!(words(&modules, "a=b", false), "insinit.modules=loop,dummy a=b");
        let debug = words(&modules, "insinit.log=debug loglevel=4", false);
        assert_eq!(debug, "loglevel=8 insinit.modules=loop,dummy insinit.log=debug loglevel=4");
        let chart = words(&modules, "a=b", true);
        assert_eq!(chart, "loglevel=8 insinit.log=debug insinit.modules=loop,dummy a=b");
    }
}
