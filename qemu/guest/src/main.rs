//! The tests' real init.
fn main() {}
