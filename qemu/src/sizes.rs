//! How large the loader may be: the table of `linker/sizes.txt`, kept by a build of each line.

use crate::machine::Machine;
use crate::programs;
use anyhow::{Context, Result, bail, ensure};
use std::fs;

/// The table.
const SIZES: &str = include_str!("../../linker/sizes.txt");

/// Where the features are.
const MANIFEST: &str = include_str!("../../Cargo.toml");

/// The line of a build with all features.
pub const DEFAULT: &str = "default";

/// The build that is to stay small: the first line.
pub const SMALL: &str = "gzip";

/// One line: a build, and how large it may be on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    /// The features, comma-separated, or [`DEFAULT`].
    features: &'static str,
    /// What it is to reach, in bytes.
    goal: u64,
    /// The goal comes on top of what [`SMALL`] has.
    is_growth: bool,
    /// What it has reached and must keep, in bytes.
    now: u64,
}

/// Builds every line of the table for `machine`; gives what there is to say of each.
///
/// # Errors
/// The first build that is larger than the table allows.
pub fn check(machine: &Machine) -> Result<Vec<String>> {
    let (mut said, mut small) = (Vec::new(), 0);
    for limit in limits(machine.target)?.into_iter().filter(|limit| is_there(limit.features)) {
        let loader = programs::with(machine, limit.features)?;
        let bytes = fs::metadata(&loader)
            .with_context(|| format!("can't read {}", loader.display()))?
            .len();
        if limit.features == SMALL {
            small = bytes;
        }
        said.push(judge(&limit, bytes, small)?);
    }
    Ok(said)
}

/// Whether a build of that size is good; `small` is what [`SMALL`] has.
fn judge(limit: &Limit, bytes: u64, small: u64) -> Result<String> {
    let Limit { features, goal, is_growth, now } = *limit;
    ensure!(bytes <= now, "{bytes} bytes with {features}, linker/sizes.txt allows {now}");
    let goal = if is_growth { small + goal } else { goal };
    let missed = if bytes > goal { format!(", {} too many", bytes - goal) } else { String::new() };
    Ok(format!("{features}: {bytes} bytes, at most {now}; the goal is {goal}{missed}"))
}

/// The table's lines for a target.
fn limits(target: &str) -> Result<Vec<Limit>> {
    let heads = SIZES.lines().filter_map(|line| line.strip_prefix("# features"));
    let heads: Vec<_> = heads.flat_map(str::split_whitespace).collect();
    let column = heads.iter().position(|head| *head == target);
    let column = column.with_context(|| format!("linker/sizes.txt has no column for {target}"))?;
    SIZES.lines().filter(|line| !line.starts_with('#')).map(|line| limit(line, column)).collect()
}

/// The limit of a line; `column` counts from the goal on.
fn limit(line: &'static str, column: usize) -> Result<Limit> {
    let mut words = line.split_whitespace();
    let (Some(features), Some(goal), Some(now)) =
        (words.next(), words.next(), words.nth(column.saturating_sub(1)))
    else {
        bail!("linker/sizes.txt: {line}: not a line of the table");
    };
    let (is_growth, goal) = match goal.strip_prefix('+') {
        Some(more) => (true, more),
        None => (false, goal),
    };
    Ok(Limit { features, goal: goal.parse()?, is_growth, now: now.parse()? })
}

/// Whether the loader has these features.
fn is_there(features: &str) -> bool {
    let known =
        |feature: &str| MANIFEST.lines().any(|line| line.starts_with(&format!("{feature} = [")));
    features.split(',').all(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::MACHINES;

    #[test]
    fn every_machine_has_its_column() {
        for machine in &MACHINES {
            let limits = limits(machine.target).expect("a column for each");
            assert_eq!(limits[0].features, SMALL);
            assert!(limits[0].goal <= 32768 && limits.iter().all(|limit| limit.now > 0));
        }
        assert!(limits("vax-unknown-none").is_err());
    }

    #[test]
    fn every_feature_has_a_line() {
        let list = MANIFEST.lines().find(|line| line.starts_with("default = [")).expect("features");
        let named = |feature: &&str| {
            SIZES.lines().any(|line| line.starts_with(&format!("gzip,{feature} ")))
        };
        let features: Vec<_> =
            list.split('"').skip(1).step_by(2).filter(|name| *name != SMALL).collect();
        assert!(!features.is_empty());
        let missing: Vec<_> = features.iter().filter(|feature| !named(feature)).collect();
        assert!(missing.is_empty(), "linker/sizes.txt has no line gzip,X for {missing:?}");
    }

    #[test]
    fn a_build_above_its_ceiling_is_refused_and_one_above_its_goal_is_named() {
        let limit = limit("gzip,xz +10 1000 2000 3000", 2).expect("a line");
        assert_eq!((limit.goal, limit.now), (10, 2000));
        assert!(judge(&limit, 2001, 1995).is_err());
        let said = judge(&limit, 2000, 1980).expect("as large as it may be");
        assert!(said.ends_with("the goal is 1990, 10 too many"), "{said}");
        assert!(is_there("default") && is_there("gzip") && !is_there("gzip,vax"));
    }
}
