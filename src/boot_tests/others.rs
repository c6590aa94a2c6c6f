//! What other projects' tests of the same formats are about, each in data of ours, named by project and test.
//!
//! kmod: `testsuite/`; Android: `libmodprobe/libmodprobe_test.cpp`; systemd:
//! `test/units/TEST-87-AUX-UTILS-VM.modules-load.sh`; rapido: `src/bin/kmod/kmod_context.rs`; u-root:
//! `pkg/kmodule/kmodule_linux_test.go`; booster: `generator/kmod_test.go`, `init/module_test.go`. BusyBox,
//! toybox and dracut have none.

use super::suites::plan_of;
use crate::scripted::{End, Machine, elf};

/// The test; modules as [`Machine::modules`] takes them; files as in [`super::suites`]; words; the plan.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const X: &str = "/etc/modprobe.d/x.conf";
const LIST: &str = "/etc/modules";

/// Loops of kmod's module playground.
const LOOP: &[&str] = &["loop-b", "loop-a: loop-b", "simple"];

const CASES: &[Case] = &[
    ("kmod show_depends", LOOP, &[], "insinit.modules=loop-a", "loop-b, loop-a"),
    ("kmod show_depends2", LOOP, &[], "insinit.modules=simple", "simple"),
    (
        "kmod builtin",
        LOOP,
        &[("modules.builtin", "kernel/net/unix/unix.ko\n")],
        "insinit.modules=unix",
        "builtin unix",
    ),
    (
        "kmod softdep_loop",
        LOOP,
        &[(X, "softdep loop-b post: loop-a\n")],
        "insinit.modules=loop-b",
        "loop-b, loop-a",
    ),
    (
        "kmod weakdep_loop",
        LOOP,
        &[(X, "weakdep loop-b loop-a simple\n"), ("modules.weakdep", "weakdep loop-b simple\n")],
        "insinit.modules=loop-b",
        "loop-b",
    ),
    (
        "kmod install_cmd_loop",
        LOOP,
        &[(X, "install loop-b /sbin/modprobe --ignore-install loop-b && { modprobe loop-a ; }\n")],
        "insinit.modules=loop-a",
        "loop-b, loop-a",
    ),
    ("kmod external", &[], &EXTERNAL, "insinit.modules=outside", "insmod /opt/mods/outside"),
    (
        "kmod module_from_abspath",
        &["simple"],
        &[("/home/u/simple.ko", "")],
        "insinit.modules=/home/u/simple.ko",
        "insmod /home/u/simple",
    ),
    (
        "kmod module-param-kcmdline",
        &["my-simple"],
        &[],
        "initrd=\\initrd.img my_simple.one my_simple.two=2 root=/dev/vda rw insinit.modules=my-simple",
        "my-simple one two=2",
    ),
    (
        "kmod module-param-kcmdline2",
        &["m"],
        &[],
        "m.one m.two=2 rw insinit.modules=m",
        "m one two=2",
    ),
    (
        "kmod module-param-kcmdline3",
        &["m"],
        &[],
        "BOOT_IMAGE=/boot/vmlinuz-6.1.0-3.57.gabcdef-x m.one m.two=2 insinit.modules=m",
        "m one two=2",
    ),
    ("kmod module-param-kcmdline4", &["m"], &[], "m.size=1.5G insinit.modules=m", "m size=1.5G"),
    (
        "kmod module-param-kcmdline5",
        &["m"],
        &[],
        "m.one m.text=\"a 1\" m.\"no option\" \" none\" \"none \" none insinit.modules=m",
        "m one text=\"a 1\"",
    ),
    (
        "kmod module-param-kcmdline6",
        &["m"],
        &[],
        "m.one=1 ivrs_acpihid[00:14.5]=AMD0020:0 m.two=2 insinit.modules=m",
        "m one=1 two=2",
    ),
    (
        "kmod module-param-kcmdline7",
        &["m"],
        &[],
        "m.dyndbg=\"file drivers/x/m.c +mpf\" insinit.modules=m",
        "m dyndbg=\"file drivers/x/m.c +mpf\"",
    ),
    (
        "kmod module-param-kcmdline8",
        &["m"],
        &[],
        "\"m.dyndbg=file drivers/x/m.c +mpf\" insinit.modules=m",
        "m dyndbg=\"file drivers/x/m.c +mpf\"",
    ),
    (
        "kmod test_dependencies",
        &["foo-a", "foo-b: foo-a", "foo-c", "foo: foo-c foo-b foo-a"],
        &[],
        "insinit.modules=foo",
        "foo-a, foo-b, foo-c, foo",
    ),
    ("kmod from_alias", &["m"], &[(X, "alias m.* m\n")], "insinit.modules=m.*", "m"),
    (
        "kmod from_name",
        &["snd-hda-intel", "snd_timer", "iTCO_wdt"],
        &[],
        "insinit.modules=snd_hda-intel,snd-timer,iTCO_wdt",
        "snd-hda-intel, snd_timer, iTCO_wdt",
    ),
    // A failure that kmod expects of itself.
    (
        "kmod multi_softdep",
        &["a", "b", "foo-a", "foo-b", "foo-c"],
        &[(
            X,
            "softdep\ta\tpre: foo-a\nsoftdep\ta\tpre: foo-b\nsoftdep\ta\tpost: foo-c\n\
             softdep\tb\tpre: foo-a\nsoftdep\tb\tpost: foo-b foo-c\n",
        )],
        "insinit.modules=a,b",
        "foo-a, foo-b, a, foo-c, b",
    ),
    (
        "kmod freadline_wrapped",
        &["m"],
        &[(X, "options m first \\\nwrapped by\noptions m \\\nin \\\na row\noptions m no end\\")],
        "insinit.modules=m",
        "m first wrapped by in a row no end",
    ),
    (
        "kmod alias_normalize, underscores",
        &["a", "b", "c"],
        &[(X, "alias t-[abc.]-1 a\nalias [aa][bb]-s b\nalias -x[-b]c- c\n")],
        "insinit.modules=t_._1,ab-s,_xbc_",
        "a, b, c",
    ),
    (
        "what hides one entry hides no other",
        &["a", "b"],
        &[(X, "alias a off\nalias x b\n")],
        "module_blacklist=a insinit.modules=-a,x",
        "b",
    ),
    (
        "kmod_lookup_alias_from_config: options name the pattern",
        &["m"],
        &[(X, "alias my-* m\noptions my_* a=1\noptions my_x b=2\n")],
        "insinit.modules=my_x",
        "m a=1",
    ),
    (
        "kmod modules-order-compressed",
        &["one", "two"],
        &[("modules.alias", "alias pci:v*d01sv* two\nalias pci:v0Ed*sv* one\n")],
        "insinit.modules=pci:v0Ed01sv0",
        "two, one",
    ),
    (
        "kmod test_load_resource2",
        &["m"],
        &[("modules.builtin.alias.bin", ""), ("modules.builtin", "kernel/b.ko\n")],
        "insinit.modules=m,b",
        "m, builtin b",
    ),
    // Hard dependencies first, each once; a soft one by an alias of which not all are there.
    (
        "Android libmodprobe Test",
        &[
            "t1",
            "t2",
            "t3",
            "t4: t3",
            "t5: t2 t6",
            "t6",
            "t7",
            "t8",
            "t9",
            "t10",
            "t11",
            "t12",
            "t13",
            "t14",
            "t15",
        ],
        &[
            (
                "modules.softdep",
                "softdep t7 pre: t8\nsoftdep t9 post: t10\nsoftdep t11 pre: t12 post: t13\nsoftdep t3 pre: many\n",
            ),
            ("modules.alias", "# head\n\nalias many t14\nalias many t15\nalias many t16\n"),
            (X, "options t7 p=4\noptions t9 x=1 y=2 z=3\noptions t100 p=1\n"),
            (LIST, "t4.ko\nt1.ko\nt3.ko\nt5.ko\nt7.ko\nt9.ko\nt11.ko\n"),
        ],
        "flag t1.o=50 t4.s=\"set x\" t1.q=60 t8. t5.o= t10.o=1",
        "t14, t15, t3, t4 s=\"set x\", t1 o=50 q=60, t6, t2, t5 o=, t8, t7 p=4, t9 x=1 y=2 z=3, t10 o=1, \
         t12, t11, t13",
    ),
    (
        "systemd modules-load, command line",
        &["dummy"],
        &[],
        "ro root= modules_load= modules_load=, / = modules_load=-foo-bar-baz,dummy modules_load=dummy,dummy",
        "dummy",
    ),
    (
        "rapido extract_module_name, load_harddeps",
        &["dep1", "dep2", "mod_a: dep1 dep2", "mod-b"],
        &[],
        "insinit.modules=mod_a,mod_b,kernel/dep1.ko",
        "dep2, dep1, mod_a, mod-b",
    ),
    (
        "rapido load_softdeps",
        &["a", "p1", "p2", "q"],
        &[("modules.softdep", "softdep a pre: p1 p2 post: q\nsoftdep b pre: p1 post: q\n")],
        "insinit.modules=a",
        "p1, p2, a, q",
    ),
    // There an error; here as in modprobe.
    (
        "rapido load_harddeps_builtin_dup",
        &["dep", "b: dep"],
        &[("modules.builtin", "kernel/b.ko\nkernel/built-in.ko\n")],
        "insinit.modules=b,built_in",
        "dep, b, builtin built_in",
    ),
    (
        "rapido load_aliases, find",
        &["target"],
        &[("modules.alias", "alias one target\n# not: alias bad target\nalias x:v*d* target\n")],
        "insinit.modules=x:v1d2,-bad",
        "target",
    ),
    (
        "rapido softdep by alias",
        &["dep", "fsmod: dep", "mod32c-intel", "virtio-rng"],
        &[
            ("modules.softdep", "softdep fsmod pre: mod32c\n"),
            (
                "modules.alias",
                "alias mod32c mod32c_intel\nalias cpu:type:x86,ven*:feature:*1234* mod32c_intel\n",
            ),
            (LIST, "cpu:type:x86,ven0:feature:,1234,\nfsmod\nvirtio_rng\n"),
        ],
        "",
        "mod32c-intel, dep, fsmod, virtio-rng",
    ),
    // There an error; here it ends, and the kernel says what it makes of it.
    (
        "u-root InvalidCircularLoad",
        &["ccm", "circle: depmod", "depmod: ccm circle"],
        &[],
        "insinit.modules=depmod",
        "ccm, circle, depmod",
    ),
    (
        "u-root DependentParameterLoad",
        &["hid", "usbhid: hid", "depmod: usbhid hid"],
        &[(LIST, "usbhid safe=no\nhid mice=yes\ndepmod mod=dep\n")],
        "",
        "hid mice=yes, usbhid safe=no, depmod mod=dep",
    ),
    (
        "booster ParseModprobe",
        &["btusb", "bond", "nvdimm"],
        &[(
            X,
            "# use \"reset=1\", it should be safe\n  \t  \n# options btusb x\noptions btusb reset=1\n\
             install nvdimm /usr/bin/ndctl load-keys ; modprobe --ignore-install nvdimm $CMDLINE_OPTS\n\
             \noptions bond max=0\n",
        )],
        "insinit.modules=btusb,bond,nvdimm",
        "btusb reset=1, bond max=0, nvdimm",
    ),
    (
        "booster ParseAliasLine",
        &["snd_x"],
        &[("modules.alias", "alias pci:v00008086d00002416 snd_x\n\nalias\nalias only\n")],
        "insinit.modules=pci:v00008086d00002416",
        "snd_x",
    ),
];

const EXTERNAL: [(&str, &str); 2] =
    [("modules.dep", "/opt/mods/outside.ko:\n"), ("/opt/mods/outside.ko", "")];

fn image(modules: &[&str], files: &[(&str, &str)]) -> Machine {
    let machine = Machine::new().modules(modules);
    files.iter().fold(machine, |machine, (path, text)| match path.starts_with('/') {
        true => machine.file(path, text),
        false => machine.tree_file(path, text),
    })
}

#[test]
fn plans_are_as_other_projects_tests_have_them() {
    for (test, modules, files, words, plan) in CASES {
        let shown = image(modules, files).plan(&[words]);
        assert_eq!(
            (plan_of(&shown).as_str(), &shown.end),
            (*plan, &End::Exit(0)),
            "{test}: {shown}"
        );
    }
}

/// kmod's `alias_to_none`: nothing is shown. Here that is an error, as when modprobe comes to load it.
#[test]
fn an_alias_to_nothing_is_nothing() {
    let shown = image(LOOP, &[(X, "alias simple deadwood\n")]).plan(&["insinit.modules=simple"]);
    assert_eq!((shown.output(), &shown.end), (vec![], &End::Exit(1)));
    assert!(shown.says("load deadwood: missing"), "{shown}");
}

/// kmod's `blacklist_1` and `module-param-kcmdline9`: every word and line adds to the list.
#[test]
fn all_that_is_blacklisted_is_left_out() {
    let modules = ["speaker", "speaker2", "floppy", "ext4"];
    let aliases = modules.map(|name| format!("alias x {name}\n")).concat();
    let files = [(X, "blacklist floppy\nblacklist speaker\n"), ("modules.alias", &aliases)];
    let shown = image(&modules, &files).plan(&["insinit.modules=x"]);
    assert_eq!(plan_of(&shown), "speaker2, ext4");
    let words = "modprobe.blacklist=floppy,x modprobe.blacklist=speaker quiet modprobe.blacklist=ext4 \
                 insinit.modules=floppy,speaker,speaker2,ext4";
    let shown = image(&modules, &[]).plan(&[words]);
    assert_eq!((plan_of(&shown), &shown.end), ("speaker2".into(), &End::Exit(1)));
}

/// systemd's `modules-load`: a list with all sorts of lines in it.
#[test]
fn odd_lines_of_a_list_are_names_that_are_not_there() {
    let long = "x".repeat(4096);
    let list = format!(
        "\ndummy\ndummy\n    dummy\n    \\\n\\n\\n\\\\\\\ndumm!@@123##2455\n# a comment\n{long}\n\
         foo-bar-baz\nfoo_bar_baz\nfoo_bar-baz\n1\n\"\n'\n"
    );
    let shown = image(&["dummy"], &[(LIST, &list)]).plan(&[]);
    assert_eq!((plan_of(&shown), &shown.end), ("dummy".into(), &End::Exit(1)));
    let lines = shown.console();
    assert_eq!(lines.iter().filter(|line| line.contains("foo")).count(), 1, "{shown}");
    assert!(!shown.says("a comment"), "{shown}");
    assert_eq!(lines.len(), 7, "{shown}");
}

/// kmod's `search-order` tests: where two files have one name, that in `updates` counts.
#[test]
fn a_tree_without_an_index_is_searched_as_by_depmod() {
    let machine = ["extra/m.ko", "kernel/m.ko", "updates/m.ko"]
        .into_iter()
        .fold(Machine::new(), |machine, file| machine.tree_file(file, elf("m")));
    assert!(plan_of(&machine.plan(&["insinit.modules=m"])).ends_with("/updates/m"));
}

/// kmod's `detect_loop`: what depmod finds there is in no good `modules.dep`, but it ends.
#[test]
fn loops_of_any_kind_end() {
    let modules =
        ["a: b", "b: c", "c: a", "d: e", "e: d", "f", "g", "h: i", "i: j k", "j: h", "k: j"];
    let shown = image(&modules, &[]).plan(&["insinit.modules=a,d,f,g,h"]);
    assert_eq!((shown.output().len(), &shown.end), (11, &End::Exit(0)), "{shown}");
}
