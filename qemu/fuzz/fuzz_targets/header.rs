//! The first bytes of any file: told apart, and looked at for the kernel's sake.
#![no_main]

use insinit::image::{Format, HEAD, elf_size};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut head = [0; HEAD];
    let len = data.len().min(HEAD);
    head[..len].copy_from_slice(&data[..len]);
    let _ = elf_size(&head);
    let Some(format) = Format::of(&head) else { return };
    let magic: &[u8] = match format {
        Format::Elf => b"\x7fELF",
        Format::Gzip => &[0x1f, 0x8b],
        Format::Xz => b"\xfd7zXZ\0",
        Format::Zstd if head[0] == 0x28 => b"\x28\xb5\x2f\xfd",
        Format::Zstd => &[head[0], 0x2a, 0x4d, 0x18],
    };
    assert!(head.starts_with(magic));
    // What only we know must not go to the kernel.
    if format.kernel_takes(&head) {
        assert!(format != Format::Xz || head[7] <= 1, "check type {}", head[7]);
        assert!(format != Format::Gzip || head[3] & !9 == 0, "FLG {}", head[3]);
    }
});
