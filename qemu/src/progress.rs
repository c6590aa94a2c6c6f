//! One line that shows a download: a moving bar on a terminal, two plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
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
