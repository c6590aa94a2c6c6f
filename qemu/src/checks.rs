//! The checks that need no boot: format, lints, unit tests.

use crate::layout;
use crate::licences;
use crate::machine::Machine;
use crate::programs::cargo;
use crate::reproducible;
use crate::step;
use crate::suite::Tally;
use std::time::{Duration, Instant};

/// For one of them on a slow host, crates to be fetched.
const CHECK: Duration = Duration::from_secs(900);

/// Runs them all, counts them, and says how each went. What is built for the bare machines only is
/// linted for them.
pub fn run(machines: &[&'static Machine], tally: &mut Tally) {
    count(tally, &["fmt", "--all", "--check"]);
    count(tally, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    for machine in machines {
        let packages =
            ["insinit", "insinit-guest", "insinit-runner"].map(|name| ["--package", name]);
        let end = ["--target", machine.target, "--", "-D", "warnings"];
        count(tally, &[&["clippy"], packages.as_flattened(), &end].concat());
    }
    // A workspace of its own: nightly Rust and libFuzzer run it, but any Rust sees whether it still fits.
    // Nothing is linked, so nobody has to compile libFuzzer: any path will do.
    let no_fuzzer = ["--config", "env.CUSTOM_LIBFUZZER_PATH='./libfuzzer.a'"];
    let fuzz = ["--manifest-path", "qemu/fuzz/Cargo.toml", "--all-targets", "--", "-D", "warnings"];
    count(tally, &[&["clippy"], &no_fuzzer[..], &fuzz].concat());
    licences::run(tally);
    layout::run(machines, tally);
    reproducible::run(machines, tally);
    count(tally, &["test", "--workspace", "--no-fail-fast"]);
}

/// Runs cargo with `words`.
fn count(tally: &mut Tally, words: &[&str]) {
    let begun = Instant::now();
    let said = step::output(cargo().args(words), CHECK);
    let seconds = begun.elapsed().as_secs();
    let tests = said.as_deref().map(unit_tests).unwrap_or_default();
    let name = words.join(" ");
    match said {
        Ok(_) if tests.failed == 0 => {
            println!("ok    cargo {name} ({seconds} s)");
            tally.count(true);
        }
        Ok(_) => fail(tally, &name, "tests were ignored"),
        Err(error) => fail(tally, &name, &format!("{error:#}")),
    }
    tally.add(tests);
}

/// Says why a check failed.
fn fail(tally: &mut Tally, name: &str, why: &str) {
    println!("FAIL  cargo {name}\n{why}");
    tally.count(false);
}

/// The unit tests that ran; an ignored one has failed.
fn unit_tests(said: &str) -> Tally {
    let mut tally = Tally::default();
    for result in said.lines().filter_map(|line| line.strip_prefix("test result: ok. ")) {
        let counts = result.split("; ").filter_map(|part| part.split_once(' '));
        for (count, what) in counts {
            let count = count.parse().unwrap_or(0);
            match what {
                "passed" => tally.passed += count,
                "ignored" => tally.failed += count,
                _ => {}
            }
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_tests_are_counted_and_ignored_ones_held_against_us() {
        let said = "running 3 tests\n\
            test result: ok. 35 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(unit_tests(said), Tally { passed: 37, failed: 1 });
    }
}
