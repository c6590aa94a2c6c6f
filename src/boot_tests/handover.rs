//! The machine as the real init finds it.

use super::boot;
use crate::kernel::Errno;
use crate::scripted::{Booted, End, Machine, elf, gzip};

/// What the real init inherits.
fn inherited(booted: &Booted) -> Vec<(i32, &str)> {
    match &booted.end {
        End::Exec { fds, .. } => fds.iter().map(|(fd, path)| (*fd, path.as_str())).collect(),
        end => panic!("{end:?} after {booted}"),
    }
}

#[test]
fn nothing_that_was_made_or_mounted_is_left() {
    let machine = || Machine::new().modules(&["a"]).words("insinit.modules=a,b");
    let machines = [
        machine(),
        machine().without("/dev"),
        machine().tree_file("kernel/a.ko", gzip(&elf("a"))),
        machine().answer("a", Errno::EEXIST),
        machine().without_console(),
        machine().without_console().without("/dev"),
        machine().without_kmsg(),
        machine().dir("/proc").dir("/sys"),
        machine().device("/dev/kmsg", 1, 11).device("/dev/null", 1, 3),
    ];
    for (at, booted) in machines.map(Machine::boot).iter().enumerate() {
        assert_eq!(booted.init(), "/sbin/init");
        assert_eq!(booted.left_behind(), [""; 0], "machine {at}");
    }
}

#[test]
fn what_was_there_before_stays() {
    let machine = Machine::new().modules(&["a"]).mounted("/proc", "proc").mounted("/sys", "sysfs");
    let booted = machine.answer("a", Errno::EEXIST).words("insinit.modules=a").boot();
    assert_eq!((booted.count("mount"), booted.count("umount")), (1, 0), "/proc is busy");
    assert_eq!(booted.left_behind(), ["/proc", "/sys"], "still mounted");
}

#[test]
fn a_folder_in_the_way_of_proc_is_not_removed() {
    let booted = Machine::new().file("/proc/note", "").boot();
    assert_eq!((booted.init(), booted.left_behind()), ("/sbin/init", vec![]));
}

#[test]
fn only_the_consoles_descriptors_are_inherited() {
    let expected = [(0, "/dev/console"), (1, "/dev/console"), (2, "/dev/console")];
    assert_eq!(inherited(&boot(&["a"], "insinit.modules=a")), expected);
}

#[test]
fn closed_descriptors_are_filled_and_stay() {
    for open in [&[][..], &[0], &[1, 2], &[2]] {
        let booted = Machine::new().modules(&["a"]).fds(open).words("insinit.modules=a").boot();
        let fds = inherited(&booted);
        assert_eq!(fds.iter().map(|(fd, _)| *fd).collect::<Vec<_>>(), [0, 1, 2]);
        for (fd, path) in fds {
            assert_eq!(path, if open.contains(&fd) { "/dev/console" } else { "/dev/null" });
        }
        assert_eq!(booted.result("a"), "loaded 1.9 ms");
    }
}

#[test]
fn descriptors_are_filled_before_anything_else_stays_open() {
    let booted = Machine::new().without_console().boot();
    let calls: Vec<String> = (1..=booted.calls()).map(|n| booted.call(n)).collect();
    let is_fill = |call: &&String| *call == "open /dev/null";
    let first = calls.iter().position(|call| is_fill(&call)).expect("a fill");
    let before = |start| calls[..first].iter().filter(|call| call.starts_with(start)).count();
    assert_eq!(before("open "), before("close "), "{calls:#?}");
    let opens = calls[first..].iter().filter(|call| call.starts_with("open "));
    assert_eq!(opens.skip_while(is_fill).filter(is_fill).count(), 0, "{calls:#?}");
}

#[test]
fn arguments_and_environment_are_the_kernels() {
    let machine = Machine::new().arguments(&["single", "-x", "a=b"], &["TZ=UTC", "EMPTY="]);
    let booted = machine.boot();
    let End::Exec { argv, envp, .. } = &booted.end else { panic!("{booted}") };
    assert_eq!(argv[..], ["/sbin/init", "single", "-x", "a=b"]);
    assert_eq!(envp[..], ["HOME=/", "TERM=linux", "TZ=UTC", "EMPTY="]);
}

#[test]
fn each_candidate_gets_its_own_name() {
    let machine = Machine::new().exec_answer("/sbin/init", Errno::ENOEXEC).program("/etc/init");
    let booted = machine.boot();
    let End::Exec { argv, .. } = &booted.end else { panic!("{booted}") };
    assert_eq!(argv[..], ["/etc/init"]);
}

#[test]
fn everything_is_gone_before_the_exec_and_the_last_line_is_said() {
    let booted = boot(&["a"], "insinit.modules=a");
    assert_eq!(booted.lines().last().unwrap(), &"<6>insinit: exec /sbin/init");
    assert_eq!(booted.last("execve"), Some(booted.calls()));
    assert_eq!(booted.count("execve"), 1);
}

#[test]
fn a_failed_exec_is_still_reported_to_the_log() {
    let booted = Machine::new().exec_answer("/sbin/init", Errno::ENOEXEC).boot();
    assert!(booted.log().iter().any(|line| line.contains("failed ENOEXEC")), "{booted}");
}

#[test]
fn modules_are_disabled_last_where_that_is_asked_for() {
    for (words, disabled) in [
        ("insinit.modules_disabled", true),
        ("insinit.modules-disabled=1", true),
        ("insinit.modules_disabled insinit.modules_disabled=0", false),
        ("", false),
    ] {
        let booted = boot(&["a"], &format!("insinit.modules=a {words}"));
        assert_eq!((booted.order(), booted.init()), (vec!["a"], "/sbin/init"), "{words}");
        assert_eq!(booted.modules_disabled(), disabled, "{words}");
        assert_eq!(booted.loud(4), [""; 0], "{words}");
    }
}

#[test]
fn modules_are_disabled_once_however_many_candidates_there_are() {
    let machine = Machine::new().exec_answer("/sbin/init", Errno::ENOEXEC).program("/etc/init");
    let booted = machine.words("insinit.modules_disabled").boot();
    assert_eq!((booted.init(), booted.modules_disabled()), ("/etc/init", true));
    assert!(!booted.says("modules_disabled: failed"), "{booted}");
}

#[test]
fn modules_that_can_not_be_disabled_are_an_error() {
    let machine = || Machine::new().words("insinit.modules_disabled");
    let calls = machine().boot();
    let write = (1..=calls.calls()).find(|n| calls.call(*n).starts_with("write 1\n")).unwrap();
    let booted = machine().fault(write, Errno::EPERM).boot();
    assert_eq!(booted.init(), "/sbin/init");
    assert!(booted.says("modules_disabled: failed EPERM"), "{booted}");
}
