//! What the boot tests of one kernel stand on, and how a scenario is booted there.

use crate::accelerator;
use crate::command::{Boot, CommandLine};
use crate::console::{self, End, Run, Watch};
use crate::disks;
use crate::image;
use crate::kernel::Kernel;
use crate::kernels;
use crate::machine::Machine;
use crate::made;
use crate::odd;
use crate::programs::{self, Programs};
use crate::scenario::{Ends, Memory, Scenario};
use crate::smallest;
use crate::suite::Job;
use crate::testmods;
use anyhow::{Context, Result};
use insinit_initramfs::{FileSpec, Options};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For reaching init in little memory: a kernel that has too little may hang without a word.
const REACHES: Duration = Duration::from_secs(20);

/// A kernel with its machine's programs.
pub struct Ground {
    kernel: Kernel,
    machine: &'static Machine,
    programs: Programs,
}

/// Gets the kernels that `jobs` name and builds the programs of their machines.
///
/// # Errors
/// One can't be had.
pub fn all(jobs: &[Job]) -> Result<BTreeMap<&'static str, Ground>> {
    disks::ready(jobs.iter().flat_map(|(_, scenario)| scenario.disks).map(|disk| disk.kind))?;
    let mut grounds = BTreeMap::new();
    for (name, _) in jobs {
        if !grounds.contains_key(name) {
            let source = kernels::named(name).with_context(|| format!("no kernel {name}"))?;
            let (mut kernel, machine) = (source.get()?, source.machine());
            if jobs.iter().any(|(on, scenario)| on == name && scenario.image.has_ours()) {
                kernel.folders.push(testmods::of(source, &kernel)?);
            }
            grounds.insert(*name, Ground { kernel, machine, programs: programs::build(machine)? });
        }
    }
    Ok(grounds)
}

/// How often a machine is started at most whose firmware doesn't come to its kernel: OpenSBI 1.1 with four CPUs
/// under TCG stops once in some hundred starts.
const STARTS: u32 = 3;

/// Whether a machine was killed while its firmware ran: it said something, and the kernel nothing.
fn is_firmwares(run: &Run) -> bool {
    let says = |what: &str| run.lines.iter().any(|line| line.contains(what));
    run.end == End::TimedOut && says("OpenSBI") && !says("Linux version")
}

impl Ground {
    /// The kernel's release.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.kernel.release
    }

    /// Packs the scenario's image in `folder`, boots it and gives the command and what was seen.
    ///
    /// # Errors
    /// The image can't be packed or QEMU not be started.
    pub fn boot(&self, scenario: &Scenario, folder: &Path) -> Result<(CommandLine, Run)> {
        fs::create_dir_all(folder)?;
        let image = self.image(scenario, folder)?;
        odd::append(scenario.image.odd, &image)?;
        let memory = self.memory(scenario, &image)?;
        let mut boot = self.command(scenario, image, memory);
        for (number, disk) in scenario.disks.iter().enumerate() {
            boot.extra.extend(disks::make(disk, number, &self.programs, folder)?);
        }
        if scenario.overlong {
            boot.fill(self.machine.overlong);
        }
        let command = boot.command();
        let until = match scenario.end {
            Ends::Stays(text) => Some(text),
            _ => None,
        };
        let limit = Duration::from_secs(scenario.limit);
        let mut starts = 1;
        loop {
            let watch = Watch { limit, until, input: false, each: &mut |_| () };
            let run = console::run(&command, watch)?;
            if starts == STARTS || !is_firmwares(&run) {
                return Ok((command, run));
            }
            starts += 1;
            println!("      {}: the kernel said nothing; again", scenario.name);
        }
    }

    /// The file of the scenario's image.
    fn image(&self, scenario: &Scenario, folder: &Path) -> Result<PathBuf> {
        if !scenario.image.bare {
            return Ok(image::build(&self.options(scenario, folder)?)?.path);
        }
        let Programs { loader, guest } = &self.programs;
        let mut files =
            vec![("/init".into(), loader.clone()), ("/sbin/init".into(), guest.clone())];
        files.extend(self.files(scenario, folder)?.into_iter().map(|file| (file.guest, file.host)));
        let path = folder.join("initramfs");
        fs::write(&path, odd::bare(&files)?)?;
        Ok(path)
    }

    /// How the scenario's image is packed. Where it asks for no modules of the tree there is no tree in it.
    fn options(&self, scenario: &Scenario, folder: &Path) -> Result<Options> {
        let wanted = &scenario.image;
        let plain = image::options(self.machine, &self.kernel, folder.join("initramfs"));
        let tree = !wanted.modules.is_empty();
        Ok(Options {
            kernel_dirs: if tree { plain.kernel_dirs } else { vec![] },
            release: plain.release.filter(|_| tree),
            modules: wanted.modules.iter().map(ToString::to_string).collect(),
            module_compress: wanted.compress,
            list: wanted.list,
            files: self.files(scenario, folder)?,
            loader: Some(self.programs.loader.clone()),
            modprobe: wanted.modprobe,
            init: wanted.init.then(|| self.programs.guest.clone()),
            ..plain
        })
    }

    /// The files made for the scenario, written to `folder`.
    fn files(&self, scenario: &Scenario, folder: &Path) -> Result<Vec<FileSpec>> {
        let mut files = Vec::new();
        for (at, (file, guest)) in scenario.image.files.iter().enumerate() {
            let host = folder.join(format!("made-{at}"));
            made::write(*file, &self.kernel, &self.programs, &host)?;
            files.push(FileSpec { host, guest: guest.replace("{release}", self.release()) });
        }
        Ok(files)
    }

    /// The memory that the scenario's machine has, in MiB.
    fn memory(&self, scenario: &Scenario, image: &Path) -> Result<u32> {
        let more = match scenario.memory {
            Memory::Plenty => return Ok(self.machine.memory),
            Memory::Mebibytes(memory) => return Ok(memory),
            Memory::Smallest(more) => more,
        };
        let idle = Scenario { words: "", ..*scenario };
        let smallest = smallest::of(self.release(), image, |memory| {
            let command = self.command(&idle, image.to_path_buf(), memory).command();
            let until = Some("guest: pid 1");
            let watch = Watch { limit: REACHES, until, input: false, each: &mut |_| () };
            Ok(console::run(&command, watch)?.end == End::Seen)
        });
        Ok(smallest? + more)
    }

    /// The scenario's boot. Every line has its time, and every line reaches the console.
    fn command(&self, scenario: &Scenario, image: PathBuf, memory: u32) -> Boot {
        Boot {
            machine: self.machine,
            kernel: self.kernel.image.clone(),
            initrd: Some(image),
            console: scenario.console,
            words: format!("loglevel=8 printk.time=1 {}", scenario.words),
            memory,
            cpus: scenario.cpus,
            accelerator: accelerator::best(self.machine, &self.kernel.image),
            extra: scenario.qemu.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_whose_kernel_came_up_is_not_started_again() {
        let run = |lines: &[&str], end| {
            let lines = lines.iter().map(ToString::to_string).collect();
            is_firmwares(&Run { lines, complaints: vec![], end, time: Duration::from_secs(9) })
        };
        assert!(run(&["OpenSBI v1.1"], End::TimedOut));
        assert!(!run(&["OpenSBI v1.1"], End::Off(0)));
        assert!(!run(&["OpenSBI v1.1", "[    0.000000] Linux version 6.12"], End::TimedOut));
        assert!(!run(&[], End::TimedOut));
    }
}
