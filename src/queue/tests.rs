//! A model check: every interleaving of small plans, and random ones of larger plans.
//!
//! The rules are written down a second time here, by the plan alone, and every start is held against
//! them.

use super::{Queue, Stage};
use crate::plan::{Dep, Plan};
use crate::sys::Linux;
use std::cell::RefCell;
use std::collections::HashSet;

/// A plan with what else bears on its queue.
struct Model {
    k: RefCell<Linux>,
    plan: Plan,
    lanes: u32,
    memory: u64,
    alone: Vec<bool>,
    claims: Vec<u64>,
    /// These ask to be run again, the first time.
    again: Vec<bool>,
}

impl Model {
    /// One whose step `n` needs the steps whose bits are set in `needs[n]`.
    fn new(needs: &[u32], barriers: &[u32], lanes: u32) -> Self {
        let mut k = Linux::default();
        let deps = |needs: &u32| {
            let needed = (0..32).filter(|step| needs >> step & 1 == 1);
            needed.map(|step| Dep { step, hard: step % 2 == 0 }).collect()
        };
        let mut plan = Plan::of_graph(&mut k, &needs.iter().map(deps).collect::<Vec<_>>());
        plan.barriers.extend(&mut k, barriers);
        let count = needs.len();
        let (alone, claims, again) = (vec![false; count], vec![1; count], vec![false; count]);
        Self { k: k.into(), plan, lanes, memory: u64::MAX, alone, claims, again }
    }

    fn queue(&self) -> Queue {
        let mut queue = Queue { lanes: self.lanes, memory: self.memory, ..Queue::default() };
        queue.extend(&mut *self.k.borrow_mut(), &self.plan, &[]);
        for (item, alone) in queue.items.iter_mut().zip(&self.alone) {
            item.lanes = if *alone { self.lanes } else { 1 };
        }
        queue
    }

    /// Starts all that may start, in order; fails where a rule is broken.
    fn start_all(&self, queue: &mut Queue) {
        while let Some(step) = queue.next(&self.plan) {
            let claim = self.claims[step as usize];
            if !queue.fits(claim) {
                break;
            }
            self.check(queue, step);
            queue.start(step, claim);
        }
    }

    /// What holds of a step that is about to start.
    fn check(&self, queue: &Queue, step: u32) {
        let stages: Vec<Stage> = queue.items.iter().map(|item| item.stage).collect();
        assert_eq!(stages[step as usize], Stage::Waiting, "{step} twice");
        let done = |step: u32| stages[step as usize] == Stage::Done;
        assert!(self.plan.deps(step).iter().all(|dep| done(dep.step)), "{step} too early");
        let barrier = self.plan.barriers.iter().filter(|at| **at <= step).max();
        assert!((0..barrier.copied().unwrap_or(0)).all(done), "{step} before its barrier");
        let running = || (0..stages.len()).filter(|step| stages[*step] == Stage::Running);
        assert!(running().count() < self.lanes as usize, "no lane for {step}");
        if queue.is_alone(step) {
            assert_eq!(running().count(), 0, "{step} is not alone");
        }
        assert!(!running().any(|other| queue.is_alone(other as u32)), "beside one that is alone");
        let claimed: u64 = running().map(|step| self.claims[step]).sum();
        let fits = claimed + self.claims[step as usize] <= self.memory;
        assert!(fits || running().count() == 0, "{step} takes too much memory");
    }

    /// Lets every step that runs be the next to finish, from every state that can be reached.
    fn explore(&self) -> usize {
        let mut seen = HashSet::new();
        let mut left = vec![self.queue()];
        while let Some(mut queue) = left.pop() {
            self.start_all(&mut queue);
            if !seen.insert(queue.items.to_vec()) {
                continue;
            }
            let running: Vec<u32> = self.running(&queue);
            if running.is_empty() {
                let all = queue.items.iter().all(|item| item.stage == Stage::Done);
                assert!(all, "deadlock or lost: {:?}", &*queue.items);
            }
            for step in running {
                let mut next = self.copy(&queue);
                self.finish(&mut next, step);
                left.push(next);
            }
        }
        seen.len()
    }

    fn running(&self, queue: &Queue) -> Vec<u32> {
        let steps = 0..queue.items.len() as u32;
        steps.filter(|step| queue.stage(*step) == Stage::Running).collect()
    }

    /// A step ends, or is to be run again alone.
    fn finish(&self, queue: &mut Queue, step: u32) {
        match self.again[step as usize] && !queue.is_alone(step) {
            true => queue.again(step),
            false => queue.done(step),
        }
    }

    fn copy(&self, queue: &Queue) -> Queue {
        let mut copy = self.queue();
        copy.items.copy_from_slice(&queue.items);
        (copy.running, copy.claimed) = (queue.running, queue.claimed);
        copy
    }
}

/// All sets of needs of `count` steps: each step needs some of those before it.
fn graphs(count: u32) -> Vec<Vec<u32>> {
    let mut all = vec![vec![]];
    for step in 0..count {
        let longer = |graph: Vec<u32>| {
            (0..1 << step).map(move |needs| [graph.clone(), vec![needs]].concat())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn every_interleaving_of_every_small_graph_keeps_the_rules() {
    let mut states = 0;
    for graph in graphs(5) {
        for lanes in 1..=4 {
            for barriers in [vec![], vec![0], vec![1], vec![2], vec![1, 3], vec![2, 2, 4]] {
                states += Model::new(&graph, &barriers, lanes).explore();
            }
        }
    }
    assert!(states > 100_000, "{states}");
}

#[test]
fn steps_that_are_alone_or_large_or_run_twice_keep_the_rules() {
    for graph in graphs(4) {
        for mask in 0..16_u32 {
            let bits = |shift: u32| (0..4).map(move |step| mask >> ((step + shift) % 4) & 1 == 1);
            let alone = Model { alone: bits(0).collect(), ..Model::new(&graph, &[], 3) };
            alone.explore();
            let claims: Vec<u64> = bits(0).map(|large| if large { 5 } else { 1 }).collect();
            let (memory, again) = (3, bits(1).collect());
            Model { claims, memory, again, ..Model::new(&graph, &[2], 3) }.explore();
        }
    }
}

#[test]
fn ready_ones_start_in_listed_order() {
    let model = Model::new(&[0, 0, 1, 0, 0], &[], 2);
    let mut queue = model.queue();
    let mut started = vec![];
    loop {
        while let Some(step) = queue.next(&model.plan) {
            queue.start(step, 0);
            started.push(step);
        }
        // The one that was started first ends first.
        match started.iter().find(|step| queue.stage(**step) == Stage::Running) {
            Some(step) => queue.done(*step),
            None => break,
        }
    }
    assert_eq!(started, [0, 1, 2, 3, 4]);
}

#[test]
fn one_that_is_alone_is_not_starved_by_what_follows() {
    let mut model = Model::new(&[0; 6], &[], 2);
    model.alone[1] = true;
    let mut queue = model.queue();
    model.start_all(&mut queue);
    assert_eq!(model.running(&queue), [0]);
    queue.done(0);
    model.start_all(&mut queue);
    assert_eq!(model.running(&queue), [1]);
}

#[test]
fn names_that_are_the_same_follow_one_another() {
    let mut model = Model::new(&[0; 3], &[], 3);
    (model.plan.steps[0].name, model.plan.steps[2].name) = (b"snd-a", b"snd_a");
    let mut queue = model.queue();
    model.start_all(&mut queue);
    assert_eq!(model.running(&queue), [0, 1]);
    queue.done(0);
    model.start_all(&mut queue);
    assert_eq!(model.running(&queue), [1, 2]);
}

/// Larger plans, one random way through each.
#[test]
fn a_thousand_random_plans_keep_the_rules() {
    for seed in 0..1000 {
        let mut random = Random(seed);
        let count = 1 + random.below(30);
        let graph: Vec<u32> = (0..count)
            .map(|step| (0..step).filter(|_| random.below(4) == 0).fold(0, |set, on| set | 1 << on))
            .collect();
        let barriers: Vec<u32> = (0..=count).filter(|_| random.below(9) == 0).collect();
        let mut model = Model::new(&graph, &barriers, 1 + random.below(5));
        model.memory = 8;
        for step in 0..count as usize {
            model.alone[step] = random.below(8) == 0;
            model.again[step] = random.below(8) == 0;
            model.claims[step] = u64::from(random.below(12));
        }
        let (mut queue, mut finished) = (model.queue(), 0);
        loop {
            model.start_all(&mut queue);
            let running = model.running(&queue);
            let Some(step) = running.get(random.below(running.len().max(1) as u32) as usize) else {
                break;
            };
            model.finish(&mut queue, *step);
            finished += u32::from(queue.stage(*step) == Stage::Done);
        }
        assert_eq!(finished, count, "seed {seed}");
    }
}

/// Knuth's MMIX generator; the high bits are the random ones.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }
}
