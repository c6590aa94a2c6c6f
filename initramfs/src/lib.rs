//! Packs an initramfs: the loader, a closure of kernel modules, files and the real init.
//!
//! The same options give the same bytes, from any directory and under any user. What is
//! packed is what the loader will load, because both ask the loader's library for the plan.
#![forbid(unsafe_code)]

mod advice;
mod arch;
mod build;
mod closure;
mod coldplug;
mod compression;
mod cpio;
mod cpio_reader;
mod devices;
mod elf;
#[cfg(test)]
#[path = "../tests/common/elves.rs"]
mod elves;
mod entry;
mod fileset;
mod firmware;
mod graph;
mod guest;
mod host;
mod host_files;
mod image;
mod image_plan;
mod index;
mod index_merge;
mod index_reader;
mod inflate;
mod listing;
mod loader;
mod modinfo;
mod module;
mod module_files;
mod modules;
mod options;
mod output;
mod packed;
mod packed_index;
mod payload;
mod program;
mod progress;
mod releases;
mod request;
mod scan;
mod segments;
mod signature;
mod stage;
mod strip;
mod suggest;
mod tree;
mod words;

pub use arch::Arch;
pub use build::{Built, PackedModule, build, write_archive};
pub use compression::Compression;
pub use entry::{Entry, Node};
pub use image::entries;
pub use image_plan::{ImagePlan, image_plan};
pub use listing::listing;
pub use options::{FileSpec, Options};
