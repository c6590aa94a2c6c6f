//! Any bytes as a zstd frame's compressed blocks, each as long as its first two bytes say, beside the
//! reference.
#![no_main]

use insinit_fuzz::{ours, zstd_agrees};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // A window of 128 KiB, no checksum, no length.
    let mut file = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    let mut rest = data;
    while let Some(([low, high], behind)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(behind.len());
        let (block, behind) = behind.split_at(len);
        let last = u32::from(behind.len() < 2);
        file.extend(&((len as u32) << 3 | 4 | last).to_le_bytes()[..3]);
        file.extend(block);
        rest = behind;
    }
    zstd_agrees(&file, &ours(insinit_fuzz::ZSTD, &file));
});
