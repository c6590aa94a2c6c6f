//! The kernel's usermode helper: modules that the kernel asks for itself.

use crate::scenario::{AARCH64, ALL, Image, Made, NOTHING, PLAIN, Scenario};

/// tcrypt asks for the algorithm that its parameter names; then its init fails on purpose.
const IMAGE: Image = Image { modules: &["tcrypt", "wp512", "overlay"], modprobe: true, ..NOTHING };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "helper: before init runs",
        on: &["6.12-x86_64", "6.12-aarch64"],
        image: Image { modules: &["lz4"], modprobe: true, ..NOTHING },
        words: "zswap.enabled=1 zswap.compressor=lz4 insinit.log=info guest=left,mounts",
        expect: &[
            "modprobe lz4: loaded",
            "kernel: Run /init as init process",
            "done: no modules listed",
            "exec /sbin/init",
            "guest: folder /dev: console",
            "guest: mount rootfs / ",
            "guest: modules *",
        ],
        forbid: &["guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "helper: while init loads",
        on: &["6.12-x86_64", "6.12-riscv64", "6.1-x86_64"],
        image: IMAGE,
        words: "insinit.modules=tcrypt tcrypt.alg=wp512 insinit.log=info guest=modules",
        expect: &[
            "modprobe wp512: loaded",
            "load tcrypt: *",
            "exec /sbin/init",
            "guest: module names: *wp512*",
        ],
        ..PLAIN
    },
    Scenario {
        name: "helper: for the real init",
        on: ALL,
        image: IMAGE,
        words: "guest=ask,modules",
        expect: &["exec /sbin/init", "guest: modules 1", "guest: module names: overlay"],
        ..PLAIN
    },
    Scenario {
        name: "helper: a module whose init asks for itself",
        on: &["6.12-riscv64", "6.1-x86_64"],
        image: Image {
            files: &[(Made::Text("alias crypto-mine tcrypt\n"), "/etc/modprobe.d/mine.conf")],
            ..IMAGE
        },
        words: "insinit.modules=tcrypt,wp512 tcrypt.alg=mine",
        expect: &[
            "wait tcrypt: it is being loaded",
            "modprobe tcrypt: failed ETIMEDOUT: somebody else has been loading it for 10 s",
            "load tcrypt: failed *",
            "load wp512: loaded",
            "exec /sbin/init",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "helper: without it the kernel goes without",
        on: AARCH64,
        image: Image { modprobe: false, ..IMAGE },
        words: "insinit.modules=tcrypt tcrypt.alg=wp512 guest=ask",
        expect: &["load tcrypt: failed *", "exec /sbin/init", "guest: modules 0"],
        ..PLAIN
    },
];
