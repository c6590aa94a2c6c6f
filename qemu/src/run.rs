//! `cargo qemu run`: one program on a kernel, as if it were run here.

use crate::accelerator;
use crate::cli::RunOptions;
use crate::command::{Boot, CommandLine};
use crate::console::{self, End, Run, Watch};
use crate::image;
use crate::job;
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::programs;
use crate::setup;
use crate::share::Share;
use crate::temporary::Temporary;
use crate::wires::Wires;
use anyhow::{Result, bail, ensure};
use insinit_initramfs::{FileSpec, Options};
use insinit_runner::{EXIT, NEVER, SIGNAL};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Its time was over, as with timeout(1).
const LATE: u8 = 124;

/// It did not run, or the kernel panicked.
const FAILED: u8 = 125;

/// The modules that the lines to the host need, where they aren't built in.
const WIRES: &[&str] = &["virtio_pci", "virtio_console"];

/// Those that shares need.
const SHARES: &[&str] = &["9pnet_virtio", "9p"];

/// The runner, in the image.
const RUNNER: &str = "/insinit-runner";

/// Runs the program and gives its status; 128 and its number for a signal.
#[must_use]
pub fn run(options: &RunOptions) -> u8 {
    match booted(options) {
        Ok(status) => status,
        Err(error) if error.is::<setup::Yours>() => {
            eprintln!("{error}");
            FAILED
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            FAILED
        }
    }
}

/// Packs and boots it; gives the status.
fn booted(options: &RunOptions) -> Result<u8> {
    let machine = options.choice.machine()?;
    let shares = options.share.iter().enumerate().map(|(at, text)| Share::of(at, text));
    let shares = shares.collect::<Result<Vec<_>>>()?;
    let job = job::Job::of(&options.program, options.root.as_deref(), machine)?;
    setup::ready(&[machine])?;
    let kernel = options.choice.kernel_or_file(machine)?;
    let folder = Temporary::new()?;
    let (image, modules) = pack(options, machine, &kernel, &job, &shares, folder.path())?;
    let wires = Wires::new(folder.path())?;
    let command = command(options, machine, &kernel, image, &modules, &shares, &wires);
    if options.verbose {
        eprintln!("{command}\n");
    }
    let run = watch(&command, options.timeout);
    let end = wires.end();
    status(&run?, &end)
}

/// Packs the image; gives it and the modules to load.
fn pack(
    options: &RunOptions,
    machine: &Machine,
    kernel: &Kernel,
    job: &job::Job,
    shares: &[Share],
    folder: &Path,
) -> Result<(PathBuf, Vec<String>)> {
    let loader = programs::build(machine)?.loader;
    let host = folder.join("job");
    fs::write(&host, job.text(shares))?;
    let job_file = FileSpec { host, guest: format!("/{}", insinit_runner::JOB) };
    let runner = FileSpec { host: programs::runner(machine)?, guest: RUNNER.into() };
    let more = if shares.is_empty() { &[] } else { SHARES };
    let modules = image::there(kernel, &[WIRES, more].concat());
    let plain = image::options(machine, kernel, folder.join("initramfs"));
    let bare = kernel.folders.is_empty();
    let built = image::build(&Options {
        release: plain.release.filter(|_| !bare),
        modules: modules.clone(),
        loader: Some(loader),
        files: [job_file, runner].into_iter().chain(job.file.clone()).collect(),
        trees: options.root.iter().cloned().collect(),
        conf_words: vec![format!("insinit.init={RUNNER}")],
        ..plain
    })?;
    Ok((built.path, modules))
}

/// What is to be booted.
fn command(
    options: &RunOptions,
    machine: &'static Machine,
    kernel: &Kernel,
    image: PathBuf,
    modules: &[String],
    shares: &[Share],
    wires: &Wires,
) -> CommandLine {
    let words = format!("insinit.list= insinit.modules={}", modules.join(","));
    let shared = shares.iter().flat_map(Share::words);
    let boot = Boot {
        machine,
        kernel: kernel.image.clone(),
        initrd: Some(image),
        console: true,
        words: format!("{words} {}", options.append.join(" ")),
        memory: options.memory.unwrap_or(machine.memory),
        cpus: options.smp,
        accelerator: accelerator::best(machine, &kernel.image),
        extra: wires.words().into_iter().chain(shared).chain(options.qemu.clone()).collect(),
    };
    boot.command()
}

/// Runs it with the console on our standard error.
fn watch(command: &CommandLine, seconds: u64) -> Result<Run> {
    let limit = Duration::from_secs(seconds);
    let until = Some("System halted");
    let mut each = |line: &str| eprintln!("{line}");
    console::run(command, Watch { limit, until, input: false, each: &mut each })
}

/// What becomes of it: the program's status, or ours.
fn status(run: &Run, end: &str) -> Result<u8> {
    let end = end.trim_end();
    let number = |start: &str| end.strip_prefix(start).and_then(|text| text.parse::<u8>().ok());
    if let Some(line) = run.lines.iter().find(|line| line.contains("Kernel panic")) {
        bail!("the kernel panicked: {line}");
    }
    if let Some(status) = number(EXIT).or(number(SIGNAL).map(|signal| 128 + signal)) {
        return Ok(status);
    }
    if let Some(why) = end.strip_prefix(NEVER) {
        bail!("the program did not run: {why}");
    }
    if run.end == End::TimedOut {
        eprintln!("error: not over after {} s (--timeout)", run.time.as_secs());
        return Ok(LATE);
    }
    ensure!(run.complaints.is_empty(), "QEMU: {}", run.complaints.join("; "));
    bail!("the machine stopped before the program's end: the console has the reason")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(lines: &[&str], end: End, said: &str) -> Result<u8> {
        let lines = lines.iter().map(ToString::to_string).collect();
        status(&Run { lines, complaints: vec![], end, time: Duration::ZERO }, said)
    }

    #[test]
    fn the_status_is_the_programs() {
        assert_eq!(given(&[], End::Off(0), "exit 7\n").unwrap(), 7);
        assert_eq!(given(&[], End::Off(0), "signal 9\n").unwrap(), 137);
        assert_eq!(given(&[], End::Seen, "exit 0\n").unwrap(), 0);
    }

    #[test]
    fn a_panic_a_timeout_and_no_word_are_told_apart() {
        assert_eq!(given(&[], End::TimedOut, "").unwrap(), LATE);
        let text = |lines: &[&str], said| given(lines, End::Off(0), said).unwrap_err().to_string();
        assert!(text(&["Kernel panic - x"], "exit 0\n").starts_with("the kernel panicked"));
        assert_eq!(
            text(&[], "never can't be run, errno 2\n"),
            "the program did not run: can't be run, errno 2"
        );
        assert!(text(&[], "").contains("before the program's end"));
    }
}
