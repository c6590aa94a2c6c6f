//! The virtio-serial ports, found by their names in sysfs; they come some time after their driver.

use crate::calls::CLOSE;
use crate::job::file;
use core::ffi::CStr;
use insinit::kernel::{Fd, Kernel};
use insinit::mem;
use insinit_runner::PORTS;

/// `O_RDONLY` and `O_WRONLY`.
const FLAGS: [u32; 4] = [0, 1, 1, 1];

/// Ports are looked for among so many of so many devices.
const DEVICES: u8 = 8;
const NUMBERS: u8 = 16;

/// Milliseconds between looks, how many looks, and how many between two lines that say so.
const PAUSE: u32 = 20;
const LOOKS: u32 = 750;
const SAY: u32 = 250;

/// The node by which a port is opened.
const NODE: &CStr = c"/insinit-port";

/// The ports, in the order of their names; none where there is no such port.
pub type Ports = [Option<Fd>; 4];

/// Waits for the ports and opens them. A kernel without the driver is said.
pub fn open<K: Kernel>(k: &mut K) -> Ports {
    let mut ports = [None; 4];
    for look in 1..=LOOKS {
        scan(k, &mut ports);
        if ports.iter().all(Option::is_some) {
            break;
        }
        if look % SAY == 0 {
            let text = b"insinit-runner: waiting for virtio-serial ports: has the kernel VIRTIO_CONSOLE?\n";
            let _ = k.write(Fd(2), text);
        }
        k.sleep(PAUSE);
    }
    ports
}

/// Opens those that are there and not open yet.
fn scan<K: Kernel>(k: &mut K, ports: &mut Ports) {
    for device in 0..DEVICES {
        for number in 0..NUMBERS {
            let digits = [device + b'0', number / 10 + b'0', number % 10 + b'0'];
            let number = digits.get(if number < 10 { 2.. } else { 1.. }).unwrap_or_default();
            let folder: [&[u8]; 4] = [
                b"/sys/class/virtio-ports/vport",
                digits.get(..1).unwrap_or_default(),
                b"p",
                number,
            ];
            one(k, folder, ports);
        }
    }
}

/// Opens the port in that folder of sysfs, if it is one of ours.
fn one<K: Kernel>(k: &mut K, folder: [&[u8]; 4], ports: &mut Ports) {
    let [a, b, c, d] = folder;
    let path = mem::path(k, &[a, b, c, d, b"/name"]);
    let Some(name) = file(k, path) else { return };
    for ((wanted, flags), port) in PORTS.iter().zip(FLAGS).zip(ports) {
        if port.is_none() && name.trim_ascii_end() == wanted.as_bytes() {
            let path = mem::path(k, &[a, b, c, d, b"/dev"]);
            let device = file(k, path).and_then(numbers);
            *port = device.and_then(|(major, minor)| node(k, major, minor, flags));
        }
    }
}

/// Opens a device by a node of our own, as /dev may lack it.
fn node<K: Kernel>(k: &mut K, major: u32, minor: u32, flags: u32) -> Option<Fd> {
    let _ = k.make_device(NODE, major, minor);
    let port = k.open(NODE, flags | CLOSE).ok();
    let _ = k.unlink(NODE);
    port
}

/// The two numbers of `MAJOR:MINOR`.
fn numbers(text: &[u8]) -> Option<(u32, u32)> {
    let (major, minor) = core::str::from_utf8(text.trim_ascii_end()).ok()?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
