//! What the runner and the host agree on.
#![no_std]
#![forbid(unsafe_code)]

/// The job in the image: texts that end with a zero byte each.
///
/// First any number of `share TAG PATH`, then `run PATH` and the program's arguments, its name first.
pub const JOB: &str = "insinit-job";

/// What a share begins with.
pub const SHARE: &str = "share";

/// What the program begins with.
pub const RUN: &str = "run";

/// The virtio-serial ports, by name: the program's three and that for its end.
pub const PORTS: [&str; 4] = ["insinit.0", "insinit.1", "insinit.2", "insinit.end"];

/// What is said of the end: `exit 3`, `signal 9`, or `never` and why.
pub const EXIT: &str = "exit ";
/// It was ended by a signal.
pub const SIGNAL: &str = "signal ";
/// It did not run.
pub const NEVER: &str = "never ";
