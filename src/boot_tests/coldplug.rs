//! `insinit.coldplug`: what the devices of the machine ask for.

use crate::kernel::Errno;
use crate::scripted::{Booted, Machine};

const ALIASES: &str =
    "alias pci:v1* host\nalias usb:v2* disk\nalias usb:v* quirk\nalias x:* lone\n";

/// A controller whose module brings a disk.
fn machine() -> Machine {
    let machine = Machine::new().modules(&["host: core", "core", "disk", "quirk", "lone", "a"]);
    let machine = machine.tree_file("modules.alias", ALIASES);
    machine.plugged("pci0/01.0", "pci:v1d2").words("insinit.coldplug")
}

#[test]
fn devices_bring_their_modules_after_the_list() {
    let booted = machine().words("insinit.coldplug insinit.modules=a").boot();
    assert_eq!((booted.order(), booted.init()), (vec!["a", "core", "host"], "/sbin/init"));
    assert!(booted.line("done: ").contains("done: 3 loaded, "), "{booted}");
}

#[test]
fn the_word_may_have_a_value() {
    assert_eq!(machine().words("insinit.coldplug=1").boot().order(), ["core", "host"]);
    for words in ["", "insinit.coldplug=0", "insinit.coldplug insinit.coldplug=0"] {
        let booted = machine().words(words).boot();
        assert_eq!((booted.order(), booted.count("socket")), (vec![], 0), "{words}");
    }
}

#[test]
fn devices_that_come_with_a_module_bring_theirs() {
    for after in [0, 50, 99] {
        let machine = machine().plugs("host", after, "pci0/01.0/usb1", "usb:v2p3");
        let booted = machine.plugs("disk", after, "pci0/01.0/usb1/x", "x:1").boot();
        assert_eq!(booted.order(), ["core", "host", "disk", "quirk", "lone"], "{after}");
    }
}

#[test]
fn what_comes_after_a_tenth_of_a_second_without_news_is_not_waited_for() {
    let booted = machine().plugs("host", 150, "usb1", "usb:v2p3").boot();
    assert_eq!((booted.order(), booted.init()), (vec!["core", "host"], "/sbin/init"));
}

#[test]
fn events_without_news_do_not_keep_the_boot() {
    for between in [1, 60, 99] {
        let booted = machine().chatter(between).boot();
        assert_eq!((booted.order(), booted.init()), (vec!["core", "host"], "/sbin/init"));
        assert!(booted.calls() < 1000, "{between}: {}", booted.calls());
    }
}

#[test]
fn without_a_socket_the_devices_are_looked_at_again() {
    let machine = machine().without_net().plugs("host", 50, "usb1", "usb:v2p3");
    let booted = machine.boot();
    assert_eq!(booted.order(), ["core", "host", "disk", "quirk"]);
    assert_eq!((booted.init(), booted.loud(4)), ("/sbin/init", vec![]));
}

#[test]
fn where_events_get_lost_the_devices_are_looked_at_again() {
    let machine = machine().queue(1).plugs("host", 0, "usb1", "usb:v2p3");
    let booted = machine.plugs("host", 0, "usb2", "x:1").boot();
    assert_eq!(booted.order(), ["core", "host", "disk", "quirk", "lone"]);
}

#[test]
fn each_module_is_tried_once() {
    let machine = machine().plugged("pci0/02.0", "pci:v1d2").plugged("pci0/03.0", "pci:v1d4");
    let machine = machine.plugs("host", 10, "pci0/04.0", "pci:v1d5").answer("host", Errno::EIO);
    let booted = machine.words("insinit.coldplug insinit.modules=core").boot();
    assert_eq!(booted.order(), ["core", "host"]);
    assert_eq!(booted.priority("host"), 5);
}

#[test]
fn a_failure_is_no_reason_to_stop() {
    let machine = machine().answer("core", Errno::EIO).plugged("y", "x:1");
    let booted = machine.words("insinit.coldplug insinit.fail=halt").boot();
    assert_eq!((booted.order(), booted.init()), (vec!["core", "lone"], "/sbin/init"));
    assert_eq!((booted.priority("core"), booted.priority("host")), (5, 5));
    assert_eq!(booted.loud(4), [""; 0]);
}

#[test]
fn a_device_without_a_module_is_nothing() {
    let machine = machine().plugged("b", "acpi:NOBODY:").plugged("c", "").plugged("d", "fuse");
    let machine = machine.tree_file("modules.builtin", "kernel/fs/fuse.ko\n");
    let booted = machine.tree_file("modules.builtin.modinfo", "x.alias=acpi:*\0").boot();
    assert_eq!(booted.order(), ["core", "host"]);
    assert!(!booted.says("NOBODY") && !booted.says("fuse"), "{booted}");
}

#[test]
fn a_blacklist_hides_a_module_from_devices() {
    let booted = machine().file("/etc/modprobe.d/x.conf", "blacklist host").boot();
    assert_eq!((booted.order(), booted.loud(4)), (vec![], vec![]));
    let booted = machine().words("insinit.coldplug module_blacklist=host").boot();
    assert_eq!(booted.order(), [""; 0]);
    assert_eq!(booted.result("host"), "blocked by module_blacklist");
}

#[test]
fn links_are_not_followed() {
    let machine = machine().device_link("pci0/01.0/subsystem", "../../../devices");
    let booted = machine.device_link("pci0/self", ".").boot();
    assert_eq!((booted.order(), booted.init()), (vec!["core", "host"], "/sbin/init"));
}

#[test]
fn sysfs_is_mounted_and_taken_away_again() {
    let booted = machine().boot();
    assert_eq!((booted.count("mount"), booted.left_behind()), (3, vec![]), "/proc is made first");
    let booted = machine().mounted("/sys", "sysfs").mounted("/proc", "proc").boot();
    assert_eq!((booted.count("mount"), booted.order()), (1, vec!["core", "host"]));
}

#[test]
fn where_a_device_goes_while_it_is_looked_at_the_rest_is_loaded() {
    let booted = |machine: Machine| -> Booted { machine.plugged("zz", "x:1").boot() };
    let calls = booted(machine());
    for path in ["open /sys/devices/pci0/01.0/modalias", "open /sys/devices/pci0/01.0"] {
        let call = (1..=calls.calls()).find(|n| calls.call(*n) == path).unwrap();
        let booted = booted(machine().fault(call, Errno::ENODEV));
        assert_eq!((booted.order(), booted.init()), (vec!["lone"], "/sbin/init"), "{path}");
    }
}

#[test]
fn devices_that_cannot_be_looked_at_are_said_and_the_boot_goes_on() {
    let good = machine().boot();
    let call = |begin: &str| (1..=good.calls()).find(|n| good.call(*n).starts_with(begin)).unwrap();
    for (begin, errno) in [("mount /sys", Errno::EPERM), ("open /sys/devices/pci0", Errno::EIO)] {
        let booted = machine().fault(call(begin), errno).boot();
        let line = booted.line("insinit: read /sys/devices: failed ");
        assert_eq!((&line[..3], booted.init()), ("<3>", "/sbin/init"), "{booted}");
    }
    let gone = machine().fault(call("open /sys/devices/pci0"), Errno::ENOENT).boot();
    assert!(!gone.says("read /sys/devices"), "{gone}");
}
