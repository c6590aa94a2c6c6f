//! Runs QEMU and takes down its console, line by line, until the guest ends or its time is over.

use crate::command::CommandLine;
use crate::setup;
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The machine was switched off or reset, and QEMU ended by itself with this status.
    Off(i32),
    /// The line that was waited for came; QEMU was ended.
    Seen,
    /// The time was over; QEMU was ended.
    TimedOut,
}

/// A boot that is over.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the console showed, without line ends and control sequences.
    pub lines: Vec<String>,
    /// What QEMU itself said.
    pub complaints: Vec<String>,
    /// How it ended.
    pub end: End,
    /// From the start of QEMU to its end.
    pub time: Duration,
}

/// How a boot is watched.
pub struct Watch<'a> {
    /// The longest it may take.
    pub limit: Duration,
    /// A line that holds this text ends it.
    pub until: Option<&'a str>,
    /// The guest gets our standard input.
    pub input: bool,
    /// Called with each line.
    pub each: &'a mut dyn FnMut(&str),
}

/// A line and who said it.
enum Said {
    /// The guest, on its console.
    Guest(String),
    /// QEMU.
    Qemu(String),
}

/// Runs `command` and watches its console.
///
/// # Errors
/// QEMU can't be started.
pub fn run(command: &CommandLine, mut watch: Watch) -> Result<Run> {
    let begun = Instant::now();
    let mut child = start(command, watch.input)?;
    let said = listen(&mut child);
    let mut run =
        Run { lines: Vec::new(), complaints: Vec::new(), end: End::TimedOut, time: Duration::ZERO };
    let early = follow(&said, &mut watch, &mut run);
    if early.is_some() {
        child.kill()?;
    }
    let status = child.wait()?;
    run.end = early.unwrap_or(End::Off(status.code().unwrap_or(-1)));
    run.time = begun.elapsed();
    Ok(run)
}

/// A program that ends when we do, in whatever way that is (prctl(2), `PR_SET_PDEATHSIG`); a machine would run
/// on otherwise. Without setpriv(1) it is on its own.
#[must_use]
pub fn tied(program: &Path) -> Command {
    let is_there = program.is_file() || program.to_str().and_then(setup::which).is_some();
    match setup::which("setpriv").filter(|_| is_there) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Starts QEMU with its output as pipes.
fn start(command: &CommandLine, input: bool) -> Result<Child> {
    let input = if input { Stdio::inherit() } else { Stdio::null() };
    let mut qemu = tied(Path::new(&command.0[0]));
    qemu.args(&command.0[1..]).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    qemu.spawn().with_context(|| format!("can't run {}", command.0[0].display()))
}

/// Everything that the guest and QEMU say, as it comes.
fn listen(child: &mut Child) -> Receiver<Said> {
    let (sender, receiver) = channel();
    if let Some(pipe) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || send_lines(pipe, &sender, Said::Guest));
    }
    if let Some(pipe) = child.stderr.take() {
        thread::spawn(move || send_lines(pipe, &sender, Said::Qemu));
    }
    receiver
}

/// Takes down lines; gives how the boot is to be ended if QEMU does not end by itself.
fn follow(said: &Receiver<Said>, watch: &mut Watch, run: &mut Run) -> Option<End> {
    let end = Instant::now() + watch.limit;
    loop {
        match said.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => return Some(End::TimedOut),
            Ok(said) => {
                if take_down(said, watch, run) {
                    return Some(End::Seen);
                }
            }
        }
    }
}

/// Keeps one line; gives whether it is the one that was waited for.
fn take_down(said: Said, watch: &mut Watch, run: &mut Run) -> bool {
    let (line, lines) = match said {
        Said::Guest(line) => {
            (watch.each)(&line);
            (line, &mut run.lines)
        }
        Said::Qemu(line) => (line, &mut run.complaints),
    };
    let awaited = watch.until.is_some_and(|text| line.contains(text));
    lines.push(line);
    awaited
}

/// Sends what `pipe` gives, a line at a time; the last needs no end.
fn send_lines(pipe: impl Read, sender: &Sender<Said>, said: fn(String) -> Said) {
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        if sender.send(said(plain(&bytes))).is_err() {
            return;
        }
        bytes.clear();
    }
}

/// A console line as text: firmware's escape sequences, carriage returns and the newline are dropped.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => drop(chars.find(char::is_ascii_alphabetic)),
            '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::process::ExitStatusExt;

    /// Runs a shell script in QEMU's place.
    fn run_script(script: &str, limit: u64, until: Option<&str>) -> Run {
        let words = ["sh", "-c", script].map(Into::into).to_vec();
        let limit = Duration::from_millis(limit);
        run(&CommandLine(words), Watch { limit, until, input: false, each: &mut |_| () }).unwrap()
    }

    #[test]
    fn lines_come_in_order_and_the_last_needs_no_end() {
        let run = run_script("echo a; echo b >&2; printf c; exit 3", 10_000, None);
        assert_eq!(run.lines, ["a", "c"]);
        assert_eq!(run.complaints, ["b"]);
        assert_eq!(run.end, End::Off(3));
    }

    #[test]
    fn a_guest_that_hangs_is_ended() {
        let run = run_script("echo a; exec sleep 60", 100, None);
        assert_eq!((run.lines, run.end), (vec!["a".to_string()], End::TimedOut));
    }

    #[test]
    fn the_awaited_line_ends_it() {
        let run = run_script("echo System halted; exec sleep 60", 10_000, Some("halted"));
        assert_eq!(run.end, End::Seen);
        assert!(run.time < Duration::from_secs(5));
    }

    #[test]
    fn escape_sequences_are_no_text() {
        assert_eq!(plain(b"\x1b[2J\x1b[01;01HSeaBIOS\r\n"), "SeaBIOS");
    }

    #[test]
    fn a_tied_program_ends_with_the_thread_that_started_it() {
        let started = || {
            let child = tied(Path::new("sleep")).arg("600").spawn().unwrap();
            let name = || fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap();
            while name() != "sleep\n" {
                thread::yield_now();
            }
            child
        };
        let status = thread::spawn(started).join().unwrap().wait().unwrap();
        assert_eq!(status.signal(), Some(9));
    }
}
