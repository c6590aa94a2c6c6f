//! The failure action (`insinit.fail=`).

use crate::kernel::{Errno, Stop};
use crate::scripted::{Booted, End, Machine};

/// Boots where the required `a` fails and `b` comes next.
fn failing(words: &str) -> Booted {
    let machine = Machine::new().modules(&["a", "b"]).answer("a", Errno::EIO);
    machine.words(format!("insinit.required=a insinit.modules=b {words}")).boot()
}

/// The boots in which `a` is failed, missing, blocked and skipped.
fn each_failure(words: &str) -> [Booted; 4] {
    let words = format!("insinit.required=a {words}");
    let machine = || Machine::new().modules(&["a", "b"]).words(&words);
    let missing = Machine::new().modules(&["b"]).words(&words);
    let blocked = machine().words(format!("{words} module_blacklist=a"));
    let skipped = machine().modules(&["a: b", "b"]).answer("b", Errno::EIO);
    [machine().answer("a", Errno::EIO), missing, blocked, skipped].map(Machine::boot)
}

#[test]
fn every_kind_of_failure_leads_to_every_action() {
    let ends = [
        ("panic", End::Exit(1)),
        ("reboot", End::Stop(Stop::Reboot)),
        ("poweroff", End::Stop(Stop::PowerOff)),
        ("halt", End::Stop(Stop::Halt)),
        ("shell", End::Exit(1)),
    ];
    for (action, end) in ends {
        let words = format!("insinit.fail={action}");
        for (booted, kind) in
            each_failure(&words).iter().zip(["failed", "missing", "blocked", "skipped"])
        {
            assert_eq!(booted.end, end, "{action} of {kind}");
            assert!(booted.result("a").starts_with(kind), "{booted}");
        }
    }
}

#[test]
fn each_kind_of_failure_has_its_priority() {
    let priorities = each_failure("").map(|booted| booted.priority("a"));
    assert_eq!(priorities, [3, 3, 4, 3]);
}

#[test]
fn without_the_word_the_action_is_panic() {
    assert!(each_failure("").iter().all(|booted| booted.end == End::Exit(1)));
}

#[test]
fn with_continue_the_boot_goes_on() {
    for booted in each_failure("insinit.fail=continue") {
        assert_eq!((booted.init(), booted.loud(2)), ("/sbin/init", vec![]));
    }
    assert_eq!(failing("insinit.fail=continue").order(), ["a", "b"]);
}

#[test]
fn nothing_is_loaded_after_a_stop() {
    assert_eq!(failing("").order(), ["a"]);
}

#[test]
fn the_last_line_before_a_stop_says_what_would_have_come_next() {
    for action in ["panic", "reboot", "poweroff", "halt"] {
        let booted = failing(&format!("insinit.fail={action}"));
        let last = booted.lines().last().copied().unwrap_or_default().to_string();
        assert!(last.starts_with("<2>insinit: ") && last.contains(action), "{last}");
        assert!(last.contains(" a") && last.contains("load b"), "{last}");
    }
}

#[test]
fn after_the_last_module_the_real_init_would_have_come_next() {
    let booted = Machine::new().words("insinit.required=a").boot();
    assert!(booted.loud(2)[0].contains("exec /sbin/init"), "{booted}");
}

#[test]
fn quiet_does_not_hide_why_the_machine_stops() {
    let booted = failing("quiet");
    assert_eq!(booted.lines().len(), 2, "{booted}");
    assert_eq!((booted.priority("a"), booted.loud(2).len()), (3, 1));
}

#[test]
fn files_are_synced_and_the_console_drained_before_a_stop() {
    for action in ["reboot", "poweroff", "halt"] {
        let booted = failing(&format!("insinit.fail={action}"));
        let [write, sync, stop] =
            ["write", "sync", "reboot"].map(|call| booted.last(call).unwrap());
        assert!(write < sync && sync < stop, "{action}");
        assert!(write < booted.last("drain").unwrap() && booted.last("drain").unwrap() < stop);
    }
}

#[test]
fn a_machine_that_cannot_be_stopped_panics_and_says_so() {
    for action in ["reboot", "poweroff", "halt"] {
        let machine = Machine::new().stop_answer(Errno::EPERM);
        let booted = machine.words(format!("insinit.required=a insinit.fail={action}")).boot();
        assert_eq!(booted.end, End::Exit(1));
        assert!(booted.loud(2).last().unwrap().contains("EPERM"), "{booted}");
    }
}

#[test]
fn for_ordinary_and_optional_entries_no_action_is_taken() {
    for list in ["insinit.modules=a", "insinit.modules=-a"] {
        let machine = Machine::new().modules(&["a"]).answer("a", Errno::EIO);
        let booted = machine.words(format!("{list} insinit.fail=poweroff")).boot();
        assert_eq!(booted.init(), "/sbin/init");
    }
}
