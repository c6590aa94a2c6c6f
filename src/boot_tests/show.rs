//! `insinit plan`: the same plan as the boot's, shown.

use crate::scripted::{Booted, End, Machine, elf};

const TREE: &str = "/lib/modules/6.12.107";

fn image() -> Machine {
    Machine::new().modules(&["a", "b: a", "c-d"])
}

/// What was said on descriptor 2.
fn said(booted: &Booted) -> String {
    booted.console().join("\n")
}

#[test]
fn the_plan_is_shown_as_modprobe_shows_it() {
    let shown = image().plan(&["insinit.modules=b,c_d", "a.x=1", "c-d.y"]);
    let lines = [
        format!("insmod {TREE}/kernel/a.ko x=1 "),
        format!("insmod {TREE}/kernel/b.ko "),
        format!("insmod {TREE}/kernel/c-d.ko y "),
    ];
    assert_eq!((shown.output(), said(&shown)), (lines.iter().map(|l| &l[..]).collect(), "".into()));
    assert_eq!(shown.end, End::Exit(0));
}

#[test]
fn nothing_is_loaded_mounted_or_made() {
    let shown = image().plan(&["insinit.modules=b,nobody"]);
    assert_eq!((shown.order(), shown.left_behind()), (vec![], vec![]));
    for call in ["mount", "mkdir", "mknod", "unlink", "finit_module", "init_module"] {
        assert_eq!(shown.count(call), 0, "{call}");
    }
    assert_eq!(shown.log(), [""; 0]);
}

#[test]
fn what_is_built_in_is_shown_as_such() {
    let machine = image().tree_file("modules.builtin", "kernel/drivers/virtio-pci.ko\n");
    let shown = machine.plan(&["insinit.modules=virtio-pci"]);
    assert_eq!((shown.output(), shown.end.clone()), (vec!["builtin virtio_pci"], End::Exit(0)));
}

#[test]
fn what_cannot_be_loaded_is_said_and_the_rest_is_shown() {
    let shown = image().plan(&["insinit.modules=nobody,a,c_d", "module_blacklist=c-d"]);
    assert_eq!(shown.output(), [format!("insmod {TREE}/kernel/a.ko ")]);
    let lines = ["insinit: load nobody: missing in", "insinit: load c_d: blocked by module_black"];
    assert!(lines.iter().all(|line| said(&shown).contains(line)), "{shown}");
    assert_eq!(shown.end, End::Exit(1));
}

#[test]
fn what_needs_something_blocked_is_no_part_of_it() {
    let shown = image().plan(&["insinit.modules=b", "module_blacklist=a"]);
    assert_eq!((shown.output(), shown.end.clone()), (vec![], End::Exit(1)));
    assert!(said(&shown).contains("load b: skipped needs a (blocked)"), "{shown}");
}

#[test]
fn a_missing_optional_entry_is_no_error() {
    let shown = image().plan(&["insinit.modules=-nobody,a"]);
    assert_eq!((shown.output().len(), shown.end.clone()), (1, End::Exit(0)));
    assert!(said(&shown).contains("load nobody: missing"), "{shown}");
}

#[test]
fn a_required_entry_stops_nothing_here() {
    let shown = image().plan(&["insinit.required=nobody,a", "insinit.fail=reboot"]);
    assert_eq!((shown.output().len(), shown.end.clone()), (1, End::Exit(1)));
}

#[test]
fn all_that_the_image_says_is_below_its_root() {
    for option in ["-d", "--kernel-dir"] {
        let shown = two_images().plan(&[option, "/r", "--release", "1.2", "a.word=1"]);
        let line = "insmod /r/lib/modules/1.2/k/a.ko opt=1 list=1 conf=1 word=1 ";
        assert_eq!((shown.output(), said(&shown)), (vec![line], "".into()));
    }
}

/// The machine's own image, and one below /r.
fn two_images() -> Machine {
    Machine::new()
        .mounted("/proc", "proc")
        .words("insinit.modules=host")
        .file("/r/lib/modules/1.2/modules.dep", "k/a.ko:\nk/b.ko:\nk/c.ko:\n")
        .file("/r/etc/insinit.conf", "insinit.list=/l a.conf=1")
        .file("/r/l", "a list=1\n")
        .file("/r/etc/modprobe.d/x.conf", "options a opt=1")
        .file("/etc/modprobe.d/x.conf", "options a host=1")
        .file("/etc/modules", "b\n")
        .file("/etc/insinit.conf", "insinit.modules=c")
}

#[test]
fn the_machines_own_command_line_counts_where_the_root_is_its_own() {
    let machine = || image().mounted("/proc", "proc").words("insinit.modules=a");
    assert_eq!(machine().plan(&[]).output().len(), 1);
    assert_eq!(machine().plan(&["-d", "/"]).output().len(), 1);
    let machine = machine().file("/r/lib/modules/6.12.107/modules.dep", "a.ko:\n");
    assert_eq!(machine.plan(&["-d", "/r"]).output(), [""; 0]);
}

#[test]
fn a_file_may_hold_the_command_line() {
    let machine = image().mounted("/proc", "proc").words("insinit.modules=c_d");
    let shown =
        machine.file("/w", "insinit.modules=b\na.x=1 -- init").plan(&["--cmdline", "/w", "a.x=2"]);
    let lines =
        [format!("insmod {TREE}/kernel/a.ko x=1 x=2 "), format!("insmod {TREE}/kernel/b.ko ")];
    assert_eq!(shown.output(), lines);
}

#[test]
fn a_path_outside_the_tree_must_be_there() {
    let machine = || Machine::new().file("/r/opt/a.ko", elf("a"));
    let shown = machine().plan(&["-d", "/r", "insinit.modules=/opt/a.ko"]);
    assert_eq!((shown.output(), shown.end.clone()), (vec!["insmod /r/opt/a.ko "], End::Exit(0)));
    let shown = machine().plan(&["-d", "/r", "insinit.modules=/opt/b.ko"]);
    assert_eq!((shown.output(), shown.end.clone()), (vec![], End::Exit(1)));
    assert!(said(&shown).contains("load b: missing /opt/b.ko"), "{shown}");
}

#[test]
fn a_path_outside_the_tree_that_its_index_has_is_believed() {
    let shown = Machine::new()
        .file("/r/lib/modules/1/modules.dep", "/opt/a.ko:\nb.ko: /opt/a.ko\n")
        .plan(&["-d", "/r", "-S", "1", "insinit.modules=b,/opt/a.ko"]);
    let lines = vec!["insmod /r/opt/a.ko ", "insmod /r/lib/modules/1/b.ko "];
    assert_eq!((shown.output(), shown.end.clone()), (lines, End::Exit(0)));
}

#[test]
fn what_modprobe_d_has_besides_is_told_on_request() {
    let shown = |words: &str| {
        let machine = image().file("/etc/modprobe.d/x.conf", "remove a /bin/x\noptions a x=1\n");
        said(&machine.plan(&["insinit.modules=a", words]))
    };
    let line = "insinit: read /etc/modprobe.d/x.conf:1: ignored: remove a /bin/x";
    assert_eq!((shown("insinit.log=debug"), shown("")), (line.to_string(), "".into()));
}

#[test]
fn help_is_what_was_asked_for() {
    let shown = Machine::new().plan(&["--help"]);
    assert!(shown.output()[0].starts_with("insinit plan [-d"), "{:?}", shown.output());
    assert_eq!(shown.end, End::Exit(0));
}

#[test]
fn wrong_arguments_are_named() {
    let cases: [(&[&str], &str); 5] = [
        (&["-x"], "-x: "),
        (&["--kernel-dir"], "--kernel-dir: "),
        (&["a", "-S"], "-S: "),
        (&["--cmdline", "/nowhere"], "/nowhere: "),
        (&["--jobs", "2"], "--jobs: "),
    ];
    for (arguments, expected) in cases {
        let shown = Machine::new().plan(arguments);
        assert_eq!((shown.output(), shown.end.clone()), (vec![], End::Exit(2)), "{arguments:?}");
        assert!(said(&shown).contains(expected), "{arguments:?}: {}", said(&shown));
    }
}

#[test]
fn a_list_file_that_is_not_there_is_an_error() {
    let shown = image().plan(&["insinit.list=/missing", "insinit.modules=a"]);
    assert_eq!((shown.output().len(), shown.end.clone()), (1, End::Exit(1)));
    assert!(said(&shown).contains("list /missing: failed ENOENT"), "{shown}");
}

#[test]
fn a_tree_of_another_release_is_named() {
    let shown = image().plan(&["-S", "9.9", "insinit.modules=a"]);
    assert!(said(&shown).contains("no modules for 9.9 (found: 6.12.107)"), "{shown}");
    assert_eq!(shown.end, End::Exit(1));
}
