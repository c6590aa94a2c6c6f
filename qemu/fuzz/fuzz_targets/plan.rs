//! Any bytes as all that a plan is made of: `modules.dep`, `modules.softdep`, `modules.alias`,
//! `modules.builtin`, a file of modprobe.d, and words, with a 0xff between one and the next. Every dependency
//! comes before its user but in a loop, no step comes twice, and every entry of the list comes to something.
#![no_main]

use insinit::config::Config;
use insinit::files::Top;
use insinit::log::Log;
use insinit::mem::Table;
use insinit::plan::{self, Link, Plan, Scope, Task};
use insinit::tree::{Place, Tree};
use insinit_fuzz::machine::Machine;
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

const FILES: [&str; 5] = [
    "/lib/modules/6.12/modules.dep",
    "/lib/modules/6.12/modules.softdep",
    "/lib/modules/6.12/modules.alias",
    "/lib/modules/6.12/modules.builtin",
    "/etc/modprobe.d/x.conf",
];

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(6, |byte| *byte == 0xff);
    let files = FILES.map(|path| (path, parts.next().unwrap_or_default()));
    let words = parts.next().unwrap_or_default();
    let mut k = Machine::new(&files);
    let words = k.text(words);
    let mut log = Log::plain(&mut k);
    let (mut config, mut tree) = (Config::default(), Tree::default());
    config.top = Top::default();
    config.read(&mut k, words);
    let mut entries = Table::new();
    let _ = config.all_entries(&mut k, b"", &mut entries);
    let place = Place { root: b"", release: b"6.12", dir: None };
    plan::open(&mut k, &mut log, &mut config, &mut tree, place, Scope::ALL);
    let mut plan = Plan::default();
    plan.fill(&mut k, &config, &mut tree, &entries, Link::Hard);
    check(&plan);
    let count = plan.order.len();
    plan.fill(&mut k, &config, &mut tree, &entries, Link::Device);
    check(&plan);
    assert!(plan.order.len() >= count);
});

fn check(plan: &Plan) {
    let mut placed = HashSet::new();
    let mut loaded = HashSet::new();
    for number in plan.order.iter() {
        let step = plan.step(*number).expect("a step of the plan");
        // What stands behind its user has been dropped from its needs: a loop.
        for dep in plan.deps(*number) {
            assert!(placed.contains(&dep.step), "a dependency behind its user");
        }
        assert!(placed.insert(*number), "a step twice");
        if let Task::Load(path) = step.task {
            assert!(loaded.insert(path), "a module twice");
        }
    }
    assert!(placed.len() == plan.steps.len(), "a step is lost");
}
