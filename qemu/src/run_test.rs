//! Boot tests of `cargo qemu run`: this program is run as a user runs it.

use crate::machine::{self, Machine};
use crate::programs;
use crate::suite::Tally;
use anyhow::{Context, Result, ensure};
use std::env;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// One run and what has to come of it.
struct Case {
    name: &'static str,
    /// Done on all machines, or on the host's only.
    everywhere: bool,
    /// Our own options.
    options: &'static [&'static str],
    /// The sample program's arguments.
    arguments: &'static [&'static str],
    /// What it gets and copies.
    input: &'static [u8],
    output: &'static [u8],
    status: i32,
    /// A text on standard error.
    error: &'static str,
}

/// Bytes that a terminal or a console would change.
const ODD: &[u8] = b"a\r\nb\n\0\x03\x04\x11\x13\x1a\x1b[0m\x7f\xff\xfe";

const CASES: &[Case] = &[
    Case {
        name: "run: output, errors and status are the program's",
        everywhere: true,
        options: &["--share", "/etc:/mnt/a b"],
        arguments: &["cat", "a \"b\" $c", "", "7"],
        input: ODD,
        output: b"[cat]\n[a \"b\" $c]\n[]\n[7]\na\r\nb\n\0\x03\x04\x11\x13\x1a\x1b[0m\x7f\xff\xfe",
        status: 7,
        error: "sample: an error\n",
    },
    Case {
        name: "run: a program that hangs",
        everywhere: false,
        options: &["--timeout", "20"],
        arguments: &["hang"],
        input: b"",
        output: b"[hang]\n",
        status: 124,
        error: "not over after 20 s",
    },
    Case {
        name: "run: a program that a signal ends",
        everywhere: false,
        options: &[],
        arguments: &["sink"],
        input: b"",
        output: b"[sink]\n",
        status: 128 + 11,
        error: "sample: an error\n",
    },
    Case {
        name: "run: a kernel that panics",
        everywhere: false,
        options: &["--append", "insinit.init=/nothing"],
        arguments: &["0"],
        input: b"",
        output: b"",
        status: 125,
        error: "the kernel panicked",
    },
];

/// Whether one of them is meant by that part of a name.
#[must_use]
pub fn is_meant(part: &str) -> bool {
    CASES.iter().any(|case| case.name.contains(part))
}

/// Makes the runs with `part` in their names, counts them, and says how each went.
pub fn run(machines: &[&'static Machine], part: &str, tally: &mut Tally) {
    for case in CASES.iter().filter(|case| case.name.contains(part)) {
        for machine in machines {
            if !case.everywhere && machine.name != machine::host().name {
                continue;
            }
            let name = format!("{:13} {}", machine.name, case.name);
            tally.check(&name, || one(case, machine).map(|()| String::new()));
        }
    }
}

/// Makes one run.
fn one(case: &Case, machine: &Machine) -> Result<()> {
    let sample = programs::runner(machine)?.with_file_name("insinit-sample");
    let mut command = Command::new(env::current_exe()?);
    command.args(["run", "--arch", machine.name]).args(case.options).arg("--").arg(sample);
    let said = output(command.args(case.arguments), case.input)?;
    let error = String::from_utf8_lossy(&said.stderr);
    let status = said.status.code();
    ensure!(status == Some(case.status), "status {status:?}, not {}\n{error}", case.status);
    ensure!(
        said.stdout == case.output,
        "output {:?}, not {:?}\n{error}",
        said.stdout.escape_ascii().to_string(),
        case.output.escape_ascii().to_string()
    );
    ensure!(error.contains(case.error), "no {:?} on standard error\n{error}", case.error);
    ensure!(error.contains("Linux version"), "no console on standard error\n{error}");
    Ok(())
}

/// Runs the command with that input.
fn output(command: &mut Command, input: &[u8]) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().context("no pipe")?.write_all(input)?;
    Ok(child.wait_with_output()?)
}
