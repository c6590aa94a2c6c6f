//! Compares what a boot was to show with what its console shows.

use crate::console::{End, Run};
use crate::scenario::{Ends, Scenario};
use crate::transcript::{find, fits};
use insinit::line;

/// Lines that no boot may show.
const NEVER: [&str; 3] =
    ["kernel: insinit: internal error", "kernel: output lines suppressed", "kernel: segfault"];

/// Lines that only a boot with our module that oopses may show.
const OOPS: [&str; 3] = ["kernel: BUG:", "kernel: Oops", "kernel: Internal error:"];

/// What is wrong with the boot; nothing if it is good.
#[must_use]
pub fn faults(scenario: &Scenario, release: &str, run: &Run) -> Vec<String> {
    let fill = |text: &&str| text.replace("{release}", release);
    let expect: Vec<String> = scenario.expect.iter().map(fill).collect();
    let oops: &[&str] = if scenario.image.holds("tm_oops") { &[] } else { &OOPS };
    let forbid: Vec<String> = scenario.forbid.iter().chain(&NEVER).chain(oops).map(fill).collect();
    let faults = missing(&run.lines, &expect).into_iter();
    let faults = faults.chain(repeated(&run.lines, scenario.once));
    let faults = faults.chain(forbidden(&run.lines, &forbid));
    let also = scenario.also.map(|also| also(&run.lines)).into_iter().flatten();
    faults.chain(ending(scenario.end, run)).chain(lost(&run.lines)).chain(also).collect()
}

/// The first line that doesn't come in its turn.
fn missing(lines: &[String], expect: &[String]) -> Option<String> {
    let mut from = 0;
    for pattern in expect {
        match find(&lines[from..], pattern) {
            Some(at) => from += at + 1,
            None if find(lines, pattern).is_some() => return Some(format!("too early: {pattern}")),
            None => return Some(format!("no line: {pattern}")),
        }
    }
    None
}

/// The lines that don't come exactly once.
fn repeated(lines: &[String], once: &[&str]) -> Vec<String> {
    let count = |pattern: &str| lines.iter().filter(|line| fits(line, pattern)).count();
    let odd = once.iter().filter(|pattern| count(pattern) != 1);
    odd.map(|pattern| format!("{} times: {pattern}", count(pattern))).collect()
}

/// The lines that must not be there.
fn forbidden(lines: &[String], forbid: &[String]) -> Vec<String> {
    let found = forbid.iter().filter_map(|pattern| find(lines, pattern));
    found.map(|at| format!("must not come: {}", lines[at])).collect()
}

/// What is wrong with the boot's end.
fn ending(wanted: Ends, run: &Run) -> Option<String> {
    let panic = run.lines.iter().find(|line| line.contains("Kernel panic"));
    match (wanted, &run.end, panic) {
        (Ends::Off, End::Off(0), None) | (Ends::Stays(_), End::Seen, None) => None,
        (Ends::Never, End::TimedOut, None) => None,
        (Ends::Panic(text), End::Off(0), Some(line)) if line.contains(text) => None,
        (Ends::Panic(text), _, None) => Some(format!("no panic: {text}")),
        (_, _, Some(line)) => Some(format!("panic: {line}")),
        (_, End::TimedOut, _) => Some(format!("hangs: killed after {} s", run.time.as_secs())),
        (_, end, _) => Some(format!("ends as {end:?}: {}", run.complaints.join("; "))),
    }
}

/// What the loader counted and what it said until then have to agree: no line is lost.
fn lost(lines: &[String]) -> Option<String> {
    let mut said: Vec<_> = lines.iter().filter_map(|line| line::parse(line)).collect();
    let counted = said.iter().position(|line| line.verb == "done")?;
    let done = said.remove(counted);
    said.truncate(counted);
    let account = format!("{} {}", done.result, done.detail);
    let counted = account.split(", ").filter_map(|part| part.split_once(' '));
    for (count, what) in counted.filter_map(|(count, what)| Some((count.parse().ok()?, what))) {
        let shown = said.iter().filter(|line| line.verb == "load" && line.result == what).count();
        if shown != count {
            return Some(format!("{count} {what} by its account, {shown} by its lines"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Image, NOTHING, PLAIN};
    use std::time::Duration;

    const TWO: Scenario = Scenario {
        expect: &["load a: loaded", "exec /sbin/init"],
        forbid: &["load b: *"],
        ..PLAIN
    };

    fn run(lines: &[&str], end: End) -> Run {
        let lines = lines.iter().map(ToString::to_string).collect();
        Run { lines, complaints: vec![], end, time: Duration::from_secs(9) }
    }

    fn judged(scenario: &Scenario, lines: &[&str], end: End) -> Vec<String> {
        faults(scenario, "6.12", &run(lines, end))
    }

    #[test]
    fn a_boot_that_shows_everything_in_order_is_good() {
        let lines = ["insinit: load a: loaded 1.0 ms", "insinit: exec /sbin/init"];
        assert_eq!(judged(&TWO, &lines, End::Off(0)), [""; 0]);
    }

    #[test]
    fn a_missing_a_late_and_a_forbidden_line_are_faults() {
        let turned = ["insinit: exec /sbin/init", "insinit: load a: loaded 1.0 ms"];
        assert_eq!(judged(&TWO, &turned, End::Off(0)), ["too early: exec /sbin/init"]);
        assert_eq!(judged(&TWO, &turned[..1], End::Off(0)), ["no line: load a: loaded"]);
        let more =
            ["insinit: load a: loaded", "insinit: exec /sbin/init", "insinit: load b: missing"];
        assert_eq!(judged(&TWO, &more, End::Off(0)), ["must not come: insinit: load b: missing"]);
    }

    #[test]
    fn a_guest_that_hangs_or_panics_is_caught() {
        assert_eq!(judged(&PLAIN, &[], End::TimedOut), ["hangs: killed after 9 s"]);
        let panic = ["Kernel panic - not syncing: Attempted to kill init!"];
        assert_eq!(judged(&PLAIN, &panic, End::Off(0)), [format!("panic: {}", panic[0])]);
        let wanted = Scenario { end: Ends::Panic("kill init"), ..PLAIN };
        assert_eq!(judged(&wanted, &panic, End::Off(0)), [""; 0]);
        assert_eq!(judged(&wanted, &[], End::Off(0)), ["no panic: kill init"]);
        assert_eq!(
            judged(&wanted, &["Kernel panic: VFS"], End::Off(0)),
            ["panic: Kernel panic: VFS"]
        );
    }

    #[test]
    fn an_oops_is_a_fault_unless_it_was_asked_for() {
        let oops = ["Oops: 0002 [#1]"];
        assert_eq!(judged(&PLAIN, &oops, End::Off(0)), ["must not come: Oops: 0002 [#1]"]);
        let image = Image { modules: &["tm_oops"], ..NOTHING };
        assert_eq!(judged(&Scenario { image, ..PLAIN }, &oops, End::Off(0)), [""; 0]);
    }

    #[test]
    fn a_lost_log_line_is_a_fault() {
        let lines =
            ["insinit: load a: loaded 1.0 ms", "insinit: done: 2 loaded, 0 already, 3.0 ms"];
        assert_eq!(
            judged(&PLAIN, &lines, End::Off(0)),
            ["2 loaded by its account, 1 by its lines"]
        );
    }

    #[test]
    fn qemus_own_failure_is_passed_on() {
        let run = Run { complaints: vec!["no such machine".into()], ..run(&[], End::Off(1)) };
        assert_eq!(faults(&PLAIN, "", &run), ["ends as Off(1): no such machine"]);
    }
}
