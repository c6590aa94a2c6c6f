//! Loading side by side: the same as one after the other, sooner; and what goes wrong beside others.
//!
//! Where lengths matter the guest's clock counts instructions (`-icount`), so that neither the host's load
//! nor a wait's length counts.

use super::limits::SIXTY;
use crate::scenario::{AARCH64, ALL, Ends, Image, Made, NOTHING, PLAIN, Scenario, X86_64};
use crate::timeline::Timeline;
use insinit::line;
use std::collections::BTreeSet;

/// A clock of instructions.
const ICOUNT: &[&str] = &["-icount", "shift=1,sleep=off"];

/// Sixty modules by four workers.
pub const SIDE_BY_SIDE: Scenario = Scenario {
    name: "side by side: sixty modules by four workers",
    on: ALL,
    image: Image { modules: SIXTY, list: true, ..NOTHING },
    words: "insinit.jobs=auto",
    cpus: 4,
    expect: &["done: 61 loaded,", "exec /sbin/init", "guest: pid 1", "guest: modules 61"],
    once: &["load sch_cake: loaded", "load x_tables: loaded", "load xt_u32: loaded"],
    ..PLAIN
};

/// What became of each module, whatever the order.
pub fn set(lines: &[String]) -> BTreeSet<(String, String)> {
    let said = lines.iter().filter_map(|line| line::parse(line));
    let loads = said.filter(|line| line.verb == "load");
    loads.map(|line| (line.subject.to_string(), line.result.to_string())).collect()
}

/// Four chains of five, crossed; no order but this lets four workers be done in the least time.
const GRAPH: &str = "\
tm_slow1.ko:
tm_slow2.ko:
tm_slow3.ko:
tm_slow4.ko:
tm_slow5.ko: tm_slow1.ko
tm_slow6.ko: tm_slow2.ko
tm_slow7.ko: tm_slow3.ko
tm_slow8.ko: tm_slow4.ko tm_slow1.ko
tm_slow9.ko: tm_slow5.ko tm_slow2.ko
tm_slow10.ko: tm_slow6.ko
tm_slow11.ko: tm_slow7.ko tm_slow4.ko
tm_slow12.ko: tm_slow8.ko
tm_slow13.ko: tm_slow9.ko
tm_slow14.ko: tm_slow10.ko
tm_slow15.ko: tm_slow11.ko tm_slow2.ko
tm_slow16.ko: tm_slow12.ko
tm_slow17.ko: tm_slow13.ko
tm_slow18.ko: tm_slow14.ko
tm_slow19.ko: tm_slow15.ko
tm_slow20.ko: tm_slow16.ko
";

/// How much longer than the least that is possible.
const MOST: f64 = 1.15;

/// Checks a boot of [`GRAPH`] by the figures of its own log.
fn graph(lines: &[String]) -> Vec<String> {
    let Ok(timeline) = Timeline::of(&lines.join("\n")) else { return vec!["no times".into()] };
    let mut faults = vec![];
    let row = |file: &str| {
        let name = file.trim_end_matches(".ko");
        timeline.rows.iter().find(|row| row.name == name && row.span.is_some())
    };
    // The longest way to each module's end, in the graph's order.
    let mut ways: Vec<(&str, u64)> = vec![];
    for (file, needs) in GRAPH.lines().filter_map(|line| line.split_once(':')) {
        let Some(found) = row(file) else { return vec![format!("{file}: no times")] };
        let mut way = 0;
        for needed in needs.split_whitespace() {
            let before = row(needed).and_then(|row| row.span).map_or(u64::MAX, |(_, end)| end);
            if found.span.is_none_or(|(start, _)| start < before) {
                faults.push(format!("{file} began before {needed} was there"));
            }
            let longest = ways.iter().find(|(name, _)| *name == needed).map_or(0, |(_, way)| *way);
            way = way.max(longest);
        }
        ways.push((file, way + found.length()));
    }
    let longest = ways.iter().map(|(_, way)| *way).max().unwrap_or_default();
    let work: u64 = timeline.rows.iter().map(|row| row.length()).sum();
    let (least, took) = (longest.max(work / 4), timeline.loaded - timeline.planned);
    let ratio = took as f64 / least as f64;
    if ratio > MOST || timeline.workers() != 4 {
        let workers = timeline.workers();
        faults.push(format!("{took} µs by {workers} workers, {ratio:.3} of the least possible"));
    }
    faults
}

pub(super) const SCENARIOS: &[Scenario] = &[
    SIDE_BY_SIDE,
    Scenario {
        name: "side by side: a graph of twenty in the least time",
        on: AARCH64,
        long: &["6.12-x86_64"],
        image: Image { files: SLOW, ..NOTHING },
        words: "insinit.jobs=4 insinit.log=debug insinit.dir=/flat insinit.modules=tm_slow1,tm_slow2,\
                tm_slow3,tm_slow4,tm_slow5,tm_slow6,tm_slow7,tm_slow8,tm_slow9,tm_slow10,tm_slow11,\
                tm_slow12,tm_slow13,tm_slow14,tm_slow15,tm_slow16,tm_slow17,tm_slow18,tm_slow19,\
                tm_slow20 tm_slow1.ms=50 tm_slow2.ms=300 tm_slow3.ms=150 tm_slow4.ms=100 \
                tm_slow5.ms=200 tm_slow6.ms=50 tm_slow7.ms=300 tm_slow8.ms=150 tm_slow9.ms=300 \
                tm_slow10.ms=200 tm_slow11.ms=50 tm_slow12.ms=200 tm_slow13.ms=150 tm_slow14.ms=100 \
                tm_slow15.ms=200 tm_slow16.ms=300 tm_slow17.ms=100 tm_slow18.ms=150 tm_slow19.ms=100 \
                tm_slow20.ms=50",
        cpus: 4,
        qemu: ICOUNT,
        expect: &["done: 20 loaded,", "exec /sbin/init", "guest: modules 20"],
        also: Some(graph),
        ..PLAIN
    },
    Scenario {
        name: "side by side: one that takes long is named, one that takes too long is left behind",
        on: X86_64,
        image: Image { modules: &["tm_slow1", "tm_slow2", "dummy"], ..NOTHING },
        words: "insinit.jobs=2 insinit.timeout=15 insinit.modules=tm_slow1,dummy,tm_slow2 \
                tm_slow1.ms=60000 tm_slow2.ms=12000",
        cpus: 2,
        qemu: ICOUNT,
        expect: &[
            "load dummy: loaded",
            "wait tm_slow1: loading for 10 s",
            "load tm_slow2: loaded",
            "load tm_slow1: failed ETIMEDOUT: still loading after 15 s",
            "done: 2 loaded, 1 failed,",
            "exec /sbin/init: leaves tm_slow1",
            "guest: pid 1",
        ],
        ..PLAIN
    },
    Scenario {
        name: "side by side: an oops ends its worker, the others go on",
        on: X86_64,
        image: Image { modules: &["tm_oops", "dummy", "brd"], ..NOTHING },
        words: "insinit.jobs=2 insinit.modules=tm_oops,dummy,brd",
        cpus: 2,
        expect: &["done: 2 loaded, 1 failed,", "exec /sbin/init", "guest: pid 1"],
        once: &["load tm_oops: failed ECHILD: its worker died, signal *", "load brd: loaded"],
        ..PLAIN
    },
    Scenario {
        name: "side by side: a required one fails, what runs comes to its end",
        on: X86_64,
        image: Image { modules: &["tm_slow1", "tm_err", "dummy"], ..NOTHING },
        words: "insinit.jobs=2 insinit.fail=poweroff insinit.modules=tm_slow1 \
                insinit.required=tm_err insinit.modules=dummy tm_err.err=5 tm_slow1.ms=3000",
        cpus: 2,
        expect: &[
            "load tm_err: failed EIO",
            "load tm_slow1: loaded",
            "stop poweroff: required tm_err failed; next was load dummy",
        ],
        forbid: &["load dummy: *", "exec /sbin/init"],
        end: Ends::Off,
        ..PLAIN
    },
];

/// The graph's files.
const SLOW: &[(Made, &str)] = &[
    (Made::Text(GRAPH), "/flat/modules.dep"),
    (Made::Plain("tm_slow1"), "/flat/tm_slow1.ko"),
    (Made::Plain("tm_slow2"), "/flat/tm_slow2.ko"),
    (Made::Plain("tm_slow3"), "/flat/tm_slow3.ko"),
    (Made::Plain("tm_slow4"), "/flat/tm_slow4.ko"),
    (Made::Plain("tm_slow5"), "/flat/tm_slow5.ko"),
    (Made::Plain("tm_slow6"), "/flat/tm_slow6.ko"),
    (Made::Plain("tm_slow7"), "/flat/tm_slow7.ko"),
    (Made::Plain("tm_slow8"), "/flat/tm_slow8.ko"),
    (Made::Plain("tm_slow9"), "/flat/tm_slow9.ko"),
    (Made::Plain("tm_slow10"), "/flat/tm_slow10.ko"),
    (Made::Plain("tm_slow11"), "/flat/tm_slow11.ko"),
    (Made::Plain("tm_slow12"), "/flat/tm_slow12.ko"),
    (Made::Plain("tm_slow13"), "/flat/tm_slow13.ko"),
    (Made::Plain("tm_slow14"), "/flat/tm_slow14.ko"),
    (Made::Plain("tm_slow15"), "/flat/tm_slow15.ko"),
    (Made::Plain("tm_slow16"), "/flat/tm_slow16.ko"),
    (Made::Plain("tm_slow17"), "/flat/tm_slow17.ko"),
    (Made::Plain("tm_slow18"), "/flat/tm_slow18.ko"),
    (Made::Plain("tm_slow19"), "/flat/tm_slow19.ko"),
    (Made::Plain("tm_slow20"), "/flat/tm_slow20.ko"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of the graph as four workers load it, the one named so much earlier.
    fn log(hasty: &str, early: u64) -> Vec<String> {
        let mut ends: Vec<(String, u64)> = vec![];
        let mut lines = vec![];
        for (at, (file, needs)) in GRAPH.lines().filter_map(|line| line.split_once(':')).enumerate()
        {
            let end = |needed: &str| ends.iter().find(|(file, _)| file == needed).map(|end| end.1);
            let lane = at.checked_sub(4).and_then(|before| ends.get(before)).map(|end| end.1);
            let start = needs.split_whitespace().filter_map(end).chain(lane).max().unwrap_or(5_000);
            let start = if file.starts_with(hasty) { start - early } else { start };
            let (name, end, worker) = (file.trim_end_matches(".ko"), start + 1_000, at % 4 + 1);
            let figures =
                format!("start {start} read 0 inflate 0 load 1000 end {end} worker {worker}");
            lines.push(format!("insinit: load {name}: loaded 1.0 ms"));
            lines.push(format!("insinit: time {name}: {figures}"));
            ends.push((file.to_string(), end));
        }
        lines
    }

    #[test]
    fn a_good_graph_is_good_and_a_broken_dependency_is_seen() {
        assert_eq!(graph(&log("none", 0)), [""; 0]);
        let faults = graph(&log("tm_slow9.", 1));
        assert!(faults.iter().any(|fault| fault.contains("tm_slow9.ko began before tm_slow5.ko")));
        assert_eq!(graph(&[]), ["no times"]);
    }

    #[test]
    fn a_graph_that_takes_too_long_is_seen() {
        let mut lines = log("none", 0);
        lines.push("insinit: boot: start 4000 plan 1000 load 5751 end 20000".into());
        assert!(graph(&lines)[0].contains("of the least possible"), "{:?}", graph(&lines));
    }
}
