//! What the picture shows, read back from its shapes.

use super::*;

/// A text of the picture: its class, where it starts and ends, its line, what it says.
struct Text {
    class: String,
    from: f64,
    to: f64,
    y: f64,
    says: String,
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let from = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    tag[from..].split('"').next().unwrap()
}

fn texts(svg: &str) -> Vec<Text> {
    let tags = svg.lines().filter(|line| line.starts_with("<text"));
    tags.map(|tag| {
        let says = tag[tag.find('>').unwrap() + 1..].trim_end_matches("</text>").to_string();
        let class = attribute(tag, "class").to_string();
        let font = if class.contains("head") { 15.0 } else { FONT };
        let width = says.chars().count() as f64 * font * LETTER;
        let number = |name| attribute(tag, name).parse::<f64>().unwrap();
        let x = number("x");
        let from = match class.as_str() {
            "mid" => x - width / 2.0,
            class if class.contains("end") || class == "bad" => x - width,
            _ => x,
        };
        Text { class, from, to: from + width, y: number("y"), says }
    })
    .collect()
}

/// A boot of so many modules with long and short names by four workers.
fn log(count: u64) -> String {
    let mut log = String::new();
    for n in 0..count {
        let name =
            format!("m{n}{}", "_a_rather_long_name_for_a_module".get(..n as usize % 33).unwrap());
        let (start, worker) = (2_000_000 + n / 4 * 100_000, n % 4 + 1);
        let end = start + 10_000 * (n % 10) + 77;
        let load = end - start - 40;
        log.push_str(&format!(
            "insinit: time {name}: start {start} read 20 inflate 20 load {load} end {end} worker {worker}\n\
             insinit: load {name}: {}\n",
            if n % 7 == 0 { "failed ENOENT: unknown symbol" } else { "loaded 1.0 ms" }
        ));
    }
    let end = 2_000_000 + count / 4 * 100_000 + 150_000;
    log + &format!("insinit: boot: start 1900000 plan 100000 load 1 end {end}\n")
}

#[test]
fn no_text_overlaps_another_or_leaves_the_picture() {
    for count in [1, 5, 60, 200] {
        let svg = draw(&Timeline::of(&log(count)).unwrap());
        let found = texts(&svg);
        let height: f64 = attribute(svg.lines().next().unwrap(), "height").parse().unwrap();
        for (at, text) in found.iter().enumerate() {
            let says = &text.says;
            assert!(text.from >= 0.0 && text.to <= WIDTH && text.y < height, "{says} is outside");
            for other in &found[at + 1..] {
                let beside = text.to <= other.from || other.to <= text.from;
                let apart = (text.y - other.y).abs() >= FONT;
                assert!(beside || apart, "{says} over {} among {count}", other.says);
            }
        }
    }
}

#[test]
fn every_module_has_a_row_and_every_worker_a_lane() {
    let svg = draw(&Timeline::of(&log(60)).unwrap());
    let found = texts(&svg);
    let says = |text: &str| found.iter().any(|found| found.says == text);
    assert!((1..=4).all(|worker| says(&format!("worker {worker}"))) && !says("worker 5"));
    let rows = found
        .iter()
        .filter(|text| text.class != "dim" && text.says.starts_with('m') && text.from == MARGIN);
    assert_eq!(rows.count(), 60);
    assert!(says("failed ENOENT") && found.iter().any(|text| text.class == "hot"));
    assert!(svg.contains("prefers-color-scheme:dark"));
}

#[test]
fn the_totals_are_said_in_words() {
    let found = words(&Timeline::of(&log(8)).unwrap());
    assert!(
        found[0].starts_with(
            "2.35 s from the kernel's start to exec: 1.90 s kernel, 100 ms lists and look-ups"
        ),
        "{found:?}"
    );
    assert!(found[0].contains("for 8 modules by 4 workers"), "{found:?}");
    assert!(found[1].contains("inflating") && found[2].starts_with("Critical path: "), "{found:?}");
}

#[test]
fn times_are_short_and_ticks_are_round() {
    let names = [0, 999, 1_500, 99_000, 150_000, 2_345_678].map(time);
    assert_eq!(names, ["0 µs", "999 µs", "1.5 ms", "99.0 ms", "150 ms", "2.35 s"]);
    let ticks = [0, 50, 2_000, 500_000, 1_000_000, 2_500_000].map(tick_name);
    assert_eq!(ticks, ["0", "50 µs", "2 ms", "500 ms", "1 s", "2.5 s"]);
}

#[test]
fn the_shortest_boot_can_be_drawn() {
    let log = "insinit: time a: start 5 read 0 inflate 0 load 0 end 5 worker 1\ninsinit: load a: loaded 0.0 ms";
    assert!(draw(&Timeline::of(log).unwrap()).contains("one after the other"));
}

#[test]
fn whether_it_can_be_drawn_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (new, old) = (folder.path().join("new.svg"), folder.path().join("old.svg"));
    fs::write(&old, "old").unwrap();
    check(&new).unwrap();
    check(&old).unwrap();
    assert!(!new.exists());
    assert_eq!(fs::read_to_string(&old).unwrap(), "old");
    assert!(check(folder.path()).is_err());
}
