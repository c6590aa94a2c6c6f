//! Which program becomes the real init.

use crate::kernel::{Errno, Stop};
use crate::scripted::{Booted, End, Machine};

fn without_init() -> Machine {
    Machine::new().without("/sbin/init")
}

fn stopped(machine: Machine, words: &str) -> Booted {
    let booted = machine.words(format!("insinit.fail=halt {words}")).boot();
    assert_eq!(booted.end, End::Stop(Stop::Halt), "{booted}");
    let last = booted.lines().last().copied().unwrap_or_default().to_string();
    assert!(last.starts_with("<2>insinit: "), "{booted}");
    booted
}

#[test]
fn the_defaults_are_tried_in_the_kernels_order() {
    let machine = || without_init().program("/bin/init");
    assert_eq!(machine().program("/etc/init").program("/sbin/init").boot().init(), "/sbin/init");
    assert_eq!(machine().program("/etc/init").boot().init(), "/etc/init");
    assert_eq!(machine().boot().init(), "/bin/init");
}

#[test]
fn a_link_to_a_real_init_is_one() {
    let machine = without_init().program("/opt/init").symlink("/sbin/init", "/opt/init");
    assert_eq!(machine.boot().init(), "/sbin/init");
}

#[test]
fn no_real_init_leads_to_the_action() {
    stopped(without_init(), "");
    assert_eq!(without_init().boot().end, End::Exit(1));
}

#[test]
fn where_there_is_no_init_continue_is_panic() {
    let booted = without_init().words("insinit.fail=continue").boot();
    assert_eq!(booted.end, End::Exit(1));
    assert!(booted.loud(2)[0].contains("panic"), "{booted}");
}

#[test]
fn a_named_init_is_the_only_candidate() {
    let machine = || Machine::new().program("/opt/init");
    assert_eq!(machine().words("insinit.init=/opt/init").boot().init(), "/opt/init");
    let booted = stopped(machine(), "insinit.init=/opt/other");
    assert_eq!(booted.count("execve"), 0);
    let line = booted.line("exec /opt/other: ");
    assert!(line.starts_with("<3>insinit: exec /opt/other: failed ENOENT: "), "{line}");
}

#[test]
fn a_file_that_is_not_executable_is_none() {
    let machine = without_init().file("/sbin/init", "\x7fELF");
    let booted = stopped(machine, "");
    let line = booted.line("exec /sbin/init: ");
    assert!(line.starts_with("<3>insinit: exec /sbin/init: failed EACCES: "), "{line}");
    assert!(line.ends_with("not executable"), "{line}");
}

#[test]
fn after_a_file_that_is_not_executable_the_next_is_tried() {
    let machine = without_init().file("/sbin/init", "\x7fELF").program("/bin/init");
    assert_eq!(machine.boot().init(), "/bin/init");
}

#[test]
fn a_folder_is_none() {
    stopped(without_init().dir("/sbin/init"), "");
}

#[test]
fn insinit_itself_is_none() {
    let links = [
        without_init().hard_link("/sbin/init", "/init"),
        without_init().symlink("/sbin/init", "../init"),
    ];
    for machine in links {
        let booted = stopped(machine, "");
        assert_eq!(booted.count("execve"), 0);
        assert!(booted.line("exec /sbin/init: ").contains("insinit itself"), "{booted}");
    }
}

#[test]
fn insinit_itself_is_found_out_at_the_second_start_at_the_latest() {
    let linked = || without_init().hard_link("/sbin/init", "/init").odd_inodes();
    assert_eq!(linked().boot().init(), "/sbin/init");
    let booted = stopped(linked().executed(c"/sbin/init"), "");
    assert!(booted.line("exec /sbin/init: ").contains("insinit itself"), "{booted}");
}

#[test]
fn insinit_itself_is_looked_for_where_it_may_be_only() {
    let stats = |booted: Booted| ["stat ", "stat /sbin/init"].map(|call| booted.calls_of(call));
    assert_eq!(stats(Machine::new().words("quiet").boot()), [1, 1]);
    let other = Machine::new().words("quiet").program("/opt/init").executed(c"/opt/init");
    assert_eq!(stats(other.boot()), [2, 1]);
}

#[test]
fn insinit_itself_is_none_even_if_named() {
    stopped(Machine::new(), "insinit.init=/init");
    stopped(Machine::new(), "init=/init");
}

#[test]
fn after_insinit_itself_the_next_is_tried() {
    let machine = without_init().hard_link("/sbin/init", "/init").program("/bin/init");
    assert_eq!(machine.boot().init(), "/bin/init");
}

#[test]
fn an_exec_that_fails_is_reported_and_the_next_is_tried() {
    let machine = Machine::new().exec_answer("/sbin/init", Errno::ENOEXEC).program("/bin/init");
    let booted = machine.boot();
    assert!(
        booted.line("exec /sbin/init: ").starts_with("<3>insinit: exec /sbin/init: failed ENOEXEC")
    );
    assert_eq!(booted.init(), "/bin/init");
}

#[test]
fn an_exec_that_fails_leads_to_the_action() {
    for errno in [Errno::ENOENT, Errno::ENOEXEC, Errno::EACCES, Errno::ENOMEM] {
        let booted = stopped(Machine::new().exec_answer("/sbin/init", errno), "quiet");
        assert!(booted.line("exec /sbin/init: ").contains(errno.name().unwrap()), "{booted}");
    }
}

#[test]
fn a_name_of_our_own_that_no_path_can_have_leads_to_the_action() {
    stopped(Machine::new(), &format!("insinit.init=/{}", "x".repeat(5000)));
    stopped(Machine::new(), "insinit.init=relative/and/missing");
}

#[test]
fn all_of_that_is_said_even_if_quiet() {
    let booted = stopped(without_init(), "quiet insinit.init=/x");
    assert_eq!(booted.lines().len(), 2, "{booted}");
}

#[test]
fn called_any_other_way_it_says_what_it_is_and_exits_2() {
    let booted = Machine::new().modules(&["a"]).words("insinit.modules=a").pid(42).boot();
    assert_eq!((booted.end.clone(), booted.order()), (End::Exit(2), vec![]));
    assert!(booted.console().concat().starts_with("insinit: "), "{booted}");
    assert_eq!(booted.count("open") + booted.count("mount"), 0);
}
