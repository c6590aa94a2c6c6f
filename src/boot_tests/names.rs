//! Names: aliases, what is built in, paths; and a command line that may have been cut.

use super::boot;
use crate::scripted::{Booted, Machine};

/// What plans say for a list: `a` for `insmod …/a.ko`, `builtin b` as it stands.
fn shown(machine: Machine, list: &str) -> Vec<String> {
    let shown = machine.plan(&[&format!("insinit.modules={list}")]);
    let line = |line: &str| {
        let file = line.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".ko ").unwrap_or(line).to_string()
    };
    shown.output().into_iter().map(line).collect()
}

fn aliases(aliases: &str) -> Machine {
    Machine::new().modules(&["a", "b: a", "tun"]).tree_file("modules.alias", aliases)
}

#[test]
fn all_matches_of_an_alias_are_loaded() {
    assert_eq!(shown(aliases("alias p*x b\nalias p?x tun\nalias q a\n"), "p1x"), ["a", "b", "tun"]);
}

#[test]
fn an_alias_may_hold_a_slash() {
    assert_eq!(shown(aliases("alias devname:net/a tun\n"), "devname:net/a"), ["tun"]);
    assert_eq!(shown(aliases("alias dmi*:pnA/B* a\n"), "dmi:x:pnA/B1:"), ["a"]);
}

#[test]
fn an_unknown_alias_is_named_as_it_was_written() {
    let booted = boot(&["tun"], "insinit.modules=devname:net/tun");
    assert!(booted.result("devname:net/tun").starts_with("missing in "), "{booted}");
}

#[test]
fn aliases_of_what_is_built_in_are_known() {
    let machine = || {
        let machine = Machine::new().modules(&["a"]).tree_file("modules.builtin", "k/fuse.ko\n");
        let modinfo =
            "fuse.alias=fs-fuse\0fuse.license=GPL\0debugfs.alias=fs-debug?s\0x.alias=fs-fuse\0";
        machine.tree_file("modules.builtin.modinfo", modinfo)
    };
    assert_eq!(shown(machine(), "fs_fuse"), ["builtin fuse", "builtin x"]);
    assert_eq!(shown(machine(), "fs-debugfs,fuse,a"), ["builtin debugfs", "builtin fuse", "a"]);
    let booted = machine().words("insinit.required=fs-fuse").boot();
    assert_eq!(
        (booted.result("fuse").as_str(), booted.init()),
        ("already (built in)", "/sbin/init")
    );
}

#[test]
fn soft_dependencies_that_are_built_in_are_shown() {
    let machine = Machine::new().modules(&["a"]).tree_file("modules.builtin", "k/md5.ko\n");
    let machine = machine.tree_file("modules.softdep", "softdep a pre: md5 nobody\n");
    assert_eq!(shown(machine, "a"), ["builtin md5", "a"]);
}

#[test]
fn paths_inside_the_tree_bring_their_dependencies() {
    for path in ["/lib/modules/6.12.107/kernel/b.ko", "kernel/b.ko"] {
        assert_eq!(shown(aliases(""), path), ["a", "b"], "{path}");
    }
}

#[test]
fn a_path_inside_the_tree_may_be_spelled_with_or_without_usr() {
    let usr = "/usr/lib/modules/6.12.107/kernel/b.ko";
    let machine = || aliases("").symlink("/usr/lib", "../lib");
    assert_eq!(shown(machine(), usr), ["a", "b"]);
    let machine =
        || Machine::new().file("/usr/lib/modules/6.12.107/modules.dep", "b.ko: a.ko\na.ko:\n");
    assert_eq!(
        shown(
            machine().symlink("/lib", "usr/lib").file("/usr/lib/modules/6.12.107/b.ko", ""),
            "/lib/modules/6.12.107/b.ko"
        ),
        ["a", "b"]
    );
    let other = Machine::new().modules(&["b: a", "a"]).file("/opt/kernel/b.ko", "");
    assert_eq!(shown(other, "/opt/kernel/b.ko"), ["b"]);
}

/// Boots with a command line of so many bytes.
fn long(len: usize) -> Booted {
    let words = "quiet insinit.modules=a x.y=";
    let words = format!("{words}{} last", "9".repeat(len - words.len() - 5));
    Machine::new().modules(&["a"]).words(words).boot()
}

#[test]
fn a_command_line_that_fills_the_kernels_room_may_be_cut() {
    for len in [1023, 2047] {
        let line =
            format!("<4>insinit: read /proc/cmdline: may be cut off at {len} bytes, in last");
        assert_eq!(long(len).loud(4), [line]);
    }
    for len in [1022, 1024, 2046, 2048] {
        assert_eq!(long(len).lines(), [""; 0], "{len}");
    }
}

/// A tree whose binary twins say something else than the text.
#[cfg(feature = "bins")]
fn twins(dep: &str) -> Machine {
    use crate::trie::tests::file_of;
    let dep_bin = file_of(&[("a", "kernel/a.ko: kernel/tun.ko"), ("t_n", "kernel/tun.ko:")]);
    let machine =
        Machine::new().tree_file("modules.dep", dep).tree_file("modules.dep.bin", dep_bin);
    let machine = machine.tree_file("modules.alias.bin", file_of(&[("p*x", "a"), ("q", "nobody")]));
    let machine = machine.tree_file("modules.builtin.bin", file_of(&[("fuse", "")]));
    machine.tree_file("modules.builtin.alias.bin", file_of(&[("fs_fuse", "fuse")]))
}

#[cfg(feature = "bins")]
#[test]
fn binary_twins_are_asked_first() {
    assert_eq!(shown(twins("kernel/a.ko:\n"), "a"), ["tun", "a"]);
    assert_eq!(shown(twins("kernel/a.ko:\n"), "pyx"), ["tun", "a"]);
    assert_eq!(shown(twins(""), "a,fs-fuse"), ["tun", "a", "builtin fuse"]);
    let shown = twins("").plan(&["insinit.modules=b"]);
    assert!(shown.says("load b: missing"), "{shown}");
}

#[cfg(feature = "bins")]
#[test]
fn binary_twins_that_are_older_do_not_count() {
    assert_eq!(shown(twins("# newer\nkernel/a.ko:\n"), "a"), ["a"]);
    let machine = twins("kernel/a.ko:\n").tree_file("modules.dep.bin", "damaged");
    assert_eq!(shown(machine, "a"), ["a"]);
}
