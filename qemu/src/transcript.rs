//! Patterns for what a console shows, and where they are found in it.
//!
//! A pattern is one of
//! - `load dummy: loaded`: a line of insinit's, read by the library's own parser. Verb, subject and
//!   result have to be the same, the detail has to start with the pattern's;
//! - `guest: pid 1`: a line of the guest's that starts like that;
//! - `kernel: Power down`: any line that holds the text.
//!
//! `*` in a detail or a guest's line stands for anything.

use insinit::line::{self, Parsed};

/// Where in `lines` the pattern is first found.
#[must_use]
pub fn find(lines: &[String], pattern: &str) -> Option<usize> {
    lines.iter().position(|line| fits(line, pattern))
}

/// Whether `line` fits the pattern.
#[must_use]
pub fn fits(line: &str, pattern: &str) -> bool {
    if let Some(text) = pattern.strip_prefix("kernel: ") {
        return line.contains(text);
    }
    if pattern.starts_with("guest: ") {
        return line.find("guest: ").is_some_and(|at| glob(&line[at..], pattern));
    }
    let wanted = format!("insinit: {pattern}");
    match (line::parse(line), line::parse(&wanted)) {
        (Some(said), Some(wanted)) => same(&said, &wanted),
        _ => false,
    }
}

/// Whether a line of insinit's is the wanted one.
fn same(said: &Parsed, wanted: &Parsed) -> bool {
    (said.verb, said.subject) == (wanted.verb, wanted.subject)
        && (said.result == wanted.result || wanted.result == "*")
        && glob(said.detail, wanted.detail)
}

/// Whether `text` starts like `pattern`, whose `*` stand for anything.
fn glob(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADED: &str = "[    1.2] insinit: load dm_mod: loaded 1.9 ms";

    #[test]
    fn a_subject_is_compared_whole() {
        assert!(fits(LOADED, "load dm_mod: loaded"));
        assert!(!fits(LOADED, "load dm: loaded"));
        assert!(!fits(LOADED, "load dm_mod: load"));
        assert!(fits(LOADED, "load dm_mod: *"));
    }

    #[test]
    fn a_detail_may_leave_things_open() {
        let line = "insinit: load amdgpu: failed ENOMEM: needs 28.3 MiB, 20.1 MiB free";
        assert!(fits(line, "load amdgpu: failed ENOMEM: needs * MiB, * MiB free"));
        assert!(!fits(line, "load amdgpu: failed ENOMEM: needs * GiB"));
        assert!(!fits(line, "load amdgpu: failed EINVAL"));
    }

    #[test]
    fn the_guest_and_the_kernel_are_heard_too() {
        assert!(fits("[ 1.0] guest: pid 1", "guest: pid 1"));
        assert!(!fits("[ 1.0] insinit: exec guest", "guest: pid 1"));
        assert!(fits("[ 1.0] reboot: Power down", "kernel: Power down"));
        assert!(!fits("[ 1.0] dummy: loaded", "load dummy: loaded"));
    }
}
