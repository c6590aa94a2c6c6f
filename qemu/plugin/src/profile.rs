//! Which blocks were executed outside the load calls, and how many instructions they have.

use crate::api::{self, Tb};
use crate::count;
use core::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A block: where it is, its instructions, how often it was executed.
struct Block {
    address: u64,
    insns: u64,
    times: AtomicU64,
}

static BLOCKS: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new());

/// Counts a block that is being translated.
pub fn watch(tb: *mut Tb, insns: usize) {
    let block = Block { address: api::start(tb), insns: insns as u64, times: AtomicU64::new(0) };
    let block: &'static Block = Box::leak(Box::new(block));
    api::call_block(tb, executed, std::ptr::from_ref(block).cast_mut().cast());
    if let Ok(mut blocks) = BLOCKS.lock() {
        blocks.push(block);
    }
}

extern "C" fn executed(_: u32, block: *mut c_void) {
    if count::is_outside() {
        // SAFETY: `watch` registered a block that lives for ever.
        let block = unsafe { &*block.cast::<Block>() };
        block.times.fetch_add(1, Relaxed);
    }
}

/// `ADDRESS INSTRUCTIONS` a line, one for each block that was executed.
pub fn report() -> String {
    let Ok(blocks) = BLOCKS.lock() else { return String::new() };
    let total = |block: &&Block| block.insns.wrapping_mul(block.times.load(Relaxed));
    let executed = blocks.iter().map(|block| (block.address, total(block))).filter(|one| one.1 > 0);
    executed.map(|(address, count)| format!("{address:x} {count}\n")).collect()
}
