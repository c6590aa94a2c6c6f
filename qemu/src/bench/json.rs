//! The figures for programs.

use super::cells::{Cell, find};
use super::contestant::Contestant;
use super::table::ROWS;

/// One object: the kernel's release and a list of cells. A contestant that can't load a form, or can't be had, has
/// no figures.
#[must_use]
pub fn of(cells: &[Cell], release: &str) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| one(cells, cell)).collect();
    format!("{{\"kernel\": {}, \"cells\": [\n{}\n]}}\n", text(release), cells.join(",\n"))
}

/// One cell: each figure, and its ratio to the floor's under `NAME_ratio`.
fn one(cells: &[Cell], (key, figures): &Cell) -> String {
    let mut fields = vec![
        format!("\"modules\": {}", key.size),
        format!("\"form\": {}", text(key.form.name())),
        format!("\"contestant\": {}", text(&key.contestant.name())),
    ];
    let floor = find(cells, key.size, key.form, &Contestant::Floor);
    for (_, name, of) in ROWS {
        let Some(figure) = figures.as_ref().map(of) else { continue };
        fields.push(format!("\"{name}\": {figure}"));
        if let Some(floor) = floor.as_ref().map(of).filter(|floor| *floor > 0) {
            fields.push(format!("\"{name}_ratio\": {:.4}", figure as f64 / floor as f64));
        }
    }
    format!("  {{{}}}", fields.join(", "))
}

/// A text as JSON has it.
fn text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(text("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
