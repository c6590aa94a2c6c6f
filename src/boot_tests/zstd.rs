//! zstd modules: inflated here where the kernel can't, and never given to it damaged.

use crate::scripted::{Booted, Machine, Way, elf_of};

/// As `zstd` packs a file: with length and checksum.
fn zstd(content: &[u8]) -> Vec<u8> {
    let mut packer = zstd::bulk::Compressor::new(3).unwrap();
    packer.include_checksum(true).unwrap();
    packer.compress(content).unwrap()
}

/// Where the module of the tests is.
fn machine(content: &[u8]) -> Machine {
    Machine::new().tree_file("kernel/a.ko.zst", content).words("insinit.modules=a")
}

/// The ways that were tried, in order.
fn ways(booted: &Booted) -> Vec<Way> {
    booted.loads().iter().map(|load| load.way).collect()
}

#[test]
fn zstd_is_inflated_here_and_the_kernel_gets_the_exact_bytes() {
    for size in [256, 257, 131_072, 131_073, 3_000_001] {
        let image = elf_of("a", size);
        let booted = machine(&zstd(&image)).boot();
        let result = booted.result("a");
        assert_eq!((result.as_str(), ways(&booted)), ("loaded 1.9 ms", vec![Way::Init]));
        assert!(booted.loads()[0].image == image, "{size} bytes");
    }
}

#[test]
fn all_frames_of_a_file_are_one_module() {
    let image = elf_of("a", 5000);
    let skip = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let file = [skip.clone(), zstd(&image[..200]), skip, zstd(&image[200..])].concat();
    assert_eq!(machine(&file).boot().loads()[0].image, image);
}

#[test]
fn what_the_kernels_decoder_does_not_know_is_inflated_here() {
    let image = elf_of("a", 5000);
    let file = [b"\x50\x2a\x4d\x18\0\0\0\0".to_vec(), zstd(&image)].concat();
    let booted = machine(&file).inflates("zstd").boot();
    assert_eq!((ways(&booted), &booted.loads()[0].image), (vec![Way::Init], &image));
}

#[test]
fn a_damaged_file_is_named_and_never_reaches_the_kernel() {
    let whole = zstd(&elf_of("a", 5000));
    let end = whole.len();
    let mut wrong = whole.clone();
    wrong[end - 1] ^= 1;
    let mut dictionary = whole.clone();
    dictionary[4] |= 1;
    dictionary.insert(5, 77);
    for (file, said) in [
        (&whole[..end - 1], "zstd ends too early, at byte"),
        (&whole[..4], "zstd ends too early, at byte 4"),
        (&wrong, "zstd checksum "),
        (&[&whole, &b"x"[..]].concat(), "zstd followed by garbage from byte "),
        (&dictionary, "zstd needs dictionary 77, which this build doesn't know"),
    ] {
        let booted = machine(file).boot();
        let result = booted.result("a");
        assert!(result.starts_with("failed EBADMSG: ") && result.contains(said), "{result}");
        assert_eq!((booted.order(), booted.init()), (vec![], "/sbin/init"));
    }
}

#[test]
fn what_does_not_fit_is_refused_with_both_figures() {
    let file = zstd(&elf_of("a", 30 << 20));
    for free in [16, 31, 80] {
        let booted = machine(&file).free(free).boot();
        let result = booted.result("a");
        assert!(result.starts_with("failed ENOMEM"), "{result}");
        assert_eq!((result.matches(" MiB").count(), booted.order()), (2, vec![]));
    }
    assert_eq!(machine(&file).free(128).boot().result("a"), "loaded 1.9 ms");
}
