//! The figures as a picture: bars of each contestant's own instructions, for light and dark pages.

use super::cells::{Cell, find};
use super::contestant::Contestant;
use super::sets::{FORMS, Form};
use super::table::grouped;
use std::fmt::Write;

/// Pixels of a bar, its row, a heading, the names' column and the longest bar.
const BAR: usize = 14;
const ROW: usize = 20;
const HEADING: usize = 34;
const NAMES: usize = 150;
const LONGEST: f64 = 420.0;
const WIDTH: usize = 760;

/// Colours: ours and everybody's, text and ground, by the page's scheme.
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.ground { fill: #ffffff } .bar { fill: #8c959f } .ours { fill: #0969da } .head { font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .ground { fill: #0d1117 } .bar { fill: #6e7681 } .ours { fill: #4493f8 }
}";

/// An SVG of all sets and forms. A bar's length is the logarithm of the ratio to the floor: the peers
/// differ by hundreds.
#[must_use]
pub fn of(cells: &[Cell]) -> String {
    let (mut body, mut y) = (String::new(), 10);
    for form in FORMS {
        for size in form.sizes() {
            group(cells, *size, form, &mut body, &mut y);
        }
    }
    let height = y + 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>Instructions outside the load calls\
         </title>\n<style>\n{STYLE}\n</style>\n<rect class=\"ground\" width=\"{WIDTH}\" \
         height=\"{height}\"/>\n{body}</svg>\n"
    )
}

/// The bars of a set in a form, below each other; nothing where nothing was measured.
fn group(cells: &[Cell], size: usize, form: Form, body: &mut String, y: &mut usize) {
    let rows: Vec<(&Contestant, u64)> = cells
        .iter()
        .filter(|(key, _)| key.size == size && key.form == form)
        .filter_map(|(key, figures)| Some((&key.contestant, figures.as_ref()?.counts.outside)))
        .collect();
    let (Some(least), Some(most)) =
        (rows.iter().map(|row| row.1).min(), rows.iter().map(|row| row.1).max())
    else {
        return;
    };
    let floor = find(cells, size, form, &Contestant::Floor).map(|floor| floor.counts.outside);
    let name = form.name();
    let title = format!("{size} modules, {name}: instructions outside the load calls");
    let _ = writeln!(body, "<text class=\"head\" x=\"10\" y=\"{}\">{title}</text>", *y + 18);
    *y += HEADING - ROW / 2;
    for (contestant, outside) in rows {
        let class = if *contestant == Contestant::Insinit { "ours" } else { "bar" };
        let length = length(outside, least, most);
        let ratio = floor.map_or(String::new(), |floor| {
            format!(" ({:.2})", outside as f64 / floor.max(1) as f64)
        });
        let (middle, end) = (*y + BAR - 3, NAMES as f64 + length + 6.0);
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{NAMES}\" y=\"{y}\" width=\"{length:.0}\" height=\"{BAR}\"/>\
             <text x=\"{end:.0}\" y=\"{middle}\">{}{ratio}</text>",
            NAMES - 8,
            escaped(&contestant.name()),
            grouped(outside)
        );
        *y += ROW;
    }
    *y += ROW / 2;
}

/// A bar's length: the least has a tenth of the longest's.
fn length(value: u64, least: u64, most: u64) -> f64 {
    let log = |number: u64| (number.max(1) as f64).ln();
    let span = (log(most) - log(least)).max(0.01);
    LONGEST * (0.1 + 0.9 * (log(value) - log(least)) / span)
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::boot::Counts;
    use super::super::cells::{Figures, Key};
    use super::*;

    #[test]
    fn every_contestant_that_was_measured_has_a_bar() {
        let cell = |contestant, outside| {
            let counts = Counts { outside, ..Counts::default() };
            let key = Key { size: 12, form: Form::PLAIN, contestant };
            (key, Some(Figures { counts, ..Figures::default() }))
        };
        let mut cells = vec![cell(Contestant::Floor, 1000), cell(Contestant::Insinit, 1100)];
        cells.push((Key { contestant: Contestant::Kmod, ..cells[0].0.clone() }, None));
        let picture = of(&cells);
        assert_eq!(picture.matches("height=\"14\"").count(), 2);
        assert!(
            picture.contains("class=\"ours\"") && picture.contains("1,100 (1.10)"),
            "{picture}"
        );
        assert!(picture.contains("prefers-color-scheme: dark"));
        assert!(length(1000, 1000, 1100) < length(1100, 1000, 1100));
    }
}
