//! Says lines where nothing is lost: one record of the kernel's log each.
//!
//! The log is opened anew for each line, because the kernel drops lines over ten of one open file
//! (`kernel/printk/printk.c`: `devkmsg_write`), and through a node that is gone at once, so that the
//! guest leaves no trace in what it reports.

use core::ffi::CStr;
use heapless::Vec;
use insinit::kernel::{Fd, Kernel};

/// Less than the kernel's longest record.
const LIMIT: usize = 900;

/// `O_WRONLY`
const WRITE: u32 = 1;

/// The name of the node while it is opened.
const NODE: &CStr = c"/.guest-kmsg";

/// Says the parts as one line. Priority 3: `quiet` shows it too.
pub fn say<K: Kernel>(k: &mut K, parts: &[&[u8]]) {
    let mut line = Vec::<u8, LIMIT>::new();
    let _ = line.extend_from_slice(b"<3>guest: ");
    for byte in parts.iter().copied().flatten() {
        let _ = line.push(if byte.is_ascii_control() { b' ' } else { *byte });
    }
    if line.push(b'\n').is_err() {
        line[LIMIT - 1] = b'\n'; // without it the kernel keeps the line until the next one comes
    }
    let _ = k.make_device(NODE, 1, 11);
    let log = k.open(NODE, WRITE);
    let _ = k.unlink(NODE);
    match log {
        Ok(log) => {
            let _ = k.write(log, &line);
            k.close(log);
        }
        Err(_) => {
            let _ = k.write(Fd(1), &line);
        }
    }
}

/// A number in decimal.
pub fn decimal(number: usize) -> Vec<u8, 20> {
    let mut digits = Vec::new();
    let mut rest = number;
    loop {
        let _ = digits.insert(0, b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            return digits;
        }
    }
}
