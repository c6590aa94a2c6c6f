//! What the benchmark's programs in the guest share: marks, bare calls, the floors' one load.
#![no_std]

pub mod floor;
pub mod mark;
pub mod say;

use core::ffi::CStr;
use insinit::start::Strings;
use insinit::sys::Linux;
use insinit::{mem, text};

/// The real init that follows a contestant.
pub const INIT: &CStr = c"/sbin/init";

/// The contestant.
pub const CONTESTANT: &CStr = c"/contestant";

/// The lines as an argument vector.
#[must_use]
pub fn vector(k: &mut Linux, mut lines: &'static [u8]) -> Strings {
    let mut words = mem::Table::<&'static CStr>::new();
    while let Some(line) = text::take(&mut lines, b'\n') {
        let word = mem::path(k, &[line]);
        if !line.is_empty() {
            words.push(k, word);
        }
    }
    Strings::of(k, &words)
}

/// On a host none of these programs has anything to do.
#[macro_export]
macro_rules! guest {
    ($run:path) => {
        #[cfg(target_os = "none")]
        insinit::entry!($run);

        #[cfg(not(target_os = "none"))]
        fn main() {
            let _ = $run as fn(insinit::sys::Linux, insinit::start::Process) -> !;
            eprintln!("a program of the benchmark's guest: build it for x86_64-unknown-none");
            std::process::exit(2);
        }
    };
}
