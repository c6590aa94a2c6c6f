//! `root=`: found, waited for, mounted.

use crate::kernel::{Errno, Stop};
use crate::root::partitions::tests::{gpt, mbr};
use crate::root::superblock::tests::device;
use crate::scripted::{Booted, Disk, End, Machine, elf};

/// A machine whose kernel knows ext4.
fn machine() -> Machine {
    Machine::new().filesystem("ext4")
}

/// An ext4 file system with an init on it, labelled `root`.
pub fn disk() -> Disk {
    let content =
        device(&[(0x438, b"\x53\xef"), (0x468, b"\x12\x34"), (0x478, b"root"), (0x10000, b"")]);
    Disk::new("vda", 0).files("ext4", &["/sbin/init"]).holds(content)
}

const UUID: &str = "12340000-0000-0000-0000-000000000000";

fn boot(machine: Machine, words: &str) -> Booted {
    machine.words(words).boot()
}

/// A boot that stopped before it switched.
pub fn stopped(machine: Machine, words: &str) -> Booted {
    let booted = machine.words(format!("insinit.fail=halt {words}")).boot();
    assert_eq!(booted.end, End::Stop(Stop::Halt), "{booted}");
    assert!(!booted.has_switched(), "{booted}");
    booted
}

/// What is mounted as the root.
fn root(booted: &Booted) -> String {
    assert!(booted.has_switched(), "{booted}");
    booted.mounts().into_iter().find(|mount| mount.contains(" / ")).unwrap_or_default()
}

#[test]
fn without_the_word_nothing_is_mounted_nor_asked() {
    let booted = boot(machine().disk(disk()), "rw rootwait rootflags=noatime");
    assert!(!booted.has_switched());
    assert_eq!(booted.count("socket"), 0);
}

#[test]
fn a_ram_disk_is_no_root() {
    let booted = boot(machine().program("/opt/init"), "root=/dev/ram0 init=/opt/init");
    assert_eq!((booted.init(), booted.has_switched()), ("/opt/init", false));
}

#[test]
fn an_init_of_the_initramfs_turns_it_off() {
    let booted = boot(machine().disk(disk()), "root=/dev/vda insinit.init=/sbin/init");
    assert_eq!((booted.init(), booted.has_switched()), ("/sbin/init", false));
}

#[test]
fn every_spelling_finds_the_disk() {
    let spellings = [
        "/dev/vda",
        "254:0",
        "fe00",
        "LABEL=root",
        "/dev/disk/by-label/ro\\x6ft",
        &format!("UUID={UUID}"),
        &format!("/dev/disk/by-uuid/{UUID}"),
    ];
    for spelling in spellings {
        let other = Disk::new("sda", 16).files("ext4", &["/sbin/init"]);
        let booted = boot(machine().disk(other).disk(disk()), &format!("root={spelling}"));
        assert_eq!(root(&booted), "/dev/vda / ext4 ro", "{spelling}");
        let line = format!("<6>insinit: root {spelling}: mounted /dev/vda as ext4 read-only");
        assert_eq!(booted.line("insinit: root "), line);
    }
}

/// Disks with a table, the root on the second partition.
fn parted(table: Vec<u8>, block: u32, more: &str) -> Machine {
    let part = Disk::new("vda2", 2).files("ext4", &["/sbin/init"]);
    let part = part.holds(device(&[(0x438, b"\x53\xef")]));
    machine()
        .disk(Disk::new("vda1", 1).part_of("vda", 1, "PARTNAME=boot\n"))
        .disk(part.part_of("vda", 2, &format!("PARTNAME=my root\n{more}")))
        .disk(Disk::new("vda", 0).holds(table).block(block))
}

#[test]
fn every_spelling_finds_the_partition() {
    let guid = |n: u8| format!("030201{n:02X}-0504-0706-0809-0a0b0C0d0e0f");
    for block in [512, 4096] {
        for spelling in [
            "/dev/vda2".to_string(),
            "254:2".into(),
            format!("PARTUUID={}", guid(2)),
            format!("PARTUUID={}/PARTNROFF=1", guid(1)),
            format!("PARTUUID={}/PARTNROFF=-1", guid(3)),
            format!("/dev/disk/by-partuuid/{}", guid(2)),
            "\"PARTLABEL=my root\"".into(),
            "/dev/disk/by-partlabel/my\\x20root".into(),
        ] {
            let machine = parted(gpt(block, 1), block as u32, "");
            let booted =
                boot(machine, &format!("rootwait=1 \"root={}\"", spelling.trim_matches('"')));
            assert_eq!(root(&booted), "/dev/vda2 / ext4 ro", "{spelling}");
        }
    }
    for spelling in ["PARTUUID=DEADbeef-02", "PARTUUID=deadbeef-01/PARTNROFF=1"] {
        let machine = parted(mbr(0xdead_beef, 0x83), 512, "");
        assert_eq!(root(&boot(machine, &format!("root={spelling}"))), "/dev/vda2 / ext4 ro");
    }
}

#[test]
fn what_the_kernel_says_of_a_partition_needs_no_table() {
    let machine = parted(vec![0; 4096], 512, "PARTUUID=abcd\n");
    assert_eq!(root(&boot(machine, "root=PARTUUID=ABCD")), "/dev/vda2 / ext4 ro");
}

#[test]
fn without_devtmpfs_nodes_are_made() {
    for name in ["vda", "cciss/c0d0"] {
        let disk = Disk::new(name, 3).files("ext4", &["/sbin/init"]).holds(vec![0; 4096]);
        let machine = machine().disk(disk).without_devtmpfs();
        let booted = boot(machine, &format!("root=/dev/{name}"));
        assert_eq!(root(&booted), format!("/dev/{name} / ext4 ro"));
        assert_eq!(booted.first_root(), [""]);
    }
}

#[test]
fn a_disk_that_comes_late_is_waited_for_by_its_event() {
    for (words, seconds) in [("", 21), ("rootwait", 300), ("rootwait=100", 90)] {
        let machine = machine().disk(disk().after(seconds));
        let booted = boot(machine, &format!("root=/dev/vda {words}"));
        assert_eq!((root(&booted), booted.seconds()), ("/dev/vda / ext4 ro".into(), seconds));
        assert!(booted.line(" 10 s").starts_with("<3>insinit: wait /dev/vda: 10 s"), "{booted}");
        assert!(booted.says("block devices: none"), "{booted}");
    }
}

#[test]
fn without_netlink_it_is_looked_for_every_second() {
    let machine = machine().disk(disk().after(7)).without_net();
    let booted = boot(machine, "root=/dev/vda");
    assert_eq!((root(&booted), booted.seconds()), ("/dev/vda / ext4 ro".into(), 7));
}

#[test]
fn a_root_that_never_comes_ends_with_what_is_there() {
    for (words, seconds) in [("", 31), ("rootwait=7", 8), ("rootwait=0", 1)] {
        let booted = stopped(machine().disk(disk()), &format!("quiet root=UUID=x {words}"));
        let line = booted.line("insinit: root ");
        let expected =
            "<3>insinit: root UUID=x: failed ENODEV: it is not there, block devices: vda";
        assert_eq!((line, booted.seconds()), (expected, seconds));
    }
}

#[test]
fn a_delay_is_unconditional() {
    let booted = boot(machine().disk(disk()), "root=/dev/vda rootdelay=12");
    assert_eq!(booted.seconds(), 13);
    assert!(booted.says("wait rootdelay: 5 s of 12, block devices: vda"), "{booted}");
}

#[test]
fn what_others_handle_is_said_at_once() {
    for root in ["/dev/nfs", "/dev/mapper/vg-root", "ZFS=tank"] {
        let booted = stopped(machine().disk(disk()), &format!("root={root}"));
        let line = booted.line("insinit: root ");
        assert!(
            line.starts_with(&format!("<3>insinit: root {root}: failed EOPNOTSUPP: ")),
            "{line}"
        );
        assert_eq!(booted.seconds(), 1);
    }
    let booted = boot(machine(), "resume=/dev/vda2");
    assert!(booted.line("word resume").contains("systemd"), "{booted}");
}

#[test]
fn what_is_no_file_system_is_told_apart() {
    let swap = Disk::new("vda", 0).holds(device(&[(4086, b"SWAPSPACE2")]));
    let booted = stopped(machine().disk(swap), "root=/dev/vda");
    assert!(booted.says("root /dev/vda: failed EINVAL: no file system, but swap"), "{booted}");
}

#[test]
fn the_module_of_the_file_system_is_loaded_with_what_it_needs() {
    let machine = Machine::new().modules(&["crc16", "ext4: crc16"]).disk(disk());
    let booted = boot(machine, "root=/dev/vda ext4.x=1");
    assert_eq!(
        (booted.order(), root(&booted)),
        (vec!["crc16", "ext4"], "/dev/vda / ext4 ro".into())
    );
    assert_eq!(booted.params("ext4"), "x=1");
    let known = boot(self::machine().modules(&["ext4"]).disk(disk()), "root=/dev/vda");
    assert_eq!(known.order(), [""; 0]);
}

#[test]
fn a_file_system_that_nobody_has_is_said() {
    let booted = stopped(Machine::new().disk(disk()), "root=/dev/vda");
    let line = booted.line("insinit: root ");
    assert!(line.contains("failed ENODEV: neither the kernel nor the image has"), "{line}");
}

#[test]
fn types_are_tried_in_order() {
    let both = || machine().filesystem("xfs").filesystem("vfat").disk(disk());
    for words in ["rootfstype=xfs,ext4", "rootfstype=ext4", "rootfstype=auto", ""] {
        let booted = boot(both(), &format!("root=/dev/vda {words}"));
        assert_eq!(root(&booted), "/dev/vda / ext4 ro", "{words}");
    }
    let booted = stopped(both(), "root=/dev/vda rootfstype=xfs,vfat");
    assert!(booted.says("failed EINVAL: "), "{booted}");
    let bare = Disk::new("vda", 0).files("ext4", &["/sbin/init"]);
    assert_eq!(
        root(&boot(machine().filesystem("xfs").disk(bare), "root=/dev/vda")),
        "/dev/vda / ext4 ro"
    );
}

#[test]
fn flags_and_the_file_systems_own_options_are_told_apart() {
    let booted = boot(machine().disk(disk()), "root=/dev/vda ro rw rootflags=noatime,data=journal");
    assert_eq!(root(&booted), "/dev/vda / ext4 rw data=journal");
}

#[test]
fn a_write_protected_disk_is_mounted_read_only_and_said() {
    let booted = boot(machine().disk(disk().write_protected()), "root=/dev/vda rw");
    assert_eq!(root(&booted), "/dev/vda / ext4 ro");
    assert!(booted.says("read-only, as it is write-protected"), "{booted}");
}

#[test]
fn a_share_is_a_tag_whatever_it_looks_like() {
    for tag in ["share", "/dev/root"] {
        let machine = Machine::new().modules(&["9p", "9pnet_virtio"]);
        let machine = machine.share(tag, disk());
        let booted = boot(machine, &format!("root={tag} rootfstype=9p rw rootflags=msize=1"));
        assert_eq!(root(&booted), format!("{tag} / 9p rw msize=1,trans=virtio"));
        assert_eq!(booted.order(), ["9p", "9pnet_virtio"]);
    }
    let booted = stopped(machine().filesystem("9p"), "root=x rootfstype=9p rootwait=6");
    assert_eq!(booted.seconds(), 7);
    assert!(booted.says("root x: failed ENOENT: "), "{booted}");
}

#[test]
fn flash_is_mounted_as_it_stands_once_it_is_there() {
    for root in ["ubi0:rootfs", "mtd:system", "mtd5", "/dev/ubi0_1"] {
        let words = format!("root={root} rootfstype=9p rootwait=6");
        let kinds = words.replace("9p", "ubifs");
        let booted = stopped(machine().filesystem("ubifs"), &kinds);
        assert!(booted.count("mount") > 5 && booted.seconds() == 7, "{root}: {booted}");
        assert!(booted.calls_of("open /proc/filesystems") < 3, "{booted}");
        let line = format!("root {root}: failed ENOENT: ubifs knows none of that name");
        assert!(booted.says(&line), "{booted}");
        let there = boot(machine().filesystem("ubifs").share(root, disk()), &kinds);
        assert_eq!(super::root::root(&there), format!("{root} / ubifs ro"));
    }
}

#[test]
fn a_type_that_nobody_knows_is_not_waited_for() {
    let booted = stopped(Machine::new(), "root=ubi0:rootfs rootfstype=ubifs rootwait");
    assert_eq!(booted.seconds(), 1, "what stopping takes");
    let line = "root ubi0:rootfs: failed ENODEV: neither the kernel nor the image has ubifs";
    assert!(booted.says(line), "{booted}");
}

#[test]
fn after_the_shell_all_is_tried_again() {
    let machine = machine().disk(disk().after(50)).program("/bin/sh").orphan();
    let booted = boot(machine, "root=/dev/vda insinit.fail=shell rootwait=30");
    assert!(booted.says("shell /bin/sh") && booted.has_switched(), "{booted}");
}

#[test]
fn a_module_of_the_root_may_be_blocked() {
    let machine = Machine::new().tree_file("kernel/ext4.ko", elf("ext4"));
    let machine = machine.tree_file("modules.dep", "kernel/ext4.ko:\n").disk(disk());
    let booted = stopped(machine, "root=/dev/vda module_blacklist=ext4");
    assert!(booted.result("ext4").starts_with("blocked") && booted.says("ENODEV"), "{booted}");
}

#[test]
fn a_mount_that_fails_is_named() {
    for errno in [Errno::EIO, Errno::EUCLEAN] {
        let mount = boot(machine().disk(disk()), "root=/dev/vda");
        let call = (1..=mount.calls()).find(|n| mount.call(*n) == "mount /root").unwrap();
        let booted = stopped_at(call, errno);
        assert!(
            booted.says(&format!("root /dev/vda: failed {}: ", errno.name().unwrap())),
            "{booted}"
        );
    }
}

fn stopped_at(call: usize, errno: Errno) -> Booted {
    let booted = machine().disk(disk()).words("root=/dev/vda").fault(call, errno).boot();
    assert_eq!(booted.end, End::Exit(1), "{booted}");
    booted
}
