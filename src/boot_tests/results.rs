//! What the kernel's answers mean: the contract's table, row by row.

use super::boot;
use crate::kernel::Errno;
use crate::scripted::{Booted, Machine, RELEASE, elf};
use std::env::consts::ARCH;

/// Boots with a module `a` that gets this answer, and `b`, which needs it.
fn answered(errno: Errno) -> Booted {
    let machine = Machine::new().modules(&["b: a", "a"]).answer("a", errno);
    machine.words("insinit.modules=a,b").boot()
}

/// What becomes of a module that gets this answer; the boot must go on and try it once.
fn result(errno: Errno) -> String {
    let booted = answered(errno);
    assert_eq!((booted.order()[0], booted.init()), ("a", "/sbin/init"));
    booted.result("a")
}

#[test]
fn loaded_tells_how_long_it_took() {
    let booted = boot(&["a"], "insinit.modules=a");
    assert_eq!(booted.line(" load "), "<6>insinit: load a: loaded 1.9 ms");
}

#[test]
fn eexist_of_a_live_module_is_already() {
    let booted = Machine::new().modules(&["b: a", "a"]).live("a").words("insinit.modules=b").boot();
    assert_eq!(booted.line(" load a"), "<6>insinit: load a: already");
    assert_eq!(booted.result("b"), "loaded 1.9 ms");
}

#[test]
fn eexist_of_a_module_that_is_not_live_came_from_its_init() {
    assert_eq!(
        result(Errno::EEXIST),
        "failed EEXIST: loaded already under another name, or its init returned it"
    );
}

#[test]
fn ebusy_is_already_if_somebody_else_loaded_it_by_then() {
    let machine = Machine::new().modules(&["b: a", "a"]).answer_to_a_rival("a", Errno::EBUSY);
    let booted = machine.words("insinit.modules=b").boot();
    assert_eq!(
        (booted.result("a").as_str(), booted.result("b").as_str()),
        ("already", "loaded 1.9 ms")
    );
}

#[test]
fn ebusy_otherwise_is_a_failure() {
    assert!(result(Errno::EBUSY).starts_with("failed EBUSY"));
}

#[test]
fn a_module_of_modules_builtin_is_already_there() {
    let machine = Machine::new().modules(&["x"]);
    let machine = machine.tree_file("modules.builtin", "kernel/lib/built-in.ko\nkernel/b.ko\n");
    let booted = machine.words("insinit.required=built_in,b").boot();
    assert_eq!(booted.line(" load b:"), "<6>insinit: load b: already (built in)");
    assert_eq!(booted.line(" load built_in:"), "<6>insinit: load built_in: already (built in)");
    assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn a_folder_in_sysfs_without_initstate_is_built_in() {
    let machine = Machine::new().modules(&["x"]).built_in("a-b").words("insinit.required=a-b");
    assert_eq!(machine.boot().result("a_b"), "already (built in)");
}

#[test]
fn a_folder_below_a_module_s_in_sysfs_is_no_module() {
    let machine = Machine::new().modules(&["x"]).built_in("a");
    let booted = machine.words("insinit.modules=a/parameters").boot();
    assert!(booted.line(" load ").contains("a/parameters: missing in /lib/modules/"));
}

#[test]
fn einval_of_a_built_in_module_is_already() {
    let machine = Machine::new().modules(&["b: a", "a"]).built_in("a");
    let booted = machine.words("insinit.required=b").boot();
    assert_eq!(booted.result("a"), "already (built in)");
    assert_eq!(booted.init(), "/sbin/init");
}

#[test]
fn enodev_is_absent_and_no_failure() {
    let machine = Machine::new().modules(&["a"]).answer("a", Errno::ENODEV);
    let booted = machine.words("insinit.required=a insinit.fail=halt").boot();
    assert_eq!((booted.priority("a"), booted.init()), (6, "/sbin/init"));
    assert_eq!(booted.result("a"), "absent ENODEV: no such device");
}

#[test]
fn what_needs_an_absent_module_is_skipped() {
    let booted = answered(Errno::ENODEV);
    let result = booted.result("b");
    assert!(result.starts_with("skipped needs a (") && result.ends_with(" ENODEV)"), "{result}");
    assert_eq!(booted.order(), ["a"]);
}

#[test]
fn what_needs_a_failed_module_is_skipped_to_the_end_of_the_chain() {
    let machine = Machine::new().modules(&["c: b", "b: a", "a", "d"]).answer("a", Errno::EIO);
    let booted = machine.words("insinit.modules=c,d").boot();
    assert_eq!(booted.line(" load b:"), "<3>insinit: load b: skipped needs a (failed EIO)");
    assert_eq!(booted.line(" load c:"), "<3>insinit: load c: skipped needs b (skipped)");
    assert_eq!(booted.order(), ["a", "d"]);
}

#[test]
fn missing_names_what_was_written_and_where_it_looked() {
    let booted = boot(&["a"], "insinit.modules=no-such");
    let line = booted.line(" load ");
    assert_eq!(line, "<3>insinit: load no-such: missing in /lib/modules/6.12.107");
}

#[test]
fn a_missing_path_is_named_as_written() {
    let booted = boot(&[], "insinit.modules=/opt/no-such.ko");
    let line = booted.line(" load ");
    assert!(line.contains("missing") && line.contains("/opt/no-such.ko"), "{line}");
}

#[test]
fn a_path_through_a_file_is_missing() {
    let booted = boot(&["b"], "insinit.modules=/init/a.ko,b");
    assert!(booted.result("a").starts_with("missing"), "{booted}");
    assert_eq!(booted.order(), ["b"]);
}

#[test]
fn enoexec_names_release_and_machine() {
    let expected = format!("failed ENOEXEC: not a module for {RELEASE} ({ARCH})");
    assert_eq!(result(Errno::ENOEXEC), expected);
}

#[test]
fn every_other_error_has_its_name_and_an_explanation() {
    let rows = [
        (Errno::ENOENT, "ENOENT", "unknown symbol"),
        (Errno::EINVAL, "EINVAL", "bad parameter"),
        (Errno::EPERM, "EPERM", "lockdown"),
        (Errno::EACCES, "EACCES", "IMA"),
        (Errno::EKEYREJECTED, "EKEYREJECTED", "signature"),
        (Errno::ENOKEY, "ENOKEY", "signature"),
        (Errno::EBADMSG, "EBADMSG", "signature"),
        (Errno::EIO, "EIO", "its init returned it"),
        (Errno::ENXIO, "ENXIO", "its init returned it"),
        (Errno::ENOMEM, "ENOMEM", ""),
        (Errno::ETXTBSY, "ETXTBSY", ""),
        (Errno::EPROBE_DEFER, "517", ""),
    ];
    for (errno, name, text) in rows {
        let result = result(errno);
        assert!(result.starts_with("failed ") && result.contains(name), "{result}");
        assert!(result.contains(text), "{result}");
    }
}

#[test]
fn eperm_tells_where_modules_are_disabled() {
    let machine = Machine::new().modules(&["a"]).modules_disabled().words("insinit.modules=a");
    let result = machine.boot().result("a");
    assert!(result.contains("modules_disabled") && !result.contains("lockdown"), "{result}");
}

#[test]
fn a_file_that_is_no_module_never_reaches_the_kernel() {
    for content in ["", "#!", "#!/bin/sh\nexit 0\n", "\x7fEL"] {
        let machine = Machine::new().modules(&["a"]).tree_file("kernel/a.ko", content);
        let booted = machine.words("insinit.modules=a").boot();
        assert!(booted.result("a").starts_with("failed "), "{content:?} {booted}");
        assert_eq!(booted.order(), [""; 0]);
    }
}

#[test]
fn a_short_file_is_named_by_its_own_bytes() {
    let machine = Machine::new().modules(&["a", "b"]).tree_file("kernel/b.ko", "#!");
    let booted = machine.words("insinit.modules=a,b").boot();
    let result = booted.result("b");
    assert!(result.contains("2321") && !result.contains("23214c46"), "{result}");
}

#[test]
fn a_folder_instead_of_a_module_is_a_failure() {
    let machine =
        Machine::new().modules(&["b"]).dir("/opt/a.ko").words("insinit.modules=/opt/a.ko,b");
    let booted = machine.boot();
    assert!(booted.result("a").starts_with("failed EISDIR"), "{booted}");
    assert_eq!(booted.order(), ["b"]);
}

#[test]
fn a_compression_that_nobody_knows_is_named() {
    let machine =
        Machine::new().tree_file("a.ko", b"\x28\xb5\x2f\xfd\0").words("insinit.modules=a");
    let booted = machine.boot();
    assert!(booted.result("a").starts_with("failed ") && booted.says("zstd"), "{booted}");
    assert_eq!(booted.order(), [""; 0]);
}

#[test]
fn a_kernel_without_finit_gets_the_file_from_memory() {
    let booted = Machine::new().modules(&["a"]).without_finit().words("insinit.modules=a").boot();
    assert_eq!((booted.result("a").as_str(), booted.order()), ("loaded 3.9 ms", vec!["a", "a"]));
    assert_eq!(booted.loads()[1].image, elf("a"));
}

#[test]
fn no_other_error_leads_to_the_second_call() {
    for errno in [Errno::EINVAL, Errno::EPERM, Errno::ENOEXEC, Errno::EOPNOTSUPP, Errno::EBUSY] {
        assert_eq!(answered(errno).order(), ["a"]);
    }
}
