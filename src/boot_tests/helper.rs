//! The kernel's usermode helper, and what people ask of modprobe.

use crate::kernel::Errno;
use crate::scripted::{Booted, End, Machine, Way, elf, xz};

/// A machine whose init runs.
fn machine() -> Machine {
    let machine = bare().device("/dev/kmsg", 1, 11).device("/dev/null", 1, 3);
    machine.mounted("/proc", "proc").mounted("/sys", "sysfs")
}

/// A machine before its init runs.
fn bare() -> Machine {
    let aliases = "alias crypto-x* b\nalias hid*n a\n";
    let machine = Machine::new().modules(&["a", "b: a", "c"]).tree_file("modules.alias", aliases);
    machine.dir("/proc").dir("/sys")
}

/// Runs the helper as the kernel does: without any descriptor.
fn asked(machine: Machine, name: &str) -> Booted {
    machine.fds(&[]).helper(&["-q", "--", name])
}

fn status(booted: &Booted) -> i32 {
    match booted.end {
        End::Exit(status) => status,
        _ => panic!("no exit: {booted}"),
    }
}

#[test]
fn the_kernel_gets_what_it_asks_for() {
    let booted = asked(machine().words("b.x=1"), "crypto-xyz");
    assert_eq!((booted.order(), booted.params("b"), status(&booted)), (vec!["a", "b"], "x=1", 0));
    assert_eq!((booted.lines(), booted.count("mount")), (vec![], 0));
}

#[test]
fn lists_are_none_of_its_business() {
    let machine = machine().file("/etc/modules", "c\n").words("insinit.modules=c insinit.coldplug");
    let booted = asked(machine.plugged("x", "crypto-x"), "a");
    assert_eq!((booted.order(), status(&booted)), (vec!["a"], 0));
}

#[test]
fn before_init_it_sees_proc_and_sys_and_leaves_nothing() {
    let machine = bare().words("a.x=1").inflates("xz");
    let machine = machine.tree_file("kernel/a.ko", xz(&elf("a"), 1));
    let booted = asked(machine, "a");
    assert_eq!((booted.loads()[0].way, booted.params("a")), (Way::Finit(4), "x=1"));
    assert_eq!((booted.left_behind(), booted.count("rmdir")), (vec![], 0));
    assert!(booted.count("unshare") > 0);
    let booted = asked(bare().without("/proc").without("/sys"), "b");
    assert_eq!((booted.order(), booted.left_behind()), (vec!["a", "b"], vec![]));
}

#[test]
fn what_is_not_there_is_no_word_but_a_status() {
    for name in ["nobody", "crypto-all", "hidde"] {
        let booted = asked(machine(), name);
        assert_eq!((booted.lines(), status(&booted)), (vec![], 1), "{name}");
    }
    let booted = asked(Machine::new().device("/dev/kmsg", 1, 11), "a");
    assert_eq!((booted.lines(), status(&booted)), (vec![], 1));
    let booted = machine().helper(&["nobody"]);
    assert_eq!((booted.console().len(), status(&booted)), (1, 1), "{booted}");
    assert!(booted.says("modprobe nobody: missing in /lib/modules/6.12.107"), "{booted}");
}

#[test]
fn what_is_there_already_is_a_success() {
    let builtin = machine().tree_file("modules.builtin", "kernel/fuse.ko\n");
    for (machine, name) in [
        (machine().live("a"), "a"),
        (machine().live("strange"), "strange"),
        (builtin, "fuse"),
        (machine().built_in("x"), "x"),
    ] {
        let booted = asked(machine, name);
        assert_eq!((booted.order(), booted.lines(), status(&booted)), (vec![], vec![], 0));
    }
}

#[test]
fn a_failure_goes_to_the_log_or_to_who_asked() {
    let booted = asked(machine().answer("a", Errno::EIO), "b");
    assert_eq!((booted.order(), status(&booted)), (vec!["a"], 1));
    assert_eq!((booted.log().len(), booted.console().len()), (2, 0), "{booted}");
    assert!(booted.log()[0].starts_with("<3>insinit: modprobe a: failed EIO"), "{booted}");
    let booted = machine().answer("a", Errno::EIO).helper(&["b"]);
    assert_eq!((booted.log().len(), booted.console().len(), status(&booted)), (0, 2, 1));
}

#[test]
fn a_device_that_is_not_there_is_no_success() {
    let booted = asked(machine().answer("a", Errno::ENODEV), "a");
    assert_eq!((booted.loud(5), status(&booted)), (vec![], 1));
}

#[test]
fn a_log_without_a_node_is_the_console() {
    let booted = asked(bare().answer("a", Errno::EIO), "a");
    let made = (1..=booted.calls()).any(|n| booted.call(n) == "mknod /dev/kmsg");
    assert_eq!((booted.console().len(), made), (1, false), "{booted}");
}

#[test]
fn a_module_that_is_coming_is_waited_for() {
    let booted = asked(machine().coming("a", 3_000, true), "b");
    assert_eq!((booted.order(), booted.lines(), status(&booted)), (vec!["b"], vec![], 0));
    let booted = asked(machine().coming("a", 300, false), "b");
    assert_eq!((booted.order(), status(&booted)), (vec!["a", "b"], 0));
}

#[test]
fn a_module_that_asks_for_itself_is_named_after_ten_seconds() {
    let booted = asked(machine().coming("a", u64::MAX >> 20, false), "hidden");
    assert_eq!((booted.order(), booted.count("sleep"), status(&booted)), (vec![], 100, 1));
    let lines = [
        "<4>insinit: wait a: it is being loaded",
        "<3>insinit: modprobe a: failed ETIMEDOUT: somebody else has been loading it for 10 s",
    ];
    assert_eq!(booted.log(), lines);
    let booted = asked(bare().coming("a", u64::MAX >> 20, false), "hidden");
    assert_eq!((booted.order(), status(&booted)), (vec![], 1));
}

#[test]
fn a_blacklist_hides_a_module_from_the_kernel() {
    let machine = || machine().file("/etc/modprobe.d/x.conf", "blacklist b\nblacklist a\n");
    for name in ["b", "crypto-x", "a"] {
        let booted = asked(machine(), name);
        assert_eq!((booted.order(), booted.lines(), status(&booted)), (vec![], vec![], 1));
    }
    assert_eq!(machine().helper(&["b"]).order(), ["a", "b"]);
    let booted = machine().helper(&["-b", "b"]);
    assert_eq!((booted.order(), status(&booted)), (vec![], 1));
    assert!(booted.says("modprobe b: blocked by /etc/modprobe.d/x.conf"), "{booted}");
}

#[test]
fn people_give_parameters_or_several_names() {
    let booted = machine().helper(&["c", "x=1", "y=a b", "z"]);
    assert_eq!((booted.params("c"), status(&booted)), ("x=1 y=\"a b\" z", 0));
    let booted = machine().helper(&["-qba", "c", "b"]);
    assert_eq!((booted.order(), status(&booted)), (vec!["c", "a", "b"], 0));
    let booted = machine().helper(&["--all", "--quiet", "--use-blacklist", "c", "nobody", "a"]);
    assert_eq!((booted.order(), status(&booted)), (vec!["c", "a"], 1));
}

#[test]
fn other_arguments_are_named() {
    let cases: [(&[&str], &str); 5] = [
        (&[], "NAME?"),
        (&["-q", "--"], "NAME?"),
        (&["-r", "a"], "-r?"),
        (&["-qx", "a"], "-qx?"),
        (&["--show-depends", "a"], "--show-depends?"),
    ];
    for (arguments, expected) in cases {
        let booted = machine().helper(arguments);
        assert_eq!((booted.order(), status(&booted)), (vec![], 2), "{arguments:?}");
        assert!(booted.says(&format!("modprobe: {expected}")), "{booted}");
    }
}

#[test]
fn descriptors_are_made_sound() {
    let kept = |open: &[i32]| machine().fds(open).helper(&["a"]).count("keep");
    assert_eq!([&[][..], &[0, 2], &[0, 1, 2]].map(kept), [3, 1, 0]);
}

#[test]
fn it_has_no_workers() {
    let booted = machine().words("insinit.jobs=4").helper(&["-a", "a", "b", "c"]);
    assert_eq!((booted.order(), status(&booted)), (vec!["a", "b", "c"], 0));
    assert_eq!(booted.count("spawn") + booted.count("fork") + booted.count("clone"), 0);
}
