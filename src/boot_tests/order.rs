//! The order of loading: list, dependencies, soft dependencies.

use super::boot;
use crate::kernel::Errno;
use crate::scripted::{Booted, End, Machine};

/// Boots with `modules.softdep`.
fn soft(modules: &[&str], softdeps: &str, words: &str) -> Booted {
    Machine::new().modules(modules).tree_file("modules.softdep", softdeps).words(words).boot()
}

#[test]
fn modules_are_loaded_in_the_order_of_the_list() {
    let booted = boot(&["a", "b", "c"], "insinit.modules=c,a,b");
    assert_eq!(booted.order(), ["c", "a", "b"]);
    assert_eq!(booted.init(), "/sbin/init");
}

#[test]
fn without_a_list_nothing_is_loaded() {
    let booted = boot(&["a"], "");
    assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn a_module_comes_after_what_it_needs() {
    assert_eq!(boot(&["a", "b: a"], "insinit.modules=b").order(), ["a", "b"]);
}

#[test]
fn dependencies_are_loaded_from_the_last_of_the_line_to_the_first() {
    let booted = boot(&["d: c b a", "c: b a", "b: a", "a"], "insinit.modules=d");
    assert_eq!(booted.order(), ["a", "b", "c", "d"]);
}

#[test]
fn an_index_that_names_only_direct_dependencies_is_followed_to_the_end() {
    let booted = boot(&["d: c", "c: b", "b: a", "a"], "insinit.modules=d");
    assert_eq!(booted.order(), ["a", "b", "c", "d"]);
}

#[test]
fn a_shared_dependency_is_loaded_once() {
    let booted = boot(&["b: a", "c: a", "a"], "insinit.modules=b,c,a,b");
    assert_eq!(booted.order(), ["a", "b", "c"]);
}

#[test]
fn a_loop_of_dependencies_ends() {
    let index = "kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/c.ko\nkernel/c.ko: kernel/a.ko\n";
    let machine = Machine::new().modules(&["a", "b", "c"]).tree_file("modules.dep", index);
    let booted = machine.words("insinit.modules=a").boot();
    let mut order = booted.order();
    order.sort_unstable();
    assert_eq!((order, booted.init()), (vec!["a", "b", "c"], "/sbin/init"));
}

#[test]
fn a_module_that_needs_itself_is_loaded() {
    let machine =
        Machine::new().modules(&["a"]).tree_file("modules.dep", "kernel/a.ko: kernel/a.ko\n");
    assert_eq!(machine.words("insinit.modules=a").boot().order(), ["a"]);
}

/// `n`'s dependency is `n - 1`, down to `m0`.
fn chain(length: usize) -> Vec<String> {
    let line = |n: usize| if n == 0 { "m0".into() } else { format!("m{n}: m{}", n - 1) };
    (0..length).map(line).collect()
}

#[test]
fn a_deep_chain_of_dependencies_is_loaded_from_its_end() {
    let lines = chain(300);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let booted = boot(&lines, "quiet insinit.modules=m299");
    assert_eq!(booted.order().len(), 300);
    assert_eq!((booted.order()[0], booted.order()[299]), ("m0", "m299"));
}

/// Needs a large stack where nothing is optimised.
#[test]
fn a_chain_too_deep_to_follow_does_not_let_a_required_module_be_missed() {
    let test = || {
        let lines = chain(5100);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let booted = boot(&lines, "quiet insinit.required=m5099");
        let all = booted.order().len() == 5100;
        assert!(all || booted.end == End::Exit(1), "{booted}");
    };
    std::thread::Builder::new().stack_size(256 << 20).spawn(test).unwrap().join().unwrap();
}

#[test]
fn soft_dependencies_stand_around_the_module() {
    let modules = ["x", "before", "after"];
    let booted = soft(&modules, "softdep x pre: before post: after\n", "insinit.modules=x");
    assert_eq!(booted.order(), ["before", "x", "after"]);
}

#[test]
fn hard_dependencies_come_before_soft_ones_with_their_own_around_them() {
    let modules = ["x: hard", "hard", "soft", "inner"];
    let softdeps = "softdep x pre: soft\nsoftdep hard pre: inner\n";
    let booted = soft(&modules, softdeps, "insinit.modules=x");
    assert_eq!(booted.order(), ["inner", "hard", "soft", "x"]);
}

#[test]
fn a_soft_dependency_brings_its_hard_ones() {
    let modules = ["x", "soft: deep", "deep"];
    let booted = soft(&modules, "softdep x pre: soft\n", "insinit.modules=x");
    assert_eq!(booted.order(), ["deep", "soft", "x"]);
}

#[test]
fn several_softdep_lines_of_a_module_add_up() {
    let softdeps =
        "# made by depmod\nsoftdep x pre: a\nsoftdep y pre: e\nsoftdep x pre: b c post: d\n";
    let booted = soft(&["x", "a", "b", "c", "d", "e"], softdeps, "insinit.modules=x");
    assert_eq!(booted.order(), ["a", "b", "c", "x", "d"]);
}

#[test]
fn a_loop_of_soft_dependencies_ends() {
    let softdeps = "softdep a pre: b\nsoftdep b pre: a\n";
    let booted = soft(&["a", "b"], softdeps, "insinit.modules=a");
    assert_eq!((booted.order(), booted.init()), (vec!["b", "a"], "/sbin/init"));
}

#[test]
fn a_soft_dependency_that_fails_does_no_harm() {
    let machine = Machine::new().modules(&["x", "soft"]).answer("soft", Errno::EIO);
    let machine = machine.tree_file("modules.softdep", "softdep x pre: soft\n");
    let booted = machine.words("insinit.required=x insinit.fail=halt").boot();
    assert_eq!(booted.order(), ["soft", "x"]);
    assert_eq!((booted.priority("soft"), booted.init()), (5, "/sbin/init"));
}

#[test]
fn a_soft_dependency_without_a_file_does_no_harm() {
    let booted = soft(&["x"], "softdep x pre: nowhere post: nobody\n", "insinit.required=x");
    assert_eq!((booted.order(), booted.init()), (vec!["x"], "/sbin/init"));
    assert_eq!(booted.loud(4), [""; 0]);
}

#[test]
fn what_a_module_needs_hard_and_soft_is_needed_hard() {
    let machine = Machine::new().modules(&["x: a", "a"]).answer("a", Errno::EIO);
    let machine = machine.tree_file("modules.softdep", "softdep x pre: a\n");
    let booted = machine.words("insinit.modules=x").boot();
    assert_eq!(booted.order(), ["a"]);
    assert_eq!(booted.result("x"), "skipped needs a (failed EIO)");
}

#[test]
fn dashes_and_underscores_are_equal_everywhere() {
    let modules = ["snd-a: snd_b", "snd_b", "c-d"];
    let softdeps = "softdep snd_a pre: c_d\n";
    let booted = soft(&modules, softdeps, "insinit.modules=snd_a,snd-b");
    assert_eq!(booted.order(), ["snd_b", "c_d", "snd_a"]);
}

#[test]
fn a_barrier_is_no_module() {
    let booted = boot(&["a", "b"], "insinit.modules=a,:,b");
    assert_eq!(booted.order(), ["a", "b"]);
    assert_eq!(booted.loud(4), [""; 0]);
}
