//! The boot, from top to bottom.
//!
//! Read [`run`]: command line, configuration, plan, loads, report, handover. Each stage takes what
//! the stage before gave.
#![forbid(unsafe_code)]

use crate::config::Config;
use crate::fail::Policy;
use crate::files;
use crate::ground::Ground;
use crate::handover::{self, Init};
use crate::kernel::{Errno, Kernel, Result};
use crate::line::{Line, Priority};
use crate::list::{self, Entry};
use crate::log::Log;
use crate::mem::Table;
use crate::outcome::write_errno;
use crate::path::Path;
use crate::plan::{self, Plan};
use crate::run::Run;
use crate::start::Process;
use crate::tree::{self, Place, Tree};
use core::ffi::CStr;

/// The configuration file of the image.
const CONF: &CStr = c"/etc/insinit.conf";

/// The list file where `insinit.list=` names no other.
const LIST: &[u8] = b"/etc/modules";

/// Boots: loads what the words ask for and becomes the real init. Never returns.
pub fn run<K: Kernel>(k: &mut K, process: Process) -> ! {
    let mut ground = Ground::lay(k);
    let mut log = Log::default();
    let config = config(k, &mut log, &mut ground);
    let entries = entries(k, &mut log, &config);
    let release = k.release().unwrap_or(b"unknown");
    let (tree, plan) = plan(k, &mut log, &config, &entries, release);
    let init = Init::of(k, &config);
    let mut policy =
        Policy { action: config.fail, shell: !ground.no_input, envp: process.envp };
    let run = Run { config: &config, tree: &tree, plan: &plan, release, init };
    run.all(k, &mut log, &mut ground, &mut policy);
    handover::go(k, &mut log, &mut ground, &mut policy, init, process)
}

/// What the words say: those of the image, then those of the command line.
fn config<K: Kernel>(k: &mut K, log: &mut Log, ground: &mut Ground) -> Config {
    let mut config = Config::default();
    if let Ok(text) = files::read(k, CONF)
        && let Err(errno) = config.read_file(k, text)
    {
        complain(k, log, "read", CONF.to_bytes(), errno);
    }
    let cmdline = ground.cmdline(k).and_then(|text| config.read(k, text));
    log.set_level(config.level());
    if let Err(errno) = cmdline {
        complain(k, log, "read", b"/proc/cmdline", errno);
    }
    for complaint in config.complaints.iter() {
        let mut line = Line::new(Priority::Warning, "word", complaint.key);
        log.write(k, line.str(": ignored: ").str(complaint.what));
    }
    if config.root.is_some() {
        let mut line = Line::new(Priority::Warning, "word", b"root");
        log.write(k, line.str(": ignored: this build mounts no root, it runs the initramfs' init"));
    }
    config
}

/// The whole list: the list file's entries, then the command line's.
fn entries<K: Kernel>(k: &mut K, log: &mut Log, config: &Config) -> Table<Entry> {
    let mut entries = Table::new();
    let file = config.list.unwrap_or(LIST);
    if !file.is_empty() {
        let done = list_file(k, file, &mut entries);
        match done {
            Err(Errno::ENOENT) if config.list.is_none() => {}
            Err(errno) => complain(k, log, "list", file, errno),
            Ok(()) => {}
        }
    }
    if let Err(errno) = entries.extend(k, &config.entries) {
        complain(k, log, "list", b"", errno);
    }
    entries
}

fn list_file<K: Kernel>(k: &mut K, file: &[u8], entries: &mut Table<Entry>) -> Result<()> {
    let path = Path::of(&[file])?;
    let text = files::read(k, path.as_c())?;
    list::of_file(text).try_for_each(|entry| entries.push(k, entry))
}

/// The tree, looked for only where the list needs it, and the plan.
fn plan<K: Kernel>(
    k: &mut K,
    log: &mut Log,
    config: &Config,
    entries: &[Entry],
    release: &'static [u8],
) -> (Tree, Plan) {
    let place = Place { root: b"", release, dir: config.dir };
    let tree = if entries.is_empty() { Ok(Tree::default()) } else { Tree::open(k, place) };
    let mut tree = tree.unwrap_or_else(|errno| {
        complain(k, log, "read", config.dir.unwrap_or(b"/lib/modules"), errno);
        Tree::default()
    });
    let by_name = entries.iter().any(|entry| !entry.is_barrier() && !entry.name.contains(&b'/'));
    if by_name && !tree.is_there() {
        no_tree(k, log, place);
    }
    let plan = plan::make(k, config, &mut tree, entries.iter().copied()).unwrap_or_else(|errno| {
        complain(k, log, "plan", b"", errno);
        Plan::default()
    });
    (tree, plan)
}

/// Says which release was looked for, and which are there.
fn no_tree<K: Kernel>(k: &mut K, log: &mut Log, place: Place) {
    let mut line = Line::new(Priority::Error, "no modules for", place.release);
    if let Some(dir) = place.dir {
        line.str(" in ").bytes(dir);
    }
    let found = tree::releases(k, place.root).unwrap_or_default();
    for (at, release) in found.iter().enumerate() {
        line.str(if at == 0 { " (found: " } else { ", " }).bytes(release);
    }
    log.write(k, line.str(if found.is_empty() { "" } else { ")" }));
}

/// Says that a stage failed; the boot goes on with what it has.
fn complain<K: Kernel>(k: &mut K, log: &mut Log, verb: &str, subject: &[u8], errno: Errno) {
    let mut line = Line::new(Priority::Error, verb, subject);
    write_errno(line.str(": failed "), errno);
    log.write(k, &mut line);
}
