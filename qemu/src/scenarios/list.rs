//! Where the list comes from, and where the modules are found.

use crate::scenario::{AARCH64, ALL, Image, Made, NOTHING, PLAIN, RISCV64, Scenario, X86_64};

/// On the kernels without and with a newer way of loading, too.
const EVERY: &[&str] = &["6.12-x86_64", "6.12-aarch64", "6.12-riscv64", "6.1-x86_64", "7.2-x86_64"];

const THREE: Image = Image { modules: &["dummy", "brd", "overlay"], ..NOTHING };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "plain list",
        on: EVERY,
        image: THREE,
        words: "insinit.modules=overlay,dummy,brd guest=modules",
        expect: &[
            "load overlay: loaded",
            "load dummy: loaded",
            "load brd: loaded",
            "done: 3 loaded,",
            "exec /sbin/init",
            "guest: pid 1",
            "guest: argv 0 [/sbin/init]",
            "guest: modules 3",
            "guest: module names: brd dummy overlay",
            "kernel: Power down",
        ],
        forbid: &["load overlay: failed", "load overlay: already"],
        ..PLAIN
    },
    Scenario {
        name: "no list",
        on: RISCV64,
        expect: &["done: no modules listed", "exec /sbin/init", "guest: pid 1", "guest: modules 0"],
        ..PLAIN
    },
    Scenario {
        name: "list file before the command line",
        image: Image { list: true, ..THREE },
        words: "insinit.modules=brd guest=modules",
        expect: &[
            "load dummy: loaded",
            "load brd: loaded",
            "load overlay: loaded",
            "done: 3 loaded,",
            "guest: modules 3",
        ],
        ..PLAIN
    },
    Scenario {
        name: "list file elsewhere, with parameters and comments",
        on: AARCH64,
        image: Image {
            modules: &["dummy", "brd", "loop"],
            files: &[(
                Made::Text("# a comment\n\nbrd rd_nr=2 rd_size=512 # two\n-loop\n-not-there\n"),
                "/conf/list",
            )],
            ..NOTHING
        },
        words: "insinit.list=/conf/list guest=params:brd",
        expect: &[
            "load brd: loaded",
            "load loop: loaded",
            "load not-there: missing in",
            "guest: param brd.rd_size=[512]",
        ],
        forbid: &["load dummy: *"],
        ..PLAIN
    },
    Scenario {
        name: "other spellings of the list",
        on: RISCV64,
        image: THREE,
        words: "modules_load=dummy rd.modules_load=brd,overlay",
        expect: &[
            "load dummy: loaded",
            "load brd: loaded",
            "load overlay: loaded",
            "guest: modules 3",
        ],
        ..PLAIN
    },
    Scenario {
        name: "an empty value drops the list so far",
        on: AARCH64,
        image: THREE,
        words: "insinit.modules=dummy insinit.modules= insinit.modules=brd",
        expect: &["load brd: loaded", "done: 1 loaded,", "guest: modules 1"],
        forbid: &["load dummy: *"],
        ..PLAIN
    },
    Scenario {
        name: "words in the image's configuration file",
        on: X86_64,
        image: Image {
            modules: THREE.modules,
            files: &[(Made::Text("insinit.modules=dummy\nbrd.rd_nr=3\n"), "/etc/insinit.conf")],
            ..NOTHING
        },
        words: "insinit.modules=brd brd.rd_size=1024 guest=params:brd",
        expect: &["load dummy: loaded", "load brd: loaded", "guest: pid 1"],
        ..PLAIN
    },
    Scenario {
        name: "flat directory without an index",
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/lib/modules/dummy.ko"),
                (Made::Gzip("brd"), "/lib/modules/brd.ko.gz"),
            ],
            ..NOTHING
        },
        words: "insinit.modules=brd,dummy",
        expect: &["load brd: loaded", "load dummy: loaded", "guest: modules 2"],
        ..PLAIN
    },
    Scenario {
        name: "tree without an index",
        image: Image {
            files: &[
                (Made::Plain("dummy"), "/lib/modules/{release}/kernel/net/dummy.ko"),
                (Made::Plain("dm_mod"), "/lib/modules/{release}/extra/dm-mod.ko"),
            ],
            ..NOTHING
        },
        words: "insinit.modules=dm_mod,dummy",
        expect: &["load dm_mod: loaded", "load dummy: loaded", "guest: modules 2"],
        ..PLAIN
    },
    Scenario {
        name: "modules by path",
        on: RISCV64,
        image: Image {
            files: &[(Made::Plain("dummy"), "/one/dummy.ko"), (Made::Gzip("brd"), "/two/odd.name")],
            ..NOTHING
        },
        words: "insinit.modules=/one/dummy.ko,/two/odd.name",
        expect: &["done: 2 loaded,", "guest: modules 2"],
        ..PLAIN
    },
    Scenario {
        name: "a tree of another release only",
        on: AARCH64,
        image: Image {
            files: &[(Made::Plain("dummy"), "/lib/modules/5.5.5-other/kernel/dummy.ko")],
            ..NOTHING
        },
        words: "insinit.modules=dummy,brd",
        expect: &[
            "kernel: insinit: no modules for {release} (found: 5.5.5-other)",
            "load dummy: missing",
            "guest: modules 0",
        ],
        ..PLAIN
    },
    Scenario {
        name: "optional missing",
        on: ALL,
        image: THREE,
        words: "insinit.modules=-not_there,dummy insinit.fail=panic",
        expect: &[
            "load not_there: missing in",
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: pid 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "missing, but not required",
        on: RISCV64,
        image: THREE,
        words: "insinit.modules=not-there,dummy insinit.fail=panic",
        expect: &[
            "load not-there: missing in",
            "load dummy: loaded",
            "exec /sbin/init",
            "guest: pid 1",
        ],
        ..PLAIN
    },
];
