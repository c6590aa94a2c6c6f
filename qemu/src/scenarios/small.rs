//! Kernels of our own: each inflates one kind of module, or none, and the loader does the others.

use crate::scenario::{Image, Made, NOTHING, PLAIN, Scenario};
use insinit_initramfs::Compression;

/// A module with what it needs, and one alone.
const THREE: &[&str] = &["dummy", "tm_user"];

const WORDS: &str = "insinit.modules=dummy,tm_user insinit.log=debug";

const KERNEL: &[&str] = &[
    "try dummy: * * bytes, kernel inflates",
    "load dummy: loaded",
    "try tm_base: * * bytes, kernel inflates",
    "load tm_base: loaded",
    "try tm_user: * * bytes, kernel inflates",
    "load tm_user: loaded",
    "done: 3 loaded,",
    "guest: modules 3",
];

const HERE: &[&str] = &[
    "try dummy: * * bytes, inflated here",
    "load dummy: loaded",
    "try tm_base: * * bytes, inflated here",
    "load tm_base: loaded",
    "try tm_user: * * bytes, inflated here",
    "load tm_user: loaded",
    "done: 3 loaded,",
    "guest: modules 3",
];

const fn packed(compress: Compression) -> Image {
    Image { modules: THREE, compress: Some(compress), ..NOTHING }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "small kernels: gzip, inflated by the kernel",
        on: &[],
        long: &[
            "small-x86_64-gzip",
            "small-aarch64-gzip",
            "small-riscv64-gzip",
            "small-aarch64-64k",
        ],
        image: packed(Compression::Gzip),
        words: WORDS,
        expect: KERNEL,
        ..PLAIN
    },
    Scenario {
        name: "small kernels: zstd, inflated by the kernel",
        on: &[],
        long: &["small-x86_64-zstd"],
        image: packed(Compression::Zstd),
        words: WORDS,
        expect: KERNEL,
        ..PLAIN
    },
    Scenario {
        name: "small kernels: gzip, inflated here",
        on: &[],
        long: &["small-x86_64-zstd", "small-x86_64-none"],
        image: packed(Compression::Gzip),
        words: WORDS,
        expect: HERE,
        ..PLAIN
    },
    Scenario {
        name: "small kernels: xz, inflated here",
        on: &[],
        long: &["small-x86_64-gzip", "small-x86_64-none", "small-aarch64-64k"],
        image: packed(Compression::Xz),
        words: WORDS,
        expect: HERE,
        ..PLAIN
    },
    Scenario {
        name: "small kernels: zstd, inflated here",
        on: &[],
        long: &["small-x86_64-gzip", "small-x86_64-none", "small-riscv64-gzip"],
        image: packed(Compression::Zstd),
        words: WORDS,
        expect: HERE,
        ..PLAIN
    },
    Scenario {
        name: "small kernels: truncated gzip, where nobody else would see it",
        on: &[],
        long: &["small-x86_64-none"],
        image: Image { files: &[(Made::HalfGzip("dummy"), "/dummy.ko.gz")], ..NOTHING },
        words: "insinit.modules=/dummy.ko.gz",
        expect: &["load dummy: failed EBADMSG: gzip ends too early, at byte *", "guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "small kernels: by force, of a kernel that knows none",
        on: &[],
        long: &["small-x86_64-gzip", "small-riscv64-gzip"],
        image: Image {
            modules: &["crc16"],
            files: &[
                (Made::OtherRelease("dummy"), "/dummy.ko"),
                (Made::GzipOtherRelease("loop"), "/loop.ko.gz"),
            ],
            ..NOTHING
        },
        words: "insinit.modules=/dummy.ko,/loop.ko.gz,crc16 insinit.force=vermagic",
        expect: &[
            "force dummy: ignores its vermagic",
            "load dummy: failed ENOEXEC: not a module for *, or a kernel without CONFIG_MODULE_FORCE_LOAD",
            "load loop: failed ENOEXEC: not a module for *, or a kernel without CONFIG_MODULE_FORCE_LOAD",
            "load crc16: failed ENOEXEC: not a module for *, or a kernel without CONFIG_MODULE_FORCE_LOAD",
            "done: 3 failed,",
            "guest: modules 0",
        ],
        ..PLAIN
    },
];
