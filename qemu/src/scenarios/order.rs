//! Dependencies, hard and soft: their order, and what becomes of it when one is not there.

use crate::scenario::{AARCH64, Image, Made, NOTHING, PLAIN, RISCV64, Scenario};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "dependencies first",
        image: Image { modules: &["dm_crypt", "vfat", "isofs"], ..NOTHING },
        words: "insinit.modules=vfat,dm-crypt,isofs",
        expect: &[
            "load fat: loaded",
            "load vfat: loaded",
            "load dm_mod: loaded",
            "load dm_crypt: loaded",
            "load cdrom: loaded",
            "load isofs: loaded",
            "done: 6 loaded,",
            "guest: modules 6",
        ],
        ..PLAIN
    },
    Scenario {
        name: "soft dependencies before and after",
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/flat/dummy.ko"),
                (Made::Plain("veth"), "/flat/veth.ko"),
                (Made::Plain("brd"), "/flat/brd.ko"),
                (Made::Text("softdep dummy pre: veth gone post: brd\n"), "/flat/modules.softdep"),
                (Made::Text("dummy.ko:\nveth.ko:\nbrd.ko:\n"), "/flat/modules.dep"),
            ],
            ..NOTHING
        },
        words: "insinit.dir=/flat insinit.modules=dummy",
        expect: &[
            "load veth: loaded",
            "load dummy: loaded",
            "load brd: loaded",
            "guest: modules 3",
        ],
        forbid: &["load dummy: skipped"],
        ..PLAIN
    },
    Scenario {
        name: "real soft dependencies",
        image: Image { modules: &["drbd", "xt_NFLOG"], ..NOTHING },
        words: "insinit.modules=drbd,xt_NFLOG",
        expect: &[
            "load lru_cache: loaded",
            "load drbd: loaded",
            "load nfnetlink_log: loaded",
            "load xt_NFLOG: loaded",
        ],
        ..PLAIN
    },
    Scenario {
        name: "a loop of dependencies",
        on: AARCH64,
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/flat/dummy.ko"),
                (Made::Plain("veth"), "/flat/veth.ko"),
                (Made::Text("dummy.ko: veth.ko\nveth.ko: dummy.ko\n"), "/flat/modules.dep"),
            ],
            ..NOTHING
        },
        words: "insinit.dir=/flat insinit.modules=dummy",
        expect: &["exec /sbin/init", "guest: modules 2"],
        ..PLAIN
    },
    Scenario {
        name: "a dependency that fails",
        image: Image { modules: &["dm_crypt", "dummy"], ..NOTHING },
        words: "dm-mod.reserved_bio_based_ios=many insinit.modules=dm_crypt,dummy",
        expect: &[
            "load dm_mod: failed EINVAL: bad parameter value",
            "load dm_crypt: skipped needs dm_mod (failed EINVAL)",
            "load dummy: loaded",
            "done: 1 loaded,",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "a dependency that is blocked",
        on: RISCV64,
        image: Image { modules: &["dm_crypt", "dummy"], ..NOTHING },
        words: "modprobe.blacklist=dm-mod insinit.modules=dm_crypt,dummy",
        expect: &[
            "load dm_mod: blocked by modprobe.blacklist",
            "load dm_crypt: skipped needs dm_mod (blocked)",
            "load dummy: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "a dependency that is not in the image",
        on: AARCH64,
        image: Image {
            files: &[
                (Made::Plain("dm_crypt"), "/flat/dm-crypt.ko"),
                (Made::Text("dm-crypt.ko: dm-mod.ko\n"), "/flat/modules.dep"),
            ],
            ..NOTHING
        },
        words: "insinit.dir=/flat insinit.modules=dm_crypt",
        expect: &[
            "load dm_mod: missing",
            "load dm_crypt: skipped needs dm_mod (missing)",
            "guest: modules 0",
        ],
        ..PLAIN
    },
];
