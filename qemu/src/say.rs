//! What the tool says: `print!`, `println!` and `eprintln!` for all of it. The standard library's own panic
//! where nobody reads.
//!
//! Without a reader of standard output there is nothing left to do: the tool ends with the status that a shell
//! shows for SIGPIPE, and what it started ends with it. A message that nobody can hear is dropped.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::process::exit;

/// 128 and the number of SIGPIPE.
const BROKEN_PIPE: i32 = 141;

/// Writes to standard output.
macro_rules! print {
    ($($text:tt)*) => { $crate::say::out(format_args!($($text)*)) };
}

/// Writes a line to standard output.
macro_rules! println {
    () => { $crate::say::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::say::out(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes a line to standard error.
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::say::error(format_args!("{}\n", format_args!($($text)*))) };
}

/// What `print!` does.
pub fn out(text: Arguments) {
    match stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(BROKEN_PIPE),
        Err(error) => {
            eprintln!("error: standard output: {error}");
            exit(1)
        }
    }
}

/// What `eprintln!` does.
pub fn error(text: Arguments) {
    let _ = stderr().write_fmt(text);
}
