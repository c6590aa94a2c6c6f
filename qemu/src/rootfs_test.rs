//! Boot tests of `cargo qemu boot --root` with a folder, as a user types it.

use crate::machine::{self, Machine};
use crate::programs;
use crate::suite::Tally;
use anyhow::{Result, ensure};
use std::env;
use std::fs;
use std::process::Command;

/// One boot and what has to come of it.
struct Case {
    name: &'static str,
    options: &'static [&'static str],
    /// The folder has an init.
    init: bool,
    /// Texts on the console.
    shown: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "boot --root: a folder by virtiofs",
        options: &["--by", "virtiofs"],
        init: true,
        shown: &[
            "insinit: root insinit-root: mounted insinit-root as virtiofs read-write",
            "guest: mount insinit-root / virtiofs rw",
        ],
    },
    Case {
        name: "boot --root: a folder by 9p, an overlay over it",
        options: &["--by", "9p", "--overlay"],
        init: true,
        shown: &[
            "insinit: root insinit-root: mounted insinit-root as 9p read-only",
            "guest: mount overlay / overlay rw",
        ],
    },
    Case {
        name: "boot --root: a folder without an init",
        options: &["--by", "9p"],
        init: false,
        shown: &["insinit: exec: failed ENOENT: no init in the root", "Kernel panic"],
    },
];

/// The folders of a root.
const FOLDERS: [&str; 6] = ["etc", "sbin", "dev", "proc", "sys", "run"];

/// Whether one of them is meant by that part of a name.
#[must_use]
pub fn is_meant(part: &str) -> bool {
    CASES.iter().any(|case| case.name.contains(part))
}

/// Makes the boots with `part` in their names: on the host's machine, with `long` on all of these. Counts
/// them, and says how each went.
pub fn run(machines: &[&'static Machine], part: &str, long: bool, tally: &mut Tally) {
    for case in CASES.iter().filter(|case| case.name.contains(part)) {
        let usual = |machine: &Machine| machine.name == machine::host().name;
        for machine in machines.iter().filter(|machine| long || usual(machine)) {
            let name = format!("{:13} {}", machine.name, case.name);
            tally.check(&name, || one(case, machine).map(|()| String::new()));
        }
    }
}

/// Makes one boot.
fn one(case: &Case, machine: &Machine) -> Result<()> {
    let root = tempfile::tempdir()?;
    for folder in FOLDERS {
        fs::create_dir(root.path().join(folder))?;
    }
    if case.init {
        fs::copy(programs::build(machine)?.guest, root.path().join("sbin/init"))?;
    }
    let mut command = Command::new(env::current_exe()?);
    command.args(["boot", "--arch", machine.name, "--append", "guest=mounts"]);
    let run = command.args(case.options).arg("--root").arg(root.path()).output()?;
    let said = String::from_utf8_lossy(&run.stdout);
    let all = || format!("{said}\n{}", String::from_utf8_lossy(&run.stderr));
    for text in case.shown {
        ensure!(said.contains(text), "no {text:?} on the console\n{}", all());
    }
    ensure!(run.status.success() == case.init, "{}\n{}", run.status, all());
    Ok(())
}
