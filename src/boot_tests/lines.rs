//! The log: shapes, levels, sinks, and that no line is lost.

use super::boot;
use crate::kernel::Errno;
use crate::line::{Parsed, parse};
use crate::scripted::{Booted, Machine, elf, gzip};

/// Boots with so many modules that all load.
fn many(count: usize, words: &str) -> Booted {
    let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
    let modules: Vec<&str> = names.iter().map(String::as_str).collect();
    boot(&modules, &format!("insinit.modules={} {words}", names.join(",")))
}

#[test]
fn a_plain_boot_says_this() {
    let machine = Machine::new().modules(&["virtio-blk", "e1000"]).answer("e1000", Errno::EIO);
    let booted = machine.words("insinit.modules=virtio_blk,e1000").boot();
    assert_eq!(
        booted.log(),
        [
            "<6>insinit: load virtio_blk: loaded 1.9 ms",
            "<3>insinit: load e1000: failed EIO: its init returned it",
            "<6>insinit: done: 1 loaded, 1 failed, 3.9 ms",
            "<6>insinit: exec /sbin/init",
        ]
    );
    assert_eq!(booted.console(), [""; 0]);
}

#[test]
fn the_sum_counts_every_result() {
    let machine = Machine::new().modules(&["a", "b", "c", "d: c", "e", "f", "g"]).live("b");
    let machine = machine.answer("c", Errno::EIO).answer("e", Errno::ENODEV);
    let words = "insinit.modules=a,b,d,e,f,g,missing module_blacklist=f";
    let line = machine.words(words).boot().line("done: ").to_string();
    for count in
        ["2 loaded", "1 already", "1 absent", "1 blocked", "1 missing", "1 skipped", "1 failed"]
    {
        assert!(line.contains(count), "{line}");
    }
    assert!(line.ends_with(" ms"), "{line}");
}

#[test]
fn the_host_tools_read_the_lines_back() {
    let booted = boot(&["a"], "insinit.modules=a,b");
    let read: Vec<Parsed> = booted.log().into_iter().filter_map(parse).collect();
    assert_eq!((read[0].verb, read[0].subject, read[0].result), ("load", "a", "loaded"));
    assert_eq!((read[1].verb, read[1].subject, read[1].result), ("load", "b", "missing"));
    assert_eq!((read[2].verb, read[2].result), ("done", "1"));
    assert_eq!((read[3].verb, read[3].subject), ("exec", "/sbin/init"));
}

#[test]
fn a_boot_of_sixty_modules_loses_no_line() {
    assert_eq!(many(60, "").log().len(), 62);
    assert!(many(60, "insinit.log=debug").log().len() >= 122);
}

#[test]
fn no_line_is_lost_however_many_there_are_before_the_exec_fails() {
    for count in 0..25 {
        let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
        let machine = Machine::new().exec_answer("/sbin/init", Errno::EACCES).without("/bin");
        let words = format!("insinit.modules=/{}", names.join(",/"));
        let booted = machine.words(&words).boot();
        assert!(booted.lines().last().unwrap().starts_with("<2>insinit: "), "{booted}");
    }
}

#[test]
fn quiet_hides_all_but_warnings() {
    let machine = Machine::new().modules(&["a", "b", "c"]).answer("b", Errno::ENODEV);
    let machine = machine
        .answer("c", Errno::EIO)
        .words("quiet insinit.modules=a,b,-c,missing,d module_blacklist=d");
    let booted = machine.boot();
    assert_eq!(booted.lines().len(), 2, "{booted}");
    assert_eq!((booted.priority("missing"), booted.priority("d")), (3, 4));
    assert_eq!(many(3, "quiet").lines(), [""; 0]);
}

#[test]
fn the_level_word_comes_before_quiet() {
    let says = |words: &str| {
        let machine = Machine::new().modules(&["a"]).answer("b", Errno::EIO);
        let booted =
            machine.words(format!("insinit.modules=a,-x,y,z module_blacklist=z {words}")).boot();
        booted.lines().iter().map(|line| line.as_bytes()[1] - b'0').max().unwrap_or(0)
    };
    let levels = [("error", 3), ("warn", 4), ("info", 6), ("debug", 7)];
    for (level, expected) in levels {
        assert_eq!(says(&format!("insinit.log={level} quiet")), expected, "{level}");
    }
    assert_eq!((says(""), says("quiet")), (6, 4));
}

#[test]
fn debug_says_before_each_load_what_is_asked_of_the_kernel() {
    let booted = boot(&["a"], "insinit.log=debug insinit.modules=a a.x=1");
    let lines = booted.log();
    let loaded = lines.iter().position(|line| line.contains("load a: loaded")).unwrap();
    let before = lines[..loaded].join("\n");
    assert!(before.contains("<7>insinit: ") && before.contains("kernel/a.ko"), "{before}");
    assert!(before.contains("256") && before.contains("x=1"), "{before}");
}

#[test]
fn debug_says_which_way_a_module_takes() {
    let way = |machine: Machine| {
        let booted = machine.words("insinit.log=debug insinit.modules=a").boot();
        let ways = ["file", "kernel inflates", "inflated here"];
        ways.into_iter().find(|way| booted.line("a.ko, ").contains(way)).map(String::from)
    };
    let gzipped = || Machine::new().tree_file("a.ko", gzip(&elf("a")));
    assert_eq!(way(Machine::new().modules(&["a"])), Some("file".into()));
    assert_eq!(way(gzipped().inflates("gzip")), Some("kernel inflates".into()));
    assert_eq!(way(gzipped()), Some("inflated here".into()));
}

#[test]
fn the_debug_line_is_out_before_the_call() {
    let booted = boot(&["a"], "insinit.log=debug insinit.modules=a");
    let calls: Vec<String> = (1..=booted.calls()).map(|n| booted.call(n)).collect();
    let line = calls.iter().position(|call| call.starts_with("write <7>")).unwrap();
    let load = calls.iter().position(|call| call.starts_with("finit_module")).unwrap();
    assert!(line < load, "{calls:#?}");
}

#[test]
fn without_kmsg_the_lines_go_to_the_console_without_priority() {
    let booted = Machine::new().modules(&["a"]).without_kmsg().words("insinit.modules=a").boot();
    assert_eq!(booted.log(), [""; 0]);
    assert_eq!(booted.console()[0], "insinit: load a: loaded 1.9 ms");
    assert_eq!(booted.console().last(), Some(&"insinit: exec /sbin/init"));
}

#[test]
fn without_a_console_node_they_go_to_descriptor_2() {
    let machine = Machine::new().without_kmsg().without("/dev/console").file("/dev/kmsg", "");
    let booted = machine.without("/dev/kmsg").boot();
    assert_eq!(booted.console().last(), Some(&"insinit: exec /sbin/init"));
}

#[test]
fn without_anywhere_to_write_the_boot_goes_on() {
    let machine = Machine::new().modules(&["a"]).without_kmsg().without_console();
    let booted = machine.words("insinit.modules=a").boot();
    assert_eq!((booted.init(), booted.lines()), ("/sbin/init", vec![]));
}

#[test]
fn the_log_survives_the_loss_of_the_node() {
    let booted = Machine::new().exec_answer("/sbin/init", Errno::EIO).program("/etc/init").boot();
    assert_eq!(booted.log().len(), 4, "{booted}");
}

#[test]
fn strange_names_stay_one_line() {
    let long = format!("/{}/{}.ko", "d".repeat(200), "n".repeat(200)).repeat(6);
    let words = format!("insinit.modules=\"a\tb\",\x1b[2J,{long},/x.ko insinit.required=\"\x07\"");
    let booted = Machine::new().file("/x.ko", elf("x")).words(&words).boot();
    let control = |line: &&str| line.chars().any(char::is_control);
    assert!(!booted.lines().iter().any(control), "{booted}");
}

#[test]
fn a_plain_file_in_the_place_of_kmsg_does_not_swallow_the_log() {
    let machine = Machine::new().modules(&["a"]).words("insinit.modules=a");
    let booted = machine.file("/dev/kmsg", "").boot();
    assert!(booted.console().iter().any(|line| line.contains("load a: loaded")), "{booted}");
}
