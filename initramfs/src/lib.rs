//! Packs an initramfs: the loader, a closure of kernel modules, files and the real init.
//!
//! The same options give the same bytes, from any directory and under any user. What is
//! packed is what the loader will load, because both ask the loader's library for the plan.
#![forbid(unsafe_code)]

mod arch;
mod build;
mod compression;
mod entry;
mod options;

pub use arch::Arch;
pub use build::{Built, PackedModule, build, write_archive};
pub use compression::Compression;
pub use entry::{Entry, Node};
pub use options::{FileSpec, Options};
