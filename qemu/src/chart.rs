//! Draws a boot's timeline as an SVG picture: `cargo qemu chart`, `cargo qemu boot --chart`.
//!
//! Above: the whole way from the kernel's start to the exec, and a lane for each worker. Below: a row
//! for each module, what was spent on reading, inflating and in the kernel, the critical path marked.
//! Light or dark as its reader likes it.

use crate::svg::{LETTER, Svg, cut};
use crate::timeline::{Row, Timeline};
use anyhow::{Context, Result};
use std::fs;
use std::io::Read;
use std::path::Path;

/// The picture's width: a README's column.
const WIDTH: f64 = 920.0;
const MARGIN: f64 = 16.0;
/// The names' column: so many letters.
const NAME: usize = 24;
/// The column of lengths and results.
const RIGHT: f64 = 120.0;
const FONT: f64 = 11.0;
const ROW: f64 = 16.0;
const BAR: f64 = 10.0;
const LANE: f64 = 20.0;
/// The most that the kernel's own start may take of the time's width.
const KERNEL: f64 = 0.14;

/// Fonts and colours; without variables, which not every renderer knows.
const STYLE: &str = "\
text{font:11px ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace;fill:#1f2328}
.paper{fill:#fff}.head{font-size:15px;font-weight:bold}.dim,.mid{fill:#656d76}
.end,.bad{text-anchor:end}.mid{text-anchor:middle}.bad{fill:#cf222e}
.on{fill:#fff}.hot{fill:#bf3989;font-weight:bold}
.kernel{fill:#afb8c1}.plan{fill:#8c959f}.rest{fill:#afb8c1}
.read{fill:#8c959f}.inflate{fill:#d4a72c}.load{fill:#2f81f7}
.mark{fill:none;stroke:#bf3989;stroke-width:1.5}.dot{fill:#bf3989}
.grid{stroke:#d8dee4;fill:none}.cut{stroke:#fff;stroke-width:2;fill:none}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}.paper{fill:#0d1117}.dim,.mid{fill:#9198a1}.bad{fill:#f85149}
.on{fill:#fff}.hot{fill:#f778ba}.kernel,.rest{fill:#484f58}.plan{fill:#6e7681}
.read{fill:#8b949e}.inflate{fill:#d29922}.load{fill:#1f6feb}
.mark{stroke:#f778ba}.dot{fill:#f778ba}.grid{stroke:#30363d}.cut{stroke:#0d1117}
}
";

/// Reads the log in `from`, `-` for standard input, and draws it to `to`.
///
/// # Errors
/// The log can't be read, tells no times, or the picture can't be written.
pub fn run(from: &Path, to: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    match from.as_os_str() == "-" {
        true => drop(std::io::stdin().read_to_end(&mut bytes)?),
        false => {
            bytes = fs::read(from).with_context(|| format!("can't read {}", from.display()))?
        }
    }
    write(&String::from_utf8_lossy(&bytes), to).with_context(|| from.display().to_string())
}

/// Sees to it that the picture can be written, before a boot would be lost. Leaves nothing behind.
///
/// # Errors
/// It can't be written.
pub fn check(to: &Path) -> Result<()> {
    let is_new = !to.exists();
    let opened = fs::OpenOptions::new().append(true).create(true).open(to);
    opened.with_context(|| format!("can't write {}", to.display()))?;
    if is_new { Ok(fs::remove_file(to)?) } else { Ok(()) }
}

/// Draws a log's text to `to`, and says in words what it shows.
///
/// # Errors
/// The text tells no times, or the picture can't be written.
pub fn write(text: &str, to: &Path) -> Result<()> {
    let timeline = Timeline::of(text)?;
    fs::write(to, draw(&timeline)).with_context(|| format!("can't write {}", to.display()))?;
    println!("{}\n{}", words(&timeline).join("\n"), to.display());
    Ok(())
}

/// Microseconds for people.
fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{:.1} ms", micros as f64 / 1e3),
        100_000..1_000_000 => format!("{:.0} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// The totals in words.
fn words(timeline: &Timeline) -> Vec<String> {
    let timed = || timeline.rows.iter().filter(|row| row.span.is_some());
    let sum = |part: fn(&Row) -> u64| timed().map(part).sum::<u64>();
    let (count, workers) = (timed().count(), timeline.workers());
    let span = |from: u64, to: u64| time(to.saturating_sub(from));
    let crew =
        if workers == 1 { "one after the other".into() } else { format!("by {workers} workers") };
    let mut words = vec![format!(
        "{} from the kernel's start to exec: {} kernel, {} lists and look-ups, {} for {count} modules \
         {crew}, {} to exec.",
        time(timeline.exec),
        time(timeline.began),
        span(timeline.began, timeline.planned),
        span(timeline.planned, timeline.loaded),
        span(timeline.loaded, timeline.exec),
    )];
    words.push(match timeline.exact {
        true => format!(
            "All modules' work: {}, of which {} in the kernel, {} inflating, {} reading.",
            time(sum(Row::length)),
            time(sum(Row::load)),
            time(sum(|row| row.inflate)),
            time(sum(|row| row.read))
        ),
        false => format!(
            "All modules' work: {}. By the kernel's time stamps; insinit.log=debug is exact.",
            time(sum(Row::length))
        ),
    });
    let critical: u64 = timeline.critical().map(Row::length).sum();
    let names: Vec<&str> = timeline.critical().map(|row| row.name.as_str()).collect();
    if workers > 1 {
        words.push(format!("Critical path: {}, {}.", time(critical), names.join(" → ")));
    }
    words
}

/// `text` in lines of so many letters.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is always one");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > letters {
            lines.push(cut(word, letters));
        } else {
            let space = if last.is_empty() { "" } else { " " };
            *last = format!("{last}{space}{}", cut(word, letters));
        }
    }
    lines
}

/// From microseconds to pixels.
struct Scale {
    left: f64,
    width: f64,
    began: u64,
    exec: u64,
    /// The kernel's start in pixels.
    kernel: f64,
}

impl Scale {
    fn new(timeline: &Timeline) -> Self {
        let left = MARGIN + (NAME as f64 + 3.0) * FONT * LETTER;
        let width = WIDTH - MARGIN - RIGHT - left;
        let (began, exec) = (timeline.began, timeline.exec.max(timeline.began + 1));
        let kernel = width * (began as f64 / exec as f64).min(KERNEL);
        Self { left, width, began, exec, kernel }
    }

    fn x(&self, micros: u64) -> f64 {
        if micros < self.began {
            return self.left + self.kernel * micros as f64 / self.began as f64;
        }
        let share = (micros - self.began) as f64 / (self.exec - self.began) as f64;
        self.left + self.kernel + (self.width - self.kernel) * share.min(1.0)
    }

    /// The kernel's start is drawn shorter than it was.
    fn is_cut(&self) -> bool {
        self.began as f64 / self.exec as f64 > KERNEL
    }

    /// Round times from the loader's beginning on, about eight.
    fn ticks(&self) -> Vec<u64> {
        let span = (self.exec - self.began).max(8) as f64;
        let raw = span / 8.0;
        let power = 10_f64.powf(raw.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= raw);
        let step = ((factor.unwrap_or(10.0) * power) as u64).max(1);
        (0..).map(|n| n * step).take_while(|at| self.began + at <= self.exec).collect()
    }
}

/// The picture.
#[must_use]
pub fn draw(timeline: &Timeline) -> String {
    let (mut svg, scale) = (Svg::default(), Scale::new(timeline));
    let letters = ((WIDTH - 2.0 * MARGIN) / (FONT * LETTER)) as usize;
    let text: Vec<String> =
        words(timeline).iter().flat_map(|line| wrapped(line, letters)).collect();
    let top = MARGIN + 18.0 + text.len() as f64 * ROW + 22.0;
    let lanes = top + 14.0 + LANE;
    let rows = lanes + timeline.workers() as f64 * LANE + 18.0;
    let bottom = rows + timeline.rows.len() as f64 * ROW;
    let height = bottom + 40.0;
    svg.rect("paper", (0.0, 0.0), (WIDTH, height), "");
    svg.text("head", (MARGIN, MARGIN + 12.0), "insinit: where the boot's time went");
    for (at, line) in text.iter().enumerate() {
        svg.text("dim", (MARGIN, MARGIN + 32.0 + at as f64 * ROW), line);
    }
    grid(&mut svg, &scale, top, bottom);
    stages(&mut svg, &scale, timeline, top + 14.0);
    for worker in 0..timeline.workers() {
        let y = lanes + worker as f64 * LANE;
        svg.text("dim", (MARGIN, y + 13.0), &format!("worker {}", worker + 1));
        let own = |row: &&Row| row.worker == worker && row.span.is_some();
        timeline.rows.iter().filter(own).for_each(|row| block(&mut svg, &scale, row, y));
    }
    for (at, row) in timeline.rows.iter().enumerate() {
        bar(&mut svg, &scale, row, rows + at as f64 * ROW, timeline.workers() > 1);
    }
    legend(&mut svg, timeline, bottom + 24.0);
    svg.finish((WIDTH, height), &words(timeline)[0], STYLE)
}

/// The time's axis: how long after the loader's beginning.
fn grid(svg: &mut Svg, scale: &Scale, top: f64, bottom: f64) {
    let mut free = scale.left;
    for tick in scale.ticks() {
        let (x, label) = (scale.x(scale.began + tick), format!("+{}", tick_name(tick)));
        let half = label.chars().count() as f64 * FONT * LETTER / 2.0;
        svg.line("grid", (x, top + 4.0), (x, bottom));
        if x - half > free {
            svg.text("mid", (x, top), &label);
            free = x + half + FONT;
        }
    }
}

/// A tick's time without needless zeros.
fn tick_name(micros: u64) -> String {
    match micros {
        0 => "0".into(),
        _ if micros.is_multiple_of(1_000_000) => format!("{} s", micros / 1_000_000),
        _ if micros >= 1_000_000 => format!("{} s", micros as f64 / 1e6),
        _ if micros >= 1_000 => format!("{} ms", micros as f64 / 1e3),
        _ => format!("{micros} µs"),
    }
}

/// The whole way: kernel, look-ups, modules, handover.
fn stages(svg: &mut Svg, scale: &Scale, timeline: &Timeline, y: f64) {
    let Timeline { began, planned, loaded, exec, .. } = *timeline;
    svg.text("dim", (MARGIN, y + 11.0), "boot");
    for (class, name, from, to) in [
        ("kernel", "kernel", 0, began),
        ("plan", "lists", began, planned),
        ("load", "modules", planned, loaded),
        ("rest", "exec", loaded, exec),
    ] {
        let tells = format!("{name}: {}", time(to.saturating_sub(from)));
        let (x, width) = (scale.x(from), (scale.x(to) - scale.x(from)).max(0.5));
        svg.rect(class, (x, y), (width, LANE - 5.0), &tells);
        inside(svg, if class == "load" { "on" } else { "" }, (x, y + 11.0), width, &[&tells, name]);
    }
    if scale.is_cut() {
        let x = scale.x(began) - 6.0;
        svg.line("cut", (x - 3.0, y + LANE), (x + 3.0, y - 5.0));
    }
}

/// The first of `texts` that has room in a box, a little inside of it.
fn inside(svg: &mut Svg, class: &str, (x, y): (f64, f64), width: f64, texts: &[&str]) {
    let fits = |text: &&&str| (text.chars().count() as f64 * LETTER * FONT) + 6.0 <= width;
    if let Some(text) = texts.iter().find(fits) {
        svg.text(class, (x + 3.0, y), text);
    }
}

/// What is told of a row that is pointed at.
fn tells(row: &Row) -> String {
    let Row { name, result, .. } = row;
    let (read, inflate, load) = (time(row.read), time(row.inflate), time(row.load()));
    format!("{name}: {result}; read {read}, inflated here {inflate}, kernel {load}")
}

/// A module in its worker's lane.
fn block(svg: &mut Svg, scale: &Scale, row: &Row, y: f64) {
    let Some((start, end)) = row.span else { return };
    let (x, width) = (scale.x(start), (scale.x(end) - scale.x(start)).max(1.0));
    let room = (width - 1.0).max(0.7);
    svg.rect("load", (x, y), (room, LANE - 5.0), &tells(row));
    inside(svg, "on", (x, y + 11.0), room, &[&row.name]);
    if row.critical {
        svg.rect("dot", (x, y + LANE - 4.5), (room, 2.0), "");
    }
}

/// A module's own row.
fn bar(svg: &mut Svg, scale: &Scale, row: &Row, y: f64, marks: bool) {
    let (base, hot) = (y + BAR, row.critical && marks);
    let mark = if hot { "hot" } else { "" };
    svg.text(mark, (MARGIN, base), &cut(&row.name, NAME));
    let right = WIDTH - MARGIN;
    let good = row.result == "loaded";
    let Some((start, end)) = row.span else {
        let class = if row.result.starts_with("already") { "end dim" } else { "bad" };
        return svg.text(class, (right, base), &row.result);
    };
    let length = time(row.length());
    match good {
        true => svg.text("end", (right, base), &length),
        false if row.result == "absent" => svg.text("end dim", (right, base), &row.result),
        false => svg.text("bad", (right, base), &cut(&row.result, 16)),
    }
    let parts = [("read", row.read), ("inflate", row.inflate), ("load", row.load())];
    let mut at = start;
    for (class, micros) in parts.into_iter().filter(|(_, micros)| *micros > 0) {
        let (x, to) = (scale.x(at), scale.x(at + micros));
        svg.rect(class, (x, y + 1.0), ((to - x).max(0.7), BAR), &tells(row));
        at += micros;
    }
    if hot {
        let (x, width) = (scale.x(start), (scale.x(end) - scale.x(start)).max(1.0));
        svg.rect("mark", (x - 1.0, y), (width + 2.0, BAR + 2.0), "");
    }
}

/// What the colours mean.
fn legend(svg: &mut Svg, timeline: &Timeline, y: f64) {
    let mut entries = vec![("load", "the kernel loads it"), ("kernel", "not the modules")];
    if timeline.exact {
        entries.splice(0..0, [("read", "opened, told apart"), ("inflate", "inflated by insinit")]);
    }
    if timeline.workers() > 1 {
        entries.push(("dot", "critical path"));
    }
    let mut x = MARGIN;
    for (class, text) in entries {
        svg.rect(class, (x, y - 9.0), (10.0, 10.0), "");
        svg.text("dim", (x + 15.0, y), text);
        x += 15.0 + (text.chars().count() as f64 + 3.0) * FONT * LETTER;
    }
}

#[cfg(test)]
mod tests;
