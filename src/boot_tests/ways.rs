//! `insinit.inflate=` and `insinit.force=`: who inflates, and what the kernel is told to ignore.

use crate::kernel::Errno;
use crate::scripted::{Booted, Machine, Way, elf, elf_of, gzip, xz};

/// Boots with module `a` and these words more.
fn boot(content: &[u8], words: &str) -> Booted {
    machine(content, words).boot()
}

fn machine(content: &[u8], words: &str) -> Machine {
    let machine = Machine::new().tree_file("kernel/a.ko", content);
    machine.words(format!("insinit.modules=a {words}"))
}

/// The ways that were tried, in order.
fn ways(booted: &Booted) -> Vec<Way> {
    booted.loads().iter().map(|load| load.way).collect()
}

const NEVER: &str = "insinit.inflate=never";
const ALWAYS: &str = "insinit.inflate=always";

#[test]
fn with_never_only_the_kernel_inflates() {
    let booted = machine(&gzip(&elf("a")), NEVER).inflates("gzip").boot();
    assert_eq!(
        (booted.result("a").as_str(), ways(&booted)),
        ("loaded 1.9 ms", vec![Way::Finit(4)])
    );
    let said = "failed ENOEXEC: gzip: the kernel does not inflate it (insinit.inflate=never)";
    let booted = boot(&gzip(&elf("a")), NEVER);
    assert_eq!((booted.result("a").as_str(), ways(&booted)), (said, vec![]));
    let answers = machine(&gzip(&elf("a")), NEVER).inflates("gzip");
    let booted = answers.answer("a", Errno::EOPNOTSUPP).boot();
    assert_eq!((booted.result("a").as_str(), ways(&booted)), (said, vec![Way::Finit(4)]));
    let booted = machine(&xz(&elf("a"), 4), NEVER).inflates("xz").boot();
    assert!(booted.result("a").contains("xz: the kernel does not inflate it"), "CRC-64: {booted}");
    assert_eq!((ways(&booted), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn with_never_the_kernels_word_is_final() {
    for errno in [Errno::EINVAL, Errno::ENOEXEC] {
        let machine = machine(&gzip(&elf("a")), NEVER).inflates("gzip");
        let booted = machine.answer("a", errno).boot();
        assert!(!booted.result("a").contains("gzip"), "{booted}");
        assert_eq!(ways(&booted), [Way::Finit(4)]);
    }
}

#[test]
fn with_always_the_kernel_inflates_nothing() {
    let booted = machine(&gzip(&elf("a")), ALWAYS).inflates("gzip").boot();
    assert_eq!((ways(&booted), &booted.loads()[0].image), (vec![Way::Init], &elf("a")));
    let mut wrong = gzip(&elf("a"));
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    let booted = machine(&wrong, ALWAYS).inflates("gzip").boot();
    assert!(booted.result("a").contains("checksum"), "{booted}");
    assert_eq!((ways(&booted), booted.init()), (vec![], "/sbin/init"));
    // The scripted kernel would have taken it.
    let booted = machine(&wrong, "").inflates("gzip").boot();
    assert_eq!(booted.result("a"), "loaded 1.9 ms");
}

#[test]
fn plain_modules_go_the_one_way_there_is() {
    for words in [NEVER, ALWAYS, "insinit.inflate=auto"] {
        assert_eq!(ways(&boot(&elf("a"), words)), [Way::Finit(0)], "{words}");
    }
}

#[test]
fn an_odd_word_is_named_and_the_boot_goes_on() {
    let booted = boot(&gzip(&elf("a")), "insinit.inflate=sometimes insinit.force=yes");
    assert!(booted.says("word insinit.inflate: ignored: not auto, never or always"), "{booted}");
    assert!(
        booted.says("word insinit.force: ignored: not vermagic, modversions or all"),
        "{booted}"
    );
    assert_eq!(ways(&booted), [Way::Init]);
}

#[test]
fn force_reaches_the_kernel_and_is_said_for_each_module() {
    for (word, flags, said) in [
        ("vermagic", 2, "vermagic"),
        ("modversions", 1, "modversions"),
        ("all", 3, "vermagic and modversions"),
    ] {
        let words = format!("insinit.modules=b insinit.force={word} quiet");
        let machine = machine(&elf("a"), &words).tree_file("b.ko", elf("b"));
        let booted = machine.boot();
        assert_eq!(ways(&booted), [Way::Finit(flags); 2]);
        for name in ["a", "b"] {
            let line = format!("<4>insinit: force {name}: ignores its {said}");
            assert!(booted.log().contains(&line.as_str()), "{booted}");
        }
    }
}

#[test]
fn another_release_loads_by_force_only() {
    let machine = |words| machine(&elf("a"), words).other_release("a");
    assert!(machine("").boot().result("a").starts_with("failed ENOEXEC: not a module for 6.12"));
    assert_eq!(machine("insinit.force=all").boot().result("a"), "loaded 1.9 ms");
    // Empty: what came before counts no more.
    let booted = machine("insinit.force=all insinit.force=").boot();
    assert!(!booted.says(" force "), "{booted}");
    assert_eq!(ways(&booted), [Way::Finit(0)]);
}

#[test]
fn a_kernel_that_forces_nothing_is_named() {
    let booted = machine(&elf("a"), "insinit.force=all").without_force().boot();
    let said = booted.result("a");
    assert!(said.ends_with(", or a kernel without CONFIG_MODULE_FORCE_LOAD"), "{said}");
    assert_eq!((ways(&booted), booted.init()), (vec![Way::Finit(3)], "/sbin/init"));
}

#[test]
fn the_kernel_inflates_by_force_too() {
    let machine = machine(&gzip(&elf("a")), "insinit.force=all").inflates("gzip");
    assert_eq!(ways(&machine.other_release("a").boot()), [Way::Finit(7)]);
}

#[test]
fn what_is_inflated_here_is_forced_through_a_memfd_unedited() {
    for size in [256, 100_000, 3_000_001] {
        let image = elf_of("a", size);
        let machine = machine(&gzip(&image), "insinit.force=vermagic a.x=1").other_release("a");
        let booted = machine.boot();
        assert_eq!(
            (booted.result("a").as_str(), ways(&booted)),
            ("loaded 1.9 ms", vec![Way::Finit(2)])
        );
        assert!(booted.loads()[0].image == image, "{size} bytes");
        assert_eq!(booted.params("a"), "x=1");
    }
    let booted = boot(&gzip(&elf("a")), "");
    assert_eq!(booted.count("memfd_create"), 0, "without the word");
}

#[test]
fn a_damaged_file_is_not_forced() {
    let whole = gzip(&elf_of("a", 5000));
    let booted = boot(&whole[..whole.len() - 9], "insinit.force=all");
    assert!(booted.result("a").contains("gzip ends too early"), "{booted}");
    assert!(!booted.says(" force ") && booted.count("memfd_create") == 0, "{booted}");
}

#[test]
fn a_kernel_without_memfd_is_named() {
    let booted = machine(&gzip(&elf("a")), "insinit.force=all").without_memfd().boot();
    assert_eq!(booted.result("a"), "failed ENOSYS: no memfd for a forced load");
    assert_eq!((ways(&booted), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn the_copy_counts_where_memory_is_short() {
    let file = gzip(&elf_of("a", 20 << 20));
    let booted = machine(&file, "").free(70).boot();
    assert_eq!(booted.result("a"), "loaded 1.9 ms");
    let booted = machine(&file, "insinit.force=all").free(70).boot();
    assert!(booted.result("a").starts_with("failed ENOMEM"), "{booted}");
}

#[test]
fn a_kernel_without_finit_module_forces_nothing() {
    let booted = machine(&elf("a"), "insinit.force=all").without_finit().boot();
    assert!(booted.result("a").starts_with("failed ENOSYS"), "{booted}");
    assert_eq!(booted.count("init_module"), 0);
}

#[test]
fn any_call_may_fail_while_a_module_is_forced() {
    let machine = || machine(&gzip(&elf("a")), "insinit.force=all");
    for call in 1..=machine().boot().calls() {
        for errno in [Errno::EIO, Errno::ENOMEM, Errno::ENOSYS] {
            let _ = machine().fault(call, errno).boot();
        }
    }
}
