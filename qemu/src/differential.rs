//! `insinit plan` against kmod's `modprobe --show-depends`: every name and every alias of real trees.
//!
//! Both see a tree that kmod's depmod made, an empty configuration, then some of ours, and nothing of the host's.
//! What differs must be explained by a rule, or the check fails; the order must keep `modules.dep` and `modules.softdep`.
//! The kernel's machine's own loader, and one that reads the index as text, have to say the same.

mod conf;
mod index;
mod judge;
mod plans;

use crate::kernels;
use crate::machine::{self, Machine};
use crate::programs;
use crate::sizes;
use crate::suite::Tally;
use anyhow::{Context, Result, ensure};
use index::Index;
use judge::Judge;
use plans::{Around, Plan};

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

/// One in so many plans is made from the text files, too.
const TEXTUAL: usize = 9;

/// Differences that are shown.
const SHOWN: usize = 20;

/// What the check is called.
const NAME: &str = "plans against modprobe's";

/// Whether it is meant by that part of a name.
#[must_use]
pub fn is_meant(part: &str) -> bool {
    NAME.contains(part)
}

/// Compares a sample for these machines, counts them, and says how each went.
pub fn run(machines: &[&'static Machine], tally: &mut Tally) {
    for part in ORDINARY {
        for kernel in kernels::on(machines, &[part.0]) {
            tally.check(&format!("{kernel:13} {NAME}"), || compare(part));
        }
    }
}

/// Compares everything.
///
/// # Errors
/// The first kernel's differences.
pub fn long() -> Result<String> {
    let said = LONG.iter().map(|part| {
        let said = compare(part).context(part.0)?;
        Ok(format!("\n      {}: {said}", part.0))
    });
    Ok(said.collect::<Result<Vec<_>>>()?.concat())
}

/// Compares one part; gives what there is to say.
fn compare((kernel, names, aliases): &Part) -> Result<String> {
    let source = kernels::named(kernel).context("no such kernel")?;
    let index = Index::of(&source.get()?)?;
    let names: Vec<String> = index.names().into_iter().step_by(*names).collect();
    let aliases: Vec<String> = index.aliases().step_by(*aliases).collect();
    let asked = [names.as_slice(), &aliases].concat();
    let theirs = plans::modprobe(&index, &asked, Around::default())?;
    let ours = plans::insinit(&index, &asked)?;
    let mut judge = Judge::of(&index)?;
    let mut strange = Vec::new();
    for ((asked, ours), theirs) in asked.iter().zip(&ours).zip(&theirs) {
        if let Err(why) = judge.compare(ours, theirs) {
            strange.push(format!("{asked}: {why}"));
        }
    }
    strange.extend(conf::differences(&index)?);
    let mut others = [FOREIGN, TEXTUAL].map(|step| every(&asked, step));
    for ((some, step), is_text) in others.iter_mut().zip([FOREIGN, TEXTUAL]).zip([false, true]) {
        let plans = other(&index, source.machine(), some, is_text)?;
        for ((asked, plan), ours) in some.iter().zip(&plans).zip(ours.iter().step_by(step)) {
            let who = if is_text { "the text files" } else { source.machine().name };
            if !plans::are_same(plan, ours) {
                strange.push(format!("{asked}: by {who} {plan:?}, not {ours:?}"));
            }
        }
    }
    let shown = strange.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n      ");
    ensure!(strange.is_empty(), "{} of {} differ:\n      {shown}", strange.len(), asked.len());
    let [foreign, textual] = others.map(|some| some.len());
    Ok(format!(
        "{} names, {} aliases: {}; {foreign} by its machine's loader, {textual} from the text files; {} modprobe.d files and command lines",
        names.len(),
        aliases.len(),
        judge.said(),
        conf::CASES.len(),
    ))
}

/// Every so many-th.
fn every(asked: &[String], step: usize) -> Vec<String> {
    asked.iter().step_by(step).cloned().collect()
}

/// Plans by a loader that goes another way: the text files', or another machine's.
fn other(index: &Index, machine: &Machine, asked: &[String], is_text: bool) -> Result<Vec<Plan>> {
    if is_text {
        let loader = programs::with(machine::host(), sizes::SMALL)?;
        return plans::all(index, &[loader.as_os_str()], asked);
    }
    plans::foreign(index, machine, asked)
}
