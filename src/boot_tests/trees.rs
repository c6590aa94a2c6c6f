//! Where module files are looked for.

use super::boot;
use crate::scripted::{Booted, Machine, elf};

fn listed(machine: Machine) -> Booted {
    machine.words("insinit.modules=a").boot()
}

#[test]
fn a_flat_folder_is_a_tree() {
    let booted = listed(Machine::new().file("/lib/modules/a.ko", elf("a")));
    assert_eq!(booted.result("a"), "loaded 1.9 ms");
}

#[test]
fn a_flat_folder_may_have_an_index() {
    let machine = Machine::new().file("/lib/modules/a.ko", elf("a"));
    let machine = machine.file("/lib/modules/b.ko", elf("b"));
    let booted = listed(machine.file("/lib/modules/modules.dep", "a.ko: b.ko\nb.ko:\n"));
    assert_eq!(booted.order(), ["b", "a"]);
}

#[test]
fn a_tree_without_any_index_is_walked() {
    let machine = Machine::new().tree_file("kernel/drivers/deep/er/a.ko", elf("a"));
    let booted = listed(machine);
    assert_eq!(booted.result("a"), "loaded 1.9 ms");
    assert!(
        booted.says("no modules.dep in /lib/modules/6.12.107: no dependencies are known"),
        "{booted}"
    );
    assert!(!listed(Machine::new().modules(&["a"])).says("no modules.dep"));
}

#[test]
fn a_walk_takes_no_notice_of_suffixes() {
    let machine = Machine::new().tree_file("x/a.ko.xz", elf("a"));
    assert_eq!(listed(machine).result("a"), "loaded 1.9 ms");
}

#[test]
fn a_walk_of_a_large_tree_finds_everything() {
    let names: Vec<String> = (0..400).map(|n| format!("module_{n:03}")).collect();
    let machine = names.iter().fold(Machine::new(), |machine, name| {
        machine.tree_file(&format!("kernel/{}/{name}.ko", &name[..9]), elf(name))
    });
    let booted = machine.words(format!("quiet insinit.modules={}", names.join(","))).boot();
    assert_eq!(booted.order(), names);
}

#[test]
fn the_tree_may_be_below_usr() {
    let machine = Machine::new().file("/usr/lib/modules/6.12.107/kernel/a.ko", elf("a"));
    assert_eq!(listed(machine).result("a"), "loaded 1.9 ms");
}

#[test]
fn lib_may_be_a_link_to_usr_lib() {
    let machine = Machine::new().file("/usr/lib/modules/6.12.107/kernel/a.ko", elf("a"));
    assert_eq!(listed(machine.symlink("/lib", "usr/lib")).result("a"), "loaded 1.9 ms");
}

#[test]
fn the_tree_in_lib_comes_before_the_one_in_usr() {
    let usr = "/usr/lib/modules/6.12.107";
    let machine = Machine::new().modules(&["a"]).file(&format!("{usr}/b.ko"), elf("b"));
    let booted = machine.words("insinit.modules=a,b").boot();
    assert_eq!(
        (booted.order(), booted.result("b")),
        (vec!["a"], "missing in /lib/modules/6.12.107".into())
    );
}

#[test]
fn a_tree_of_another_release_is_named() {
    let booted = listed(Machine::new().file("/lib/modules/6.12.95/kernel/a.ko", elf("a")));
    assert_eq!(
        booted.line("no modules for"),
        "<3>insinit: no modules for 6.12.107 (found: 6.12.95)"
    );
    assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn all_trees_of_other_releases_are_named() {
    let machine = Machine::new().file("/usr/lib/modules/6.1.0/a.ko", elf("a"));
    let booted = listed(machine.file("/usr/lib/modules/7.2.12/a.ko", elf("a")));
    let line = booted.line("no modules for");
    assert_eq!(line, "<3>insinit: no modules for 6.12.107 (found: 6.1.0, 7.2.12)");
}

#[test]
fn no_tree_at_all_is_said_in_one_line() {
    let booted = listed(Machine::new());
    assert_eq!(booted.line("no modules for"), "<3>insinit: no modules for 6.12.107");
    assert_eq!((booted.result("a").starts_with("missing"), booted.init()), (true, "/sbin/init"));
}

#[test]
fn paths_need_no_tree() {
    let machine = Machine::new().file("/opt/a.ko", elf("a"));
    let booted = machine.words("insinit.modules=/opt/a.ko").boot();
    assert_eq!(booted.result("a"), "loaded 1.9 ms");
    assert_eq!(booted.loud(4), [""; 0]);
}

#[test]
fn a_path_into_the_tree_brings_its_dependencies() {
    let booted = boot(&["b: a", "a"], "insinit.modules=/lib/modules/6.12.107/kernel/b.ko");
    assert_eq!(booted.order(), ["a", "b"]);
}

#[test]
fn a_path_elsewhere_is_another_file_than_the_trees_of_that_name() {
    let machine = Machine::new().modules(&["a: b", "b"]).file("/opt/a.ko", elf("a2"));
    let booted = machine.words("insinit.modules=/opt/a.ko").boot();
    assert_eq!(booted.order(), ["a2"]);
}

#[test]
fn the_folder_may_be_named() {
    let machine = Machine::new().modules(&["a: b", "b"]).file("/mods/deep/a.ko", elf("a"));
    let booted = machine.words("insinit.dir=/mods insinit.modules=a,b").boot();
    assert_eq!((booted.order(), booted.result("b")), (vec!["a"], "missing in /mods".into()));
}

#[test]
fn a_named_folder_that_is_not_there_is_named() {
    let booted = Machine::new().modules(&["a"]).words("insinit.dir=/mods insinit.modules=a").boot();
    assert!(booted.line("no modules for").contains("/mods"), "{booted}");
    assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn an_index_that_promises_too_much_leads_to_missing() {
    let machine =
        Machine::new().tree_file("modules.dep", "kernel/a.ko: kernel/b.ko\nkernel/b.ko:\n");
    let booted = listed(machine.tree_file("kernel/a.ko", elf("a")));
    assert!(booted.result("b").starts_with("missing"), "{booted}");
    assert_eq!(booted.result("a"), "skipped needs b (missing)");
}

#[test]
fn a_damaged_index_is_no_reason_to_stop() {
    let lines =
        ["kernel/a.ko", ":", ": :", "kernel/a.ko: \0 kernel/b.ko", "\u{fffd}\n\n\n", "a:b:c:"];
    for text in lines {
        let machine = Machine::new().modules(&["a"]).tree_file("modules.dep", text);
        assert_eq!(listed(machine).init(), "/sbin/init", "{text:?}");
    }
}

#[test]
fn a_tree_with_an_empty_index_is_walked() {
    let machine = Machine::new().tree_file("modules.dep", "").tree_file("extra/a.ko", elf("a"));
    assert_eq!(machine.words("insinit.modules=a").boot().order(), ["a"]);
}

#[test]
fn a_file_of_the_tree_that_cannot_be_read_is_said() {
    for file in ["modules.dep", "modules.softdep", "modules.alias", "modules.builtin"] {
        let machine = Machine::new().tree_file("kernel/b.ko", elf("b"));
        let booted = listed(machine.dir(&format!("/lib/modules/6.12.107/{file}")));
        let line = booted.line(&format!("insinit: read {file}: failed "));
        assert!(line.starts_with("<3>"), "{line}");
    }
}
