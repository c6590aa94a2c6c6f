//! Memory: what doesn't fit is refused, because PID 1 out of memory is a kernel panic.

use crate::scripted::{Booted, Machine, elf, elf_of, gzip};

const MIB: usize = 1 << 20;

/// Checks that `a` was refused for lack of memory, with both figures, and the boot went on.
fn refused(booted: &Booted) {
    let result = booted.result("a");
    assert!(result.starts_with("failed ENOMEM"), "{booted}");
    assert_eq!(result.matches(" MiB").count(), 2, "{result}");
    assert!(!booted.order().contains(&"a"));
    assert_eq!(booted.init(), "/sbin/init");
}

fn machine(content: &[u8]) -> Machine {
    Machine::new().tree_file("a.ko", content).words("insinit.modules=a")
}

#[test]
fn a_module_that_fits_is_loaded() {
    assert_eq!(machine(&elf_of("a", 30 * MIB)).free(128).boot().result("a"), "loaded 1.9 ms");
    assert_eq!(
        machine(&gzip(&elf_of("a", 30 * MIB))).free(128).boot().result("a"),
        "loaded 1.9 ms"
    );
}

#[test]
fn a_module_that_does_not_fit_is_refused_with_both_figures() {
    refused(&machine(&elf_of("a", 30 * MIB)).free(16).boot());
    refused(&machine(&elf_of("a", 30 * MIB)).free(31).boot());
    refused(&machine(&elf_of("a", 30 * MIB)).free(45).boot());
}

#[test]
fn a_compressed_module_that_does_not_fit_is_refused_with_both_figures() {
    refused(&machine(&gzip(&elf_of("a", 30 * MIB))).free(16).boot());
    refused(&machine(&gzip(&elf_of("a", 30 * MIB))).free(31).boot());
    // It has room here, but not with the kernel's copy and the layout.
    refused(&machine(&gzip(&elf_of("a", 30 * MIB))).free(80).boot());
}

#[test]
fn a_module_that_the_kernel_cannot_inflate_in_memory_is_refused() {
    for free in [16, 31, 45] {
        let machine = machine(&gzip(&elf_of("a", 30 * MIB)));
        refused(&machine.inflates("gzip").free(free).boot());
    }
}

#[test]
fn one_large_module_after_the_other_fits() {
    let names = ["a", "b", "c", "d"];
    let machine = names.iter().fold(Machine::new(), |machine, name| {
        machine.tree_file(&format!("{name}.ko"), gzip(&elf_of(name, 10 * MIB)))
    });
    let booted = machine.free(80).words("insinit.required=a,b,c,d").boot();
    assert_eq!((booted.order(), booted.init()), (names.to_vec(), "/sbin/init"));
}

#[test]
fn a_file_that_lies_about_its_length_is_refused() {
    let mut file = gzip(&elf_of("a", 30 * MIB));
    let length = file.len() - 4;
    file[length..].copy_from_slice(&1000u32.to_le_bytes());
    let booted = machine(&file).free(20).boot();
    assert!(booted.result("a").starts_with("failed "), "{booted}");
    assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn memory_for_movable_pages_only_does_not_count() {
    refused(&machine(&elf_of("a", 20 * MIB)).free(128).movable(100).boot());
    assert_eq!(
        machine(&elf_of("a", 20 * MIB)).free(256).movable(100).boot().result("a"),
        "loaded 1.9 ms"
    );
}

#[test]
fn a_refused_required_module_leads_to_the_action() {
    let machine = machine(&elf_of("a", 30 * MIB)).free(16);
    let booted = machine.words("insinit.required=a").boot();
    assert!(booted.loud(2)[0].contains(" a "), "{booted}");
}

#[test]
fn memory_that_shrinks_is_noticed() {
    let names: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
    let machine = names.iter().fold(Machine::new(), |machine, name| {
        machine.tree_file(&format!("{name}.ko"), elf_of(name, 4 * MIB))
    });
    let machine = machine.tree_file("small.ko", elf("small")).free(48);
    let booted = machine.words(format!("insinit.modules={},small", names.join(","))).boot();
    let loaded = booted.lines().iter().filter(|line| line.contains(": loaded")).count();
    let refused = booted.lines().iter().filter(|line| line.contains(": failed ENOMEM")).count();
    assert_eq!((loaded + refused, booted.init()), (21, "/sbin/init"));
    assert!(loaded >= 8 && refused >= 8, "{loaded} loaded, {refused} refused: {booted}");
    assert_eq!(booted.result("small"), "loaded 1.9 ms");
}

#[test]
fn a_damaged_header_is_no_shortage_of_memory() {
    let mut image = elf("a");
    image[0x28..0x30].copy_from_slice(&[0xff; 8]);
    let booted = machine(&image).boot();
    assert_eq!(booted.count("finit_module"), 1, "{booted}");
}

#[test]
fn what_a_file_has_behind_the_module_counts_too() {
    let mut image = elf("a");
    image.resize(30 * MIB, 0);
    for free in [31, 45] {
        refused(&machine(&image).free(free).boot());
    }
    assert_eq!(machine(&image).free(128).boot().result("a"), "loaded 1.9 ms");
}
