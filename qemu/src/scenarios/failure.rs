//! A required module that can't be loaded, with each failure action; other modules that can't.

use crate::scenario::{AARCH64, Ends, Image, Made, NOTHING, PLAIN, RISCV64, Scenario, X86_64};

const DUMMY: Image = Image { modules: &["dummy"], ..NOTHING };

const SHELL: Image = Image { files: &[(Made::Guest, "/bin/sh")], ..DUMMY };

/// What must not happen once the boot is to stop.
const NO_INIT: &[&str] = &["exec /sbin/init", "guest: argv 0 [/sbin/init]"];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "required, and loaded",
        on: AARCH64,
        image: DUMMY,
        words: "insinit.required=dummy insinit.fail=poweroff",
        expect: &["load dummy: loaded", "exec /sbin/init", "guest: modules 1"],
        ..PLAIN
    },
    Scenario {
        name: "required missing: panic",
        image: DUMMY,
        words: "insinit.required=not_there insinit.modules=dummy",
        expect: &["load not_there: missing", "stop panic: *", "kernel: Kernel panic"],
        forbid: NO_INIT,
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
    Scenario {
        name: "required missing: reboot",
        image: DUMMY,
        words: "insinit.required=not_there insinit.fail=reboot",
        expect: &["load not_there: missing", "stop reboot: *", "kernel: reboot: Restarting system"],
        forbid: NO_INIT,
        ..PLAIN
    },
    Scenario {
        name: "required missing: poweroff",
        image: DUMMY,
        words: "insinit.required=not_there insinit.fail=poweroff",
        expect: &["load not_there: missing", "stop poweroff: *", "kernel: reboot: Power down"],
        forbid: NO_INIT,
        ..PLAIN
    },
    Scenario {
        name: "required missing: halt",
        image: DUMMY,
        words: "insinit.required=not_there insinit.fail=halt",
        expect: &["load not_there: missing", "stop halt: *", "kernel: reboot: System halted"],
        forbid: NO_INIT,
        end: Ends::Stays("System halted"),
        ..PLAIN
    },
    Scenario {
        name: "required missing: shell, then on",
        image: SHELL,
        words: "insinit.required=not_there insinit.modules=dummy insinit.fail=shell",
        expect: &[
            "load not_there: missing",
            "shell /bin/sh: *",
            "guest: argv 0 [/bin/sh]",
            "exec /sbin/init",
            "guest: pid 1",
            "guest: argv 0 [/sbin/init]",
        ],
        ..PLAIN
    },
    Scenario {
        name: "required missing: shell, without a shell",
        image: DUMMY,
        words: "insinit.required=not_there insinit.fail=shell",
        expect: &["load not_there: missing", "stop panic: *"],
        forbid: NO_INIT,
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
    Scenario {
        name: "required missing: continue",
        image: DUMMY,
        words: "insinit.required=not_there,dummy insinit.fail=continue",
        expect: &[
            "load not_there: missing",
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "required blocked",
        on: RISCV64,
        image: DUMMY,
        words: "module_blacklist=dummy insinit.required=dummy insinit.fail=poweroff",
        expect: &[
            "load dummy: blocked by module_blacklist",
            "stop poweroff: *",
            "kernel: Power down",
        ],
        forbid: NO_INIT,
        ..PLAIN
    },
    Scenario {
        name: "a module of another release",
        image: Image {
            files: &[(Made::OtherRelease("dummy"), "/dummy.ko"), (Made::Plain("brd"), "/brd.ko")],
            ..NOTHING
        },
        words: "insinit.modules=/dummy.ko,/brd.ko",
        expect: &[
            "load dummy: failed ENOEXEC: not a module for {release}",
            "load brd: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "no module at all",
        on: AARCH64,
        image: Image {
            files: &[(Made::Text("hello\n"), "/dummy.ko"), (Made::Text(""), "/no.ko")],
            ..NOTHING
        },
        words: "insinit.modules=/dummy.ko,/no.ko",
        expect: &[
            "load dummy: failed ENOEXEC: not a module, starts with 68656c6c",
            "load no: failed ENOEXEC: its file is empty",
            "guest: modules 0",
        ],
        ..PLAIN
    },
    Scenario {
        name: "loaded already",
        on: X86_64,
        image: Image { files: &[(Made::Plain("dummy"), "/dummy.ko")], ..DUMMY },
        words: "insinit.modules=dummy,/dummy.ko",
        expect: &["load dummy: loaded", "guest: modules 1"],
        forbid: &["load dummy: failed"],
        ..PLAIN
    },
    Scenario {
        name: "built in",
        on: RISCV64,
        image: NOTHING,
        words: "insinit.required=fuse",
        expect: &["exec /sbin/init", "guest: modules 0"],
        ..PLAIN
    },
];
