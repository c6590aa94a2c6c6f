//! Parameters, read back from /sys/module: as the module got them.

use crate::scenario::{AARCH64, Image, NOTHING, PLAIN, RISCV64, Scenario, X86_64};

const IMAGE: Image = Image { modules: &["loop", "aoe", "dm_mod", "null_blk", "dummy"], ..NOTHING };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "numbers, and the last of several",
        image: IMAGE,
        words: "loop.max_loop=3 loop.max_part=7 loop.max_loop=5 insinit.modules=loop guest=params:loop",
        expect: &["load loop: loaded", "guest: param loop.max_loop=[5]"],
        ..PLAIN
    },
    Scenario {
        name: "a quoted text with blanks",
        image: IMAGE,
        words: "aoe.aoe_iflist=\"eth0 eth1  eth2\" insinit.modules=aoe guest=params:aoe",
        expect: &["load aoe: loaded", "guest: param aoe.aoe_iflist=[eth0 eth1  eth2]"],
        ..PLAIN
    },
    Scenario {
        name: "a text quoted from its key on, and an equals sign in a value",
        on: AARCH64,
        image: IMAGE,
        words: "\"aoe.aoe_iflist=a=b c\" insinit.modules=aoe guest=params:aoe",
        expect: &["load aoe: loaded", "guest: param aoe.aoe_iflist=[a=b c]"],
        ..PLAIN
    },
    Scenario {
        name: "dashes in the module's and the parameter's name",
        image: IMAGE,
        words: "dm-mod.reserved-bio-based-ios=32 insinit.modules=dm-mod guest=params:dm_mod",
        expect: &["load dm_mod: loaded", "guest: param dm_mod.reserved_bio_based_ios=[32]"],
        ..PLAIN
    },
    Scenario {
        name: "a switch without a value",
        on: RISCV64,
        image: IMAGE,
        words: "null_blk.virt_boundary null_blk.nr_devices=1 insinit.modules=null_blk guest=params:null_blk",
        expect: &["load null_blk: loaded", "guest: param null_blk.virt_boundary=[Y]"],
        ..PLAIN
    },
    Scenario {
        name: "a number without a value",
        on: AARCH64,
        image: IMAGE,
        words: "null_blk.no_sched insinit.modules=null_blk,dummy",
        expect: &[
            "kernel: `' invalid for parameter `no_sched'",
            "load null_blk: failed EINVAL: bad parameter value",
            "load dummy: loaded",
        ],
        ..PLAIN
    },
    Scenario {
        name: "a parameter that is no number",
        on: RISCV64,
        image: IMAGE,
        words: "loop.max_loop=three insinit.modules=loop,dummy",
        expect: &[
            "kernel: invalid for parameter `max_loop'",
            "load loop: failed EINVAL: bad parameter value",
            "load dummy: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "a parameter that nobody knows",
        on: X86_64,
        image: IMAGE,
        words: "dummy.colour=red insinit.modules=dummy",
        expect: &[
            "kernel: unknown parameter 'colour' ignored",
            "load dummy: loaded",
            "guest: modules 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "behind a bare -- the words are the real init's",
        on: RISCV64,
        image: IMAGE,
        words: "insinit.modules=loop guest=params:loop -- loop.max_loop=9 insinit.modules=dummy",
        expect: &[
            "load loop: loaded",
            "guest: argv 0 [/sbin/init]",
            "guest: argv 1 [loop.max_loop=9]",
            "guest: argv 2 [insinit.modules=dummy]",
        ],
        forbid: &["load dummy: *", "guest: param loop.max_loop=[9]"],
        ..PLAIN
    },
];
