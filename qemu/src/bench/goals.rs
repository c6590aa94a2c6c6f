//! What insinit has to reach, as far as it was measured.

use super::cells::{Cell, Figures, Key, find};
use super::contestant::Contestant;
use super::sets::Form;

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
        let beside = |who| find(cells, key.size, key.form, &who);
        let (floor, kmod) = (beside(Contestant::Floor), beside(Contestant::Kmod));
        let zlib = beside(Contestant::Zlib).map_or(0, |zlib| zlib.counts.outside);
        let all = |figures| match key.form {
            Form::Names => by_name(figures, floor, kmod),
            Form::Packed(_) => goals(key, figures, floor.as_ref(), zlib),
        };
        for goal in figures.iter().flat_map(all) {
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
    if key.form == Form::PLAIN {
        add("system calls", figures.counts.calls, (4 * key.size + 20) as f64);
        add("private KiB", figures.memory.private, 24.0);
        add("PSS in KiB", figures.memory.pss, figures.binary as f64 / 1024.0 + 24.0);
        add("image in bytes", figures.image, 0.6 * figures.binary as f64 + 1024.0);
    }
    if let (Form::PLAIN, Some(floor)) = (key.form, floor) {
        let ratio = figures.counts.outside as f64 / floor.counts.outside as f64;
        goals.push(Goal { what: "instructions / the floor's", found: ratio, most: 1.1 });
    }
    if zlib > 0 {
        let ratio = figures.counts.outside as f64 / zlib as f64;
        goals.push(Goal { what: "instructions / the zlib floor's", found: ratio, most: 1.2 });
    }
    goals
}

/// The goals where names are looked up in a whole tree: what that takes, beside what loading the same files by
/// path does.
fn by_name(figures: &Figures, floor: Option<Figures>, kmod: Option<Figures>) -> Vec<Goal> {
    let private = figures.memory.private as f64;
    let mut goals = vec![Goal { what: "private KiB", found: private, most: 1024.0 }];
    if let (Some(floor), Some(kmod)) = (floor, kmod) {
        let above = |figures: &Figures| figures.counts.outside.saturating_sub(floor.counts.outside);
        let found = above(figures) as f64 / above(&kmod).max(1) as f64;
        goals.push(Goal { what: "look-ups / modprobe -a", found, most: 1.0 / 3.0 });
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::super::boot::{Counts, Memory};
    use super::*;

    #[test]
    fn looking_names_up_counts_without_what_loading_takes() {
        let of = |outside, private| Figures {
            counts: Counts { outside, ..Counts::default() },
            memory: Memory { private, ..Memory::default() },
            ..Figures::default()
        };
        let found = by_name(&of(300, 44), Some(of(100, 8)), Some(of(1100, 500)));
        assert_eq!(found.iter().map(|goal| goal.found).collect::<Vec<_>>(), [44.0, 0.2]);
        assert_eq!(by_name(&of(300, 44), Some(of(100, 8)), None).len(), 1);
    }
}
