//! What the programs are made of: every dependency under a licence of `qemu/deny.toml`, and none of the
//! loader's own twice. Where cargo-deny is installed it says so, too, with its advisories if it has them.

use crate::programs::cargo;
use crate::step;
use crate::suite::Tally;
use anyhow::{Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For cargo to look at all packages.
const LOOK: Duration = Duration::from_secs(300);

/// The rules.
const RULES: &str = include_str!("../deny.toml");

/// The texts in quotes behind `allow = [`.
fn allowed() -> Vec<&'static str> {
    let list = RULES.split_once("allow = [").map_or("", |(_, rest)| rest);
    let list = list.split_once(']').map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}

/// Whether an expression (SPDX, or the old `A/B`) can be met with the allowed licences.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let plain = expression.replace(['(', ')'], "");
    let all = |part: &str| part.split(" AND ").all(|one| allowed.contains(&one.trim()));
    // Of `(A OR B) AND C` without its brackets one part is `B AND C`: that will do.
    plain.split(" OR ").flat_map(|part| part.split('/')).any(all)
}

/// Checks both, counts that, and says how it went.
pub fn run(tally: &mut Tally) {
    tally.check("licences and duplicates", || {
        let count = licences()?;
        loader()?;
        Ok(format!("{count} packages{}", denied()?))
    });
}

/// Looks at all packages; gives how many there are.
fn licences() -> Result<usize> {
    let mut tree = cargo();
    tree.args([
        "tree",
        "--workspace",
        "--prefix",
        "none",
        "-e",
        "normal,build,dev",
        "--format",
        "{p}|{l}",
    ]);
    let said = step::output(&mut tree, LOOK)?;
    let mut packages: Vec<&str> = said.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    packages.sort_unstable();
    packages.dedup();
    let (allowed, named) = (allowed(), packages.iter().filter_map(|line| line.rsplit_once('|')));
    let bad: Vec<_> = named.filter(|(_, licence)| !is_met(licence, &allowed)).collect();
    ensure!(bad.is_empty(), "not in qemu/deny.toml: {bad:?}");
    ensure!(packages.len() > 20, "cargo tree names {} packages only", packages.len());
    Ok(packages.len())
}

/// Looks for a package that the loader has in two versions.
fn loader() -> Result<()> {
    let mut tree = cargo();
    tree.args(["tree", "--package", "insinit", "--edges", "normal", "--duplicates"]);
    let said = step::output(tree.args(["--target", "x86_64-unknown-none"]), LOOK)?;
    ensure!(said.trim().is_empty(), "the loader has packages twice:\n{said}");
    Ok(())
}

/// Asks cargo-deny, if it is there; advisories count where their database is.
fn denied() -> Result<&'static str> {
    if step::output(cargo().args(["deny", "--version"]), LOOK).is_err() {
        return Ok("; no cargo-deny to ask");
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let has_advisories = home.is_some_and(|home| has_folder(&home.join("advisory-dbs")));
    let rules = ["--config", "qemu/deny.toml", "check"];
    step::output(cargo().arg("deny").args(rules).args(["licenses", "bans", "sources"]), LOOK)?;
    if !has_advisories {
        return Ok("; cargo-deny agrees");
    }
    // The database stays as it is.
    step::output(cargo().args(["deny", "--offline"]).args(rules).arg("advisories"), LOOK)?;
    Ok("; cargo-deny agrees, advisories too")
}

/// Whether there is a folder in that one: a try without a database leaves a lock file.
fn has_folder(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|all| all.flatten().any(|one| one.path().is_dir()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_by_one_side_or_by_all() {
        let allowed = ["MIT", "Zlib"];
        for good in ["MIT", "MIT OR GPL-2.0", "GPL-2.0/MIT", "MIT AND Zlib", "(X OR MIT) AND Zlib"]
        {
            assert!(is_met(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-2.0", "MIT AND GPL-2.0", "GPL-3.0 OR X"] {
            assert!(!is_met(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn the_rules_are_read() {
        let allowed = allowed();
        assert!(allowed.contains(&"MIT") && allowed.len() > 5);
        assert!(!allowed.iter().any(|licence| licence.contains("GPL")));
    }
}
