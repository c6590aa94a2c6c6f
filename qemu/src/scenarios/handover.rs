//! What the real init finds, and what happens when there is none.

use crate::scenario::{AARCH64, Ends, Image, Made, NOTHING, PLAIN, RISCV64, Scenario, X86_64};

const DUMMY: Image = Image { modules: &["dummy"], ..NOTHING };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "nothing is left behind",
        image: DUMMY,
        words: "insinit.modules=dummy guest=left,fds,mounts",
        expect: &[
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: pid 1",
            "guest: env 0 [HOME=/]",
            "guest: env 1 [TERM=linux]",
            "guest: folder /dev: console",
            "guest: fd 0 /dev/console",
            "guest: fd 1 /dev/console",
            "guest: fd 2 /dev/console",
            "guest: mount rootfs / ",
            "guest: mount proc /proc",
            "guest: modules 1",
        ],
        forbid: &[
            "guest: fd 3*",
            "guest: fd 4*",
            "guest: mount devtmpfs*",
            "guest: folder /dev: console *",
        ],
        ..PLAIN
    },
    Scenario {
        name: "without a console",
        image: DUMMY,
        words: "insinit.modules=dummy guest=left,fds",
        console: false,
        expect: &[
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: pid 1",
            "guest: fd 0 /",
            "guest: modules 1",
        ],
        forbid: &["guest: fd 3*"],
        ..PLAIN
    },
    Scenario {
        name: "the real init's words",
        on: AARCH64,
        image: DUMMY,
        words: "insinit.modules=dummy single colour=red -- \"two words\" x.y=z",
        expect: &[
            "guest: argv 0 [/sbin/init]",
            "guest: argv 1 [single]",
            "guest: argv 2 [two words]",
            "guest: argv 3 [x.y=z]",
            "guest: env 2 [colour=red]",
        ],
        ..PLAIN
    },
    Scenario {
        name: "another real init",
        on: RISCV64,
        image: Image { files: &[(Made::Guest, "/opt/start")], ..DUMMY },
        words: "insinit.init=/opt/start",
        expect: &["exec /opt/start", "guest: argv 0 [/opt/start]"],
        forbid: &["exec /sbin/init"],
        ..PLAIN
    },
    Scenario {
        name: "init= in the image",
        on: AARCH64,
        image: Image { files: &[(Made::Guest, "/opt/start")], ..DUMMY },
        words: "init=/opt/start",
        expect: &["exec /opt/start", "guest: argv 0 [/opt/start]"],
        ..PLAIN
    },
    Scenario {
        name: "no real init",
        image: Image { init: false, ..DUMMY },
        words: "insinit.modules=dummy",
        expect: &["load dummy: loaded", "stop panic: *"],
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
    Scenario {
        name: "no real init: poweroff",
        on: RISCV64,
        image: Image { init: false, ..DUMMY },
        words: "insinit.modules=dummy insinit.fail=poweroff",
        expect: &["load dummy: loaded", "stop poweroff: *", "kernel: Power down"],
        ..PLAIN
    },
    Scenario {
        name: "a named real init that is missing is not replaced",
        on: X86_64,
        image: DUMMY,
        words: "insinit.init=/opt/start insinit.fail=poweroff",
        expect: &["exec /opt/start: failed ENOENT", "stop poweroff: *", "kernel: Power down"],
        forbid: &["guest: argv 0 [/sbin/init]"],
        ..PLAIN
    },
    Scenario {
        name: "a real init that is no program",
        on: AARCH64,
        image: Image { init: false, files: &[(Made::Text("hello\n"), "/sbin/init")], ..DUMMY },
        words: "insinit.modules=dummy insinit.fail=continue",
        expect: &["stop panic: *"],
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
];
