//! Compressed modules: inflated here, by the kernel, or not at all.

use crate::kernel::Errno;
use crate::scripted::{Booted, Machine, Way, elf, elf_of, gzip, gzip_with, xz};
use flate2::GzBuilder;

/// Where the module of the tests is.
fn machine(content: &[u8]) -> Machine {
    Machine::new().tree_file("kernel/a.ko", content).words("insinit.modules=a")
}

/// The ways that were tried, in order.
fn ways(booted: &Booted) -> Vec<Way> {
    booted.loads().iter().map(|load| load.way).collect()
}

const KERNEL: Way = Way::Finit(4);

/// Two members that only together are a module.
fn two_members() -> Vec<u8> {
    let image = elf("a");
    [gzip(&image[..128]), gzip(&image[128..])].concat()
}

/// A gzip file whose last eight bytes, CRC and length, are changed.
fn trailer(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut file = gzip(&elf("a"));
    let start = file.len() - 8;
    change(&mut file[start..]);
    file
}

#[test]
fn gzip_is_inflated_here_and_the_kernel_gets_the_exact_bytes() {
    for size in [256, 257, 4096, 100_000, 3_000_001] {
        let image = elf_of("a", size);
        let booted = machine(&gzip(&image)).boot();
        assert_eq!(
            (booted.result("a").as_str(), ways(&booted)),
            ("loaded 1.9 ms", vec![Way::Init])
        );
        assert!(booted.loads()[0].image == image, "{size} bytes");
    }
}

#[test]
fn all_members_of_a_file_are_one_module() {
    let booted = machine(&two_members()).boot();
    assert_eq!(booted.loads()[0].image, elf("a"));
}

#[test]
fn every_kind_of_gzip_header_is_inflated_here() {
    let headers = [
        GzBuilder::new().filename("a.ko"),
        GzBuilder::new().comment("made by hand"),
        GzBuilder::new().extra(vec![1; 300]).filename("a.ko").mtime(1),
    ];
    for header in headers {
        assert_eq!(machine(&gzip_with(&elf("a"), header)).boot().loads()[0].image, elf("a"));
    }
}

#[test]
fn the_mapping_is_gone_before_the_next_module() {
    let files = ["a", "b", "c"].map(|name| (name, gzip(&elf_of(name, 1 << 20))));
    let machine = files.iter().fold(Machine::new(), |machine, (name, file)| {
        machine.tree_file(&format!("{name}.ko.gz"), file)
    });
    let booted = machine.words("insinit.modules=a,b,c").boot();
    let mapped: Vec<usize> = booted.loads().iter().map(|load| load.mapped).collect();
    assert_eq!(mapped.len(), 3);
    // Tables may have grown a little.
    assert!(mapped.iter().all(|found| found.abs_diff(mapped[0]) < 1 << 20), "{mapped:?}");
}

#[test]
fn a_truncated_file_never_reaches_the_kernel() {
    let whole = gzip(&elf_of("a", 5000));
    for len in [3, 9, 10, 20, whole.len() - 9, whole.len() - 8, whole.len() - 1] {
        let booted = machine(&whole[..len]).boot();
        assert!(booted.result("a").starts_with("failed "), "{len}: {booted}");
        assert!(booted.result("a").contains("gzip"), "{len}: {booted}");
        assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
    }
}

#[test]
fn a_wrong_checksum_never_reaches_the_kernel() {
    let booted = machine(&trailer(|trailer| trailer[0] ^= 1)).boot();
    let result = booted.result("a");
    assert!(result.starts_with("failed ") && result.contains("checksum"), "{result}");
    assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
}

#[test]
fn a_wrong_length_never_reaches_the_kernel() {
    let booted = machine(&trailer(|trailer| trailer[4] ^= 1)).boot();
    assert!(booted.result("a").contains("length"), "{booted}");
    assert_eq!(booted.order(), [""; 0]);
}

#[test]
fn garbage_behind_a_file_never_reaches_the_kernel() {
    let booted = machine(&[gzip(&elf("a")), b"garbage".to_vec()].concat()).boot();
    assert!(booted.result("a").contains("garbage"), "{booted}");
    assert_eq!(booted.order(), [""; 0]);
}

#[test]
fn what_inflates_to_no_module_is_said_by_the_kernel() {
    let booted = machine(&gzip(b"not a module")).boot();
    assert!(booted.result("a").starts_with("failed ENOEXEC"), "{booted}");
}

#[test]
fn after_a_damaged_file_the_next_one_is_inflated() {
    let damaged = trailer(|trailer| trailer[0] ^= 1);
    let machine = machine(&damaged).tree_file("kernel/b.ko.gz", gzip(&elf("b")));
    let booted = machine.words("insinit.modules=a,b").boot();
    assert_eq!(booted.loads()[0].image, elf("b"));
}

#[test]
fn the_kernel_inflates_what_it_says_it_inflates() {
    let booted = machine(&gzip(&elf("a"))).inflates("gzip").boot();
    assert_eq!((booted.result("a").as_str(), ways(&booted)), ("loaded 1.9 ms", vec![KERNEL]));
    let booted = machine(&xz(&elf("a"), 1)).inflates("xz").boot();
    assert_eq!((booted.result("a").as_str(), ways(&booted)), ("loaded 1.9 ms", vec![KERNEL]));
}

#[test]
fn the_kernel_does_not_get_another_algorithm() {
    let booted = machine(&gzip(&elf("a"))).inflates("xz").boot();
    assert_eq!(ways(&booted), [Way::Init]);
    let booted = machine(&xz(&elf("a"), 1)).inflates("gzip").boot();
    assert_eq!(ways(&booted), [Way::Init]);
}

#[test]
fn the_kernel_does_not_get_a_header_that_its_decoder_cannot_read() {
    let booted =
        machine(&gzip_with(&elf("a"), GzBuilder::new().extra(vec![1]))).inflates("gzip").boot();
    assert_eq!(ways(&booted), [Way::Init]);
    let booted =
        machine(&gzip_with(&elf("a"), GzBuilder::new().filename("a"))).inflates("gzip").boot();
    assert_eq!(ways(&booted), [KERNEL]);
    let booted = machine(&xz(&elf("a"), 4)).inflates("xz").boot();
    assert_eq!(ways(&booted), [Way::Init], "CRC-64");
}

#[test]
fn a_plain_module_needs_no_inflating_kernel() {
    let booted = machine(&elf("a")).inflates("gzip").boot();
    assert_eq!(ways(&booted), [Way::Finit(0)]);
}

#[test]
fn a_kernel_that_cannot_inflate_after_all_gets_the_module_from_here() {
    for errno in [Errno::EOPNOTSUPP, Errno::ENOSYS] {
        let booted = machine(&gzip(&elf("a"))).inflates("gzip").answer("a", errno).boot();
        assert_eq!(
            (booted.result("a").as_str(), ways(&booted)),
            ("loaded 3.9 ms", vec![KERNEL, Way::Init])
        );
    }
}

#[test]
fn a_kernel_that_cannot_inflate_is_asked_once() {
    let machine = machine(&gzip(&elf("a"))).tree_file("kernel/b.ko", gzip(&elf("b")));
    let machine = machine.inflates("gzip").answer("a", Errno::EOPNOTSUPP);
    let booted = machine.words("insinit.modules=a,b").boot();
    assert_eq!(ways(&booted), [KERNEL, Way::Init, Way::Init]);
}

#[test]
fn einval_of_an_inflating_kernel_is_final() {
    let booted = machine(&gzip(&elf("a"))).inflates("gzip").answer("a", Errno::EINVAL).boot();
    assert!(booted.result("a").starts_with("failed EINVAL"), "{booted}");
    assert_eq!(ways(&booted), [KERNEL]);
}

#[test]
fn einval_for_a_damaged_file_tells_of_the_damage() {
    let whole = gzip(&elf_of("a", 5000));
    let booted = machine(&whole[..whole.len() - 12]).inflates("gzip").boot();
    assert!(booted.result("a").contains("gzip"), "{booted}");
    assert_eq!(ways(&booted), [KERNEL]);
}

#[test]
fn enoexec_goes_on_where_the_kernel_saw_only_the_first_member() {
    let booted = machine(&two_members()).inflates("gzip").boot();
    assert_eq!(
        (booted.result("a").as_str(), ways(&booted)),
        ("loaded 3.9 ms", vec![KERNEL, Way::Init])
    );
    assert_eq!(booted.loads()[1].image, elf("a"));
}

#[test]
fn enoexec_is_final_where_there_is_one_member() {
    let booted = machine(&gzip(&elf("a"))).inflates("gzip").answer("a", Errno::ENOEXEC).boot();
    assert!(booted.result("a").starts_with("failed ENOEXEC"), "{booted}");
    assert_eq!(ways(&booted), [KERNEL]);
}

#[test]
fn other_errors_of_an_inflating_kernel_are_final() {
    for errno in [Errno::ENOENT, Errno::EKEYREJECTED, Errno::EEXIST, Errno::EPERM, Errno::EIO] {
        let booted = machine(&gzip(&elf("a"))).inflates("gzip").answer("a", errno).boot();
        assert_eq!(ways(&booted), [KERNEL], "{errno}");
    }
}

#[test]
fn errors_of_the_call_from_memory_are_final() {
    for errno in [Errno::EINVAL, Errno::ENOEXEC, Errno::EIO, Errno::EOPNOTSUPP] {
        let booted = machine(&gzip(&elf("a"))).answer("a", errno).boot();
        assert!(booted.result("a").starts_with("failed "), "{booted}");
        assert_eq!(ways(&booted), [Way::Init]);
    }
}

#[test]
fn an_inflated_module_gets_its_parameters() {
    let machine = Machine::new().tree_file("a.ko.gz", gzip(&elf("a")));
    let booted = machine.words("insinit.modules=a a.x=1").boot();
    assert_eq!((booted.params("a"), booted.loads()[0].way), ("x=1", Way::Init));
}

#[test]
fn a_suffix_means_nothing() {
    for file in ["a.ko", "a.ko.gz", "a.ko.xz"] {
        let machine = Machine::new().tree_file(file, gzip(&elf("a"))).words("insinit.modules=a");
        assert_eq!(machine.boot().loads()[0].image, elf("a"), "{file}");
    }
}
