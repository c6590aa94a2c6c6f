//! `root=`: real disks, found, mounted and switched to; and the ways that it fails.

use crate::scenario::{
    AARCH64, ALL, Bus, DISK, Disk, Ends, Holds, Image, Made, NOTHING, PLAIN, RISCV64, Scenario,
    Table, X86_64,
};

/// What a virtio disk with ext4 needs.
const VIRTIO: Image = Image { modules: &["virtio_pci", "virtio_blk", "ext4"], ..NOTHING };

/// On virtio, all ext4.
const ROOT: Scenario = Scenario {
    image: VIRTIO,
    disks: &[DISK],
    words: "insinit.modules=virtio_pci,virtio_blk root=/dev/vda",
    ..PLAIN
};

/// On flash.
const FLASH: Scenario = Scenario {
    on: &[],
    long: X86_64,
    image: Image { modules: &["phram", "jffs2"], ..NOTHING },
    disks: &[Disk { bus: Bus::Flash, kind: "jffs2", ..DISK }],
    ..PLAIN
};

/// The real root, from an initramfs with a large file in it; for `memory`.
pub const LARGE: Scenario = Scenario {
    name: "a large initramfs",
    on: RISCV64,
    long: &["6.12-x86_64", "6.12-aarch64", "7.2-x86_64"],
    image: Image { files: &[(Made::Large(40), "/large")], ..VIRTIO },
    words: "insinit.modules=virtio_pci,virtio_blk root=/dev/vda guest=memory",
    expect: &["exec /sbin/init", "guest: pid 1"],
    ..ROOT
};

/// That from an initramfs without the file.
pub const LIGHT: Scenario = Scenario { image: VIRTIO, ..LARGE };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "root by its device",
        on: ALL,
        long: &["6.1-x86_64", "7.2-x86_64"],
        words: "insinit.modules=virtio_pci,virtio_blk root=/dev/vda rootwait guest=left,fds,mounts",
        expect: &[
            "load virtio_blk: loaded",
            "root /dev/vda: mounted /dev/vda as ext4 read-only",
            "exec /sbin/init",
            "guest: pid 1",
            "guest: argv 0 [/sbin/init]",
            "guest: folder /: *sbin*",
            "guest: fd 0 /dev/console",
            "guest: fd 1 /dev/console",
            "guest: fd 2 /dev/console",
            "guest: mount * / ext4 ro*",
        ],
        forbid: &["guest: fd 3*", "guest: mount rootfs*", "keep /: *"],
        ..ROOT
    },
    Scenario {
        name: "root by PARTUUID of a GPT, with its neighbour's",
        on: AARCH64,
        disks: &[Disk { table: Some(Table::Gpt), block: 4096, ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk rw \
                root=PARTUUID=00000001-1111-2222-3333-444444444444/PARTNROFF=1",
        expect: &[
            "root PARTUUID=00000001-1111-2222-3333-444444444444/PARTNROFF=1: mounted /dev/vda2 as ext4 read-write",
            "guest: pid 1",
        ],
        ..ROOT
    },
    Scenario {
        name: "root by PARTUUID of an MBR",
        on: RISCV64,
        disks: &[Disk { table: Some(Table::Mbr), ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk root=PARTUUID=DEADBEEF-02 guest=mounts",
        expect: &["root PARTUUID=DEADBEEF-02: mounted /dev/vda2 as ext4 read-only", "guest: pid 1"],
        ..ROOT
    },
    Scenario {
        name: "root that comes late, over it an overlay, beside it a share of memory",
        on: X86_64,
        image: Image {
            modules: &["xhci_pci", "usb_storage", "sd_mod", "squashfs", "overlay"],
            ..NOTHING
        },
        disks: &[Disk { bus: Bus::Usb, kind: "squashfs", table: Some(Table::Gpt), ..DISK }],
        words: "insinit.modules=xhci_pci,usb_storage,sd_mod usb-storage.delay_use=7 \
                \"root=PARTLABEL=part 2\" insinit.overlay=tmpfs,size=8m \
                insinit.mount=none:/mnt:tmpfs:size=1m,nodev guest=mounts",
        expect: &[
            "wait PARTLABEL=part 2: 5 s of 30",
            "root PARTLABEL=part 2: mounted /dev/sda2 as squashfs read-only",
            "load overlay: loaded",
            "mount none: mounted none as tmpfs read-write",
            "guest: pid 1",
            "guest: mount overlay / overlay rw*",
            "guest: mount none /mnt tmpfs rw,nodev,*size=1024k*",
        ],
        forbid: &["guest: mount tmpfs*"],
        ..ROOT
    },
    Scenario {
        name: "root that never comes",
        on: X86_64,
        words: "insinit.modules=virtio_pci,virtio_blk root=LABEL=nobody rootwait=6 insinit.fail=poweroff",
        expect: &[
            "wait LABEL=nobody: 5 s of 6, block devices: vda",
            "root LABEL=nobody: failed ENODEV: it is not there, block devices: vda",
            "stop poweroff: *",
            "kernel: Power down",
        ],
        ..ROOT
    },
    Scenario {
        name: "root without an init",
        on: AARCH64,
        disks: &[Disk { holds: Holds::Nothing, ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk root=/dev/vda insinit.fail=poweroff",
        expect: &[
            "exec: failed ENOENT: no init in the root",
            "stop poweroff: *",
            "kernel: Power down",
        ],
        forbid: &["guest: pid 1"],
        ..ROOT
    },
    Scenario {
        name: "root by the number of a vfat",
        on: AARCH64,
        image: Image {
            modules: &["virtio_pci", "virtio_blk", "vfat", "nls_cp437", "nls_ascii"],
            ..NOTHING
        },
        disks: &[Disk { kind: "vfat", ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk,nls_cp437,nls_ascii root=UUID=1234-abcd \
                guest=mounts",
        expect: &["root UUID=1234-abcd: mounted /dev/vda as vfat read-only", "guest: pid 1"],
        ..ROOT
    },
    Scenario {
        name: "root on a vfat: its code pages are the kernel's own request",
        on: X86_64,
        image: Image {
            modules: &["virtio_pci", "virtio_blk", "vfat", "nls_cp437", "nls_ascii"],
            modprobe: true,
            ..NOTHING
        },
        disks: &[Disk { kind: "vfat", ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk root=LABEL=INSROOT guest=modules",
        expect: &[
            "load vfat: loaded",
            "root LABEL=INSROOT: mounted /dev/vda as vfat read-only",
            "guest: pid 1",
            "guest: module names: *nls_ascii nls_cp437 vfat*",
        ],
        ..ROOT
    },
    Scenario {
        name: "root on a vfat without its code pages",
        on: &[],
        long: X86_64,
        image: Image { modules: &["virtio_pci", "virtio_blk", "vfat"], ..NOTHING },
        disks: &[Disk { kind: "vfat", ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk root=LABEL=INSROOT insinit.fail=poweroff",
        expect: &[
            "kernel: FAT-fs (vda): codepage cp437 not found",
            "root LABEL=INSROOT: failed EINVAL: not vfat, or a bad option",
            "stop poweroff: *",
        ],
        forbid: &["guest: pid 1"],
        ..ROOT
    },
    Scenario {
        name: "root on flash, by its name",
        words: "memmap=8M$0x18000000 phram.phram=flash,0x18000000,8Mi,128ki insinit.modules=phram \
                root=mtd:flash rootfstype=jffs2 guest=mounts",
        expect: &[
            "load jffs2: loaded",
            "root mtd:flash: mounted mtd:flash as jffs2 read-only",
            "guest: pid 1",
            "guest: mount mtd:flash / jffs2 ro*",
        ],
        ..FLASH
    },
    Scenario {
        name: "root on flash of another name",
        words: "memmap=8M$0x18000000 phram.phram=flash,0x18000000,8Mi,128ki insinit.modules=phram \
                root=mtd:nobody rootfstype=jffs2 rootwait=6 insinit.fail=poweroff",
        expect: &["wait mtd:nobody: 5 s of 6", "root mtd:nobody: failed *", "stop poweroff: *"],
        forbid: &["guest: pid 1"],
        ..FLASH
    },
    Scenario {
        name: "root that is swap",
        on: RISCV64,
        disks: &[Disk { kind: "swap", ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk root=LABEL=insroot insinit.fail=poweroff",
        expect: &[
            "root LABEL=insroot: failed EINVAL: no file system, but swap",
            "stop poweroff: *",
            "kernel: Power down",
        ],
        forbid: &["guest: pid 1"],
        ..ROOT
    },
    Scenario {
        name: "root that never comes, and quiet doesn't silence the wait",
        on: X86_64,
        words: "quiet insinit.modules=virtio_pci,virtio_blk root=LABEL=nobody rootwait",
        expect: &["wait LABEL=nobody: 5 s, block devices: vda"],
        end: Ends::Stays("wait LABEL=nobody: 10 s, block devices: vda"),
        ..ROOT
    },
    Scenario {
        name: "root by a driver that looks for it on its own time",
        on: X86_64,
        image: Image { modules: &["nvme", "ext4"], ..NOTHING },
        disks: &[Disk { bus: Bus::Nvme, table: Some(Table::Gpt), ..DISK }],
        words: "insinit.modules=nvme nvme.async_probe root=PARTUUID=00000002-1111-2222-3333-444444444444",
        expect: &[
            "load nvme: loaded",
            "root PARTUUID=00000002-1111-2222-3333-444444444444: mounted /dev/nvme0n1p2 as ext4 read-only",
            "guest: pid 1",
        ],
        ..ROOT
    },
    Scenario {
        name: "root: started by mistake on a real root it deletes nothing",
        on: X86_64,
        long: &["7.2-x86_64"],
        disks: &[Disk { holds: Holds::Loader, ..DISK }],
        words: "insinit.modules=virtio_pci,virtio_blk root=/dev/vda guest=left",
        expect: &[
            "exec /sbin/init",
            "exec /sbin/init: failed ELOOP: it is insinit itself",
            "keep /: no initramfs, nothing is deleted",
            "exec /bin/init",
            "guest: argv 0 [/bin/init]",
            "guest: folder /: *sbin*",
        ],
        ..ROOT
    },
];

/// A spelling of `root=` for each table, and what is mounted by it: `{}` is the disk's name.
const SPELLINGS: &[(Option<Table>, &str, &str)] = &[
    (None, "/dev/{}", "{}"),
    (None, "UUID=12345678-9ABC-def0-1234-56789abcdef0", "{}"),
    (None, "LABEL=insroot", "{}"),
    (None, "/dev/disk/by-uuid/12345678-9abc-def0-1234-56789abcdef0", "{}"),
    (None, "/dev/disk/by-label/insroot", "{}"),
    (Some(Table::Gpt), "/dev/{}2", "{}2"),
    (Some(Table::Gpt), "PARTUUID=00000002-1111-2222-3333-444444444444", "{}2"),
    (Some(Table::Gpt), "PARTUUID=00000001-1111-2222-3333-444444444444/PARTNROFF=1", "{}2"),
    (Some(Table::Gpt), "/dev/disk/by-partuuid/00000002-1111-2222-3333-444444444444", "{}2"),
    (Some(Table::Gpt), "PARTLABEL=part 2", "{}2"),
    (Some(Table::Gpt), "/dev/disk/by-partlabel/part\\x202", "{}2"),
    (Some(Table::Gpt), "UUID=12345678-9abc-def0-1234-56789abcdef0", "{}2"),
    (Some(Table::Gpt), "LABEL=insroot", "{}2"),
    (Some(Table::Mbr), "/dev/{}2", "{}2"),
    (Some(Table::Mbr), "PARTUUID=deadbeef-02", "{}2"),
    (Some(Table::Mbr), "PARTUUID=deadbeef-01/PARTNROFF=1", "{}2"),
    (Some(Table::Mbr), "/dev/disk/by-partuuid/deadbeef-02", "{}2"),
    (Some(Table::Mbr), "UUID=12345678-9abc-def0-1234-56789abcdef0", "{}2"),
];

/// Buses with the modules that they need, the disk's name and what partitions add to it.
const BUSES: &[(Bus, &[&str], &str, &str)] = &[
    (Bus::Virtio, &["virtio_pci", "virtio_blk"], "vda", ""),
    (Bus::Nvme, &["nvme"], "nvme0n1", "p"),
    (Bus::Scsi, &["virtio_pci", "virtio_scsi", "sd_mod"], "sda", ""),
    (Bus::Usb, &["xhci_pci", "usb_storage", "sd_mod"], "sda", ""),
    (Bus::Sd, &["sdhci_pci", "mmc_block"], "mmcblk0", "p"),
];

/// Types of file system, what one of each is found by, and the modules that it needs besides.
const KINDS: &[(&str, &[&str], &[&str])] = &[
    ("xfs", &["UUID=12345678-9abc-def0-1234-56789abcdef0", "LABEL=insroot"], &[]),
    ("btrfs", &["UUID=12345678-9abc-def0-1234-56789abcdef0", "LABEL=insroot"], &[]),
    ("f2fs", &["UUID=12345678-9abc-def0-1234-56789abcdef0", "LABEL=insroot"], &[]),
    ("erofs", &["UUID=12345678-9abc-def0-1234-56789abcdef0"], &[]),
    ("squashfs", &["/dev/vda"], &[]),
    ("ext2", &["UUID=12345678-9abc-def0-1234-56789abcdef0", "LABEL=insroot"], &[]),
];

/// Every spelling on every table, size of block and bus; every type of file system by what it is found
/// by. All of that is for `--long`.
pub(super) fn matrix() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (bus, modules, name, part) in BUSES {
        // A card has blocks of 512 bytes.
        let blocks = if *bus == Bus::Sd { &[512][..] } else { &[512, 4096] };
        for block in blocks {
            for (table, spelling, node) in SPELLINGS {
                let node = node.replace("{}2", &format!("{name}{part}2")).replace("{}", name);
                let spelling =
                    spelling.replace("{}2", &format!("{name}{part}2")).replace("{}", name);
                let disk = Disk { bus: *bus, table: *table, block: *block, ..DISK };
                let title = format!("matrix: {bus:?} {table:?} {block} {spelling}");
                all.push(one(title, disk, modules, &spelling, &node, "ext4"));
            }
        }
    }
    for (kind, spellings, more) in KINDS {
        for spelling in *spellings {
            let modules = [&["virtio_pci", "virtio_blk"], *more].concat();
            let title = format!("matrix: {kind} {spelling}");
            let mounted = if *kind == "ext2" { "ext4" } else { kind };
            all.push(one(title, Disk { kind, ..DISK }, &modules, spelling, "vda", mounted));
        }
    }
    all
}

/// One boot of the matrix. The scenarios live as long as the tool, and so do the texts made for them.
fn one(
    name: String,
    disk: Disk,
    modules: &[&'static str],
    spelling: &str,
    node: &str,
    kind: &'static str,
) -> Scenario {
    let words = format!("insinit.modules={} \"root={spelling}\"", modules.join(","));
    let mounted: &str = format!("root {spelling}: mounted /dev/{node} as {kind}").leak();
    let modules = [modules, &[kind, "ext4"]].concat();
    Scenario {
        name: name.leak(),
        on: &[],
        long: X86_64,
        image: Image { modules: modules.leak(), ..NOTHING },
        disks: vec![disk].leak(),
        words: words.leak(),
        expect: vec![mounted, "exec /sbin/init", "guest: pid 1"].leak(),
        ..PLAIN
    }
}
