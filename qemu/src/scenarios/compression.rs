//! Compressed modules: inflated by the kernel, by us, and not at all because they are damaged.

use crate::scenario::{AARCH64, Image, Made, NOTHING, PLAIN, RISCV64, Scenario};
use insinit_initramfs::Compression;

const THREE: &[&str] = &["dummy", "brd", "overlay"];

const GOOD: &[&str] = &[
    "load dummy: loaded",
    "load brd: loaded",
    "load overlay: loaded",
    "done: 3 loaded,",
    "guest: modules 3",
];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "gzip, inflated here",
        on: &["6.12-x86_64", "6.12-aarch64", "6.12-riscv64", "6.1-x86_64", "7.2-x86_64"],
        image: Image { modules: THREE, compress: Some(Compression::Gzip), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay insinit.log=debug",
        expect: GOOD,
        ..PLAIN
    },
    Scenario {
        name: "xz, inflated by the kernel",
        on: &["6.12-x86_64", "6.12-aarch64", "6.12-riscv64", "7.2-x86_64"],
        image: Image { modules: THREE, compress: Some(Compression::Xz), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay insinit.log=debug",
        expect: GOOD,
        ..PLAIN
    },
    Scenario {
        name: "not compressed",
        on: AARCH64,
        image: Image { modules: THREE, compress: Some(Compression::None), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay",
        expect: GOOD,
        ..PLAIN
    },
    Scenario {
        name: "xz that nobody can inflate",
        on: &["6.1-x86_64"],
        image: Image { modules: THREE, compress: Some(Compression::Xz), ..NOTHING },
        words: "insinit.modules=dummy",
        expect: &[
            "load dummy: failed ENOEXEC: xz: neither the kernel nor this build inflates it",
            "guest: modules 0",
        ],
        ..PLAIN
    },
    Scenario {
        name: "zstd that nobody can inflate",
        on: RISCV64,
        image: Image { modules: THREE, compress: Some(Compression::Zstd), ..NOTHING },
        words: "insinit.modules=dummy",
        expect: &[
            "load dummy: failed ENOEXEC: zstd: neither the kernel nor this build inflates it",
            "guest: modules 0",
        ],
        ..PLAIN
    },
    Scenario {
        name: "truncated gzip",
        image: Image { files: &[(Made::HalfGzip("dummy"), "/dummy.ko.gz")], ..NOTHING },
        words: "insinit.modules=/dummy.ko.gz",
        expect: &["load dummy: failed EBADMSG: gzip ends too early, at byte *", "guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "gzip with a wrong checksum",
        image: Image { files: &[(Made::WrongCrc("dummy"), "/dummy.ko.gz")], ..NOTHING },
        words: "insinit.modules=/dummy.ko.gz",
        expect: &["load dummy: failed EBADMSG: gzip checksum *, expected *", "guest: modules 0"],
        ..PLAIN
    },
];
