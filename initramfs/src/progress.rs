//! A bar on the terminal, if the work takes longer than a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a run may be silent.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts steps and shows them, or not.
pub struct Progress {
    shown: bool,
    state: Mutex<State>,
}

struct State {
    bar: ProgressBar,
    since: Instant,
}

impl Progress {
    /// One that shows a bar if standard error is a terminal.
    pub fn new(shown: bool) -> Progress {
        let state = State { bar: ProgressBar::hidden(), since: Instant::now() };
        Progress { shown, state: Mutex::new(state) }
    }

    /// One that shows nothing.
    pub fn none() -> Progress {
        Progress::new(false)
    }

    /// Begins a piece of work of some steps.
    pub fn start(&self, what: &'static str, steps: usize) {
        let Ok(mut state) = self.state.lock() else { return };
        state.bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        state.bar.set_message(what);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
        state.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// One step is done.
    pub fn step(&self) {
        let Ok(state) = self.state.lock() else { return };
        state.bar.inc(1);
        if self.shown && state.bar.is_hidden() && state.since.elapsed() > PATIENCE {
            state.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// The work is done.
    pub fn end(&self) {
        if let Ok(state) = self.state.lock() {
            state.bar.finish_and_clear();
        }
    }
}
