//! Runs a host program with a limit of time and keeps what it says for the error.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// How many lines of a failed program's output an error shows.
const SHOWN: usize = 40;

/// `command` with its words, as it can be typed.
#[must_use]
pub fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs `command` to its end and gives its standard output.
///
/// # Errors
/// It can't be started, takes longer than `limit` or fails; the error ends with its last lines.
pub fn output(command: &mut Command, limit: Duration) -> Result<String> {
    watched(command, limit, || ())
}

/// [`output`], calling `glance` again and again while it runs.
///
/// # Errors
/// As for [`output`].
pub fn watched(command: &mut Command, limit: Duration, glance: impl FnMut()) -> Result<String> {
    let mut said = [tempfile::tempfile()?, tempfile::tempfile()?];
    command.stdin(Stdio::null()).stdout(said[0].try_clone()?).stderr(said[1].try_clone()?);
    let status = finish(command, limit, glance);
    let mut texts = [String::new(), String::new()];
    for (file, text) in said.iter_mut().zip(&mut texts) {
        file.rewind()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }
    match status {
        Ok(status) if status.success() => Ok(texts.into_iter().next().unwrap_or_default()),
        Ok(status) => bail!("`{}` failed ({status})\n{}", typed(command), last_lines(&texts)),
        Err(error) if texts.iter().all(String::is_empty) => Err(error),
        Err(error) => Err(error.context(last_lines(&texts))),
    }
}

/// Runs `command` with all that it says in `log`, calling `glance` again and again with the lines there.
///
/// # Errors
/// As for [`output`].
pub fn logged(
    command: &mut Command,
    log: &Path,
    limit: Duration,
    mut glance: impl FnMut(u64),
) -> Result<()> {
    let file = File::create(log).with_context(|| format!("can't write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let (mut reader, mut lines) = (File::open(log)?, 0);
    let status = finish(command, limit, || {
        lines += new_lines(&mut reader);
        glance(lines);
    });
    let said = || last_lines(&[fs::read_to_string(log).unwrap_or_default()]);
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`{}` failed ({status})\n{}", typed(command), said()),
        Err(error) => Err(error.context(said())),
    }
}

/// How many lines have ended in what comes from `reader`.
fn new_lines(reader: &mut File) -> u64 {
    let mut bytes = Vec::new();
    let _ = reader.read_to_end(&mut bytes);
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Starts `command` and waits for its end, at most `limit`.
fn finish(command: &mut Command, limit: Duration, mut glance: impl FnMut()) -> Result<ExitStatus> {
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("can't run `{}`", typed(command)))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("`{}` did not end within {} s", typed(command), limit.as_secs());
        }
        glance();
        sleep(GLANCE);
    }
}

/// The end of what a program said on each of its outputs: either may have the reason.
fn last_lines(texts: &[String]) -> String {
    let ends = texts.iter().flat_map(|text| {
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].to_vec()
    });
    ends.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn gives_standard_output_only() {
        assert_eq!(output(&mut sh("echo a; echo b >&2"), LIMIT).unwrap(), "a\n");
    }

    #[test]
    fn a_failure_shows_the_command_and_what_it_said() {
        let error = output(&mut sh("echo why >&2; exit 3"), LIMIT).unwrap_err().to_string();
        assert!(error.contains("sh -c") && error.contains("why"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let error = output(&mut sh("exec sleep 60"), Duration::from_millis(50)).unwrap_err();
        assert!(format!("{error:#}").contains("did not end within"), "{error:#}");
    }

    #[test]
    fn a_logged_program_is_counted_by_its_lines() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut seen = 0;
        let mut command = sh("echo a; echo b >&2; sleep 0.2");
        logged(&mut command, log.path(), LIMIT, |lines| seen = lines).unwrap();
        assert_eq!(seen, 2);
        let error = logged(&mut sh("echo why; exit 1"), log.path(), LIMIT, |_| ()).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output(&mut Command::new("no-such-program"), LIMIT).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program"), "{error:#}");
    }
}
