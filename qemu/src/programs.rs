//! Builds the programs that go into an image: the loader and the tests' real init.

use crate::machine::Machine;
use crate::sizes;
use crate::step;
use anyhow::{Context, Result, ensure};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For building both on a slow host, crates to be fetched.
const BUILD: Duration = Duration::from_secs(600);

/// The programs of one machine.
#[derive(Clone, Debug)]
pub struct Programs {
    /// insinit.
    pub loader: PathBuf,
    /// The tests' real init.
    pub guest: PathBuf,
}

/// The checkout.
#[must_use]
pub fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR");
    let package = package.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// cargo, to be run in the checkout.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace());
    command
}

/// Builds both for `machine`.
///
/// # Errors
/// They can't be built.
pub fn build(machine: &Machine) -> Result<Programs> {
    let target = target_folder()?;
    eprintln!("building the loader for {}", machine.name);
    let mut command = cargo();
    command.args(["build", "--release", "--package", "insinit", "--package", "insinit-guest"]);
    command.args(["--target", machine.target, "--target-dir"]).arg(&target);
    step::output(&mut command, BUILD).context("can't build the loader")?;
    let folder = target.join(machine.target).join("release");
    let programs = Programs { loader: folder.join("insinit"), guest: folder.join("insinit-guest") };
    for program in [&programs.loader, &programs.guest] {
        ensure!(program.is_file(), "cargo built no {}", program.display());
    }
    Ok(programs)
}

/// Builds the real init of `cargo qemu run`.
///
/// # Errors
/// It can't be built.
pub fn runner(machine: &Machine) -> Result<PathBuf> {
    let target = target_folder()?;
    let mut command = cargo();
    command.args(["build", "--release", "--package", "insinit-runner", "--target", machine.target]);
    step::output(command.arg("--target-dir").arg(&target), BUILD)
        .context("can't build the runner")?;
    Ok(target.join(machine.target).join("release").join("insinit-runner"))
}

/// Builds the loader with these features, comma-separated; `default` for all.
///
/// # Errors
/// It can't be built.
pub fn with(machine: &Machine, features: &str) -> Result<PathBuf> {
    let target = target_folder()?.join("sizes");
    let mut command = cargo();
    command.arg("build").args(chosen(machine, features)).arg("--target-dir").arg(&target);
    step::output(&mut command, BUILD)
        .with_context(|| format!("can't build the loader with {features}"))?;
    Ok(target.join(machine.target).join("release").join("insinit"))
}

/// Builds it with a map of what the linker placed, which is given, too.
///
/// # Errors
/// It can't be built.
pub fn mapped(machine: &Machine, features: &str) -> Result<(PathBuf, PathBuf)> {
    let target = target_folder()?.join("sizes");
    let map = target.join(format!("{}.map", machine.target));
    let mut command = cargo();
    command.arg("rustc").args(chosen(machine, features)).arg("--target-dir").arg(&target);
    command.args(["--bin", "insinit", "--"]).arg(format!("-Clink-arg=-Map={}", map.display()));
    step::output(&mut command, BUILD)
        .with_context(|| format!("can't build the loader with {features}"))?;
    Ok((target.join(machine.target).join("release").join("insinit"), map))
}

/// cargo's arguments for a loader with these features.
fn chosen<'a>(machine: &'a Machine, features: &'a str) -> Vec<&'a str> {
    let mut words = vec!["--release", "--package", "insinit", "--target", machine.target];
    if features != sizes::DEFAULT {
        words.extend(["--no-default-features", "--features", features]);
    }
    words
}

/// cargo's folder for what it builds: this program lies below.
///
/// # Errors
/// This program lies elsewhere.
pub fn target_folder() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let folder = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    folder
        .map(Path::to_path_buf)
        .with_context(|| format!("{} was not built by cargo", program.display()))
}
