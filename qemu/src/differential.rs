//! `insinit plan` against kmod's `modprobe --show-depends`: every name and every alias of real trees.
//!
//! Both see a tree that kmod's depmod made, an empty configuration and nothing of the host's. What differs
//! must be explained by a rule, or the check fails; the order must keep `modules.dep` and `modules.softdep`.

mod index;
mod plans;

use crate::kernels;
use crate::machine::Machine;
use crate::suite::Tally;
use anyhow::{Context, Result, ensure};
use index::Index;
use std::collections::BTreeSet;
use std::time::Instant;

/// What is looked up in a tree: the kernel, every so many-th name, every so many-th alias.
type Part = (&'static str, usize, usize);

/// In the ordinary run: all names of one, and a sample of the others.
const ORDINARY: &[Part] = &[
    ("6.1-x86_64", 1, 97),
    ("6.12-x86_64", 29, 499),
    ("6.12-aarch64", 83, 997),
    ("6.12-riscv64", 83, 997),
];

/// Under `--long`: everything.
const LONG: &[Part] = &[
    ("6.1-x86_64", 1, 1),
    ("6.1-aarch64", 1, 1),
    ("6.12-x86_64", 1, 1),
    ("6.12-aarch64", 1, 1),
    ("6.12-riscv64", 1, 1),
    ("7.2-x86_64", 1, 1),
];

/// One in so many plans is made by the kernel's machine's own loader, too.
const FOREIGN: usize = 40;

/// Differences that are shown.
const SHOWN: usize = 20;

/// Compares a sample for these machines, counts them, and says how each went.
pub fn run(machines: &[&'static Machine], tally: &mut Tally) {
    for part in ORDINARY {
        let (kernel, begun) = (part.0, Instant::now());
        if !machines.iter().any(|machine| kernel.ends_with(machine.name)) {
            continue;
        }
        let said = compare(part);
        let seconds = begun.elapsed().as_secs();
        match &said {
            Ok(said) => {
                println!("ok    {kernel:13} plans against modprobe's ({seconds} s): {said}")
            }
            Err(error) => println!("FAIL  {kernel:13} plans against modprobe's: {error:#}"),
        }
        tally.count(said.is_ok());
    }
}

/// Compares everything.
///
/// # Errors
/// The first kernel's differences.
pub fn long() -> Result<String> {
    let said = LONG.iter().map(|part| {
        let said = compare(part).context(part.0)?;
        Ok(format!("{}: {said}", part.0))
    });
    Ok(said.collect::<Result<Vec<_>>>()?.join("; "))
}

/// Compares one part; gives what there is to say.
fn compare((kernel, names, aliases): &Part) -> Result<String> {
    let source = kernels::named(kernel).context("no such kernel")?;
    let index = Index::of(&source.get()?)?;
    let names: Vec<String> = index.names().step_by(*names).collect();
    let aliases: Vec<String> = index.aliases().into_iter().step_by(*aliases).collect();
    let asked = [names.as_slice(), &aliases].concat();
    let theirs = plans::modprobe(&index, &asked)?;
    let ours = plans::insinit(&index, &asked)?;
    let (mut strange, mut more) = (Vec::new(), BTreeSet::new());
    for ((asked, ours), theirs) in asked.iter().zip(&ours).zip(&theirs) {
        if let Err(why) = judge(&index, ours, theirs, &mut more) {
            strange.push(format!("{asked}: {why}"));
        }
    }
    let some: Vec<String> = asked.iter().step_by(FOREIGN).cloned().collect();
    let foreign = plans::foreign(&index, source.machine(), &some)?;
    for ((asked, foreign), ours) in some.iter().zip(&foreign).zip(ours.iter().step_by(FOREIGN)) {
        if foreign != ours {
            strange
                .push(format!("{asked}: {}'s own loader plans {foreign:?}", source.machine().name));
        }
    }
    let shown = strange.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n      ");
    ensure!(strange.is_empty(), "{} of {} differ:\n      {shown}", strange.len(), asked.len());
    Ok(format!(
        "{} names, {} aliases, {} by its machine's loader; more than modprobe, for all softdep lines count: {}",
        names.len(),
        aliases.len(),
        some.len(),
        more.into_iter().collect::<Vec<_>>().join(" ")
    ))
}

/// Compares a plan with modprobe's. `more` gets the modules that bring more here by the one rule that
/// differs: of a module's `softdep` lines all count, for modprobe the first.
fn judge(
    index: &Index,
    ours: &[String],
    theirs: &[String],
    more: &mut BTreeSet<String>,
) -> Result<(), String> {
    let [own, other] = [ours, theirs].map(|lines| lines.iter().collect::<BTreeSet<_>>());
    if let Some(lacks) = other.difference(&own).next() {
        return Err(format!("lacks {lacks:?}"));
    }
    if let Some(surplus) = own.difference(&other).next() {
        let users = ours.iter().map(|line| index::name(line));
        let users: Vec<_> = users.filter(|name| index.softdeps(name).count() > 1).collect();
        if users.is_empty() {
            return Err(format!("has {surplus:?} besides"));
        }
        more.extend(users);
    }
    index.check_order(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let softdeps = "softdep a pre: c\nsoftdep a post: d\n";
        let index = Index::of_text("a.ko: b.ko\nb.ko:\nc.ko:\nd.ko:\n", softdeps);
        let lines = |text: &str| -> Vec<String> {
            text.split(' ').map(|name| format!("insmod /r/{name}.ko")).collect()
        };
        let judged = |ours: &str, theirs: &str| {
            let mut more = BTreeSet::new();
            judge(&index, &lines(ours), &lines(theirs), &mut more).map(|()| more.len())
        };
        assert_eq!(judged("b c a", "c b a"), Ok(0));
        assert_eq!(judged("b c a d", "b c a"), Ok(1));
        for (ours, theirs) in [("b", "b a"), ("b c", "b"), ("a b", "b a"), ("b a c", "b c a")] {
            assert!(judged(ours, theirs).is_err(), "{ours}");
        }
        assert!(judged("d b c a", "b c a d").is_err());
    }
}
