//! Builds what a measurement needs: the plugin, the guest's programs, floors with a fixed list.

use crate::programs::{cargo, target_folder};
use crate::step;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For building one of them.
const BUILD: Duration = Duration::from_secs(600);

/// Rust's target of the guest's programs.
const TARGET: &str = "x86_64-unknown-none";

/// Where they are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// insinit.
    pub loader: PathBuf,
    /// QEMU's plugin.
    pub plugin: PathBuf,
    /// The folder of the guest's programs.
    folder: PathBuf,
}

impl Programs {
    /// The guest's program `bench-NAME`.
    #[must_use]
    pub fn guest(&self, name: &str) -> PathBuf {
        self.folder.join(format!("bench-{name}"))
    }
}

/// Builds them; `loader` is there.
///
/// # Errors
/// One can't be built.
pub fn build(loader: &Path) -> Result<Programs> {
    let target = target_folder()?;
    let mut plugin = cargo();
    plugin.args(["build", "--profile", "tool", "--package", "insinit-qemu-plugin"]);
    plugin.arg("--target-dir").arg(&target);
    step::output(&mut plugin, BUILD).context("can't build the plugin for QEMU")?;
    let folder = guest(&target, "")?;
    let plugin = target.join("tool").join("libinsinit_qemu_plugin.so");
    ensure!(plugin.is_file(), "cargo built no {}", plugin.display());
    Ok(Programs { loader: loader.into(), plugin, folder })
}

/// The floor whose list is `paths`; it stays in a folder of its own.
///
/// # Errors
/// It can't be built.
pub fn fixed(paths: &[String]) -> Result<PathBuf> {
    let list: String = paths.iter().map(|path| format!("{path}\n")).collect();
    Ok(guest(&target_folder()?.join("bench"), &list)?.join("bench-fixed"))
}

/// The floor that inflates with zlib: with a C library, so it is linked statically for this host.
///
/// # Errors
/// It can't be built.
pub fn zlib() -> Result<PathBuf> {
    let target = target_folder()?.join("bench");
    let triple = "x86_64-unknown-linux-gnu";
    let mut command = cargo();
    command.args(["build", "--profile", "tool", "--package", "insinit-bench-zlib"]);
    command.args(["--target", triple, "--target-dir"]).arg(&target);
    command.env("RUSTFLAGS", "-Ctarget-feature=+crt-static -Cstrip=symbols");
    step::output(&mut command, BUILD).context("can't build the floor with zlib")?;
    Ok(target.join(triple).join("tool").join("insinit-bench-zlib"))
}

/// Builds the guest's programs below `target` with this list for the fixed floor; gives their folder.
fn guest(target: &Path, list: &str) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--release", "--package", "insinit-bench", "--target", TARGET]);
    if !list.is_empty() {
        command.args(["--bin", "bench-fixed"]);
    }
    command.env("INSINIT_BENCH_LIST", list).arg("--target-dir").arg(target);
    step::output(&mut command, BUILD).context("can't build the guest's programs")?;
    Ok(target.join(TARGET).join("release"))
}
