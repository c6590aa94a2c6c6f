//! System calls fail, and the boot ends as it should.

use crate::kernel::Errno;
use crate::scripted::{Booted, End, Machine, elf, gzip};
use proptest::prelude::*;

const ERRORS: [Errno; 4] = [Errno::EIO, Errno::ENOMEM, Errno::EPERM, Errno::ENOENT];

/// A boot with a bit of everything.
fn machine(words: &str) -> Machine {
    let machine = Machine::new().modules(&["b: a", "a"]).free(32);
    let machine = machine.tree_file("kernel/c.ko", gzip(&elf("c")));
    let index = "kernel/b.ko: kernel/a.ko\nkernel/a.ko:\nkernel/c.ko:\n";
    let machine = machine.tree_file("modules.dep", index).file("/etc/modules", "b\n");
    machine.words(format!("insinit.modules=c a.x=1 {words}"))
}

/// A boot that goes the less usual ways: nothing prepared, no index, a shell that repairs.
fn odd_machine() -> Machine {
    let machine = Machine::new().without("/dev").without("/sbin/init").fds(&[0, 2]).free(32);
    let machine = machine.tree_file("a.ko", elf("a")).tree_file("x/b.ko.gz", gzip(&elf("b")));
    let machine =
        machine.inflates("gzip").answer("b", Errno::EOPNOTSUPP).answer("a", Errno::EEXIST);
    let words = "insinit.fail=shell insinit.required=a,b insinit.log=debug insinit.list=/none";
    machine.repaired_by_shell("/sbin/init").words(words)
}

/// Boots once for every system call and error.
fn each(machine: impl Fn() -> Machine, check: impl Fn(&Booted, &str)) {
    let calls = machine().boot().calls();
    for call in 1..=calls {
        for errno in ERRORS {
            let booted = machine().fault(call, errno).boot();
            if is_an_answer(&booted.call(call), errno) {
                continue;
            }
            let name = format!("{errno} of call {call} ({}) in {booted}", booted.call(call));
            check(&booted, &name);
        }
    }
}

/// Whether the error only says that something isn't there.
fn is_an_answer(call: &str, errno: Errno) -> bool {
    let asks = ["open ", "stat ", "read "].iter().any(|name| call.starts_with(name));
    errno == Errno::ENOENT && asks
}

fn said_something(booted: &Booted) -> bool {
    !booted.loud(4).is_empty() || !booted.console().is_empty()
}

/// Whether the boot came to an end that the contract has.
fn check_end(booted: &Booted, name: &str) {
    match &booted.end {
        End::Exec { path, .. } => assert!(["/sbin/init", "/bin/sh"].contains(&&path[..]), "{name}"),
        End::Stop(_) | End::Exit(_) => assert!(said_something(booted), "{name}"),
        end => panic!("{end:?}: {name}"),
    }
}

#[test]
fn every_failing_call_leads_to_the_real_init_or_a_deliberate_stop() {
    each(|| machine(""), check_end);
    each(|| machine("quiet insinit.fail=reboot insinit.required=a"), check_end);
    each(odd_machine, check_end);
    each(|| machine("insinit.jobs=2 insinit.timeout=1"), check_end);
}

#[test]
fn no_failing_call_hides_that_a_module_is_not_there() {
    each(
        || machine(""),
        |booted, name| {
            let there = |module: &str| {
                booted.loads().iter().any(|load| load.name == module && load.result.is_ok())
            };
            let all = ["a", "b", "c"].into_iter().all(there);
            assert!(all || said_something(booted), "{name}");
        },
    );
}

#[test]
fn no_failing_call_lets_a_required_module_be_missed() {
    let words = "insinit.modules= insinit.list= insinit.required=b,c";
    each(
        || machine(words),
        |booted, name| {
            check_end(booted, name);
            let loaded = booted.loads().iter().filter(|load| load.result.is_ok()).count();
            let goes_on = matches!(booted.end, End::Exec { .. });
            // Without its words the loader can't know what is required, but it says so.
            let knows = !booted.says("read /proc/cmdline: failed");
            assert!(loaded == 3 || !goes_on || !knows, "{loaded} of 3 modules: {name}");
        },
    );
}

#[test]
fn no_failing_call_leaves_a_descriptor_or_an_argument_behind() {
    each(
        || machine(""),
        |booted, name| {
            if let End::Exec { argv, fds, .. } = &booted.end {
                assert_eq!((argv[0].as_str(), fds.len()), ("/sbin/init", 3), "{name}");
            }
        },
    );
}

#[test]
fn many_failing_calls_lead_to_an_end() {
    for seed in super::storms(500) {
        let jobs = machine("insinit.required=a insinit.jobs=3");
        for machine in [machine("insinit.required=a"), odd_machine(), jobs] {
            let end = machine.storm(seed).boot().end;
            assert!(
                matches!(end, End::Exec { .. } | End::Stop(_) | End::Exit(_)),
                "{seed}: {end:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn words_of_any_kind_lead_to_an_end(words in prop::collection::vec(prop::sample::select(vec![
        "insinit.modules=", "insinit.required=", "insinit.list=", "insinit.dir=", "insinit.init=",
        "insinit.fail=", "insinit.log=", "insinit.jobs=", "insinit.memory=", "9", "module_blacklist=", "root=", "init=", "modules=", "quiet",
        "continue", "debug", "shell", "/lib", "/", "a", "b", "c", ".", "-", ":", "!", ",", ",", "=",
        "\"", "\t", "--", "\u{7f}", "\u{e4}", "\0", " ", " ", " ", " ", " ", " ",
    ]), 0..40)) {
        let words = words.concat();
        let booted = machine(&words).boot();
        prop_assert!(matches!(booted.end, End::Exec { .. } | End::Exit(_) | End::Stop(_)), "{booted}");
    }
}
