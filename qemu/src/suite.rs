//! Runs boot tests, two at a time, one line each.

use crate::accelerator;
use crate::command::{Boot, CommandLine};
use crate::console::{self, Run, Watch};
use crate::image;
use crate::judge::faults;
use crate::kernel::Kernel;
use crate::kernels;
use crate::machine::Machine;
use crate::made;
use crate::programs::{self, Programs};
use crate::scenario::{Ends, Memory, Scenario};
use anyhow::{Context, Result};
use insinit_initramfs::{FileSpec, Options};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Boots at a time: QEMU's translator keeps one core busy with each.
const AT_A_TIME: usize = 2;

/// What the boots of one kernel have in common.
pub struct Ground {
    /// The kernel.
    kernel: Kernel,
    /// Its machine.
    machine: &'static Machine,
    /// The machine's programs.
    programs: Programs,
}

/// One boot to be done.
pub type Job = (&'static str, Scenario);

/// Passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were good.
    pub passed: usize,
    /// How many weren't.
    pub failed: usize,
}

impl Tally {
    /// Counts one.
    pub fn count(&mut self, good: bool) {
        *(if good { &mut self.passed } else { &mut self.failed }) += 1;
    }

    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Gets the kernels that `jobs` name and builds the programs of their machines.
///
/// # Errors
/// One can't be had.
pub fn grounds(jobs: &[Job]) -> Result<BTreeMap<&'static str, Ground>> {
    let mut grounds = BTreeMap::new();
    for (name, _) in jobs {
        if !grounds.contains_key(name) {
            let source = kernels::named(name).with_context(|| format!("no kernel {name}"))?;
            let (kernel, machine) = (source.get()?, source.machine());
            grounds.insert(*name, Ground { kernel, machine, programs: programs::build(machine)? });
        }
    }
    Ok(grounds)
}

/// Does all jobs; what failed stays in `kept`.
pub fn run(jobs: &[Job], grounds: &BTreeMap<&'static str, Ground>, kept: &Path) -> Tally {
    let queue = Mutex::new(jobs.iter());
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((kernel, scenario)) = next(&queue) {
                    let good = one(&grounds[kernel], kernel, scenario, kept);
                    tally.lock().expect("no boot panics").count(good);
                }
            });
        }
    });
    tally.into_inner().unwrap_or_default()
}

/// The next job; the queue is free again at once.
fn next<'a>(queue: &Mutex<impl Iterator<Item = &'a Job>>) -> Option<&'a Job> {
    queue.lock().expect("taking a job does not panic").next()
}

/// Does one boot and says how it went.
fn one(ground: &Ground, kernel: &str, scenario: &Scenario, kept: &Path) -> bool {
    let folder = kept.join(format!("{kernel}-{}", scenario.name.replace(' ', "-")));
    match boot(ground, scenario, &folder) {
        Ok((command, run)) => {
            let faults = faults(scenario, &ground.kernel.release, &run);
            say(kernel, scenario, &run, &faults, &command, &folder);
            faults.is_empty()
        }
        Err(error) => {
            println!("FAIL  {kernel:13} {}: {error:#}", scenario.name);
            false
        }
    }
}

/// Prints the boot's line and, if it failed, all that helps; a good boot leaves nothing behind.
fn say(
    kernel: &str,
    scenario: &Scenario,
    run: &Run,
    faults: &[String],
    command: &CommandLine,
    folder: &Path,
) {
    let seconds = run.time.as_secs_f32();
    if faults.is_empty() {
        println!("ok    {kernel:13} {} ({seconds:.1} s)", scenario.name);
        let _ = fs::remove_dir_all(folder);
        return;
    }
    let console = run.lines.join("\n");
    let _ = fs::write(folder.join("console"), format!("{console}\n"));
    let faults = faults.join("\n      ");
    println!(
        "FAIL  {kernel:13} {} ({seconds:.1} s)\n      {faults}\n{}\n      {command}\n",
        scenario.name,
        tail(&run.lines)
    );
}

/// The console from where the kernel starts init, at most 60 lines.
fn tail(lines: &[String]) -> String {
    let init = lines.iter().position(|line| line.contains("as init process")).unwrap_or(0);
    let from = init.max(lines.len().saturating_sub(60));
    lines[from..].iter().map(|line| format!("    | {line}\n")).collect()
}

/// Packs the image, boots it and gives the command and what was seen.
fn boot(ground: &Ground, scenario: &Scenario, folder: &Path) -> Result<(CommandLine, Run)> {
    fs::create_dir_all(folder)?;
    let image = image::build(&options(ground, scenario, folder)?)?;
    let command = command(ground, scenario, image.path).command();
    let until = match scenario.end {
        Ends::Stays(text) => Some(text),
        _ => None,
    };
    let limit = Duration::from_secs(scenario.limit);
    let run = console::run(&command, Watch { limit, until, input: false, each: &mut |_| () })?;
    Ok((command, run))
}

/// The scenario's image.
fn options(ground: &Ground, scenario: &Scenario, folder: &Path) -> Result<Options> {
    let wanted = &scenario.image;
    let mut files = Vec::new();
    for (at, (file, guest)) in wanted.files.iter().enumerate() {
        let host = folder.join(format!("made-{at}"));
        made::write(*file, &ground.kernel, &ground.programs, &host)?;
        files.push(FileSpec { host, guest: guest.replace("{release}", &ground.kernel.release) });
    }
    Ok(Options {
        modules: wanted.modules.iter().map(ToString::to_string).collect(),
        module_compress: wanted.compress,
        list: wanted.list,
        files,
        loader: Some(ground.programs.loader.clone()),
        init: wanted.init.then(|| ground.programs.guest.clone()),
        ..image::options(ground.machine, &ground.kernel, folder.join("initramfs"))
    })
}

/// The scenario's boot. Every line has its time, and all but debugging reaches the console.
fn command(ground: &Ground, scenario: &Scenario, image: PathBuf) -> Boot {
    let machine = ground.machine;
    let memory = match scenario.memory {
        Memory::Plenty => machine.memory,
        Memory::Smallest(more) => machine.smallest + more,
    };
    Boot {
        machine,
        kernel: ground.kernel.image.clone(),
        initrd: Some(image),
        console: scenario.console,
        words: format!("loglevel=8 printk.time=1 {}", scenario.words),
        memory,
        cpus: 1,
        accelerator: accelerator::best(machine, &ground.kernel.image),
        extra: vec![],
    }
}
