//! Parameters: from the list file and the command line to the kernel.

use super::boot;
use crate::kernel::Errno;
use crate::scripted::{Machine, elf};

/// The parameters that a module `my-mod` gets for these words.
fn given(words: &str) -> String {
    let booted = boot(&["my-mod", "other"], &format!("insinit.modules=my_mod,other {words}"));
    booted.params("my_mod").into()
}

#[test]
fn parameters_reach_their_module() {
    assert_eq!(given("my_mod.speed=9 my-mod.name=x"), "speed=9 name=x");
}

#[test]
fn a_module_without_parameters_gets_an_empty_string() {
    assert_eq!(given(""), "");
}

#[test]
fn order_and_repetitions_are_kept() {
    assert_eq!(given("my_mod.b=1 my_mod.a=2 quiet my_mod.b=3"), "b=1 a=2 b=3");
}

#[test]
fn a_parameter_without_a_value_stays_without() {
    assert_eq!(given("my_mod.debug my_mod.empty= my_mod.x=1"), "debug empty= x=1");
}

#[test]
fn quoted_values_keep_their_spaces() {
    assert_eq!(given(r#"my_mod.text="a b" my_mod.n=1"#), r#"text="a b" n=1"#);
    assert_eq!(given(r#""my_mod.text=a b""#), r#"text="a b""#);
}

#[test]
fn values_may_hold_what_looks_like_words() {
    assert_eq!(given("my_mod.ids=8086:1.2,x=y,a.b"), "ids=8086:1.2,x=y,a.b");
}

#[test]
fn parameters_of_other_modules_do_not_leak() {
    assert_eq!(given("other.a=1 my_mods.b=2 mod.c=3 y.my_mod.d=4 my_mod=5 my_mod..e=6"), "");
}

#[test]
fn the_list_files_parameters_come_before_the_command_lines() {
    let list = "a speed=1 text=\"x  # y\" flag # why\nb\n";
    let machine = Machine::new().modules(&["a", "b"]).file("/etc/modules", list);
    let booted = machine.words("a.speed=2 b.z=3").boot();
    assert_eq!(booted.params("a"), "speed=1 text=\"x  # y\" flag speed=2");
    assert_eq!(booted.params("b"), "z=3");
}

#[test]
fn two_mentions_of_a_module_in_the_list_add_up() {
    let machine = Machine::new().modules(&["a"]).file("/etc/modules", "a x=1\na y=2\n");
    assert_eq!(machine.boot().params("a"), "x=1 y=2");
}

#[test]
fn dependencies_get_their_own_parameters() {
    let booted = boot(&["a: b", "b"], "insinit.modules=a a.x=1 b.y=2");
    assert_eq!((booted.params("a"), booted.params("b")), ("x=1", "y=2"));
}

#[test]
fn a_module_by_path_gets_the_parameters_of_its_name() {
    let machine = Machine::new().file("/opt/my-mod.ko", elf("my_mod"));
    let booted = machine.words("insinit.modules=/opt/my-mod.ko my_mod.x=1").boot();
    assert_eq!(booted.params("my_mod"), "x=1");
}

#[test]
fn a_parameter_with_a_nul_is_said_to_have_one() {
    let machine = Machine::new().modules(&["a", "b"]);
    let machine = machine.file("/etc/modprobe.d/x.conf", "options a x=1\0 y=2\n");
    let booted = machine.words("insinit.modules=a,b").boot();
    assert!(booted.result("a").starts_with("failed EINVAL: a parameter holds a NUL"), "{booted}");
    assert_eq!(booted.order(), ["b"]);
}

#[test]
fn parameters_after_the_double_dash_are_not_ours() {
    assert_eq!(given("my_mod.a=1 -- my_mod.b=2"), "a=1");
}

#[test]
fn the_images_parameters_come_first() {
    let machine = Machine::new().modules(&["a"]).file("/etc/insinit.conf", "a.x=1\n");
    assert_eq!(machine.words("insinit.modules=a a.x=2").boot().params("a"), "x=1 x=2");
}

#[test]
fn parameters_may_be_longer_than_a_line_of_the_log() {
    let long = "9,".repeat(3000);
    assert_eq!(given(&format!("insinit.log=debug my_mod.list={long}")), format!("list={long}"));
}

#[test]
fn the_kernels_own_parameters_of_any_module_are_passed_on() {
    assert_eq!(
        given("my_mod.async_probe my-mod.dyndbg=\"+p; func x\""),
        "async_probe dyndbg=\"+p; func x\""
    );
}

#[test]
fn the_same_parameter_twice_stays_twice() {
    let words = "my_mod.device=4K@0x1000:5 my_mod.device=4K@0x2000:6";
    assert_eq!(given(words), "device=4K@0x1000:5 device=4K@0x2000:6");
}

#[test]
fn a_parameter_that_is_too_long_is_said_to_be() {
    let machine = Machine::new().modules(&["a"]).answer("a", Errno::ENOSPC);
    let booted = machine.words("insinit.modules=a a.x=1").boot();
    assert!(
        booted.result("a").starts_with("failed ENOSPC: a parameter of more than 1024"),
        "{booted}"
    );
}
