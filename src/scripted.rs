//! A scripted machine: what whole boots run on in the unit tests.
//!
//! Takes a few words, files and answers; [`Machine::boot`] runs the loader on it and gives what came
//! of it. Everything is in memory and the clock stands still except in a load, so every line has a
//! predictable text. It models what the kernel does with modules, its log, mounts and descriptors as
//! far as the loader can notice. Of other processes it knows the loader's workers: see `workers`.
#![cfg_attr(
    not(all(feature = "gzip", feature = "ways")),
    allow(dead_code, unused_imports, reason = "the tests of inflating use the rest")
)]

mod booted;
mod calls;
mod descriptors;
mod devices;
mod disks;
mod images;
mod modules;
mod mounts;
mod tree;
mod workers;

pub use booted::{Booted, End};
pub use disks::{Disk, program};
pub use images::{elf, elf_of, gzip, gzip_with, xz, xz_with};
pub use modules::{Load, Way};

use crate::kernel::{Errno, Stop};
use crate::mem::Arena;
use crate::start::{Process, Strings};
use crate::sys::Linux;
use descriptors::Descriptors;
use devices::Devices;
use modules::Modules;
use mounts::Mount;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use syscalls::{Sysno, syscall};
use tree::{Node, Tree};
use workers::Workers;

/// The release of every scripted machine.
pub const RELEASE: &str = "6.12.107";

/// So many system calls are an endless loop.
const ENDLESS: usize = 100_000;

/// Mappings of this length count as a user of memory.
const LARGE: usize = 1 << 20;

/// What the tests see of one system call: its name, and what it was about.
pub type Call = (&'static str, String);

/// The machine.
pub struct Machine {
    tree: Tree,
    /// What is mounted where, as the first root has it.
    mounts: BTreeMap<String, Mount>,
    /// The process' root and folder, as the first root has them; empty for that itself.
    root: String,
    folder: String,
    /// The first root is an initramfs.
    in_initramfs: bool,
    disks: Vec<Disk>,
    /// What 9p has, by tag.
    shares: Vec<(String, tree::Tree)>,
    /// The types of file system that are built in, besides the kernel's own.
    filesystems: Vec<String>,
    without_devtmpfs: bool,
    /// The path that was executed.
    executed: &'static CStr,
    /// What folders tell of inodes is so much more than what stat says.
    odd_inodes: u64,
    fds: Descriptors,
    modules: Modules,
    /// What is mounted is nobody else's.
    secluded: bool,
    devices: Devices,
    words: Vec<u8>,
    pid: i32,
    argv: Vec<String>,
    envp: Vec<String>,
    total: u64,
    free: u64,
    movable: u64,
    /// Microseconds since power was switched on.
    clock: u64,
    has_console: bool,
    consoles: &'static str,
    has_kmsg: bool,
    has_memfd: bool,
    kmsg: Vec<String>,
    console: Vec<String>,
    /// What a program that isn't PID 1 wrote to descriptor 1.
    output: Vec<String>,
    /// Lines that the kernel dropped without an error.
    dropped: usize,
    calls: Vec<Call>,
    /// What no sound program does, like closing a descriptor twice.
    odd: Vec<String>,
    fault: Option<(usize, Errno)>,
    /// The state of a generator that lets one call in eight fail.
    storm: Option<u64>,
    exec_answers: BTreeMap<String, Errno>,
    stop_answer: Option<Errno>,
    children: VecDeque<(i32, i32)>,
    workers: Workers,
    /// What appears while the shell runs.
    repairs: Vec<String>,
    arena: Arena,
    linux: Linux,
    /// Start and length of what is mapped.
    mapped: Vec<(usize, usize)>,
}

impl Machine {
    /// A machine with plenty of memory whose image holds insinit as /init and a real init as
    /// /sbin/init.
    pub fn new() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let machine = Self {
            tree: Tree::new(),
            mounts: BTreeMap::new(),
            root: String::new(),
            folder: String::new(),
            in_initramfs: true,
            disks: Vec::new(),
            shares: Vec::new(),
            filesystems: Vec::new(),
            without_devtmpfs: false,
            executed: c"/init",
            odd_inodes: 0,
            fds: Descriptors::console(&[0, 1, 2]),
            modules: Modules::default(),
            secluded: false,
            devices: Devices::default(),
            words: Vec::new(),
            pid: 1,
            argv: texts(&["/init"]),
            envp: texts(&["HOME=/", "TERM=linux"]),
            total: 5 << 28,
            free: 1 << 30,
            movable: 0,
            clock: 1_000_000,
            has_console: true,
            consoles: "",
            has_kmsg: true,
            has_memfd: true,
            kmsg: Vec::new(),
            console: Vec::new(),
            output: Vec::new(),
            dropped: 0,
            calls: Vec::new(),
            odd: Vec::new(),
            fault: None,
            storm: None,
            exec_answers: BTreeMap::new(),
            stop_answer: None,
            children: VecDeque::new(),
            workers: Workers::default(),
            repairs: Vec::new(),
            arena: Arena::default(),
            linux: Linux::default(),
            mapped: Vec::new(),
        };
        machine.device("/dev/console", 5, 1).dir("/root").program("/init").program("/sbin/init")
    }

    /// The kernel's command line.
    pub fn words(mut self, words: impl AsRef<[u8]>) -> Self {
        self.words = words.as_ref().into();
        self
    }

    /// A plain file.
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.tree.put(path, Node::File(content.as_ref().into()), 0o644);
        self
    }

    /// An executable file.
    pub fn program(mut self, path: &str) -> Self {
        self.tree.put(path, Node::File(b"\x7fELF, a program"[..].into()), 0o755);
        self
    }

    /// A folder.
    pub fn dir(mut self, path: &str) -> Self {
        self.tree.put(path, Node::Dir, 0o755);
        self
    }

    /// A character device.
    pub fn device(mut self, path: &str, major: u32, minor: u32) -> Self {
        self.tree.put(path, Node::Device(major, minor), 0o600);
        self
    }

    /// A symbolic link.
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        self.tree.put(path, Node::Link(target.into()), 0o777);
        self
    }

    /// A second name of a file.
    pub fn hard_link(mut self, path: &str, file: &str) -> Self {
        self.tree.link(path, file);
        self
    }

    /// An image that doesn't hold that.
    pub fn without(mut self, path: &str) -> Self {
        self.tree.remove(path);
        self
    }

    /// A file of the module tree of this release.
    pub fn tree_file(self, file: &str, content: impl AsRef<[u8]>) -> Self {
        self.file(&format!("/lib/modules/{RELEASE}/{file}"), content)
    }

    /// Module files `kernel/NAME.ko` with their `modules.dep`: `NAME` or `NAME: NEEDED…`. The kernel
    /// refuses to load one before what it needs.
    pub fn modules(mut self, modules: &[&str]) -> Self {
        let mut index = String::new();
        for line in modules {
            let (name, needs) = line.split_once(':').unwrap_or((line, ""));
            let needs: Vec<_> = needs.split_whitespace().collect();
            let paths: String = needs.iter().map(|name| format!(" kernel/{name}.ko")).collect();
            index.push_str(&format!("kernel/{name}.ko:{paths}\n"));
            self = self.tree_file(&format!("kernel/{name}.ko"), elf(name)).needs(name, &needs);
        }
        self.tree_file("modules.dep", index)
    }

    /// The symbols that a module takes from others.
    pub fn needs(mut self, module: &str, needed: &[&str]) -> Self {
        self.modules.need(module, needed);
        self
    }

    /// The kernel's answer to the next attempt to load the module; later ones take their course.
    pub fn answer(mut self, module: &str, errno: Errno) -> Self {
        self.modules.answer(module, errno, false);
        self
    }

    /// As [`Machine::answer`], and by then somebody else has loaded the module.
    pub fn answer_to_a_rival(mut self, module: &str, errno: Errno) -> Self {
        self.modules.answer(module, errno, true);
        self
    }

    /// A module that was loaded before.
    pub fn live(mut self, module: &str) -> Self {
        self.modules.set_live(module);
        self
    }

    /// A module that somebody else is loading for so many milliseconds; then it is live, or gone.
    pub fn coming(mut self, module: &str, milliseconds: u64, then_live: bool) -> Self {
        self.modules.set_coming(module, self.clock + milliseconds * 1000, then_live);
        self
    }

    /// A module that is a part of the kernel.
    pub fn built_in(mut self, module: &str) -> Self {
        self.modules.set_built_in(module);
        self
    }

    /// What the kernel inflates itself: gzip, xz or zstd.
    pub fn inflates(mut self, format: &'static str) -> Self {
        self.modules.inflates = Some(format);
        self
    }

    /// A module of another release: the kernel refuses it unless it is told to ignore that.
    pub fn other_release(mut self, module: &str) -> Self {
        self.modules.set_other_release(module);
        self
    }

    /// A kernel built without `CONFIG_MODULE_FORCE_LOAD`.
    pub fn without_force(mut self) -> Self {
        self.modules.without_force = true;
        self
    }

    /// A kernel built without `CONFIG_MEMFD_CREATE`.
    pub fn without_memfd(mut self) -> Self {
        self.has_memfd = false;
        self
    }

    /// A kernel older than finit_module(2).
    pub fn without_finit(mut self) -> Self {
        self.modules.without_finit = true;
        self
    }

    /// A device below /sys/devices, with its alias.
    pub fn plugged(mut self, path: &str, alias: &str) -> Self {
        self.devices.add(path, alias);
        self
    }

    /// A device that comes once the module has been loaded, or so many milliseconds after that.
    pub fn plugs(mut self, module: &str, after: u64, path: &str, alias: &str) -> Self {
        self.devices.plug_later(module, after, path, alias);
        self
    }

    /// A link in /sys/devices.
    pub fn device_link(mut self, path: &str, target: &str) -> Self {
        self.devices.link(path, target);
        self
    }

    /// A kernel without `CONFIG_NET`.
    pub fn without_net(mut self) -> Self {
        self.devices.without_net = true;
        self
    }

    /// The socket's queue is full after so many events.
    pub fn queue(mut self, events: usize) -> Self {
        self.devices.queue = events;
        self
    }

    /// An event of no interest every so many milliseconds.
    pub fn chatter(mut self, milliseconds: u64) -> Self {
        self.devices.chatter = Some(milliseconds * 1000);
        self
    }

    /// `kernel.modules_disabled` is 1.
    pub fn modules_disabled(mut self) -> Self {
        self.modules.disabled = true;
        self
    }

    /// Free memory in MiB, of twice as much.
    pub fn free(mut self, mebibytes: u64) -> Self {
        (self.free, self.total) = (mebibytes << 20, mebibytes << 21);
        self
    }

    /// How much of the free memory is for movable pages only, in MiB.
    pub fn movable(mut self, mebibytes: u64) -> Self {
        self.movable = mebibytes << 20;
        self
    }

    /// What the kernel passes on to init besides `/init`.
    pub fn arguments(mut self, argv: &[&str], envp: &[&str]) -> Self {
        self.argv.extend(argv.iter().map(ToString::to_string));
        self.envp.extend(envp.iter().map(ToString::to_string));
        self
    }

    /// A kernel without a working console: init starts with no descriptor.
    pub fn without_console(mut self) -> Self {
        self.has_console = false;
        self.fds(&[])
    }

    /// The descriptors that init starts with.
    pub fn fds(mut self, open: &[i32]) -> Self {
        self.fds = Descriptors::console(open);
        self
    }

    /// A kernel without a log that can be written to.
    pub fn without_kmsg(mut self) -> Self {
        self.has_kmsg = false;
        self
    }

    /// What /proc/consoles says.
    pub fn consoles(mut self, text: &'static str) -> Self {
        self.consoles = text;
        self
    }

    /// A file system that is mounted before init starts.
    pub fn mounted(mut self, target: &str, kind: &str) -> Self {
        self = self.dir(target);
        self.mounts.insert(target.into(), Mount::made_up(kind));
        self
    }

    /// A block device.
    pub fn disk(mut self, disk: Disk) -> Self {
        if disk.since > 0 {
            self.devices.plug_later("", disk.since / 1000, "block", "");
        }
        self.disks.push(disk);
        self
    }

    /// A type of file system that the kernel knows.
    pub fn filesystem(mut self, kind: &str) -> Self {
        self.filesystems.push(kind.into());
        self
    }

    /// A share of 9p, or a volume of ubifs, with the files of a disk.
    pub fn share(mut self, tag: &str, disk: Disk) -> Self {
        let (_, files) = disk.files.expect("a share has files");
        self.shares.push((tag.into(), files));
        self
    }

    /// The first root is a disk's: somebody started insinit there.
    pub fn without_initramfs(mut self) -> Self {
        self.in_initramfs = false;
        self
    }

    /// The kernel, or another insinit, started it by that path.
    pub fn executed(mut self, path: &'static CStr) -> Self {
        self.executed = path;
        self
    }

    /// A file system like overlayfs, whose folders tell of other inodes than stat does.
    pub fn odd_inodes(mut self) -> Self {
        self.odd_inodes = 1000;
        self
    }

    /// A kernel without devtmpfs.
    pub fn without_devtmpfs(mut self) -> Self {
        self.without_devtmpfs = true;
        self
    }

    /// execve(2) of that program fails.
    pub fn exec_answer(mut self, path: &str, errno: Errno) -> Self {
        self.exec_answers.insert(path.into(), errno);
        self
    }

    /// reboot(2) fails.
    pub fn stop_answer(mut self, errno: Errno) -> Self {
        self.stop_answer = Some(errno);
        self
    }

    /// A shell, in which somebody makes the program of that path.
    pub fn repaired_by_shell(mut self, path: &str) -> Self {
        self.repairs.push(path.into());
        self.program("/bin/sh")
    }

    /// A process that was orphaned before the loader waits for its own child.
    pub fn orphan(mut self) -> Self {
        self.children.push_back((77, 0));
        self
    }

    /// The system call of that number, counted from 1, fails.
    pub fn fault(mut self, call: usize, errno: Errno) -> Self {
        self.fault = Some((call, errno));
        self
    }

    /// One system call in eight fails, at random.
    pub fn storm(mut self, seed: u64) -> Self {
        self.storm = Some(seed);
        self
    }

    /// The program isn't PID 1.
    pub fn pid(mut self, pid: i32) -> Self {
        self.pid = pid;
        self
    }

    /// Runs it as the kernel's helper, or as somebody's modprobe, beside PID 1.
    pub fn helper(mut self, arguments: &[&str]) -> Booted {
        self.argv = vec!["/sbin/modprobe".into()];
        self.arguments(arguments, &[]).pid(42).boot()
    }

    /// Runs `insinit plan` with these arguments.
    pub fn plan(self, arguments: &[&str]) -> Booted {
        self.arguments(&[&["plan"], arguments].concat(), &[]).pid(42).boot()
    }

    /// Runs the loader until it ends and checks what holds of every boot.
    pub fn boot(mut self) -> Booted {
        let before = self.tree.paths();
        let path = Some(self.executed);
        let process = Process { argv: strings(&self.argv), envp: strings(&self.envp), path };
        let run = || -> () {
            match self.pid {
                1 => crate::boot::run(&mut self, process),
                _ => crate::main(&mut self, process),
            }
        };
        let ended = catch_unwind(AssertUnwindSafe(run));
        let booted = Booted::new(ended, self, before);
        booted.check();
        booted
    }

    /// Ends the boot.
    fn end(&self, end: End) -> ! {
        resume_unwind(Box::new(end))
    }

    /// Free memory less what the loader's large mappings have taken of it.
    fn free_now(&self) -> u64 {
        let large = self.mapped.iter().filter(|(_, len)| *len >= LARGE);
        let taken: u64 = large.map(|(start, len)| resident(*start, *len)).sum();
        self.free.saturating_sub(taken + self.workers.taken())
    }

    fn stopped(&mut self, how: Stop) -> Errno {
        match self.stop_answer {
            Some(errno) => errno,
            None => self.end(End::Stop(how)),
        }
    }
}

/// How many bytes of a mapping are in memory: mincore(2).
#[allow(unsafe_code)]
fn resident(start: usize, len: usize) -> u64 {
    const UNTOUCHED: u8 = 0xff;
    let mut pages = vec![UNTOUCHED; len.div_ceil(4096)];
    // SAFETY: `pages` has room for a byte a page, no page being smaller than 4096 bytes.
    let done = unsafe { syscall!(Sysno::mincore, start, len, pages.as_mut_ptr()) };
    assert_eq!(done, Ok(0));
    let count = pages.iter().filter(|page| **page != UNTOUCHED).count();
    let present = pages.iter().filter(|page| **page == 1).count();
    (present * (len / count.max(1))) as u64
}

/// The texts as the kernel puts them onto the stack.
#[allow(unsafe_code)]
fn strings(texts: &[String]) -> Strings {
    let leak = |text: &String| CString::new(text.as_str()).unwrap().into_raw().cast_const();
    let end = [std::ptr::null::<c_char>()];
    let vector: Vec<*const c_char> = texts.iter().map(leak).chain(end).collect();
    // SAFETY: the vector is writable, ends with a null pointer and is never freed, nor are the texts.
    unsafe { Strings::from_raw(vector.leak().as_mut_ptr()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Fd, Kernel};
    use linux_raw_sys::general::{O_RDONLY, O_WRONLY};

    #[test]
    fn the_eleventh_line_of_one_open_file_gets_lost() {
        let mut machine = Machine::new().device("/dev/kmsg", 1, 11);
        for _ in 0..2 {
            let fd = machine.open(c"/dev/kmsg", O_WRONLY).unwrap();
            for n in 1..=11 {
                assert_eq!(machine.write(fd, b"<6>line\n"), Ok(8), "{n}");
            }
        }
        assert_eq!((machine.kmsg.len(), machine.dropped), (20, 2));
        machine.sleep(5_001);
        machine.write(Fd(3), b"<6>line\n").unwrap();
        assert_eq!(machine.kmsg.len(), 21);
    }

    #[test]
    fn a_module_before_what_it_needs_has_an_unknown_symbol() {
        let mut machine = Machine::new().modules(&["b: a", "a"]);
        let mut load = |path| {
            let fd = machine.open(path, O_RDONLY).unwrap();
            machine.finit_module(fd, c"", 0)
        };
        assert_eq!(load(c"/lib/modules/6.12.107/kernel/b.ko"), Err(Errno::ENOENT));
        assert_eq!(load(c"/lib/modules/6.12.107/kernel/a.ko"), Ok(()));
        assert_eq!(load(c"/lib/modules/6.12.107/kernel/b.ko"), Ok(()));
        assert_eq!(load(c"/lib/modules/6.12.107/kernel/a.ko"), Err(Errno::EEXIST));
    }

    #[test]
    fn descriptors_are_the_lowest_that_are_free() {
        let mut machine = Machine::new().fds(&[0, 2]);
        let opened = [1, 3].map(|_| machine.open(c"/init", O_RDONLY).unwrap());
        assert_eq!(opened, [Fd(1), Fd(3)]);
        machine.close(Fd(0));
        assert_eq!(machine.open(c"/init", O_RDONLY), Ok(Fd(0)));
        machine.close(Fd(9));
        assert_eq!(machine.odd.len(), 1);
    }
}
