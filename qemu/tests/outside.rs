//! The program from outside: its output and who reads it, and what it refuses at once.

use std::fs::File;
use std::io::{PipeWriter, pipe};
use std::process::{Command, Output, Stdio};

/// The program, with its output and its errors there.
fn run(words: &[&str], out: impl Into<Stdio>, errors: impl Into<Stdio>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_insinit-qemu"));
    command.args(words).env("INSINIT_CACHE", "/nowhere").stdout(out).stderr(errors);
    command.spawn().and_then(std::process::Child::wait_with_output).expect("the program runs")
}

/// A pipe that nobody reads.
fn broken() -> PipeWriter {
    pipe().expect("a pipe").1
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let output = run(&["kernel"], broken(), Stdio::piped());
    assert_eq!((said(&output).as_str(), output.status.code()), ("", Some(141)));
}

#[test]
fn nobody_need_listen_to_an_error() {
    let output = run(&["kernel", "nothing"], Stdio::piped(), broken());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_full_disk_is_an_error() {
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = run(&["kernel"], full, Stdio::piped());
    let expected = "error: standard output: No space left on device (os error 28)\n";
    assert_eq!((said(&output).as_str(), output.status.code()), (expected, Some(1)));
}

#[test]
fn a_picture_that_cannot_be_drawn_is_noticed_before_the_boot() {
    let output = run(&["boot", "--chart", "/nowhere/x.svg"], Stdio::piped(), Stdio::piped());
    let expected = "error: can't write /nowhere/x.svg: No such file or directory (os error 2)\n";
    assert_eq!((said(&output).as_str(), output.status.code()), (expected, Some(1)));
}
