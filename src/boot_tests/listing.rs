//! The list: words of every spelling, the list file, marks.

use super::boot;
use crate::kernel::{Errno, Stop};
use crate::scripted::{Booted, End, Machine};

fn file(list: &str, words: &str) -> Booted {
    Machine::new().modules(&["a", "b", "c"]).file("/etc/modules", list).words(words).boot()
}

#[test]
fn every_spelling_adds_to_one_list() {
    let modules = ["a", "b", "c", "d", "e", "f", "g"];
    let words = "insinit.modules=g modules_load=f rd.modules_load=e modules=d rd.driver.pre=c \
                 rd.modules_force_load=b insinit.required=a";
    assert_eq!(boot(&modules, words).order(), ["g", "f", "e", "d", "c", "b", "a"]);
}

#[test]
fn words_of_others_that_look_alike_are_no_list() {
    let words = "insinit_modules=a xmodules=a modulesx=a rd.modules=a driver.pre=a";
    assert_eq!(boot(&["a"], words).order(), [""; 0]);
}

#[test]
fn an_empty_value_drops_what_came_before() {
    let words = "modules=a insinit.modules=b insinit.required= insinit.modules=c";
    assert_eq!(boot(&["a", "b", "c"], words).order(), ["c"]);
}

#[test]
fn the_list_file_comes_before_the_words() {
    assert_eq!(file("b\na\n", "insinit.modules=c").order(), ["b", "a", "c"]);
}

#[test]
fn a_list_file_has_comments_blank_lines_and_spaces() {
    let list = "# a\n\n  c\t\r\n#b\n a # the second\n:\nb";
    let booted = file(list, "");
    assert_eq!(booted.order(), ["c", "a", "b"]);
    assert_eq!(booted.params("a"), "");
}

#[test]
fn an_empty_value_drops_the_words_but_not_the_file() {
    assert_eq!(file("a\n", "insinit.modules=b insinit.modules=").order(), ["a"]);
}

#[test]
fn the_list_file_may_be_named() {
    let machine = Machine::new().modules(&["a", "b"]).file("/etc/modules", "a\n");
    let booted = machine.file("/my list", "b\n").words("\"insinit.list=/my list\"").boot();
    assert_eq!(booted.order(), ["b"]);
}

#[test]
fn a_folder_that_is_called_nearly_as_a_missing_one_is_not_missing() {
    let machine = Machine::new().file("/a.ko", crate::scripted::elf("a"));
    let booted =
        machine.file("/library/list", "/a.ko\n").words("insinit.list=/library/list").boot();
    assert_eq!((booted.order(), booted.loud(4)), (vec!["a"], vec![]));
}

#[test]
fn an_empty_name_of_the_list_file_is_none() {
    let booted = file("a\n", "insinit.list= insinit.modules=b");
    assert_eq!((booted.order(), booted.loud(4)), (vec!["b"], vec![]));
}

#[test]
fn a_named_list_file_that_is_not_there_is_an_error() {
    let booted = file("a\n", "insinit.list=/missing insinit.modules=b");
    assert_eq!(booted.line("/missing"), "<3>insinit: list /missing: failed ENOENT");
    assert_eq!((booted.order(), booted.init()), (vec!["b"], "/sbin/init"));
}

#[test]
fn a_missing_default_list_file_is_none() {
    assert_eq!(boot(&["a"], "insinit.modules=a").loud(5), [""; 0]);
}

#[test]
fn a_failed_entry_is_an_error_and_the_boot_goes_on() {
    let machine = Machine::new().modules(&["a", "b"]).answer("a", Errno::EIO);
    let booted = machine.words("insinit.modules=a,b insinit.fail=halt").boot();
    assert_eq!((booted.priority("a"), booted.order()), (3, vec!["a", "b"]));
    assert_eq!(booted.init(), "/sbin/init");
}

#[test]
fn a_failed_optional_entry_is_a_notice() {
    for (list, words) in [("", "insinit.modules=-a,b"), ("-a\nb\n", "")] {
        let machine = Machine::new().modules(&["a", "b"]).answer("a", Errno::EIO);
        let booted = machine.file("/etc/modules", list).words(words).boot();
        assert_eq!((booted.priority("a"), booted.order()), (5, vec!["a", "b"]));
    }
}

#[test]
fn a_failed_required_entry_leads_to_the_action() {
    for (list, words) in [("", "insinit.required=a,b"), ("!a\nb\n", "")] {
        let machine = Machine::new().modules(&["a", "b"]).answer("a", Errno::EIO);
        let words = format!("insinit.fail=halt {words}");
        let booted = machine.file("/etc/modules", list).words(&words).boot();
        assert_eq!((booted.priority("a"), booted.order()), (3, vec!["a"]));
        assert_eq!(booted.end, End::Stop(Stop::Halt));
    }
}

#[test]
fn an_optional_entry_that_is_missing_is_a_notice() {
    let booted = boot(&["b"], "insinit.modules=-a,b");
    assert_eq!((booted.priority("a"), booted.order()), (5, vec!["b"]));
    assert_eq!(booted.loud(4), [""; 0]);
}

#[test]
fn the_strictest_of_two_mentions_counts() {
    let booted = boot(&["b"], "insinit.modules=-a insinit.required=a insinit.modules=a");
    assert_eq!(booted.end, End::Exit(1));
}

#[test]
fn what_a_required_entry_needs_and_cannot_have_leads_to_the_action() {
    let machine = Machine::new().modules(&["a: b", "b"]).answer("b", Errno::EIO);
    let booted = machine.words("insinit.required=a insinit.fail=reboot").boot();
    assert_eq!((booted.end.clone(), booted.order()), (End::Stop(Stop::Reboot), vec!["b"]));
    assert_eq!(booted.result("a"), "skipped needs b (failed EIO)");
}
