//! Whole boots on a scripted machine: words and files in, lines and system calls out.
//!
//! Each file is about one part of the contract, and a test's name says what it proves. Only what can
//! be seen from outside counts: the lines, the calls in their order, how the boot ended.

mod calls;
mod coldplug;
#[cfg(feature = "gzip")]
mod compressed;
mod failing;
mod faults;
mod graphs;
mod handover;
mod helper;
mod init;
#[cfg(feature = "jobs")]
mod jobs;
mod lines;
mod listing;
#[cfg(feature = "gzip")]
mod memory;
mod modprobe;
mod names;
mod order;
mod others;
mod params;
mod results;
#[cfg(feature = "root")]
mod root;
mod shell;
mod show;
mod suites;
#[cfg(all(
    feature = "gzip",
    feature = "jobs",
    feature = "root",
    feature = "ways",
    feature = "xz",
    feature = "zstd"
))]
mod sweep;
#[cfg(feature = "root")]
mod switch;
mod trees;
#[cfg(all(feature = "gzip", feature = "ways"))]
mod ways;
mod words;
mod xz;
#[cfg(feature = "zstd")]
mod zstd;

use crate::scripted::{Booted, Machine};

/// Boots a machine with these modules, as [`Machine::modules`] takes them, and words.
fn boot(modules: &[&str], words: &str) -> Booted {
    Machine::new().modules(modules).words(words).boot()
}

/// The seeds of storms: the first so many, or what `INSINIT_STORMS=FROM..TO` says. A process can't take all
/// of a hundred thousand: what scripted boots map is never given back.
fn storms(usual: u64) -> std::ops::Range<u64> {
    let Ok(words) = std::env::var("INSINIT_STORMS") else { return 0..usual };
    let (from, to) = words.split_once("..").expect("FROM..TO");
    from.parse().expect("a number")..to.parse().expect("a number")
}
