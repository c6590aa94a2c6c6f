//! Any bytes as a zstd file, beside the reference.
#![no_main]

use insinit_fuzz::{ours, zstd_agrees};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| zstd_agrees(data, &ours(insinit_fuzz::ZSTD, data)));
