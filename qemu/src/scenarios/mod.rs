//! All boot tests, by topic. What works stands beside what has to fail well.

mod coldplug;
mod compression;
mod failure;
mod handover;
mod harness;
mod helper;
mod jobs;
mod limits;
mod list;
mod order;
mod parameters;
mod results;
mod root;
mod small;
mod testmods;
mod ways;
mod wrong;

use crate::kernels;
use crate::machine::Machine;
use crate::scenario::Scenario;
use crate::suite::Job;

/// All of them.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let topics = [
        list::SCENARIOS,
        order::SCENARIOS,
        compression::SCENARIOS,
        coldplug::SCENARIOS,
        helper::SCENARIOS,
        ways::SCENARIOS,
        parameters::SCENARIOS,
        failure::SCENARIOS,
        handover::SCENARIOS,
        root::SCENARIOS,
        limits::SCENARIOS,
        jobs::SCENARIOS,
        small::SCENARIOS,
        testmods::SCENARIOS,
        results::SCENARIOS,
        wrong::SCENARIOS,
        harness::SCENARIOS,
    ];
    let mut all = topics.concat();
    all.extend(root::matrix());
    all
}

pub use jobs::{SIDE_BY_SIDE, set};
pub use root::{LARGE, LIGHT};

/// A boot for each scenario and kernel of those machines, of names that hold `part`; with `long` on the
/// kernels, too, that are for that only.
#[must_use]
pub fn jobs(machines: &[&'static Machine], part: &str, long: bool) -> Vec<Job> {
    let mut jobs = Vec::new();
    for scenario in all().into_iter().filter(|scenario| scenario.name.contains(part)) {
        for names in [scenario.on, if long { scenario.long } else { &[] }] {
            jobs.extend(kernels::on(machines, names).map(|kernel| (kernel, scenario)));
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;
    use crate::scenario::Ends;
    use insinit::line;
    use std::collections::HashSet;

    #[test]
    fn names_are_different() {
        let mut names = HashSet::new();
        for scenario in all() {
            assert!(names.insert(scenario.name), "{} is there twice", scenario.name);
        }
    }

    #[test]
    fn every_scenario_can_fail() {
        for scenario in all() {
            let says = !scenario.expect.is_empty() || matches!(scenario.end, Ends::Panic(_));
            assert!(says, "{} expects nothing", scenario.name);
        }
    }

    #[test]
    fn patterns_of_insinits_lines_have_a_verb_and_kernels_are_known() {
        for scenario in all() {
            let kernels: Vec<_> = scenario.on.iter().chain(scenario.long).collect();
            assert!(!kernels.is_empty(), "{}", scenario.name);
            assert!(kernels.iter().all(|name| kernels::named(name).is_some()));
            for pattern in scenario.expect.iter().chain(scenario.forbid) {
                let line = format!("insinit: {pattern}");
                let parsed = line::parse(&line);
                assert!(parsed.is_some_and(|line| !line.verb.is_empty()), "{pattern}");
            }
        }
    }

    #[test]
    fn a_machine_and_a_name_pick_jobs() {
        let jobs = jobs(&[machine::named("riscv64").unwrap()], "plain", false);
        assert!(!jobs.is_empty());
        assert!(jobs.iter().all(|(kernel, _)| *kernel == "6.12-riscv64"));
    }

    #[test]
    fn long_jobs_are_the_others_and_more() {
        let all: Vec<_> = machine::MACHINES.iter().collect();
        let count = |long| jobs(&all, "", long).len();
        assert!(count(true) > count(false));
    }
}
