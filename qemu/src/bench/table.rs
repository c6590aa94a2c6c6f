//! The figures for people: a table for each set and form, every figure with its ratio to the floor's.

use super::cells::{Cell, Figures, find};
use super::contestant::Contestant;
use super::sets::{self, Form};
use std::fmt::Write;

/// A figure: how it is called for people and in JSON, and how it is found.
pub type Row = (&'static str, &'static str, fn(&Figures) -> u64);

/// What is shown of the figures.
pub const ROWS: [Row; 10] = [
    ("outside load calls", "instructions_outside", |figures| figures.counts.outside),
    ("all instructions", "instructions", |figures| figures.counts.total),
    ("inflating, marked", "instructions_marked", |figures| figures.counts.marked),
    ("system calls", "system_calls", |figures| figures.counts.calls),
    ("page faults", "page_faults", |figures| figures.counts.faults),
    ("private, KiB", "private_kib", |figures| figures.memory.private),
    ("PSS, KiB", "pss_kib", |figures| figures.memory.pss),
    ("processes", "processes", |figures| figures.memory.processes),
    ("program, bytes", "program_bytes", |figures| figures.binary),
    ("image, gzip -9", "image_bytes", |figures| figures.image),
];

/// How wide a column is.
const WIDTH: usize = 22;

/// All tables.
#[must_use]
pub fn shown(cells: &[Cell]) -> String {
    sets::all().into_iter().map(|(size, form)| one(cells, size, form)).collect()
}

/// The table of a set and a form; nothing where nothing was measured.
fn one(cells: &[Cell], size: usize, form: Form) -> String {
    let rows: Vec<&Cell> =
        cells.iter().filter(|(key, _)| key.size == size && key.form == form).collect();
    if rows.is_empty() {
        return String::new();
    }
    let floor = find(cells, size, form, &Contestant::Floor);
    let mut text = format!("\n{size} modules, {}\n\n{:20}", form.name(), "");
    for (name, _, _) in ROWS {
        let _ = write!(text, "{name:>WIDTH$}");
    }
    for (key, figures) in &rows {
        let _ = write!(text, "\n{:20}", key.contestant.name());
        for (_, _, of) in ROWS {
            let _ =
                write!(text, "{:>WIDTH$}", cell(figures.as_ref().map(of), floor.as_ref().map(of)));
        }
    }
    let shown = rows.iter().filter(|(_, figures)| figures.is_some());
    for (key, note) in shown.filter_map(|(key, _)| Some((key, key.contestant.note()?))) {
        let _ = write!(text, "\n{}: {note}", key.contestant.name());
    }
    text + "\n"
}

/// A figure and its ratio to the floor's.
fn cell(figure: Option<u64>, floor: Option<u64>) -> String {
    match (figure, floor) {
        (None, _) => "–".into(),
        (Some(figure), Some(floor)) if floor > 0 => {
            format!("{} ({})", grouped(figure), ratio(figure as f64 / floor as f64))
        }
        (Some(figure), _) => grouped(figure),
    }
}

/// Three digits of it.
fn ratio(ratio: f64) -> String {
    match ratio {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.2}"),
    }
}

/// With commas.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_commas_and_a_ratio() {
        assert_eq!(cell(Some(1_234_567), Some(1_000_000)), "1,234,567 (1.23)");
        assert_eq!(cell(Some(12), None), "12");
        assert_eq!(cell(None, Some(1)), "–");
        assert_eq!((ratio(123.4), ratio(12.34)), ("123".into(), "12.3".into()));
    }
}
