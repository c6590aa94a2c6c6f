//! Any bytes as an initramfs for the host tools.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

static FILE: OnceLock<PathBuf> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let place = || std::env::temp_dir().join(format!("insinit-fuzz-{}", std::process::id()));
    let file = FILE.get_or_init(place);
    fs::write(file, data).expect("room for an input");
    if let Ok(entries) = insinit_initramfs::entries(file) {
        assert!(
            entries.len() <= data.len() || data.first() != Some(&b'0'),
            "entries out of nothing"
        );
    }
});
