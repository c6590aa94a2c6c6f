//! The kernel's usermode helper: `modprobe -q -- NAME` (`kernel/module/kmod.c`, `call_modprobe`).
//!
//! Takes the arguments that people give modprobe, too, loads with the boot's own code, ends with 0 if
//! what was asked for is there. It runs beside PID 1, before it and while it loads, so it leaves nothing
//! behind, and what it has to mount nobody else sees.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::cmdline::Word;
use crate::kernel::{Fd, Kernel};
use crate::line::Priority;
use crate::list::{Entry, Severity};
use crate::mem::{self, Table};
use crate::name;
use crate::params;
use crate::plan::Task;
use crate::start::{Process, Strings};
use crate::text;

/// What is said where the arguments are wrong.
const HELP: &[u8] = b"modprobe [-a] [-b] [-q] [--] NAME [PARAM=VALUE]..., with -a NAME...\n\
This is insinit: it only loads. -q: no word of a NAME that isn't there; -b, -q: blacklist hides NAMEs, too.\n";

/// The options.
const SHORT: &[u8] = b"qba";
const LONG: &[u8] = b"--quiet --use-blacklist --all";

/// What the options say, a bit each in the order of [`SHORT`].
const QUIET: u32 = 1;
const HIDES: u32 = 2;
const ALL: u32 = 4;

/// Loads what the arguments name and ends: 0, 1 if something isn't there, 2 if the arguments are wrong.
pub fn run<K: Kernel>(k: &mut K, process: Process, arguments: Strings) -> ! {
    let [.., no_output] = k.closed();
    let boot = Boot::new(k, process);
    boot.log.be_guest(!no_output);
    boot.ground.lay(boot.k);
    let mut entries = Table::new();
    let options = read(boot.k, &mut entries, arguments);
    boot.ground.is_guest = true;
    let cmdline = boot.ground.cmdline(boot.k).unwrap_or_default();
    let _ = boot.config.read_image(boot.k, b"");
    boot.config.read(boot.k, cmdline);
    boot.config.hides_names = options & (QUIET | HIDES) != 0;
    let quiet = options & QUIET != 0;
    boot.log.set_level(if quiet { Priority::Critical } else { Priority::Notice });
    boot.plan(&entries);
    if boot.plan.steps.iter().any(|step| matches!(step.task, Task::Load(_))) {
        boot.log.set_level(boot.config.log.unwrap_or(Priority::Notice));
    }
    boot.load_planned();
    let mut is_bad = false;
    for step in boot.plan.steps.iter() {
        is_bad |= step.severity != Severity::Optional && !step.outcome.is_there();
    }
    boot.k.exit(is_bad.into())
}

/// Takes the arguments apart: the entries, and what the options say.
fn read<K: Kernel>(k: &mut K, entries: &mut Table<Entry>, mut arguments: Strings) -> u32 {
    let (mut options, mut ended, mut params) = (0, false, Table::new());
    while let Some(argument) = arguments.take() {
        let argument = argument.to_bytes();
        match argument {
            b"--" if !ended => ended = true,
            [b'-', letters @ ..] if !ended && !letters.is_empty() => {
                options |= option(argument, letters).unwrap_or_else(|| misused(k, argument));
            }
            _ if entries.is_empty() || options & ALL != 0 => {
                entries.push(k, Entry { name: argument, severity: Severity::Normal, params: b"" });
            }
            _ => {
                let mut value = argument;
                let key = text::cut(&mut value, b'=');
                let quoted =
                    value.first() != Some(&b'"') && value.iter().copied().any(text::is_space);
                let value = (key.len() < argument.len()).then_some(value);
                params::add(k, &mut params, key, &Word { key, value, quotes: [quoted; 2] });
            }
        }
    }
    match entries.first_mut() {
        Some(entry) => entry.params = params.into_slice(),
        None => misused(k, b"NAME"),
    }
    options
}

/// The bits of one argument's options; none if one of them is unknown.
fn option(argument: &[u8], letters: &[u8]) -> Option<u32> {
    if let Some(number) = name::position(LONG, argument) {
        return Some(1 << number);
    }
    let mut options = 0;
    for letter in letters {
        options |= 1 << text::find(SHORT, *letter)?;
    }
    Some(options)
}

/// Says what is wrong with the arguments.
fn misused<K: Kernel>(k: &mut K, what: &[u8]) -> ! {
    let text = mem::path(k, &[b"modprobe: ", what, b"?\n", HELP]).to_bytes();
    let _ = k.write(Fd(2), text);
    k.exit(2)
}
