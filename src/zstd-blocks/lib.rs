//! The blocks of zstd frames (RFC 8878), inflated in place: no heap, no window, no buffer for literals.
//!
//! A package of its own because it is compiled for speed, the loader for size. Takes a compressed block
//! that lies whole in [`Block`] and writes what it holds into the one output, which is the window, too.
//! Frames, what is left between them and their lengths are the caller's business.
#![no_std]
#![forbid(unsafe_code)]

mod bits;
mod block;
mod copy;
mod counts;
mod fse;
mod huffman;
mod literals;
mod sequences;
mod xxh64;

pub use block::{Block, Decoder, MAX, Refused};
pub use xxh64::Xxh64;
