//! What insinit has to reach, as far as it was measured.

use super::cells::{Cell, Figures, Key, find};
use super::contestant::Contestant;
use insinit_initramfs::Compression;

/// A goal: what it is about, what was found, the most it may be.
struct Goal {
    what: &'static str,
    found: f64,
    most: f64,
}

/// Prints each goal; gives whether all are met.
#[must_use]
pub fn shown(cells: &[Cell]) -> bool {
    let mut met = true;
    for (key, figures) in cells.iter().filter(|(key, _)| key.contestant == Contestant::Insinit) {
        let floor = find(cells, key.size, key.form, &Contestant::Floor);
        let zlib = find(cells, key.size, key.form, &Contestant::Zlib);
        let zlib = zlib.map_or(0, |zlib| zlib.counts.outside);
        for goal in figures.iter().flat_map(|figures| goals(key, figures, floor.as_ref(), zlib)) {
            let good = goal.found <= goal.most;
            let (mark, Goal { what, found, most }) = (if good { "ok  " } else { "FAIL" }, goal);
            println!("{mark}  {:2} modules, {what}: {found:.3}, at most {most:.3}", key.size);
            met &= good;
        }
    }
    met
}

/// The goals of a cell of insinit's; `zlib` is what the floor
/// with zlib takes for the same files outside its load calls, if it was measured.
fn goals(key: &Key, figures: &Figures, floor: Option<&Figures>, zlib: u64) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut add =
        |what, found: u64, most: f64| goals.push(Goal { what, found: found as f64, most });
    if key.form == Compression::None {
        add("system calls", figures.counts.calls, (4 * key.size + 20) as f64);
        add("private KiB", figures.memory.private, 24.0);
        add("PSS in KiB", figures.memory.pss, figures.binary as f64 / 1024.0 + 24.0);
        add("image in bytes", figures.image, 0.6 * figures.binary as f64 + 1024.0);
    }
    if let (Compression::None, Some(floor)) = (key.form, floor) {
        let ratio = figures.counts.outside as f64 / floor.counts.outside as f64;
        goals.push(Goal { what: "instructions / the floor's", found: ratio, most: 1.1 });
    }
    if zlib > 0 {
        let ratio = figures.counts.outside as f64 / zlib as f64;
        goals.push(Goal { what: "instructions / the zlib floor's", found: ratio, most: 1.2 });
    }
    goals
}
