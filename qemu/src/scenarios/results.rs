//! What the kernel's answers mean, each brought about by a real module.

use crate::scenario::{AARCH64, Image, Made, NOTHING, PLAIN, RISCV64, Scenario};

/// The same module under several paths, each with an answer of its own.
const ERRORS: &str = "\
/a/tm_err.ko err=19
/b/tm_err.ko err=22
/c/tm_err.ko err=17
/d/tm_err.ko err=16
/e/tm_err.ko err=2
/f/tm_err.ko.gz err=8
/tm_user.ko
/tm_param.ko number=many
/dummy.ko
";

const FILES: &[(Made, &str)] = &[
    (Made::Plain("tm_err"), "/a/tm_err.ko"),
    (Made::Plain("tm_err"), "/b/tm_err.ko"),
    (Made::Plain("tm_err"), "/c/tm_err.ko"),
    (Made::Plain("tm_err"), "/d/tm_err.ko"),
    (Made::Plain("tm_err"), "/e/tm_err.ko"),
    (Made::Gzip("tm_err"), "/f/tm_err.ko.gz"),
    (Made::Plain("tm_user"), "/tm_user.ko"),
    (Made::Plain("tm_param"), "/tm_param.ko"),
    (Made::Plain("dummy"), "/dummy.ko"),
    (Made::Text(ERRORS), "/list"),
];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "results: what inits return, each run once",
        long: &["6.1-x86_64", "7.2-x86_64"],
        image: Image { files: FILES, ..NOTHING },
        words: "insinit.list=/list",
        expect: &[
            "load tm_err: absent ENODEV: no such device",
            "load tm_err: failed EINVAL: *its init returned it",
            // Since 7.x the kernel makes EBUSY of an init's EEXIST (kernel/module/main.c).
            "load tm_err: failed E*its init returned it",
            "load tm_err: failed EBUSY: its init returned it",
            "load tm_err: failed ENOENT: unknown symbol, or its init found no file",
            "load tm_err: failed ENOEXEC: not a module for {release}",
            "load tm_user: failed ENOENT: unknown symbol",
            "load tm_param: failed EINVAL: bad parameter value",
            "load dummy: loaded",
            "done: 1 loaded, 1 absent, 7 failed,",
            "guest: modules 1",
        ],
        once: &[
            "kernel: tm_err: init, then -19 ",
            "kernel: tm_err: init, then -22 ",
            "kernel: tm_err: init, then -17 ",
            "kernel: tm_err: init, then -16 ",
            "kernel: tm_err: init, then -2 ",
            "kernel: tm_err: init, then -8 ",
        ],
        ..PLAIN
    },
    Scenario {
        name: "results: a required module whose init fails",
        on: RISCV64,
        image: Image { modules: &["tm_err", "dummy"], ..NOTHING },
        words: "insinit.required=tm_err insinit.modules=dummy tm_err.err=5 insinit.fail=reboot",
        expect: &[
            "load tm_err: failed EIO: its init returned it",
            "stop reboot: required tm_err failed; next was load dummy",
        ],
        forbid: &["load dummy: loaded", "exec /sbin/init"],
        ..PLAIN
    },
    Scenario {
        name: "results: a required module without its device is no failure",
        on: AARCH64,
        image: Image { modules: &["tm_err", "dummy"], ..NOTHING },
        words: "insinit.required=tm_err insinit.modules=dummy insinit.fail=reboot",
        expect: &[
            "load tm_err: absent ENODEV: no such device",
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: modules 1",
        ],
        ..PLAIN
    },
];
