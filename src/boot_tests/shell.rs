//! `insinit.fail=shell`.

use crate::kernel::Errno;
use crate::scripted::{End, Machine};

/// A machine whose required `a` fails; `b` comes next.
fn failing() -> Machine {
    let machine = Machine::new().modules(&["a", "b"]).answer("a", Errno::EIO);
    machine.words("insinit.fail=shell insinit.required=a insinit.modules=b")
}

#[test]
fn the_boot_goes_on_when_the_shell_ends() {
    let booted = failing().program("/bin/sh").boot();
    assert_eq!((booted.order(), booted.init()), (vec!["a", "b"], "/sbin/init"));
    assert_eq!(booted.count("spawn"), 1);
}

#[test]
fn the_shells_line_says_what_failed_and_how_to_go_on() {
    let booted = failing().program("/bin/sh").boot();
    let line = booted.loud(2)[0];
    assert!(line.starts_with("<2>insinit: shell /bin/sh: ") && line.contains(" a"), "{line}");
    assert!(line.contains("exit") && line.contains("load b"), "{line}");
}

#[test]
fn the_shell_is_started_after_its_line() {
    let booted =
        failing().program("/bin/sh").words("quiet insinit.fail=shell insinit.required=a").boot();
    let before: Vec<String> = (1..booted.last("spawn").unwrap()).map(|n| booted.call(n)).collect();
    assert!(before.iter().any(|call| call.starts_with("write <2>insinit: shell")), "{before:?}");
}

#[test]
fn the_end_of_an_orphan_is_not_the_end_of_the_shell() {
    let booted = failing().program("/bin/sh").orphan().boot();
    assert_eq!((booted.count("wait4"), booted.init()), (2, "/sbin/init"));
}

#[test]
fn the_shell_is_started_at_most_once() {
    let machine = failing().answer("b", Errno::EIO).program("/bin/sh");
    let booted = machine.words("insinit.fail=shell insinit.required=a,b").boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (1, End::Exit(1)));
    assert!(booted.lines().last().unwrap().starts_with("<2>insinit: "), "{booted}");
}

#[test]
fn without_a_shell_the_action_is_panic() {
    let booted = failing().boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (0, End::Exit(1)));
}

#[test]
fn without_input_the_action_is_panic() {
    for machine in [failing().fds(&[1, 2]), failing().without_console()] {
        let booted = machine.program("/bin/sh").boot();
        assert_eq!((booted.count("spawn"), booted.end.clone()), (0, End::Exit(1)));
    }
}

#[test]
fn a_shell_that_cannot_be_started_is_a_panic() {
    let machine = failing().program("/bin/sh");
    let spawn = failing().program("/bin/sh").boot().last("spawn").unwrap();
    let booted = machine.fault(spawn, Errno::EAGAIN).boot();
    assert_eq!(booted.end, End::Exit(1));
    assert!(booted.says("EAGAIN"), "{booted}");
}

#[test]
fn the_shell_may_bring_the_real_init() {
    let machine = Machine::new().without("/sbin/init").repaired_by_shell("/opt/init");
    let booted = machine.words("insinit.fail=shell insinit.init=/opt/init").boot();
    assert_eq!((booted.count("spawn"), booted.init()), (1, "/opt/init"));
}

#[test]
fn a_shell_that_brings_no_real_init_is_a_panic() {
    let machine = Machine::new().program("/bin/sh");
    let booted = machine.words("insinit.fail=shell insinit.init=/opt/init").boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (1, End::Exit(1)));
}

#[test]
fn with_this_action_only_the_shell_is_the_last_real_init() {
    let machine = || Machine::new().without("/sbin/init").program("/bin/sh");
    assert_eq!(machine().words("insinit.fail=shell").boot().init(), "/bin/sh");
    assert_eq!(machine().boot().end, End::Exit(1));
}

#[test]
fn insinit_itself_is_no_real_init_after_a_shell_either() {
    let machine = Machine::new().exec_answer("/sbin/init", Errno::ENOEXEC);
    let machine = machine.hard_link("/bin/init", "/init").program("/bin/sh");
    let machine = machine.exec_answer("/bin/sh", Errno::EACCES);
    let booted = machine.words("insinit.fail=shell").boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (1, End::Exit(1)));
}

#[test]
fn a_shell_that_cannot_be_executed_is_no_shell() {
    let booted = failing().file("/bin/sh", "no program").boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (1, End::Exit(1)));
    let line = booted.line("shell /bin/sh: failed").to_string();
    assert!(line.contains("ENOEXEC"), "{line}");
}

#[test]
fn a_console_that_swallows_everything_is_no_input() {
    let machine = failing().program("/bin/sh").words("insinit.fail=shell insinit.required=a");
    let booted = machine.consoles("ttynull0  --- (EC  p  )  242:0\n").boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (0, End::Exit(1)));
}

#[test]
fn it_is_no_input_either_once_an_exec_has_failed() {
    let machine = Machine::new().exec_answer("/sbin/init", Errno::ENOEXEC).program("/bin/sh");
    let machine = machine.words("insinit.fail=shell insinit.init=/sbin/init");
    let booted = machine.consoles("ttynull0  --- (EC  p  )  242:0\n").boot();
    assert_eq!((booted.count("spawn"), booted.end.clone()), (0, End::Exit(1)));
}
