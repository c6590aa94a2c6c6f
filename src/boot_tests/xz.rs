//! xz modules: inflated here where the kernel can't, and never given to it damaged.

use crate::kernel::Errno;
use crate::scripted::{Booted, Machine, Way, elf, elf_of, xz, xz_with};

const CHECKS: [u8; 4] = [0, 1, 4, 10];

/// Where the module of the tests is.
fn machine(content: &[u8]) -> Machine {
    Machine::new().tree_file("kernel/a.ko.xz", content).words("insinit.modules=a")
}

/// The ways that were tried, in order.
fn ways(booted: &Booted) -> Vec<Way> {
    booted.loads().iter().map(|load| load.way).collect()
}

#[test]
fn every_check_is_inflated_here_and_the_kernel_gets_the_exact_bytes() {
    for (check, size) in
        CHECKS.into_iter().flat_map(|check| [256, 257, 700_001].map(|size| (check, size)))
    {
        let image = elf_of("a", size);
        let booted = machine(&xz(&image, check)).boot();
        assert_eq!(
            (booted.result("a").as_str(), ways(&booted)),
            ("loaded 1.9 ms", vec![Way::Init])
        );
        assert!(booted.loads()[0].image == image, "{check}: {size} bytes");
    }
}

#[test]
fn what_the_kernels_decoder_does_not_know_is_inflated_here() {
    let image = elf_of("a", 5000);
    for file in [xz(&image, 4), xz(&image, 10), xz_with(&image, 1, |filters| _ = filters.x86())] {
        let booted = machine(&file).inflates("xz").boot();
        assert_eq!((ways(&booted), &booted.loads()[0].image), (vec![Way::Init], &image));
    }
}

#[test]
fn all_streams_of_a_file_are_one_module() {
    let image = elf("a");
    let file = [xz(&image[..128], 1), vec![0; 8], xz(&image[128..], 1)].concat();
    assert_eq!(machine(&file).boot().loads()[0].image, image);
    // The kernel saw only the first, which is no module.
    let booted = machine(&file).inflates("xz").boot();
    assert_eq!(ways(&booted), [Way::Finit(4), Way::Init]);
    assert_eq!(booted.loads()[1].image, image);
}

#[test]
fn a_truncated_file_never_reaches_the_kernel() {
    let whole = xz(&elf_of("a", 5000), 1);
    for len in [7, 12, 20, 24, whole.len() / 2, whole.len() - 12, whole.len() - 1] {
        let booted = machine(&whole[..len]).boot();
        let said = format!("failed EBADMSG: xz ends too early, at byte {len}");
        assert_eq!((booted.result("a"), booted.order()), (said, vec![]));
        assert_eq!(booted.init(), "/sbin/init");
    }
}

#[test]
fn a_wrong_check_never_reaches_the_kernel() {
    for (check, len) in [(1, 4), (4, 8), (10, 32)] {
        let mut file = xz(&elf("a"), check);
        // The footer's backward size, in fours less one.
        let footer = file.len() - 12;
        let index = footer - (usize::from(file[footer + 4]) + 1) * 4;
        file[index - len] ^= 1;
        let booted = machine(&file).boot();
        let result = booted.result("a");
        assert!(result.starts_with("failed EBADMSG: xz checksum "), "{result}");
        assert!(result.contains(", expected "), "{result}");
        assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
    }
}

#[test]
fn what_is_unknown_is_named_with_its_number() {
    let said = |file: &[u8]| machine(file).boot().result("a");
    let ia64 = xz_with(&elf("a"), 1, |filters| _ = filters.ia64());
    assert_eq!(said(&ia64), "failed EBADMSG: xz needs filter 6, which this build doesn't know");
    let mut other = xz(&elf("a"), 1);
    other[7] = 5;
    let mut crc = flate2::Crc::new();
    crc.update(&[0, 5]);
    other[8..12].copy_from_slice(&crc.sum().to_le_bytes());
    assert_eq!(
        said(&other),
        "failed EBADMSG: xz needs check type 5, which this build doesn't know"
    );
}

#[test]
fn einval_for_a_damaged_file_tells_of_the_damage() {
    let mut file = xz(&elf_of("a", 5000), 1);
    let middle = file.len() / 2;
    file[middle] ^= 0x55;
    let booted = machine(&file).inflates("xz").boot();
    assert!(booted.result("a").starts_with("failed EBADMSG: xz "), "{booted}");
    assert_eq!(ways(&booted), [Way::Finit(4)]);
}

#[test]
fn a_kernel_that_cannot_inflate_after_all_gets_the_module_from_here() {
    let booted = machine(&xz(&elf("a"), 1)).inflates("xz").answer("a", Errno::EOPNOTSUPP).boot();
    assert_eq!(ways(&booted), [Way::Finit(4), Way::Init]);
}

#[test]
fn more_than_the_memory_is_said_with_both_figures() {
    let booted = machine(&xz(&vec![0; 40 << 20], 1)).free(16).boot();
    assert!(booted.result("a").starts_with("failed ENOMEM: needs 120.0 MiB"), "{booted}");
    assert_eq!(booted.order(), [""; 0]);
}
