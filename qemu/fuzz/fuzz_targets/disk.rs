//! Any bytes as a disk: its partition table and its superblock.
#![no_main]

use insinit::kernel::Kernel;
use insinit::root::partitions;
use insinit::root::superblock::Superblock;
use insinit_fuzz::machine::Machine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((options, disk)) = data.split_first_chunk::<4>() else { return };
    let [part, block, row, offset] = *options;
    let mut k = Machine::new(&[("/disk", disk)]);
    let fd = k.open(c"/disk", 0).expect("it is there");
    let block = 512 << (block % 4);
    let wanted: [&[u8]; 3] =
        [b"03020100-0504-0706-0809-0a0b0c0d0e0f", b"deadbeef-01", disk.get(..36).unwrap_or(b"")];
    for blocks in [0, disk.len() as u64 / block, u64::MAX] {
        for wanted in wanted {
            let _ = partitions::has_uuid(&mut k, fd, block, blocks, part.into(), wanted);
        }
    }
    // Most marks are far behind.
    let mut image = vec![0; usize::from(row) << 10 | usize::from(offset)];
    image.extend_from_slice(disk);
    for image in [disk, &image] {
        let found = Superblock::of(image);
        assert!(found.kinds().len() < 40 && (!found.is_foreign() || !found.kinds().is_empty()));
        for wanted in wanted {
            let _ = (found.has_uuid(wanted), found.has_label(wanted));
        }
        assert!(!found.has_label(b""), "a label that is none");
    }
});
