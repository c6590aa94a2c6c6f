//! How it ended, told to the host; and the machine's end.

use crate::ports::Ports;
use crate::pump::write_all;
use insinit::kernel::{Fd, Kernel, Stop};
use insinit_runner::{EXIT, NEVER, SIGNAL};

/// How the program ended.
#[derive(Clone, Copy)]
pub enum End {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It did not run: why, and a number.
    Never(&'static str, i32),
}

impl End {
    /// What wait4(2) says.
    pub fn of(status: i32) -> Self {
        match status & 0x7f {
            0 => Self::Exit(status >> 8 & 0xff),
            signal => Self::Signal(signal),
        }
    }
}

/// Tells the host; without a port to do so, whoever reads the console.
pub fn tell<K: Kernel>(k: &mut K, ports: &Ports, end: End) {
    let (what, why, number) = match end {
        End::Exit(status) => (EXIT, "", status),
        End::Signal(signal) => (SIGNAL, "", signal),
        End::Never(why, number) => (NEVER, why, number),
    };
    let blank: &[u8] = if why.is_empty() { b"" } else { b" " };
    let mut digits = [0; 3];
    let text = [what.as_bytes(), why.as_bytes(), blank, decimal(number, &mut digits), b"\n"];
    for part in text {
        write_all(k, ports[3].unwrap_or(Fd(2)), part);
    }
}

/// A number below 1000 in decimal.
fn decimal(number: i32, digits: &mut [u8; 3]) -> &[u8] {
    let number = number.unsigned_abs();
    *digits = [100, 10, 1].map(|place| b'0' + (number / place % 10) as u8);
    let from = digits[..2].iter().position(|digit| *digit != b'0').unwrap_or(2);
    &digits[from..]
}

/// Switches the machine off; where the kernel can't, it is reset, which ends QEMU, too.
pub fn off<K: Kernel>(k: &mut K) -> ! {
    k.sync();
    k.drain(Fd(2));
    let _ = k.stop(Stop::PowerOff);
    let _ = k.stop(Stop::Reboot);
    k.exit(8)
}
