//! Kernels of our own: each inflates one kind of module, or none, and the loader does the others.

use crate::scenario::{Image, Made, Memory, NOTHING, PLAIN, Scenario};
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
        name: "small kernels: xz, inflated by the kernel",
        on: &[],
        long: &["small-x86_64-xz"],
        image: packed(Compression::Xz),
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
    Scenario {
        name: "small kernels: 48 MiB of memory",
        on: &[],
        long: &[
            "small-x86_64-gzip",
            "small-x86_64-none",
            "small-aarch64-gzip",
            "small-riscv64-gzip",
        ],
        image: Image { modules: ROOM, compress: Some(Compression::Xz), ..NOTHING },
        words: "insinit.modules=dummy,ext4,tm_user,9p guest=memory",
        memory: Memory::Mebibytes(48),
        expect: &[
            "load dummy: loaded",
            "load ext4: loaded",
            "load tm_user: loaded",
            "load 9p: loaded",
            "guest: pid 1",
            "guest: memory MemFree:",
        ],
        forbid: &["load ext4: failed", "load 9p: failed"],
        ..PLAIN
    },
    Scenario {
        name: "small kernels: 48 MiB of memory, and a module that wants more",
        on: &[],
        long: &["small-x86_64-gzip", "small-x86_64-none"],
        image: Image {
            files: &[(Made::Padded("dummy", 40), "/big.ko.gz"), (Made::Plain("loop"), "/loop.ko")],
            ..NOTHING
        },
        words: "insinit.modules=/big.ko.gz,/loop.ko",
        memory: Memory::Mebibytes(48),
        expect: &[
            "load big: failed ENOMEM: needs * MiB, free * MiB",
            "load loop: loaded",
            "exec /sbin/init",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "small kernels: LoadPin takes files of the first file's system only",
        on: &[],
        long: &["small-x86_64-security"],
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/dummy.ko"),
                (Made::Gzip("loop"), "/loop.ko.gz"),
                (Made::OddXz("crc16"), "/crc16.ko.xz"),
            ],
            ..NOTHING
        },
        words: "loadpin.enforce=1 insinit.modules=/dummy.ko,/loop.ko.gz,/crc16.ko.xz",
        expect: &[
            "load dummy: loaded",
            "load loop: loaded",
            "load crc16: failed EPERM: *LoadPin*",
            "guest: modules 2",
        ],
        ..PLAIN
    },
    Scenario {
        name: "small kernels: signatures enforced, none, altered and whole",
        on: &[],
        long: &["small-x86_64-security"],
        image: Image { files: SIGNED, ..NOTHING },
        words: "module.sig_enforce=1 insinit.modules=/none.ko,/altered.ko,/whole.ko.gz,/here.ko.xz",
        expect: &[
            "load none: failed EKEYREJECTED: signature",
            "load altered: failed E*: signature",
            "load whole: loaded",
            "load here: loaded",
            "guest: modules 2",
        ],
        ..PLAIN
    },
    Scenario {
        name: "small kernels: locked down",
        on: &[],
        long: &["small-x86_64-security"],
        image: Image { files: SIGNED, ..NOTHING },
        words: "lockdown=integrity insinit.modules=/none.ko,/whole.ko.gz,/here.ko.xz",
        expect: &[
            "load none: failed EPERM: *lockdown*",
            "load whole: loaded",
            "load here: loaded",
            "guest: modules 2",
        ],
        ..PLAIN
    },
];

/// What fills 48 MiB best: the largest that these kernels have.
const ROOM: &[&str] = &["dummy", "ext4", "tm_user", "9p"];

/// A module with no signature, with one that doesn't fit, and two as they were signed.
const SIGNED: &[(Made, &str)] = &[
    (Made::Unsigned("dummy"), "/none.ko"),
    (Made::Altered("crc16"), "/altered.ko"),
    (Made::Gzip("dummy"), "/whole.ko.gz"),
    (Made::OddXz("loop"), "/here.ko.xz"),
];
