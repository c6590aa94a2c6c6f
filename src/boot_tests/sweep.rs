//! Every kind of boot, every system call of it failing: each compression, inflated here and by the kernel,
//! one after the other and side by side; a root under an overlay; devices; force.
//!
//! `INSINIT_SWEEP=1` takes every error for every call, otherwise two of them.

use super::root::disk;
use crate::kernel::Errno;
use crate::scripted::{Booted, End, Machine, elf, gzip, xz};

const ERRORS: [Errno; 12] = [
    Errno::EIO,
    Errno::ENOMEM,
    Errno::EPERM,
    Errno::ENOENT,
    Errno::EINTR,
    Errno::EINVAL,
    Errno::EACCES,
    Errno::EAGAIN,
    Errno::EBUSY,
    Errno::ENOSYS,
    Errno::EEXIST,
    Errno::ENODEV,
];

/// One kind of boot: what it is called, and a machine for it.
type Kind = (String, Box<dyn Fn() -> Machine>);

/// A module that is packed, one that needs it, and one besides.
fn packed(format: &'static str, by_kernel: bool, words: &str) -> Machine {
    let pack = |name: &str| match format {
        "gzip" => gzip(&elf(name)),
        "xz" => xz(&elf(name), 1),
        "zstd" => zstd::bulk::compress(&elf(name), 3).unwrap(),
        _ => elf(name),
    };
    let mut machine = Machine::new().free(64).needs("b", &["a"]);
    for name in ["a", "b", "c"] {
        machine = machine.tree_file(&format!("kernel/{name}.ko"), pack(name));
    }
    let index = "kernel/b.ko: kernel/a.ko\nkernel/a.ko:\nkernel/c.ko:\n";
    machine = machine.tree_file("modules.dep", index);
    machine = if by_kernel { machine.inflates(format) } else { machine };
    machine.words(format!("insinit.modules=b,c {words}"))
}

/// A root that is found by its label, its module, an overlay, a mount inside.
fn rooted(words: &str) -> Machine {
    let machine = Machine::new().modules(&["a", "b: a", "c", "ext4", "overlay"]);
    let machine = machine.disk(disk()).free(64).plugged("x", "x:1");
    let machine = machine.tree_file("modules.alias", "alias x:* c\n");
    let root = "root=LABEL=root insinit.overlay=tmpfs insinit.mount=tmpfs:/mnt:tmpfs";
    machine.words(format!("{root} insinit.modules=b,c insinit.coldplug {words}"))
}

/// All kinds.
fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for format in ["plain", "gzip", "xz", "zstd"] {
        for (by_kernel, words) in [
            (false, ""),
            (true, ""),
            (false, "insinit.jobs=3 insinit.required=b insinit.fail=reboot"),
            (true, "insinit.jobs=2 insinit.log=debug quiet"),
            (true, "insinit.inflate=always insinit.force=all insinit.modules_disabled"),
        ] {
            let name = format!("{format}, {words}, inflated by the kernel: {by_kernel}");
            kinds.push((name, Box::new(move || packed(format, by_kernel, words))));
        }
    }
    for words in ["", "insinit.jobs=2 insinit.fail=halt", "insinit.modules_disabled rootwait=3"] {
        kinds.push((format!("root, {words}"), Box::new(move || rooted(words))));
    }
    kinds
}

/// Whether the boot said what was amiss, or that it lost the means to say it.
fn said_something(booted: &Booted) -> bool {
    !booted.loud(5).is_empty() || !booted.console().is_empty()
}

/// Whether all of the list was loaded.
fn is_complete(booted: &Booted) -> bool {
    ["a", "b", "c"].into_iter().all(|name| {
        let mut loads = booted.loads().iter().filter(|load| load.name == name);
        loads.any(|load| load.result.is_ok())
    })
}

/// Whether a call that failed like that leaves nothing to be said: something isn't there, or a device.
fn is_answer(call: &str, errno: Errno) -> bool {
    let begins = |names: &[&str]| names.iter().any(|name| call.starts_with(name));
    match errno {
        Errno::ENOENT => begins(&["open ", "stat "]),
        Errno::ENODEV => begins(LOADS),
        _ => false,
    }
}

const LOADS: &[&str] = &["finit_module ", "init_module "];

fn check(booted: &Booted, is_rooted: bool, call: &str, errno: Errno) {
    let name = format!("{errno} of {call} in {booted}");
    let told = said_something(booted);
    match &booted.end {
        End::Exec { path, .. } => {
            assert_eq!(path, "/sbin/init", "{name}");
            let is_blind = booted.says("read /proc/cmdline: failed");
            assert!(!is_rooted || booted.has_switched() || is_blind, "no root: {name}");
            let fine = told || is_complete(booted) || is_answer(call, errno);
            assert!(fine, "silent: {name}");
        }
        End::Stop(_) | End::Exit(_) => assert!(told, "silent: {name}"),
        end => panic!("{end:?}: {name}"),
    }
    // Whoever is told EIO or the like of a load reads its name; these have other meanings there.
    let others = [Errno::ENODEV, Errno::ENOSYS, Errno::EINVAL, Errno::EEXIST];
    if LOADS.iter().any(|load| call.starts_with(load)) && !others.contains(&errno) {
        let text = errno.name().unwrap_or_default();
        assert!(booted.says(text) || is_complete(booted), "{text} is not said: {name}");
    }
}

/// Boots once for every call with some errors, or all.
fn sweep((name, machine): &Kind) -> usize {
    let good = machine().boot();
    assert!(is_complete(&good), "{name}: {good}");
    let all = std::env::var("INSINIT_SWEEP").is_ok();
    let mut boots = 0;
    for call in 1..=good.calls() {
        for (at, errno) in ERRORS.into_iter().enumerate() {
            if !all && (call + at) % ERRORS.len() > 1 {
                continue;
            }
            let booted = machine().fault(call, errno).boot();
            check(&booted, name.starts_with("root"), &booted.call(call), errno);
            boots += 1;
        }
    }
    boots
}

#[test]
fn every_call_of_every_kind_of_boot_may_fail() {
    let boots: usize = kinds().iter().map(sweep).sum();
    assert!(boots > 3000, "{boots} boots");
}

#[test]
fn a_storm_of_failing_calls_leads_every_kind_of_boot_to_an_end() {
    let kinds = kinds();
    for seed in super::storms(500) {
        let (name, machine) = &kinds[seed as usize % kinds.len()];
        let end = machine().storm(seed).boot().end;
        let known = matches!(end, End::Exec { .. } | End::Stop(_) | End::Exit(_));
        assert!(known, "{name}, {seed}: {end:?}");
    }
}
