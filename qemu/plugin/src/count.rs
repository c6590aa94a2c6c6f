//! The counts. QEMU's one CPU thread adds to them; atomics only say that to the compiler.

use core::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Instructions of programs.
pub static USER: AtomicU64 = AtomicU64::new(0);
/// Instructions of the kernel.
pub static KERNEL: AtomicU64 = AtomicU64::new(0);
/// Page faults.
pub static FAULTS: AtomicU64 = AtomicU64::new(0);
/// `syscall` instructions.
static CALLS: AtomicU64 = AtomicU64::new(0);
/// Load calls.
static LOADS: AtomicU64 = AtomicU64::new(0);
/// Instructions inside load calls.
static INSIDE: AtomicU64 = AtomicU64::new(0);
/// Programs' instructions among them: somebody else ran while a load waited.
static ALIEN: AtomicU64 = AtomicU64::new(0);
/// Instructions between the marks 2 and 3.
static MARKED: AtomicU64 = AtomicU64::new(0);

/// The counts that the window starts with at 0.
static ALL: [&AtomicU64; 8] = [&USER, &KERNEL, &FAULTS, &CALLS, &LOADS, &INSIDE, &ALIEN, &MARKED];

/// The window is open.
static OPEN: AtomicBool = AtomicBool::new(false);
/// Where the load call that is under way comes back to; 0 for none.
static BACK: AtomicU64 = AtomicU64::new(0);
/// The last call: where it comes back to, and all instructions and the programs' before it.
static LAST: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
/// What each call of the window took in the kernel, for the profile.
static BEGUN: AtomicU64 = AtomicU64::new(0);
static COSTS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// All instructions before the mark 2.
static PAUSED: AtomicU64 = AtomicU64::new(0);

/// What runs now is left out.
static SKIPS: AtomicBool = AtomicBool::new(false);
/// Instructions that were left out.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);
/// The counts where that began.
static BEFORE: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];

fn get(number: &AtomicU64) -> u64 {
    number.load(Relaxed)
}

fn add(number: &AtomicU64, value: u64) {
    number.store(get(number).wrapping_add(value), Relaxed);
}

fn all() -> u64 {
    get(&USER).wrapping_add(get(&KERNEL))
}

/// Whether an instruction now counts as the contestant's own.
pub fn is_outside() -> bool {
    OPEN.load(Relaxed) && get(&BACK) == 0 && !SKIPS.load(Relaxed)
}

/// The window opens.
pub fn start() {
    ALL.iter().for_each(|number| number.store(0, Relaxed));
    BACK.store(0, Relaxed);
    SKIPS.store(false, Relaxed);
    LEFT_OUT.store(0, Relaxed);
    OPEN.store(true, Relaxed);
}

/// The window closes; gives whether it was open.
pub fn stop() -> bool {
    OPEN.swap(false, Relaxed)
}

/// What lies between is counted of its own.
pub fn pause(begins: bool) {
    if begins {
        PAUSED.store(all(), Relaxed);
    } else {
        add(&MARKED, all().wrapping_sub(get(&PAUSED)));
    }
}

/// The kernel begins the call from which on nothing counts; once in a window.
pub extern "C" fn skip(_: u32, _: *mut c_void) {
    if is_outside() && get(&LEFT_OUT) == 0 {
        copy(ALL, BEFORE.each_ref());
        BEGUN.store(0, Relaxed);
        SKIPS.store(true, Relaxed);
    }
}

/// The kernel begins the call that counts again, as if it stood in the place of the one that [`skip`] saw.
pub extern "C" fn unskip(_: u32, _: *mut c_void) {
    if SKIPS.swap(false, Relaxed) {
        LEFT_OUT.store(all().wrapping_sub(get(&BEFORE[0])).wrapping_sub(get(&BEFORE[1])), Relaxed);
        copy(BEFORE.each_ref(), ALL);
    }
}

fn copy(from: [&AtomicU64; 8], to: [&AtomicU64; 8]) {
    from.iter().zip(to).for_each(|(from, to)| to.store(get(from), Relaxed));
}

/// A program makes a call that comes back to `back`.
pub extern "C" fn calls(_: u32, back: *mut c_void) {
    add(&CALLS, 1);
    if is_outside() {
        BEGUN.store(get(&KERNEL), Relaxed);
    }
    if get(&BACK) == 0 {
        for (number, value) in LAST.iter().zip([back as u64, all(), get(&USER)]) {
            number.store(value, Relaxed);
        }
    }
}

/// The call turns out to be a load.
pub extern "C" fn entered_load(_: u32, _: *mut c_void) {
    if is_outside() {
        add(&LOADS, 1);
        BACK.store(get(&LAST[0]), Relaxed);
    }
}

/// A program's block begins at `address`: a load may be over.
pub extern "C" fn in_user(_: u32, address: *mut c_void) {
    if get(&LAST[0]) == address as u64 && OPEN.load(Relaxed) && get(&BEGUN) > 0 {
        let cost = get(&KERNEL).wrapping_sub(BEGUN.swap(0, Relaxed));
        if let Ok(mut costs) = COSTS.lock() {
            costs.push(cost);
        }
    }
    if get(&BACK) == address as u64 && OPEN.load(Relaxed) {
        add(&INSIDE, all().wrapping_sub(get(&LAST[1])));
        add(&ALIEN, get(&USER).wrapping_sub(get(&LAST[2])));
        BACK.store(0, Relaxed);
    }
}

/// `call INSTRUCTIONS` a line, one for each call that came back, in order.
pub fn costs() -> String {
    let costs = COSTS.lock().map(|costs| costs.clone()).unwrap_or_default();
    costs.iter().map(|cost| format!("call {cost}\n")).collect()
}

/// The counts, `NAME NUMBER` a line.
pub fn report() -> String {
    let names = ["user", "kernel", "faults", "calls", "loads", "inside", "alien", "marked"];
    let counts = names.iter().zip(ALL).map(|(name, number)| format!("{name} {}\n", get(number)));
    counts.collect::<String>() + &format!("left_out {}\n", get(&LEFT_OUT))
}
