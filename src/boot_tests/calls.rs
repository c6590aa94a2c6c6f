//! How many system calls a boot takes.

use crate::scripted::{Booted, End, Machine, elf};
use std::collections::BTreeMap;

/// Boots with so many plain modules that are found by path.
fn by_path(count: usize) -> Booted {
    let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
    let machine = names.iter().fold(Machine::new().dir("/proc"), |machine, name| {
        machine.file(&format!("/m/{name}.ko"), elf(name))
    });
    let paths: Vec<String> = names.iter().map(|name| format!("/m/{name}.ko")).collect();
    let booted = machine.words(format!("quiet insinit.modules={}", paths.join(","))).boot();
    assert_eq!((booted.order().len(), booted.init()), (count, "/sbin/init"));
    booted
}

/// The calls besides the clock's.
fn counts(count: usize) -> BTreeMap<&'static str, usize> {
    let mut counts = by_path(count).counts();
    counts.remove("clock");
    counts
}

#[test]
fn a_plain_module_takes_open_read_and_finit_module() {
    for count in [1, 7, 12] {
        let mut expected = counts(count);
        for call in ["open", "read", "finit_module"] {
            *expected.entry(call).or_default() += 1;
        }
        assert_eq!(counts(count + 1), expected);
    }
}

#[test]
fn a_quiet_boot_takes_four_calls_a_module_and_twenty() {
    for count in [0, 1, 2, 10, 60] {
        let calls = counts(count).values().sum::<usize>();
        assert!(calls <= 4 * count + 20, "{count} modules: {calls} calls: {:?}", counts(count));
    }
}

#[test]
fn a_boot_without_modules_looks_for_none() {
    let booted = by_path(0);
    let calls: Vec<String> = (1..=booted.calls()).map(|n| booted.call(n)).collect();
    assert!(
        !calls.iter().any(|call| call.contains("/lib/modules") || call.contains("/sys")),
        "{calls:#?}"
    );
}

#[test]
fn the_exec_closes_a_dozen_files_and_more_are_closed_one_by_one() {
    let closes = |count| counts(count)["close"];
    assert_eq!([closes(13), closes(113)], [closes(1), closes(1) + 100]);
    let inherited = |count| match by_path(count).end {
        End::Exec { fds, .. } => fds.len(),
        end => panic!("{end:?}"),
    };
    assert_eq!([inherited(1), inherited(159)], [3, 3]);
}

#[test]
fn a_failed_module_is_closed_as_well() {
    let machine = Machine::new().file("/a.ko", "nonsense").file("/b.ko", elf("b"));
    let machine = machine.live("b").words("quiet insinit.modules=/a.ko,/b.ko");
    let booted = machine.boot();
    let opened = (1..=booted.calls()).map(|n| booted.call(n));
    let touched: Vec<String> = opened.filter(|call| call.ends_with(".ko")).collect();
    let expected = ["open /a.ko", "close /a.ko", "open /b.ko", "finit_module /b.ko", "close /b.ko"];
    assert_eq!(touched, expected);
}
