//! Plans as each program makes them: lines in order, each once.

use super::index::{Index, kmod};
use crate::machine::{self, Machine};
use crate::programs;
use crate::setup;
use crate::step;
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A plan.
pub type Plan = Vec<String>;

/// For many plans of modprobe's.
const MANY: Duration = Duration::from_secs(600);

/// Names that modprobe is asked for at a time.
const AT_A_TIME: usize = 1000;

/// What both see besides the tree.
#[derive(Clone, Copy, Default)]
pub struct Around {
    /// The only file of modprobe.d.
    pub conf: &'static str,
    /// The kernel's command line.
    pub cmdline: &'static str,
}

/// Runs a program where the host's command line is another, if that may be: modprobe reads it whatever its root.
/// A name that can't be had makes its status 1.
const AWAY: &str = "cmdline=$1; shift; if unshare --mount true 2>/dev/null; then
    exec unshare --mount sh -c 'mount --bind \"$0\" /proc/cmdline; \"$@\" 2>/dev/null; true' \"$cmdline\" \"$@\"
fi
\"$@\" 2>/dev/null; true";

/// modprobe's plans. Between two names it is asked for what is built in, so that it is seen where one ends.
pub fn modprobe(index: &Index, asked: &[String], around: Around) -> Result<Vec<Plan>> {
    let folder = tempfile::tempdir()?;
    let [conf, cmdline] = ["modprobe.d", "cmdline"].map(|name| folder.path().join(name));
    std::fs::create_dir(&conf)?;
    std::fs::write(conf.join("x.conf"), around.conf)?;
    std::fs::write(&cmdline, around.cmdline)?;
    let end = format!("builtin {}", index.builtin);
    let mut plans = Vec::new();
    for asked in asked.chunks(AT_A_TIME) {
        let mut command = Command::new("sh");
        command.args(["-c", AWAY, "sh"]).arg(&cmdline).arg(kmod("modprobe")?);
        command.env_remove("MODPROBE_OPTIONS").arg("-C").arg(&conf).arg("-d").arg(index.root());
        command.args(["-S", &index.release, "--show-depends", "-a"]);
        command.args(asked.iter().flat_map(|name| [name.as_str(), &index.builtin]));
        let said = step::output(&mut command, MANY)?;
        let mut plan = Plan::new();
        let before = plans.len();
        for line in said.lines().map(str::trim_end) {
            match line {
                line if line == end => plans.push(std::mem::take(&mut plan)),
                line if plan.iter().any(|known| known == line) => {}
                line => plan.push(line.to_string()),
            }
        }
        ensure!(plans.len() - before == asked.len(), "modprobe does not answer every name");
    }
    Ok(plans)
}

/// Our plans with this around them, by the loader of this host.
pub fn insinit_with(
    index: &Index,
    loader: &Path,
    asked: &[String],
    around: Around,
) -> Result<Vec<Plan>> {
    let conf = index.root().join("etc/modprobe.d");
    std::fs::create_dir_all(&conf)?;
    std::fs::write(conf.join("x.conf"), around.conf)?;
    std::fs::write(index.root().join(CMDLINE), around.cmdline)?;
    let plans = all(index, &[loader.as_os_str()], asked);
    std::fs::remove_dir_all(conf)?;
    std::fs::remove_file(index.root().join(CMDLINE))?;
    plans
}

/// The file below the root that has the command line, if there is to be one.
const CMDLINE: &str = "cmdline";

/// Our plans, by the loader of this host.
pub fn insinit(index: &Index, asked: &[String]) -> Result<Vec<Plan>> {
    all(index, &[own()?.as_os_str()], asked)
}

/// The loader of this host.
pub fn own() -> Result<PathBuf> {
    let host = machine::named(std::env::consts::ARCH).map_err(anyhow::Error::msg)?;
    Ok(programs::build(host)?.loader)
}

/// Our plans, by the loader of another machine under qemu-user.
pub fn foreign(index: &Index, machine: &Machine, asked: &[String]) -> Result<Vec<Plan>> {
    let loader = programs::build(machine)?.loader;
    if machine.name == std::env::consts::ARCH {
        return all(index, &[loader.as_os_str()], asked);
    }
    let emulator = format!("qemu-{}-static", machine.name);
    if setup::which(&emulator).is_none() {
        setup::install_tools(&[(emulator.clone(), "qemu-user-static".to_string())])?;
    }
    all(index, &[emulator.as_ref(), loader.as_os_str()], asked)
}

/// Whether two plans load the same in the same order. What is built in has none: the text and its binary twin
/// have it in different ones.
pub fn are_same(one: &[String], other: &[String]) -> bool {
    let parts = |plan: &[String]| -> (Vec<String>, Vec<String>) {
        let (mut builtins, loads): (Vec<_>, Vec<_>) =
            plan.iter().cloned().partition(|line| line.starts_with("builtin "));
        builtins.sort();
        (builtins, loads)
    };
    parts(one) == parts(other)
}

/// Plans by a program, with these words in front of its own.
pub fn all(index: &Index, program: &[&std::ffi::OsStr], asked: &[String]) -> Result<Vec<Plan>> {
    asked.par_iter().enumerate().map(|(at, name)| one(index, program, at, name)).collect()
}

/// One plan. What holds a comma stands in a list file.
fn one(index: &Index, program: &[&std::ffi::OsStr], at: usize, name: &str) -> Result<Plan> {
    let file = format!("/list-{at}");
    let word = if name.contains(',') {
        std::fs::write(index.root().join(&file[1..]), format!("\"{name}\"\n"))?;
        format!("insinit.list={file}")
    } else {
        format!("insinit.modules=\"{name}\"")
    };
    let mut command = Command::new(program.first().context("no program")?);
    command.args(&program[1..]).arg("plan").arg("-d").arg(index.root());
    let cmdline = index.root().join(CMDLINE);
    if cmdline.is_file() {
        command.arg("--cmdline").arg(cmdline);
    }
    let output = command.args(["-S", &index.release, &word]).output();
    let output =
        output.with_context(|| format!("{} can't be run", Path::new(program[0]).display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(said.lines().map(|line| line.trim_end().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_built_in_may_stand_anywhere() {
        let plan = |text: &str| -> Plan { text.split(", ").map(String::from).collect() };
        let one = plan("builtin a, insmod c, builtin b, insmod d");
        assert!(are_same(&one, &plan("builtin b, builtin a, insmod c, insmod d")));
        assert!(!are_same(&one, &plan("builtin a, insmod d, builtin b, insmod c")));
        assert!(!are_same(&one, &plan("builtin a, insmod c, insmod d")));
    }
}
