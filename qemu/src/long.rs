//! What takes too long for every change: checks without a boot that `cargo qemu test --long [NAME]` makes
//! besides the boots.

use crate::programs::cargo;
use crate::step;
use crate::suite::Tally;
use anyhow::Result;
use std::time::{Duration, Instant};

/// One check: its name, and what makes it and gives what there is to say.
pub struct Check {
    /// What is shown, in words.
    pub name: &'static str,
    /// Makes it.
    pub run: fn() -> Result<String>,
}

/// All of them.
pub const CHECKS: &[Check] = &[Check { name: "scripted boots in a storm of errors", run: storms }];

/// For a hundred thousand boots.
const STORMS: Duration = Duration::from_secs(1800);

/// Makes the checks with `part` in their names, counts them, and says how each went.
pub fn run(part: &str, tally: &mut Tally) {
    for check in CHECKS.iter().filter(|check| check.name.contains(part)) {
        let begun = Instant::now();
        let said = (check.run)();
        let seconds = begun.elapsed().as_secs();
        match &said {
            Ok(said) => println!("ok    {} ({seconds} s): {said}", check.name),
            Err(error) => println!("FAIL  {} ({seconds} s): {error:#}", check.name),
        }
        tally.count(said.is_ok());
    }
}

/// Boots on the scripted machine, each with errors of its own in one call of eight.
fn storms() -> Result<String> {
    let mut command = cargo();
    command.args(["test", "--package", "insinit", "--lib", "many_failing_calls_lead_to_an_end"]);
    step::output(command.env("INSINIT_STORMS", "100000"), STORMS)?;
    Ok("100000 of each kind".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_different() {
        let names: HashSet<_> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
    }
}
