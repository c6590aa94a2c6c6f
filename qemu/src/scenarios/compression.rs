//! Compressed modules: inflated by the kernel, by us, and not at all because they are damaged.

use crate::scenario::{AARCH64, Image, Made, NOTHING, PLAIN, Scenario};
use insinit_initramfs::Compression;

const THREE: &[&str] = &["dummy", "brd", "overlay"];

const HERE: &[&str] = &[
    "try dummy: * * bytes, inflated here",
    "load dummy: loaded",
    "try brd: * * bytes, inflated here",
    "load brd: loaded",
    "try overlay: * * bytes, inflated here",
    "load overlay: loaded",
    "done: 3 loaded,",
    "guest: modules 3",
];

const KERNEL: &[&str] = &[
    "try dummy: * * bytes, kernel inflates",
    "load dummy: loaded",
    "try brd: * * bytes, kernel inflates",
    "load brd: loaded",
    "try overlay: * * bytes, kernel inflates",
    "load overlay: loaded",
    "done: 3 loaded,",
    "guest: modules 3",
];

const FILE: &[&str] = &[
    "try dummy: * * bytes, file",
    "load dummy: loaded",
    "try brd: * * bytes, file",
    "load brd: loaded",
    "try overlay: * * bytes, file",
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
        expect: HERE,
        ..PLAIN
    },
    Scenario {
        name: "xz, inflated by the kernel",
        on: &["6.12-x86_64", "6.12-aarch64", "6.12-riscv64", "7.2-x86_64"],
        image: Image { modules: THREE, compress: Some(Compression::Xz), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay insinit.log=debug",
        expect: KERNEL,
        ..PLAIN
    },
    Scenario {
        name: "not compressed",
        on: AARCH64,
        image: Image { modules: THREE, compress: Some(Compression::None), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay insinit.log=debug",
        expect: FILE,
        ..PLAIN
    },
    Scenario {
        name: "xz, inflated here",
        on: &["6.1-x86_64"],
        image: Image { modules: THREE, compress: Some(Compression::Xz), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay insinit.log=debug",
        expect: HERE,
        ..PLAIN
    },
    Scenario {
        name: "xz that the kernel's decoder does not know, inflated here",
        image: Image { files: &[(Made::OddXz("dummy"), "/dummy.ko.xz")], ..NOTHING },
        words: "insinit.modules=/dummy.ko.xz insinit.log=debug",
        expect: &["try dummy: * * bytes, inflated here", "load dummy: loaded", "guest: modules 1"],
        ..PLAIN
    },
    Scenario {
        name: "zstd, inflated here",
        on: &["6.1-x86_64", "6.12-aarch64", "6.12-riscv64"],
        image: Image { modules: THREE, compress: Some(Compression::Zstd), ..NOTHING },
        words: "insinit.modules=dummy,brd,overlay insinit.log=debug",
        expect: HERE,
        ..PLAIN
    },
    Scenario {
        name: "damaged zstd",
        on: &["6.1-x86_64", "6.12-riscv64"],
        image: Image {
            files: &[
                (Made::HalfZstd("dummy"), "/dummy.ko.zst"),
                (Made::WrongZstd("brd"), "/brd.ko.zst"),
            ],
            ..NOTHING
        },
        words: "insinit.modules=/dummy.ko.zst,/brd.ko.zst",
        expect: &[
            "load dummy: failed EBADMSG: zstd ends too early, at byte *",
            "load brd: failed EBADMSG: zstd checksum *, expected *",
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
        name: "truncated xz",
        on: &["6.1-x86_64"],
        image: Image { files: &[(Made::HalfXz("dummy"), "/dummy.ko.xz")], ..NOTHING },
        words: "insinit.modules=/dummy.ko.xz",
        expect: &["load dummy: failed EBADMSG: xz ends too early, at byte *", "guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "xz with a wrong checksum",
        on: &["6.1-x86_64", "6.12-riscv64"],
        image: Image { files: &[(Made::WrongXz("dummy"), "/dummy.ko.xz")], ..NOTHING },
        words: "insinit.modules=/dummy.ko.xz",
        expect: &["load dummy: failed EBADMSG: xz checksum *, expected *", "guest: modules 0"],
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
