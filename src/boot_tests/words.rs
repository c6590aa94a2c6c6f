//! Where words come from, and what they do.

use super::boot;
use crate::kernel::Stop;
use crate::scripted::{Booted, End, Machine};

fn conf(conf: &str, words: &str) -> Booted {
    let machine = Machine::new().modules(&["a", "b", "c: a"]);
    machine.file("/etc/insinit.conf", conf).words(words).boot()
}

#[test]
fn the_image_may_hold_words() {
    let booted = conf("# for the board\ninsinit.modules=a b.x=1\n\n  insinit.modules=b\n", "");
    assert_eq!((booted.order(), booted.params("b")), (vec!["a", "b"], "x=1"));
}

#[test]
fn the_command_line_is_read_as_if_it_followed() {
    assert_eq!(conf("insinit.modules=a", "insinit.modules=b").order(), ["a", "b"]);
    assert_eq!(conf("insinit.modules=a", "insinit.modules= insinit.modules=b").order(), ["b"]);
    let booted = conf("insinit.fail=halt", "insinit.fail=poweroff insinit.required=missing");
    assert_eq!(booted.end, End::Stop(Stop::PowerOff));
}

#[test]
fn an_empty_value_brings_the_default_back() {
    let machine = Machine::new().modules(&["a"]).words("insinit.dir=/x insinit.init=/y");
    let booted =
        machine.words("insinit.dir=/x insinit.init=/y insinit.dir= insinit.init= modules=a");
    let booted = booted.boot();
    assert_eq!((booted.order(), booted.init()), (vec!["a"], "/sbin/init"));
}

#[test]
fn each_block_word_blocks() {
    for word in ["module_blacklist", "modprobe.blacklist", "rd.driver.blacklist"] {
        let booted = conf("", &format!("{word}=x,a insinit.modules=a,b"));
        assert_eq!((booted.order(), booted.priority("a")), (vec!["b"], 4), "{word}");
        assert_eq!(booted.result("a"), format!("blocked by {word}"));
    }
}

#[test]
fn the_image_may_block() {
    let booted = conf("module_blacklist=a", "insinit.modules=a,b");
    assert_eq!((booted.order(), booted.priority("a")), (vec!["b"], 4));
}

#[test]
fn a_block_holds_for_dependencies() {
    let booted = conf("", "module_blacklist=a insinit.modules=c");
    assert_eq!(booted.order(), [""; 0]);
    assert_eq!(booted.result("c"), "skipped needs a (blocked)");
}

#[test]
fn a_block_holds_for_soft_dependencies_and_does_no_harm() {
    let machine = Machine::new().modules(&["a", "b"]);
    let machine = machine.tree_file("modules.softdep", "softdep b pre: a\n");
    let booted = machine.words("module_blacklist=a insinit.required=b").boot();
    assert_eq!((booted.order(), booted.init()), (vec!["b"], "/sbin/init"));
}

#[test]
fn a_block_holds_for_paths() {
    let words = "module_blacklist=a insinit.modules=/lib/modules/6.12.107/kernel/a.ko";
    assert!(boot(&["a"], words).result("a").starts_with("blocked"));
}

#[test]
fn a_block_takes_dashes_for_underscores() {
    let booted = boot(&["x-y", "v_w"], "module_blacklist=x_y,v-w insinit.modules=x-y,v_w");
    assert_eq!(booted.order(), [""; 0]);
}

#[test]
fn blocks_add_up_and_an_empty_one_drops_them() {
    let words = "module_blacklist=a modprobe.blacklist=b insinit.modules=a,b";
    assert_eq!(boot(&["a", "b"], words).order(), [""; 0]);
    let words = "module_blacklist=a module_blacklist= module_blacklist=b insinit.modules=a,b";
    assert_eq!(boot(&["a", "b"], words).order(), ["a"]);
}

#[test]
fn what_is_blocked_needs_nothing() {
    assert_eq!(conf("", "module_blacklist=c insinit.modules=c").order(), [""; 0]);
}

#[test]
fn a_double_dash_ends_the_words() {
    let booted = boot(&["a", "b"], "insinit.modules=a -- insinit.modules=b insinit.fail=halt");
    assert_eq!(booted.order(), ["a"]);
}

#[test]
fn a_command_line_of_ten_kilobytes_is_read_whole() {
    let filler = "x.y=0123456789 ".repeat(700);
    let booted = boot(&["a", "b"], &format!("insinit.modules=a {filler} insinit.modules=b"));
    assert_eq!(booted.order(), ["a", "b"]);
}

#[test]
fn a_long_list_in_one_word_is_read_whole() {
    let names: Vec<String> = (0..700).map(|n| format!("long_module_name_{n}")).collect();
    let modules: Vec<&str> = names.iter().map(String::as_str).collect();
    let booted = boot(&modules, &format!("quiet insinit.modules={}", names.join(",")));
    assert_eq!(booted.order(), names);
}

#[test]
fn quotes_keep_a_word_together() {
    assert_eq!(boot(&["a", "b"], "insinit.modules=\"a, b\"").order(), ["a", "b"]);
    assert_eq!(boot(&["a", "b"], "\"insinit.modules=a,b\" x=\"y\"").order(), ["a", "b"]);
}

#[test]
fn a_word_of_ours_that_this_build_does_not_know_is_named() {
    let booted = boot(&[], "insinit.nonsense=1");
    let line = booted.line("insinit.nonsense");
    assert!(line.starts_with("<4>insinit: "), "{line}");
    assert_eq!(booted.init(), "/sbin/init");
}

#[test]
fn a_value_that_is_none_of_the_choices_is_named_and_the_default_stays() {
    let booted = boot(&[], "insinit.fail=explode insinit.required=missing");
    assert!(booted.line("insinit.fail").starts_with("<4>insinit: "), "{booted}");
    assert_eq!(booted.end, End::Exit(1));
    assert!(boot(&[], "insinit.log=loud").says("insinit.log"));
}

#[test]
fn bytes_of_any_kind_are_words() {
    let words = b"\xff\xfe insinit.modules=\xe4 \x00 a.\x80=\xa0 insinit.\x01=1 insinit.modules=a";
    let booted = Machine::new().modules(&["a"]).words(words).boot();
    assert_eq!((booted.order(), booted.init()), (vec!["a"], "/sbin/init"));
}

#[test]
#[cfg(not(feature = "root"))]
fn root_gives_a_line_and_the_init_of_the_image_runs() {
    let booted = Machine::new().program("/x").words("root=/dev/vda1 init=/x rootwait").boot();
    assert!(booted.line(" root").starts_with("<4>insinit: "), "{booted}");
    assert_eq!(booted.init(), "/sbin/init");
}

#[test]
fn without_root_the_kernels_init_word_names_a_program_of_the_image() {
    let booted = Machine::new().program("/x").words("init=/x").boot();
    assert_eq!((booted.init(), booted.loud(4)), ("/x", vec![]));
}

#[test]
fn our_own_init_word_turns_root_off_and_comes_before_the_kernels() {
    let machine = Machine::new().program("/x").program("/y");
    assert_eq!(machine.words("insinit.init=/y root=/dev/vda1 init=/x").boot().init(), "/y");
}

#[test]
fn a_configuration_file_that_cannot_be_read_is_named() {
    let booted = crate::scripted::Machine::new().dir("/etc/insinit.conf").boot();
    assert!(booted.line("read /etc/insinit.conf").contains("failed EISDIR"), "{booted}");
}
