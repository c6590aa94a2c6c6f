//! Whether a plan is modprobe's, or differs by a rule that is other here: every `softdep` line of a module
//! counts, for modprobe its first.

use super::index::{self, Index};
use super::plans::{self, Around};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// The rule, as it is said in front of the modules that it is about.
const RULE: &str = ": every softdep line of a module counts, for modprobe the first";

/// Compares plans, and counts them.
#[derive(Default)]
pub struct Judge<'a> {
    index: Option<&'a Index>,
    /// What the rule brings with a module, by modprobe's own plans of the targets.
    extra: BTreeMap<String, BTreeSet<String>>,
    /// How many plans it brought more to.
    more: BTreeMap<String, usize>,
    plans: usize,
    lines: usize,
    empty: usize,
    richer: usize,
}

impl<'a> Judge<'a> {
    /// For plans from this tree.
    pub fn of(index: &'a Index) -> Result<Self> {
        let mut judge = Self { index: Some(index), ..Self::default() };
        for (user, targets) in index.uncounted() {
            let plans = plans::modprobe(index, &targets, Around::default())?;
            judge.extra.insert(user, plans.into_iter().flatten().collect());
        }
        Ok(judge)
    }

    /// Compares a plan with modprobe's.
    ///
    /// # Errors
    /// What differs and shouldn't.
    pub fn compare(&mut self, ours: &[String], theirs: &[String]) -> Result<(), String> {
        let [own, other] = [ours, theirs].map(|lines| lines.iter().collect::<BTreeSet<_>>());
        self.plans += 1;
        self.lines += other.len();
        self.empty += usize::from(ours.is_empty() && theirs.is_empty());
        if own.len() != ours.len() {
            return Err(format!("names something twice: {ours:?}"));
        }
        if let Some(lacks) = other.difference(&own).next() {
            return Err(format!("lacks {lacks:?}"));
        }
        let surplus: BTreeSet<_> = own.difference(&other).copied().collect();
        self.richer += usize::from(!surplus.is_empty());
        let mut unexplained = surplus.clone();
        let users: BTreeSet<_> = ours.iter().map(|line| index::name(line)).collect();
        for (user, lines) in self.extra.iter().filter(|(user, _)| users.contains(*user)) {
            if surplus.iter().any(|line| lines.contains(*line)) {
                *self.more.entry(user.clone()).or_default() += 1;
            }
            unexplained.retain(|line| !lines.contains(*line));
        }
        if let Some(surplus) = unexplained.first() {
            return Err(format!("has {surplus:?} besides"));
        }
        self.index.map_or(Ok(()), |index| index.check_order(ours))
    }

    /// What was compared, and what differed by the rule.
    pub fn said(&self) -> String {
        let more = self.more.iter().map(|(user, plans)| format!(", {user} in {plans}"));
        let rule = if self.more.is_empty() { "" } else { RULE };
        format!(
            "{} plans of {} lines, {} of them empty in both; {} hold more than modprobe's{rule}{}",
            self.plans,
            self.lines,
            self.empty,
            self.richer,
            more.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let softdeps = "softdep a pre: c\nsoftdep a post: d\nsoftdep b d\n";
        let index = Index::of_text("a.ko: b.ko\nb.ko:\nc.ko:\nd.ko:\ne.ko:\n", softdeps);
        let lines = |text: &str| -> Vec<String> {
            text.split(' ').map(|name| format!("insmod /r/{name}.ko")).collect()
        };
        let judged = |ours: &str, theirs: &str| {
            let uncounted = index.uncounted().into_iter();
            let extra = uncounted.map(|(user, targets)| {
                (user, targets.iter().flat_map(|target| lines(target)).collect())
            });
            let mut judge =
                Judge { index: Some(&index), extra: extra.collect(), ..Judge::default() };
            judge.compare(&lines(ours), &lines(theirs)).map(|()| judge.richer)
        };
        assert_eq!(judged("b c a", "c b a"), Ok(0));
        assert_eq!(judged("b c a d", "b c a"), Ok(1));
        for (ours, theirs) in
            [("b", "b a"), ("b c", "b"), ("d b", "b"), ("a b", "b a"), ("b a c", "b c a")]
        {
            assert!(judged(ours, theirs).is_err(), "{ours}");
        }
        for ours in ["d b c a", "b c a e", "b c c a"] {
            assert!(judged(ours, "b c a").is_err(), "{ours}");
        }
    }
}
