//! What has to hold of every boot in which one system call fails.

use crate::image::Kind;
use crate::tracer::{End, Traced};
use nix::libc;

/// What is wrong with a boot; nothing, if it is as it has to be.
pub fn fault(kind: &Kind, traced: &Traced) -> Option<String> {
    let machine = &traced.machine;
    let says = |text: &str| machine.lines.iter().any(|line| line.contains(text));
    let is_there = |name: &&str| {
        // Without its device it is no failure.
        let absent = ((*name).to_string(), -i64::from(libc::ENODEV));
        machine.loaded.iter().any(|loaded| loaded == name) || machine.attempts.contains(&absent)
    };
    // Of an optional one it is no bad news.
    let is_told = |name: &&str| is_there(name) || says(&format!("load {name}: "));
    let said = machine.lines.iter().any(|line| is_bad_news(line));
    match &traced.end {
        End::Exec(path, more) => {
            if path != "/sbin/init" && !(path == "/bin/sh" && kind.words.contains("shell")) {
                return Some(format!("it became {path}"));
            }
            if *more > 0 {
                return Some(format!("the real init has {more} descriptors more than /init"));
            }
            // That something is not there is no fault.
            let is_answer = ["openat", "statx"].iter().any(|call| traced.failed.starts_with(call))
                && traced.failed.ends_with("(ENOENT)");
            if !said && !is_answer && !kind.modules.iter().all(is_told) {
                return Some("a module is missing, and no line says so".into());
            }
            // Without its words it can't know what is required; and after the shell all is well again.
            let may = says("read /proc/cmdline: failed") || says("shell /bin/sh: ended");
            if !may && !kind.required.iter().all(is_there) {
                return Some("the real init starts without a required module".into());
            }
        }
        End::Stop(_) | End::Exit(1) if !said => return Some("it stops without a word".into()),
        End::Stop(command) if *command != libc::LINUX_REBOOT_CMD_RESTART as u64 => {
            return Some(format!("reboot(2) is told {command:#x}"));
        }
        End::Stop(_) | End::Exit(1) => {}
        end => return Some(format!("its end is {end:?}")),
    }
    twice(traced)
}

/// Whether a line isn't good news; on the console it has no priority.
fn is_bad_news(line: &str) -> bool {
    match line.strip_prefix('<').and_then(|line| line.chars().next()) {
        Some(priority) => priority <= '4',
        None => {
            ["failed", "missing", "skipped", "stop", "ignored"].iter().any(|w| line.contains(w))
        }
    }
}

/// A module that was tried twice, though the first answer proved that the kernel had looked at it.
fn twice(traced: &Traced) -> Option<String> {
    let attempts = &traced.machine.attempts;
    let blind = [libc::ENOSYS, libc::EOPNOTSUPP, libc::ENOEXEC].map(|errno| -i64::from(errno));
    for (at, (name, _)) in attempts.iter().enumerate() {
        let before = attempts[..at].iter().filter(|(other, _)| other == name);
        if before.clone().count() > 1 || before.clone().any(|(_, done)| !blind.contains(done)) {
            return Some(format!("{name} was tried twice: {attempts:?}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::image::KINDS;

    /// A boot of the first kind that ended like that, with these lines and modules.
    fn judged(end: End, lines: &[&str], loaded: &[&str]) -> Option<String> {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let mut machine = Answers::default();
        (machine.lines, machine.loaded) = (texts(lines), texts(loaded));
        fault(&KINDS[0], &Traced { end, failed: String::new(), calls: vec![], machine })
    }

    fn init(more: usize) -> End {
        End::Exec("/sbin/init".into(), more)
    }

    const ALL: &[&str] = &["a", "b", "c", "d"];

    #[test]
    fn a_good_boot_and_one_that_says_what_is_missing_are_right() {
        assert_eq!(judged(init(0), &[], ALL), None);
        assert_eq!(judged(init(0), &["<3>insinit: read modules.dep: failed EIO"], &["a"]), None);
        assert_eq!(judged(End::Exit(1), &["<2>insinit: stop panic: x"], &[]), None);
    }

    #[test]
    fn silence_a_crash_a_wrong_program_and_an_open_file_are_faults() {
        for end in [init(1), End::Exec("/x".into(), 0), End::Exit(101), End::Endless] {
            assert!(judged(end.clone(), &["<2>insinit: x"], ALL).is_some(), "{end:?}");
        }
        assert!(judged(init(0), &["<6>insinit: load a: loaded"], &["a"]).is_some());
        assert!(judged(End::Exit(1), &["<6>insinit: x"], ALL).is_some());
    }
}
