//! One line that shows a download or a build: a moving bar on a terminal, two plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::io::{IsTerminal, stderr};

/// A download under way.
#[derive(Debug)]
pub struct Download {
    name: String,
    size: u64,
    bar: ProgressBar,
}

impl Download {
    /// Shows that `size` bytes of `name` begin to come.
    #[must_use]
    pub fn new(name: &str, size: u64) -> Self {
        if !stderr().is_terminal() {
            eprintln!("{name}: fetching {} MB", size / 1_000_000);
        }
        let style =
            ProgressStyle::with_template("{msg}: {bar:30} {bytes}/{total_bytes}, {eta} left");
        let bar = ProgressBar::new(size).with_message(name.to_string());
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { name: name.to_string(), size, bar }
    }

    /// Shows that so many bytes are there.
    pub fn at(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Leaves one line that says it is done.
    pub fn done(&self) {
        self.bar.finish_and_clear();
        let seconds = self.bar.elapsed().as_secs();
        eprintln!("{}: fetched {} MB in {seconds} s", self.name, self.size / 1_000_000);
    }
}

/// Work whose steps can be counted.
#[derive(Debug)]
pub struct Steps {
    name: String,
    what: &'static str,
    bar: ProgressBar,
    /// When the last line was written where there is no terminal.
    said: Cell<u64>,
}

/// Seconds between lines where there is no terminal.
const EVERY: u64 = 60;

impl Steps {
    /// Shows that about so many steps begin.
    #[must_use]
    pub fn new(name: &str, what: &'static str, steps: u64) -> Self {
        if !stderr().is_terminal() {
            eprintln!("{name}: {what}");
        }
        let style = ProgressStyle::with_template("{msg}: {bar:30} {percent}%, {elapsed}");
        let bar = ProgressBar::new(steps).with_message(format!("{name}: {what}"));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { name: name.to_string(), what, bar, said: Cell::new(0) }
    }

    /// Shows that so many are done.
    pub fn at(&self, steps: u64) {
        self.bar.set_position(steps.min(self.bar.length().unwrap_or(steps)));
        let minute = self.bar.elapsed().as_secs() / EVERY;
        if minute > self.said.replace(minute) && !stderr().is_terminal() {
            eprintln!("{}: {}, step {steps}, {minute} min", self.name, self.what);
        }
    }

    /// Leaves one line that says it is done.
    pub fn done(&self) {
        self.bar.finish_and_clear();
        eprintln!("{}: {} took {} s", self.name, self.what, self.bar.elapsed().as_secs());
    }
}
