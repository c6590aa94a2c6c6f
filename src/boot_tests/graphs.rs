//! Plans of random graphs: a dependency before its user, nothing twice, nothing lost.

use crate::kernel::Errno;
use crate::scripted::{Booted, Machine};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// So many modules, `m0` and so on.
const COUNT: usize = 12;

/// A module tree, a list, and what goes wrong.
#[derive(Clone, Debug)]
struct World {
    /// User and needed.
    hard: Vec<(usize, usize)>,
    /// User, the other, and whether that comes before its user.
    soft: Vec<(usize, usize, bool)>,
    list: Vec<usize>,
    blocked: BTreeSet<usize>,
    failing: BTreeSet<usize>,
}

/// Any world; without loops of hard dependencies if those are not wanted.
fn world(loops: bool) -> impl Strategy<Value = World> {
    let pair = move || (0..COUNT, 0..COUNT);
    let order = move |(a, b): (usize, usize)| if loops { (a, b) } else { (a.max(b), a.min(b)) };
    let hard = vec(pair(), 0..20).prop_map(move |pairs| {
        let pairs = pairs.into_iter().map(order);
        pairs.filter(|(user, needed)| loops || user != needed).collect::<Vec<_>>()
    });
    let soft = vec((0..COUNT, 0..COUNT, any::<bool>()), 0..8);
    let few = || vec(0..COUNT, 0..3).prop_map(BTreeSet::from_iter);
    (hard, soft, vec(0..COUNT, 1..6), few(), few()).prop_map(
        |(hard, soft, list, blocked, failing)| World { hard, soft, list, blocked, failing },
    )
}

impl World {
    fn needed(&self, user: usize) -> impl Iterator<Item = usize> {
        self.hard.iter().filter(move |edge| edge.0 == user).map(|edge| edge.1)
    }

    /// Whether it can be loaded: neither it nor anything that it needs is blocked or fails.
    fn can_load(&self, module: usize) -> bool {
        let bad = self.blocked.contains(&module) || self.failing.contains(&module);
        !bad && self.needed(module).all(|needed| self.can_load(needed))
    }

    /// Boots the world.
    fn boot(&self) -> Booted {
        let join = |numbers: &mut dyn Iterator<Item = usize>, sign: &str| {
            numbers.map(|number| format!("m{number}")).collect::<Vec<_>>().join(sign)
        };
        let line = |user| format!("m{user}: {}", join(&mut self.needed(user), " "));
        let lines: Vec<String> = (0..COUNT).map(line).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let soft = self.soft.iter().map(|(user, other, before)| {
            format!("softdep m{user} {}: m{other}\n", if *before { "pre" } else { "post" })
        });
        let machine = Machine::new().modules(&lines);
        let machine = machine.tree_file("modules.softdep", soft.collect::<String>());
        let machine = self
            .failing
            .iter()
            .fold(machine, |machine, bad| machine.answer(&format!("m{bad}"), Errno::EINVAL));
        let list = join(&mut self.list.iter().copied(), ",");
        let blocked = join(&mut self.blocked.iter().copied(), ",");
        machine.words(format!("insinit.modules={list} module_blacklist={blocked}")).boot()
    }
}

/// The modules that the kernel was asked to load, in order, and whether each came in.
fn asked(booted: &Booted) -> Vec<(usize, bool)> {
    let number = |name: &str| name[1..].parse().unwrap();
    booted.loads().iter().map(|load| (number(&load.name), load.result.is_ok())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_dependency_comes_before_its_user_and_nothing_is_lost_or_done_twice(world in world(false)) {
        let booted = world.boot();
        let asked = asked(&booted);
        let place = |module| asked.iter().position(|found| *found == (module, true));
        for (at, (module, _)) in asked.iter().enumerate() {
            prop_assert!(!world.blocked.contains(module), "m{module} is blocked: {booted}");
            prop_assert!(asked[..at].iter().all(|(before, _)| before != module), "twice: {booted}");
            for needed in world.needed(*module) {
                prop_assert!(place(needed).is_some_and(|place| place < at), "m{needed}: {booted}");
            }
        }
        for module in &world.list {
            prop_assert_eq!(place(*module).is_some(), world.can_load(*module), "m{}: {}", module, booted);
        }
        prop_assert_eq!(booted.init(), "/sbin/init");
    }

    #[test]
    fn loops_end_and_nothing_is_done_twice(world in world(true)) {
        let booted = world.boot();
        let asked = asked(&booted);
        let different: BTreeSet<usize> = asked.iter().map(|(module, _)| *module).collect();
        prop_assert_eq!(different.len(), asked.len(), "{}", booted);
        prop_assert_eq!(booted.init(), "/sbin/init");
    }
}
