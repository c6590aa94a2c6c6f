//! What the host needs before a boot: an emulator for each machine and Rust's bare targets.
//!
//! Root gets what is missing installed; anybody else is told the exact command, and the program ends
//! with status 2.

use crate::machine::Machine;
use crate::step;
use anyhow::{Result, bail};
use std::env;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For a question to a package client.
const ANSWER: Duration = Duration::from_secs(120);

/// For fetching package lists.
const UPDATE: Duration = Duration::from_secs(300);

/// For installing QEMU: at most 60 MB and what they need.
const INSTALL: Duration = Duration::from_secs(900);

/// For one Rust target.
const TARGET: Duration = Duration::from_secs(180);

/// Only the user can go on from here: by this command.
#[derive(Debug)]
pub struct Yours {
    /// What is missing.
    pub missing: String,
    /// What to type.
    pub command: String,
}

impl fmt::Display for Yours {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} missing. Please run:\n\n    {}\n", self.missing, self.command)
    }
}

impl std::error::Error for Yours {}

/// Sees to it that `machines` can be built for and emulated.
///
/// # Errors
/// Something is missing and can't be installed; [`Yours`] if the user can.
pub fn ready(machines: &[&'static Machine]) -> Result<()> {
    for machine in machines {
        target(machine.target)?;
    }
    emulators(machines)
}

/// The path of `program`, if it is there.
#[must_use]
pub fn which(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Installs the emulators of `machines` that are missing.
fn emulators(machines: &[&'static Machine]) -> Result<()> {
    let missing = missing(machines);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|machine| machine.emulator).collect::<Vec<_>>().join(", ");
    if which("apt-get").is_none() {
        let command = format!("(your package client) install {names}");
        bail!(Yours { missing: names, command });
    }
    if !is_root() {
        let packages = packages(&missing).unwrap_or_else(|| first_choice(&missing)).join(" ");
        let command = format!("sudo apt-get update && sudo {INSTALL_WORDS} {packages}");
        bail!(Yours { missing: names, command });
    }
    install(&missing)?;
    match self::missing(machines).first() {
        None => Ok(()),
        Some(machine) => bail!("{} is not there after installing it", machine.emulator),
    }
}

/// The machines whose emulator is not there.
fn missing(machines: &[&'static Machine]) -> Vec<&'static Machine> {
    machines.iter().copied().filter(|machine| which(machine.emulator).is_none()).collect()
}

/// Installs the packages of `missing` things: pairs of a thing's name and its package.
///
/// # Errors
/// It can't be done; [`Yours`] if the user can.
pub fn install_tools(missing: &[(String, String)]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = missing.iter().map(|(_, package)| package.as_str()).collect();
    if which("apt-get").is_none() {
        let command = format!("(your package client) install {}", packages.join(" "));
        bail!(Yours { missing: names, command });
    }
    if !is_root() {
        let packages = packages.join(" ");
        let command = format!("sudo apt-get update && sudo {INSTALL_WORDS} {packages}");
        bail!(Yours { missing: names, command });
    }
    if install_packages(&packages).is_ok() {
        return Ok(());
    }
    eprintln!("set-up: apt-get update");
    step::output(apt_get().arg("update"), UPDATE)?;
    install_packages(&packages)
}

/// How packages are installed.
const INSTALL_WORDS: &str = "apt-get install -y --no-install-recommends";

/// Installs the emulators' packages, with fresh lists if the ones here don't do.
fn install(machines: &[&'static Machine]) -> Result<()> {
    if let Some(packages) = packages(machines)
        && install_packages(&packages).is_ok()
    {
        return Ok(());
    }
    eprintln!("set-up: apt-get update");
    step::output(apt_get().arg("update"), UPDATE)?;
    install_packages(&packages(machines).unwrap_or_else(|| first_choice(machines)))
}

/// Installs packages by name.
fn install_packages(packages: &[&str]) -> Result<()> {
    eprintln!("set-up: {INSTALL_WORDS} {}", packages.join(" "));
    let words = INSTALL_WORDS.split(' ').skip(1);
    let mut command = apt_get();
    command.args(["-o", "DPkg::Lock::Timeout=120"]).args(words).args(packages);
    step::output(&mut command, INSTALL).map(|_| ())
}

/// The system's apt-get, asking nothing.
fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// For each machine the first of its packages that apt knows; none if it knows none for one.
fn packages(machines: &[&'static Machine]) -> Option<Vec<&'static str>> {
    machines.iter().map(|machine| machine.packages.iter().copied().find(known)).collect()
}

/// The packages that most releases have.
fn first_choice(machines: &[&'static Machine]) -> Vec<&'static str> {
    machines.iter().filter_map(|machine| machine.packages.last().copied()).collect()
}

/// Whether apt could install `package`.
fn known(package: &&str) -> bool {
    let mut command = Command::new("apt-cache");
    command.env("LC_ALL", "C").args(["policy", package]);
    let answer = step::output(&mut command, ANSWER).unwrap_or_default();
    answer.contains("Candidate: ") && !answer.contains("Candidate: (none)")
}

/// Whether we may install: `/proc/self` belongs to who we are.
#[must_use]
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

/// Adds Rust's core library for `target` if it is missing.
fn target(target: &str) -> Result<()> {
    let mut rustc = Command::new("rustc");
    let sysroot = step::output(rustc.args(["--print", "sysroot"]), ANSWER)?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib");
    if holds_core(&library) {
        return Ok(());
    }
    eprintln!("set-up: rustup target add {target}");
    let added = step::output(Command::new("rustup").args(["target", "add", target]), TARGET);
    if holds_core(&library) {
        return Ok(());
    }
    let command = format!("rustup target add {target}");
    bail!(Yours { missing: without(target, sysroot.trim(), added.err()), command })
}

/// What is missing, behind what rustup says about it.
fn without(target: &str, sysroot: &str, error: Option<anyhow::Error>) -> String {
    let why = match error {
        Some(error) => format!("{error:#}"),
        None => format!("rustup added {target} to another toolchain than rustc's, {sysroot}"),
    };
    format!("{}\n\nRust's target {target} is", why.trim_end())
}

/// Whether Rust's core library is in `folder`.
fn holds_core(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_there_with_its_core_library_only() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_core(folder.path()));
        fs::write(folder.path().join("libstd-1.rlib"), "").unwrap();
        assert!(!holds_core(folder.path()));
        fs::write(folder.path().join("libcore-1.rlib"), "").unwrap();
        assert!(holds_core(folder.path()));
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(which("sh").is_some());
        assert_eq!(which("no-such-program"), None);
    }

    #[test]
    fn what_rustup_says_comes_first() {
        let error = Some(anyhow::anyhow!("error: no network\n"));
        let text = without("t", "/s", error);
        assert_eq!(text, "error: no network\n\nRust's target t is");
        assert!(without("t", "/s", None).starts_with("rustup added t to another toolchain"));
    }

    #[test]
    fn the_user_is_told_what_to_type() {
        let yours = Yours { missing: "qemu-x".into(), command: "sudo y".into() };
        assert_eq!(yours.to_string(), "qemu-x missing. Please run:\n\n    sudo y\n");
    }
}
