//! The `insinit-initramfs` program.
fn main() {}
