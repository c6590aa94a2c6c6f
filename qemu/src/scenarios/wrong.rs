//! Images, words and policies that are odd or hostile, and what the loader says of them.

use crate::scenario::{AARCH64, Ends, Image, Made, NOTHING, Odd, PLAIN, RISCV64, Scenario, X86_64};

const FLAT: Image = Image { files: &[(Made::Plain("dummy"), "/dummy.ko")], ..NOTHING };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "wrong: a folder, a pipe and a loop of links for modules",
        image: Image {
            odd: &[
                Odd::Folder("/folder.ko"),
                Odd::Pipe("/pipe.ko"),
                Odd::Link("/loop.ko", "/pool.ko"),
                Odd::Link("/pool.ko", "/loop.ko"),
                Odd::Empty("/empty.ko"),
            ],
            ..FLAT
        },
        words: "insinit.modules=/folder.ko,/pipe.ko,/loop.ko,/empty.ko,/dummy.ko",
        expect: &[
            "load folder: failed EISDIR: its file can't be read",
            "load pipe: failed ENOEXEC: its file is empty",
            "load loop: failed ELOOP: its file can't be read",
            "load empty: failed ENOEXEC: its file is empty",
            "load dummy: loaded",
            "done: 1 loaded, 4 failed,",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: folders and pipes for the files of the image",
        on: RISCV64,
        image: Image {
            odd: &[
                Odd::Folder("/etc"),
                Odd::Folder("/etc/modules"),
                Odd::Pipe("/etc/insinit.conf"),
                Odd::Folder("/etc/modprobe.d"),
                Odd::Pipe("/etc/modprobe.d/a.conf"),
                Odd::Folder("/etc/modprobe.d/b.conf"),
            ],
            ..FLAT
        },
        words: "insinit.modules=/dummy.ko",
        expect: &[
            "list /etc/modules: failed EISDIR",
            "read /etc/modprobe.d/b.conf: failed EISDIR",
            "load dummy: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: insinit itself as the real init",
        on: AARCH64,
        image: Image { odd: &[Odd::Link("/sbin/again", "/init")], ..NOTHING },
        words: "insinit.init=/sbin/again",
        expect: &["exec /sbin/again: failed ELOOP: it is insinit itself", "stop panic: *"],
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
    Scenario {
        name: "wrong: a file where the console was",
        on: X86_64,
        image: Image { odd: &[Odd::Empty("/dev/console")], ..FLAT },
        words: "insinit.modules=/dummy.ko guest=kmsg",
        expect: &["load dummy: loaded", "exec /sbin/init"],
        ..PLAIN
    },
    Scenario {
        name: "wrong: two thousand entries that are not there",
        on: RISCV64,
        image: Image {
            files: &[(Made::Plain("dummy"), "/dummy.ko"), (Made::List(2000, "/dummy.ko"), "/list")],
            ..NOTHING
        },
        words: "insinit.list=/list",
        expect: &[
            "load not_there_0: missing",
            "load not_there_1999: missing",
            "load dummy: loaded",
            "done: 1 loaded, 2000 missing,",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: a tree of ten thousand names and one file",
        on: AARCH64,
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/tree/dummy.ko"),
                (Made::Index(10_000, "dummy.ko"), "/tree/modules.dep"),
            ],
            ..NOTHING
        },
        words: "insinit.dir=/tree insinit.modules=dummy,m3",
        expect: &[
            "load dummy: loaded",
            "load m0: missing",
            "load m1: skipped needs m0 (missing)",
            "load m3: skipped needs m2 (skipped)",
            "done: 1 loaded, 1 missing, 3 skipped,",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: module loading is off",
        image: FLAT,
        words: "sysctl.kernel.modules_disabled=1 insinit.modules=/dummy.ko",
        expect: &[
            "load dummy: failed EPERM: module loading is off (kernel.modules_disabled)",
            "guest: modules 0",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: a module without a signature, locked down",
        on: X86_64,
        image: Image { files: &[(Made::Unsigned("dummy"), "/dummy.ko")], ..NOTHING },
        words: "lockdown=integrity insinit.modules=/dummy.ko",
        expect: &["load dummy: failed EPERM: *lockdown", "guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "wrong: signatures enforced, none, altered and whole",
        on: AARCH64,
        image: Image {
            files: &[
                (Made::Unsigned("dummy"), "/none.ko"),
                (Made::Altered("brd"), "/altered.ko"),
                (Made::Gzip("dummy"), "/whole.ko.gz"),
            ],
            ..NOTHING
        },
        words: "module.sig_enforce=1 insinit.modules=/none.ko,/altered.ko,/whole.ko.gz",
        expect: &[
            "load none: failed EKEYREJECTED: signature",
            "load altered: failed EKEYREJECTED: signature",
            "load whole: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: no power switch",
        on: X86_64,
        image: NOTHING,
        words: "acpi=off insinit.required=not_there insinit.fail=poweroff",
        expect: &["load not_there: missing", "stop poweroff: *", "kernel: System halted"],
        end: Ends::Stays("System halted"),
        ..PLAIN
    },
    Scenario {
        name: "wrong: a block list that was emptied again",
        on: RISCV64,
        image: FLAT,
        words: "module_blacklist=dummy module_blacklist= insinit.modules=/dummy.ko",
        expect: &["load dummy: loaded", "guest: modules 1"],
        ..PLAIN
    },
    Scenario {
        name: "wrong: a command line that is cut in mid-word",
        image: FLAT,
        words: "insinit.modules=/dummy.ko",
        overlong: true,
        expect: &[
            "kernel: insinit: read /proc/cmdline: may be cut off at ",
            "load dummy: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: an image with nothing to mount anything on",
        on: &["6.12-x86_64", "6.12-aarch64"],
        image: Image { bare: true, ..FLAT },
        words: "insinit.modules=/dummy.ko guest=left",
        expect: &[
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: folder /proc is not there",
            "guest: folder /sys is not there",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: a file where /proc should be",
        on: RISCV64,
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/dummy.ko"),
                (Made::Text("/dummy.ko\n"), "/etc/modules"),
            ],
            odd: &[Odd::Empty("/proc")],
            ..NOTHING
        },
        words: "insinit.modules=never_read",
        expect: &[
            "kernel: insinit: read /proc/cmdline: failed ENOTDIR",
            "load dummy: loaded",
            "exec /sbin/init",
        ],
        forbid: &["load never_read: *"],
        ..PLAIN
    },
    Scenario {
        name: "wrong: a root that is full",
        on: X86_64,
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/dummy.ko"),
                (Made::Text("/dummy.ko\n"), "/etc/modules"),
            ],
            bare: true,
            // A tmpfs has a node for every second page of memory, which is 512 MiB.
            odd: &[Odd::Folder("/full"), Odd::Files(70_000, "/full")],
            ..NOTHING
        },
        expect: &[
            "read /proc/cmdline: failed ENOENT",
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: pid 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "wrong: a list file that is empty",
        on: AARCH64,
        image: Image { odd: &[Odd::Folder("/etc"), Odd::Empty("/etc/modules")], ..FLAT },
        expect: &["done: no modules listed", "exec /sbin/init", "guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "wrong: an init that oopses in PID 1 is named by the last line",
        on: X86_64,
        image: Image { files: &[(Made::Plain("tm_oops"), "/tm_oops.ko")], ..NOTHING },
        words: "insinit.modules=/tm_oops.ko insinit.log=debug",
        expect: &["try tm_oops: * * bytes, file", "kernel: tm_oops: init"],
        forbid: &["load tm_oops: *", "exec /sbin/init"],
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
];
