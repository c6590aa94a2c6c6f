//! What the guest says, in order. First what can be seen without touching anything, then what needs
//! /proc and /sys, which it mounts itself.

use crate::folder::{file, folder, names};
use crate::link;
use crate::say::{decimal, say};
use core::ffi::CStr;
use heapless::Vec;
use insinit::kernel::{Fd, Kernel, Stop};
use insinit::start::{Process, Strings};

/// Descriptors that are looked at: the three and what might have been left open.
const DESCRIPTORS: usize = 16;

/// Bytes of names in one line.
const NAMES: usize = 700;

/// Says all that is asked for and does what is asked for at the end.
pub fn run<K: Kernel>(k: &mut K, process: Process) -> ! {
    let asked = asked(process.envp);
    let pid = k.pid();
    say(k, &[b"pid ", &decimal(pid.unsigned_abs() as usize)]);
    vector(k, b"argv", process.argv);
    if pid != 1 {
        k.exit(0);
    }
    vector(k, b"env", process.envp);
    untouched(k, asked);
    mount(k);
    mounted(k, asked);
    end(k, asked)
}

/// The words behind `guest=` in the environment.
fn asked(envp: Strings) -> &'static [u8] {
    envp.iter().find_map(|entry| entry.to_bytes().strip_prefix(b"guest=")).unwrap_or_default()
}

/// The words one by one.
fn words(asked: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    asked.split(|byte| *byte == b',')
}

/// Whether `word` was asked for.
fn is_asked(asked: &'static [u8], word: &[u8]) -> bool {
    words(asked).any(|found| found == word)
}

/// Says argv or the environment, one string a line, so that blanks inside stay visible.
fn vector<K: Kernel>(k: &mut K, name: &[u8], strings: Strings) {
    for (at, string) in strings.iter().enumerate() {
        say(k, &[name, b" ", &decimal(at), b" [", string.to_bytes(), b"]"]);
    }
}

/// Says what the loader left in the file system.
fn untouched<K: Kernel>(k: &mut K, asked: &'static [u8]) {
    if !is_asked(asked, b"left") {
        return;
    }
    for path in [c"/", c"/dev", c"/proc", c"/sys"] {
        match folder(k, path) {
            Some(records) => list(k, &[b"folder ", path.to_bytes()], names(records)),
            None => say(k, &[b"folder ", path.to_bytes(), b" is not there"]),
        }
    }
}

/// Mounts what the rest needs; where it is mounted already, once more does no harm.
fn mount<K: Kernel>(k: &mut K) {
    for (kind, target) in [(c"proc", c"/proc"), (c"sysfs", c"/sys")] {
        let _ = k.make_dir(target);
        let _ = k.mount(kind, target, kind, 0, c"");
    }
}

/// Says what /proc and /sys know.
fn mounted<K: Kernel>(k: &mut K, asked: &'static [u8]) {
    if is_asked(asked, b"ask") {
        let _ = k.mount(c"none", c"/root", c"overlay", 0, c"");
    }
    if is_asked(asked, b"fds") {
        (0..DESCRIPTORS).for_each(|fd| descriptor(k, fd));
    }
    if is_asked(asked, b"mounts") {
        lines(k, b"mount ", c"/proc/mounts", |_| true);
    }
    if is_asked(asked, b"memory") {
        lines(k, b"memory ", c"/proc/meminfo", |line| line.starts_with(b"Mem"));
        lines(k, b"zone ", c"/proc/zoneinfo", is_free);
    }
    modules(k, is_asked(asked, b"modules"));
    for module in words(asked).filter_map(|word| word.strip_prefix(b"params:")) {
        parameters(k, module);
    }
}

/// Says what the descriptor is, if it is open.
fn descriptor<K: Kernel>(k: &mut K, fd: usize) {
    let mut room = [0; 128];
    let path = path(&[b"/proc/self/fd/", &decimal(fd)]);
    if let Some(target) = c_str(&path).and_then(|path| link::target(path, &mut room)) {
        say(k, &[b"fd ", &decimal(fd), b" ", target]);
    }
}

/// Says those lines of `path` that `wanted` picks.
fn lines<K: Kernel>(k: &mut K, name: &[u8], path: &CStr, wanted: fn(&[u8]) -> bool) {
    let text = file(k, path).unwrap_or_default();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && wanted(line)) {
        say(k, &[name, line]);
    }
}

/// Whether a line of /proc/zoneinfo counts pages that nobody uses: those of the zone, or those that a CPU
/// keeps at hand (`mm/vmstat.c`, `zoneinfo_show_print`).
fn is_free(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.starts_with(b"pages free") || line.starts_with(b"count:")
}

/// Says how many modules are there and, if asked, their names, the newest first.
fn modules<K: Kernel>(k: &mut K, with_names: bool) {
    let text = file(k, c"/proc/modules").unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    say(k, &[b"modules ", &decimal(lines.clone().count())]);
    if with_names {
        list(
            k,
            &[b"module names"],
            lines.filter_map(|line| line.split(|byte| *byte == b' ').next()),
        );
    }
}

/// Says each parameter of `module` that can be read.
fn parameters<K: Kernel>(k: &mut K, module: &[u8]) {
    let place = path(&[b"/sys/module/", module, b"/parameters"]);
    let Some(records) = c_str(&place).and_then(|place| folder(k, place)) else {
        return say(k, &[b"param ", module, b": none"]);
    };
    for name in names(records) {
        let path = path(&[b"/sys/module/", module, b"/parameters/", name]);
        let value = c_str(&path).and_then(|path| file(k, path)).unwrap_or(b"?");
        say(k, &[b"param ", module, b".", name, b"=[", value.trim_ascii_end(), b"]"]);
    }
}

/// Says names in as many lines as they need.
fn list<'a, K: Kernel>(k: &mut K, head: &[&[u8]], names: impl Iterator<Item = &'a [u8]>) {
    let mut line = Vec::<u8, NAMES>::new();
    for name in names {
        if line.len() + name.len() + 1 > NAMES {
            say_list(k, head, &line);
            line.clear();
        }
        let _ = line.push(b' ');
        let _ = line.extend_from_slice(name);
    }
    say_list(k, head, &line);
}

/// Says one line of a list.
fn say_list<K: Kernel>(k: &mut K, head: &[&[u8]], line: &[u8]) {
    let mut parts = Vec::<&[u8], 4>::new();
    let _ = parts.extend_from_slice(head);
    let _ = parts.extend_from_slice(&[b":", line]);
    say(k, &parts);
}

/// A path put together, with its final zero.
fn path(parts: &[&[u8]]) -> Vec<u8, 256> {
    let mut path = Vec::new();
    for part in parts {
        let _ = path.extend_from_slice(part);
    }
    let _ = path.push(0);
    path
}

/// `path` as the kernel takes it; none if it was too long.
fn c_str(path: &[u8]) -> Option<&CStr> {
    CStr::from_bytes_with_nul(path).ok()
}

/// Ends as asked for: `hang`, `exit`, or in order.
fn end<K: Kernel>(k: &mut K, asked: &'static [u8]) -> ! {
    say(k, &[b"end"]);
    if is_asked(asked, b"exit") {
        k.exit(7);
    }
    while is_asked(asked, b"hang") {
        k.sleep(1000);
    }
    k.sync();
    k.drain(Fd(1));
    let _ = k.stop(Stop::PowerOff);
    let _ = k.stop(Stop::Reboot);
    k.exit(8)
}
