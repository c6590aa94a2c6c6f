//! `insinit.inflate=` and `insinit.force=`. Debian's kernels have `CONFIG_MODULE_FORCE_LOAD`.

use crate::scenario::{AARCH64, Image, Made, NOTHING, PLAIN, RISCV64, Scenario, X86_64};

const OTHERS: Image = Image {
    files: &[
        (Made::OtherRelease("dummy"), "/dummy.ko"),
        (Made::GzipOtherRelease("brd"), "/brd.ko.gz"),
    ],
    ..NOTHING
};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "another release, by force",
        on: AARCH64,
        image: OTHERS,
        words: "insinit.modules=/dummy.ko,/brd.ko.gz insinit.force=vermagic quiet loglevel=8",
        expect: &[
            "force dummy: ignores its vermagic",
            "force brd: ignores its vermagic",
            "guest: modules 2",
        ],
        forbid: &["load dummy: failed", "load brd: failed"],
        ..PLAIN
    },
    Scenario {
        name: "another release, without force",
        on: AARCH64,
        image: OTHERS,
        words: "insinit.modules=/dummy.ko,/brd.ko.gz",
        expect: &[
            "load dummy: failed ENOEXEC: not a module for *",
            "load brd: failed ENOEXEC: not a module for *",
            "guest: modules 0",
        ],
        ..PLAIN
    },
    Scenario {
        name: "inflated by the kernel or not at all",
        on: X86_64,
        image: Image {
            modules: &["dummy"],
            files: &[(Made::Gzip("brd"), "/brd.ko.gz")],
            ..NOTHING
        },
        words: "insinit.modules=dummy,/brd.ko.gz insinit.inflate=never insinit.log=debug",
        expect: &[
            "try dummy: * * bytes, kernel inflates",
            "load dummy: loaded",
            "load brd: failed ENOEXEC: gzip: the kernel does not inflate it (insinit.inflate=never)",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "every module by force",
        on: RISCV64,
        image: Image { modules: &["dummy"], ..NOTHING },
        words: "insinit.modules=dummy insinit.force=all",
        expect: &[
            "force dummy: ignores its vermagic and modversions",
            "load dummy: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
];
