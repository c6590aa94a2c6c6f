//! The switch to the new root: what is checked before, what is found after.

use super::root::stopped;
use crate::arch::PROGRAMS;
use crate::kernel::Errno;
use crate::scripted::{Booted, Disk, End, Machine, program};
use proptest::prelude::*;

fn machine() -> Machine {
    Machine::new().filesystem("ext4").modules(&["overlay"])
}

fn disk(programs: &[&str]) -> Disk {
    Disk::new("vda", 0).files("ext4", programs)
}

fn boot(disk: Disk, words: &str) -> Booted {
    machine().disk(disk).words(format!("root=/dev/vda {words}")).boot()
}

#[test]
fn mounts_move_and_the_initramfs_is_gone() {
    let booted = boot(disk(&["/sbin/init"]), "");
    assert_eq!((booted.init(), booted.has_switched()), ("/sbin/init", true));
    let mut mounts = booted.mounts();
    mounts.sort();
    let expected = [
        "/dev/vda / ext4 ro",
        "devtmpfs /dev devtmpfs rw mode=0755",
        "proc /proc proc rw",
        "sysfs /sys sysfs rw",
    ];
    assert_eq!(
        (mounts.as_slice(), booted.first_root()),
        (&expected.map(String::from)[..], vec![String::new()])
    );
    assert_eq!(booted.calls_of("open /proc/sys/vm/stat_refresh"), 1, "no more comes back");
}

#[test]
fn what_the_root_has_no_folder_for_is_unmounted() {
    let bare = Disk::new("vda", 0).files("ext4", &["/sbin/init"]).without(&["/dev", "/sys"]);
    let booted = boot(bare, "");
    assert_eq!(booted.mounts().len(), 2, "{:?}", booted.mounts());
    assert_eq!(booted.init(), "/sbin/init");
}

#[test]
fn on_a_real_root_nothing_is_deleted() {
    let machine =
        machine().without_initramfs().disk(disk(&["/sbin/init"])).file("/etc/passwd", "root");
    let booted = machine.words("root=/dev/vda").boot();
    assert!(booted.has_switched() && booted.says("nothing is deleted"), "{booted}");
    assert!(booted.first_root().contains(&"/etc/passwd".into()));
    assert_eq!(booted.count("unlink"), booted.calls_of("unlink /dev/"), "only what it made itself");
    assert_eq!(booted.calls_of("open /proc/sys/vm/stat_refresh"), 0);
}

#[test]
fn the_defaults_are_tried_in_the_kernels_order() {
    for (programs, init) in [
        (&["/bin/init", "/etc/init", "/sbin/init"][..], "/sbin/init"),
        (&["/bin/init", "/etc/init"], "/etc/init"),
        (&["/bin/init"], "/bin/init"),
    ] {
        assert_eq!(boot(disk(programs), "").init(), init);
    }
    assert_eq!(boot(disk(&["/bin/sh"]), "insinit.fail=shell").init(), "/bin/sh");
}

#[test]
fn a_named_init_is_the_only_candidate() {
    assert_eq!(boot(disk(&["/sbin/init", "/opt/x"]), "init=/opt/x").init(), "/opt/x");
    let booted = stopped(machine().disk(disk(&["/sbin/init"])), "root=/dev/vda init=/opt/x");
    assert!(
        booted.says("exec /opt/x: failed ENOENT: it can't be reached, in the root"),
        "{booted}"
    );
}

#[test]
fn a_root_without_an_init_is_unmounted_and_nothing_deleted() {
    let booted = stopped(machine().disk(disk(&["/bin/ls"])), "root=/dev/vda");
    assert!(booted.says("no init in the root"), "{booted}");
    assert!(
        booted.says("stop halt: no root to start an init in; next was exec /sbin/init"),
        "{booted}"
    );
    assert!(!booted.mounts().iter().any(|mount| mount.contains("ext4")), "{:?}", booted.mounts());
    assert!(booted.first_root().contains(&"/init".into()));
}

#[test]
fn the_roots_own_init_may_be_called_as_insinit_is() {
    assert_eq!(boot(disk(&["/init"]), "init=/init").init(), "/init");
    let linked = disk(&["/sbin/init"]).link("/init", "/sbin/init");
    assert_eq!(boot(linked, "").init(), "/sbin/init");
}

#[test]
fn links_lead_inside_the_new_root() {
    let linked = disk(&["/lib/systemd/systemd"]).link("/sbin/init", "/lib/systemd/systemd");
    assert_eq!(boot(linked, "").init(), "/sbin/init");
    let dangling = disk(&[]).link("/sbin/init", "/init");
    let booted = stopped(machine().disk(dangling), "root=/dev/vda");
    assert!(booted.says("no init in the root"), "{booted}");
}

#[test]
fn what_the_kernel_would_not_run_is_found_out_before() {
    let [own, ..] = PROGRAMS;
    for (content, mode, why) in [
        (program(2, own, ""), 0o644, "failed EACCES: not executable"),
        (program(2, 8, ""), 0o755, "failed ENOEXEC: not a program for this machine"),
        (
            program(2, own, "/lib/ld.so"),
            0o755,
            "failed ENOENT: its interpreter or dynamic loader is missing",
        ),
        (
            b"#!/bin/none -x\n".to_vec(),
            0o755,
            "failed ENOENT: its interpreter or dynamic loader is missing",
        ),
        (b"#!/sbin/init\n".to_vec(), 0o755, "failed ELOOP: too many interpreters"),
        (b"#! \n/bin/sh".to_vec(), 0o755, "failed ENOEXEC: not a program"),
        (b"hello".to_vec(), 0o755, "failed ENOEXEC: not a program"),
        (vec![], 0o755, "failed ENOEXEC: not a program"),
    ] {
        let disk = disk(&[]).file("/sbin/init", &content, mode);
        let booted = stopped(machine().disk(disk), "root=/dev/vda");
        assert!(booted.says(&format!("exec /sbin/init: {why}, in the root")), "{why}: {booted}");
    }
}

#[test]
fn scripts_and_dynamic_programs_are_programs() {
    let [own, ..] = PROGRAMS;
    for content in [b"#! /bin/sh -e\n".to_vec(), program(2, own, "/bin/sh"), program(1, own, "/x")]
    {
        let disk = disk(&["/bin/sh"]).file("/sbin/init", &content, 0o755);
        assert_eq!(boot(disk, "").init(), "/sbin/init");
    }
}

#[test]
fn an_overlay_is_writable_and_leaves_no_other_mount() {
    let booted = boot(disk(&["/sbin/init"]), "rw insinit.overlay=tmpfs,size=5%");
    let mounts = booted.mounts();
    let layers = "lowerdir=/root.ro,upperdir=/root.rw/upper,workdir=/root.rw/work";
    assert!(mounts.contains(&format!("overlay / overlay rw {layers}")), "{mounts:?}");
    assert_eq!((booted.order(), mounts.len(), booted.init()), (vec!["overlay"], 4, "/sbin/init"));
    assert!(booted.says("mounted /dev/vda as ext4 read-only"), "{booted}");
}

#[test]
fn an_overlay_that_cannot_be_is_said() {
    let machine = Machine::new().filesystem("ext4").disk(disk(&["/sbin/init"]));
    let booted = stopped(machine, "root=/dev/vda insinit.overlay=tmpfs");
    assert!(booted.says("overlay tmpfs,: failed ENODEV"), "{booted}");
}

#[test]
fn more_is_mounted_inside() {
    let usr = Disk::new("vdb", 16).files("ext4", &["/bin/true"]);
    let words = "root=/dev/vda insinit.mount=/x:/y insinit.mount= insinit.mount=/dev/vdb:/mnt:ext4:ro,a\\:b";
    let booted = machine().disk(disk(&["/sbin/init"])).disk(usr).words(words).boot();
    assert!(booted.mounts().contains(&"/dev/vdb /mnt ext4 ro a:b".into()), "{:?}", booted.mounts());
    let words = "insinit.mount=none:/mnt:tmpfs:size=1m,nofail";
    let booted = boot(disk(&["/sbin/init"]), words);
    assert!(
        booted.mounts().contains(&"none /mnt tmpfs rw size=1m".into()),
        "{:?}",
        booted.mounts()
    );
}

#[test]
fn a_mount_inside_that_fails_is_the_roots_failure_unless_it_may_fail() {
    let machine = || machine().disk(disk(&["/sbin/init"]));
    for mount in ["/dev/vdz:/mnt", "none:/no/such:tmpfs", "none:mnt:tmpfs", "a:/mnt:tmpfs:b:c"] {
        let booted = stopped(machine(), &format!("root=/dev/vda rootwait=1 insinit.mount={mount}"));
        assert!(booted.loud(3).len() > 1, "{booted}");
    }
    let words = "root=/dev/vda rootwait=1 insinit.mount=/dev/vdz:/mnt:ext4:nofail";
    assert!(machine().words(words).boot().has_switched());
}

#[test]
fn modules_are_disabled_before_proc_may_be_gone() {
    let booted = boot(disk(&["/sbin/init"]).without(&["/proc"]), "insinit.modules_disabled");
    assert!(booted.modules_disabled(), "{booted}");
}

#[test]
fn a_node_of_the_root_is_not_taken_for_one_that_was_made() {
    let machine = machine().without_devtmpfs().disk(disk(&["/sbin/init", "/dev/kmsg"]));
    let booted = machine.words("root=/dev/vda rw").boot();
    let calls: Vec<String> = (1..=booted.calls()).map(|n| booted.call(n)).collect();
    let last = |call: &str| calls.iter().rposition(|made| made == call);
    assert!(last("unlink /dev/kmsg") < last("chroot ."), "{calls:#?}");
}

#[test]
fn a_tree_deeper_than_descriptors_last_is_deleted() {
    let deep = format!("{}/file", "/d".repeat(1500));
    let machine = machine().disk(disk(&["/sbin/init"])).file(&deep, "x");
    let booted = machine.words("root=/dev/vda").boot();
    assert_eq!(booted.first_root(), [""]);
}

#[test]
fn only_the_console_is_inherited() {
    let booted = boot(disk(&["/sbin/init"]), "");
    let End::Exec { fds, .. } = &booted.end else { panic!("{booted}") };
    assert_eq!(fds.len(), 3);
    assert!(fds.iter().all(|(_, path)| path == "/dev/console"), "{fds:?}");
}

/// A boot with a bit of everything.
fn full() -> Machine {
    let usr = Disk::new("vdb", 16).files("ext4", &["/bin/true"]).after(3);
    let words =
        "root=/dev/vda insinit.overlay=tmpfs insinit.mount=/dev/vdb:/mnt:ext4 insinit.fail=halt";
    machine().disk(disk(&["/sbin/init"])).disk(usr).words(words)
}

/// Whether it came to an end that the contract has, and whether a boot that goes on has its root.
fn check(booted: &Booted, name: &str) {
    let said = !booted.loud(4).is_empty() || !booted.console().is_empty();
    match &booted.end {
        End::Exec { .. } if booted.says("read /proc/cmdline: failed") => {}
        End::Exec { path, .. } => assert!(path == "/sbin/init" && booted.has_switched(), "{name}"),
        End::Stop(_) | End::Exit(_) => assert!(said, "{name}"),
        end => panic!("{end:?}: {name}"),
    }
}

#[test]
fn every_failing_call_leads_to_the_new_root_or_a_deliberate_stop() {
    for call in 1..=full().boot().calls() {
        for errno in [Errno::EIO, Errno::ENOENT] {
            let booted = full().fault(call, errno).boot();
            let name = format!("{errno} of call {call} ({}) in {booted}", booted.call(call));
            check(&booted, &name);
        }
    }
}

#[test]
fn many_failing_calls_lead_to_an_end() {
    for seed in super::storms(150) {
        let end = full().storm(seed).boot().end;
        assert!(matches!(end, End::Exec { .. } | End::Stop(_) | End::Exit(_)), "{seed}: {end:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn words_of_any_kind_lead_to_an_end(words in prop::collection::vec(prop::sample::select(vec![
        "root=", "/dev/", "vda", "UUID=", "LABEL=", "PARTUUID=", "/PARTNROFF=", "254:0", "rootfstype=", "ext4",
        "9p", "rootflags=", "ro", "rw", "rootwait=", "1", "rootdelay=", "insinit.overlay=tmpfs", "insinit.mount=",
        ":", "/mnt", "\\", "tmpfs", "mtd", "ubi", ",", "=", " ", " ", " ", " ",
    ]), 0..30)) {
        let words = words.concat();
        let booted = machine().disk(disk(&["/sbin/init"])).words(format!("{words} rootwait=2 insinit.fail=halt")).boot();
        prop_assert!(matches!(booted.end, End::Exec { .. } | End::Exit(_) | End::Stop(_)), "{booted}");
    }
}
