//! insinit: insert modules, then init.
//!
//! The loader's library. A boot goes one way through it, and `boot` tells it from top to bottom:
//!
//! ```text
//! command line -> Config -> Plan -> Image (open, sniff, inflate) -> kernel -> Report -> handover
//! ```
//!
//! `unsafe` is allowed in `start`, `sys` and `mem` only. Nothing here panics on any input, and
//! nothing has a fixed number of entries.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

pub mod arch;
pub mod boot;
pub mod budget;
pub mod cmdline;
pub mod coldplug;
pub mod config;
pub mod crc32;
pub mod errno;
pub mod fail;
#[cfg(any(feature = "gzip", feature = "xz"))]
mod fields;
pub mod files;
pub mod forms;
pub mod glob;
pub mod ground;
#[cfg(feature = "gzip")]
pub mod gzip;
pub mod handover;
pub mod helper;
pub mod image;
pub mod index;
pub mod inflate;
#[cfg(feature = "jobs")]
pub mod jobs;
pub mod kernel;
#[cfg(target_os = "none")]
mod libcall;
pub mod line;
pub mod list;
pub mod load;
pub mod log;
pub mod mem;
pub mod modprobe;
pub mod name;
pub mod outcome;
pub mod packed;
pub mod params;
pub mod plan;
#[cfg(feature = "jobs")]
pub mod queue;
pub mod report;
#[cfg(feature = "root")]
pub mod root;
pub mod show;
pub mod start;
pub mod sys;
pub mod text;
#[cfg(feature = "jobs")]
mod timeline;
pub mod tree;
#[cfg(feature = "bins")]
pub mod trie;
pub mod uevent;
pub mod unpack;
pub mod ways;
#[cfg(feature = "xz")]
pub mod xz;
#[cfg(feature = "zstd")]
pub mod zstd;

#[cfg(test)]
mod boot_tests;
#[cfg(test)]
mod scripted;

use kernel::{Fd, Kernel};

/// What the program says when it is neither PID 1 nor called for anything it does.
pub const USAGE: &str = "insinit: inserts kernel modules, then starts the real init. It is \
/init of an initramfs (PID 1); insinit plan --help tells what else it does.\n";

/// The program: the boot as PID 1, the kernel's helper as modprobe, the plan where that is asked for;
/// otherwise it says what it is and exits 2.
pub fn main<K: Kernel>(k: &mut K, process: start::Process) -> ! {
    if k.pid() == 1 {
        boot::run(k, process)
    }
    let mut arguments = process.argv;
    let own = arguments.take().unwrap_or_default();
    if name::base(own.to_bytes()) == b"modprobe" {
        helper::run(k, process, arguments)
    }
    if arguments.take() == Some(c"plan") {
        show::run(k, process, arguments)
    }
    let _ = k.write(Fd(2), USAGE.as_bytes());
    k.exit(2)
}
