//! The loader is the same, bit for bit, wherever it is built.

use crate::machine::Machine;
use crate::programs;
use crate::step;
use crate::suite::Tally;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For building it for all machines.
const BUILD: Duration = Duration::from_secs(900);

/// What of a checkout doesn't go into the loader.
const LEFT: [&str; 2] = ["target", ".git"];

/// Builds it in two folders of different depth, counts whether both are the same, and says so.
pub fn run(machines: &[&'static Machine], tally: &mut Tally) {
    let name = "the loader is the same from two folders";
    tally.check(name, || check(machines).map(|()| String::new()));
}

fn check(machines: &[&'static Machine]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let one = build(machines, folder.path().join("one"))?;
    let two = build(machines, folder.path().join("a folder/that lies/deeper"))?;
    for ((machine, one), two) in machines.iter().zip(one).zip(two) {
        ensure!(one == two, "{}: {} and {} bytes differ", machine.name, one.len(), two.len());
    }
    Ok(())
}

/// Copies the checkout to `place` and builds there; gives a loader for each machine.
fn build(machines: &[&'static Machine], place: PathBuf) -> Result<Vec<Vec<u8>>> {
    copy(&programs::workspace(), &place)?;
    let mut command = programs::cargo();
    command.current_dir(&place).args(["build", "--release", "--package", "insinit"]);
    command.env("CARGO_TARGET_DIR", place.join("target"));
    for machine in machines {
        command.args(["--target", machine.target]);
    }
    step::output(&mut command, BUILD)?;
    let loader = |machine: &&Machine| {
        let file = place.join("target").join(machine.target).join("release/insinit");
        fs::read(&file).with_context(|| format!("can't read {}", file.display()))
    };
    machines.iter().map(loader).collect()
}

/// Copies a folder but for [`LEFT`].
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if LEFT.iter().any(|left| name == *left) {
            continue;
        }
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
