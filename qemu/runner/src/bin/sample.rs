//! A program for tests of `cargo qemu run`: says its arguments on its output and a line on its errors, copies
//! its input if the first one is `cat`, never ends if it is `hang`, ends by SIGSEGV if it is `sink`, and
//! otherwise ends with the number that is the last one; 101 is a bug of its own.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
use insinit::kernel::{Fd, Kernel};

#[cfg(target_os = "none")]
insinit::entry!(run);

#[cfg(target_os = "none")]
fn run(mut kernel: insinit::sys::Linux, process: insinit::start::Process) -> ! {
    let k = &mut kernel;
    let mut last: &[u8] = b"";
    for argument in process.argv.iter().skip(1) {
        last = argument.to_bytes();
        for part in [b"[", last, b"]\n"] {
            let _ = k.write(Fd(1), part);
        }
    }
    let _ = k.write(Fd(2), b"sample: an error\n");
    match process.argv.iter().nth(1).map(core::ffi::CStr::to_bytes) {
        Some(b"cat") => copy(k),
        Some(b"hang") => k.sleep(u32::MAX),
        Some(b"sink") => _ = sink(0),
        _ => {}
    }
    let digits = last.iter().filter(|byte| byte.is_ascii_digit());
    k.exit(digits.fold(0, |number, digit| number * 10 + i32::from(digit - b'0')))
}

/// Input to output.
#[cfg(target_os = "none")]
fn copy<K: Kernel>(k: &mut K) {
    let mut piece = [0; 512];
    while let Ok(count @ 1..) = k.read(Fd(0), &mut piece) {
        let _ = k.write(Fd(1), piece.get(..count).unwrap_or_default());
    }
}

/// Takes more of the stack, until there is no more.
#[cfg(target_os = "none")]
fn sink(depth: usize) -> usize {
    let [first, ..] = core::hint::black_box([depth; 512]);
    if first == usize::MAX { 0 } else { sink(first.wrapping_add(1)).wrapping_add(first) }
}

/// On a host it is of no use.
#[cfg(not(target_os = "none"))]
fn main() {
    std::process::exit(2);
}
