//! The system calls of the scripted machine. Each is counted, and any one of them can be told to fail.

use super::descriptors::Open;
use super::mounts::Mount;
use super::tree::Node;
use super::{ENDLESS, End, Machine, RELEASE};
use crate::kernel::{Errno, Fd, Kernel, Memory, NOT_STARTED, Result, Stat, Stop, Strings};
use crate::mem::Arena;
use linux_raw_sys::general::{O_ACCMODE, O_DIRECTORY, O_RDONLY, O_RDWR, S_IFMT, S_IFREG};
use std::ffi::CStr;

/// A record of the kernel's log with its prefix holds no more (`kernel/printk/printk.c`).
const RECORD: usize = 976;

/// The loader's own limit for a line.
const LINE: usize = 900;

/// `DEVKMSG_LOG_BURST` lines of one open file come out in `DEVKMSG_LOG_INTERVAL` microseconds.
const BURST: u32 = 10;
const INTERVAL: u64 = 5_000_000;

/// What /proc/self/fd calls a file of memfd_create(2).
pub const MEMFD: &str = "memfd:insinit";

/// So many descriptors init may have (`include/asm-generic/resource.h`, `INR_OPEN_CUR`).
const NOFILE: usize = 1024;

/// The most bytes of a file that one write(2) takes here; Linux takes 2 GiB.
const WRITE: usize = 100_000;

fn text(path: &CStr) -> String {
    path.to_string_lossy().into_owned()
}

impl Machine {
    /// Counts a call; fails where it was told to.
    fn call(&mut self, name: &'static str, about: impl ToString) -> Result<()> {
        self.calls.push((name, about.to_string()));
        if self.calls.len() > ENDLESS {
            self.end(End::Endless);
        }
        match self.fault {
            Some((call, errno)) if call == self.calls.len() => Err(errno),
            _ => self.weather(),
        }
    }

    /// In a storm one call in eight fails, each with another error.
    fn weather(&mut self) -> Result<()> {
        const ERRORS: [Errno; 8] = [
            Errno::EIO,
            Errno::ENOMEM,
            Errno::EPERM,
            Errno::ENOENT,
            Errno::EINVAL,
            Errno::EEXIST,
            Errno::ENODEV,
            Errno::EINTR,
        ];
        let Some(state) = &mut self.storm else { return Ok(()) };
        // Knuth's MMIX constants; the high bits are the random ones.
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (draw, which) = (*state >> 61, (*state >> 58 & 7) as usize);
        if draw == 0 { Err(ERRORS[which]) } else { Ok(()) }
    }

    /// Reports a use of a descriptor that isn't open.
    fn open_file(&mut self, call: &str, fd: Fd) -> Result<&mut Open> {
        let calls = self.calls.len();
        let found = self.fds.get(fd);
        if found.is_err() {
            self.odd.push(format!("call {calls}: {call} of closed descriptor {}", fd.0));
        }
        found
    }

    pub(super) fn proc(&self, path: &str) -> Option<Node> {
        let kib = |bytes: u64| bytes / 1024;
        let content = match path {
            "cmdline" => return Some(Node::File([&self.words[..], b"\n"].concat().into())),
            "filesystems" => self.filesystems(),
            "mounts" if self.in_initramfs => "rootfs / rootfs rw 0 0\n".into(),
            "mounts" => "/dev/root / ext4 rw 0 0\n".into(),
            "consoles" if !self.consoles.is_empty() => self.consoles.to_string(),
            "sys/kernel/modules_disabled" => format!("{}\n", u8::from(self.modules.disabled)),
            "meminfo" => format!(
                "MemTotal: {:10} kB\nMemFree:  {:10} kB\nCmaTotal: {:10} kB\nCmaFree:  {:10} kB\n",
                kib(self.total),
                kib(self.free),
                kib(self.movable),
                kib(self.movable)
            ),
            _ => return None,
        };
        Some(Node::File(content.as_bytes().into()))
    }

    pub(super) fn sys(&self, path: &str) -> Option<Node> {
        match path.split_once('/').unwrap_or((path, "")) {
            ("module", "") => Some(Node::Dir),
            ("module", below) => self.modules.sys(below),
            ("class", below) => self.class(below),
            _ => self.devices.get(path),
        }
    }

    /// Opening a device asks its driver.
    fn opens(&self, node: &Node) -> Result<()> {
        match node {
            Node::Device(1, 3) => Ok(()),
            Node::Device(1, 11) if self.has_kmsg => Ok(()),
            Node::Device(5, 1) if self.has_console => Ok(()),
            Node::Device(5, 1) => Err(Errno::ENODEV),
            Node::Device(..) => Err(Errno::ENXIO),
            Node::Block(number) if self.disk_of(*number).is_none() => Err(Errno::ENXIO),
            _ => Ok(()),
        }
    }

    /// Takes at most [`WRITE`] bytes, as write(2) may.
    fn write_memfd(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize> {
        self.call("write", bytes.len())?;
        let written = &bytes[..bytes.len().min(WRITE)];
        let open = self.fds.get(fd)?;
        if let Node::File(content) = &open.node {
            open.node = Node::File([content, written].concat().into());
        }
        Ok(written.len())
    }

    /// A line for the kernel's log: the eleventh in five seconds gets lost, and nobody is told.
    fn log(&mut self, fd: Fd, line: String) -> Result<()> {
        if line.len() > RECORD {
            return Err(Errno::EINVAL);
        }
        let now = self.clock;
        let open = self.fds.get(fd)?;
        let (count, since) = open.lines;
        let fresh = count == 0 || now > since + INTERVAL;
        open.lines = if fresh { (1, now) } else { (count + 1, since) };
        if open.lines.0 > BURST {
            self.dropped += 1;
        } else {
            self.kmsg.push(line);
        }
        Ok(())
    }
}

/// A record of getdents64(2).
fn dirent(name: &str, kind: u8, inode: u64) -> Vec<u8> {
    let len = (19 + name.len() + 1).next_multiple_of(8);
    let mut record = vec![0; len];
    record[..8].copy_from_slice(&inode.to_ne_bytes());
    record[16..18].copy_from_slice(&(len as u16).to_le_bytes());
    record[18] = kind;
    record[19..19 + name.len()].copy_from_slice(name.as_bytes());
    record
}

impl Machine {
    /// Makes a file where its file system can be written to.
    fn make(&mut self, path: &str, node: Node, mode: u32) -> Result<()> {
        if self.inode(path).is_ok() {
            return Err(Errno::EEXIST);
        }
        let real = self.real(path);
        let (files, below) = self.files(&real)?;
        files.make(below, node, mode)
    }
}

/// Copies what fits.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    to[..len].copy_from_slice(&from[..len]);
    len
}

fn content(open: &Open, from: usize) -> Result<&[u8]> {
    match &open.node {
        _ if !open.is_readable() => Err(Errno::EBADF),
        Node::File(content) => Ok(content.get(from..).unwrap_or_default()),
        Node::Dir => Err(Errno::EISDIR),
        _ => Ok(&[]),
    }
}

impl Kernel for Machine {
    fn arena(&mut self) -> &mut Arena {
        &mut self.arena
    }

    fn map(&mut self, len: usize) -> Result<&'static mut [u8]> {
        self.call("mmap", len)?;
        let memory = self.linux.map(len)?;
        self.mapped.push((memory.as_ptr() as usize, len));
        Ok(memory)
    }

    fn map_file(&mut self, fd: Fd, len: usize) -> Result<&'static [u8]> {
        self.call("mmap", len)?;
        let open = self.open_file("mmap", fd)?;
        let content = content(open, 0)?;
        Ok(content.get(..len).ok_or(Errno::EINVAL)?.to_vec().leak())
    }

    fn unmap(&mut self, memory: &'static mut [u8]) {
        let _ = self.call("munmap", memory.len());
        let key = (memory.as_ptr() as usize, memory.len());
        match self.mapped.iter().position(|mapping| *mapping == key) {
            Some(at) => drop(self.mapped.remove(at)),
            None => self.odd.push(format!("munmap of {} bytes that are not a mapping", key.1)),
        }
        self.linux.unmap(memory);
    }

    fn open(&mut self, path: &CStr, flags: u32) -> Result<Fd> {
        let path = text(path);
        self.call("open", &path)?;
        let inode = self.inode(&path)?;
        let is_dir = matches!(inode.node, Node::Dir);
        if flags & O_DIRECTORY != 0 && !is_dir {
            return Err(Errno::ENOTDIR);
        }
        if is_dir && flags & O_ACCMODE != O_RDONLY {
            return Err(Errno::EISDIR);
        }
        self.opens(&inode.node)?;
        let stat = self.with_device(&path, inode.stat());
        let node = match inode.node {
            Node::Block(number) => Node::File(self.disk_content(number).ok_or(Errno::ENXIO)?),
            node => node,
        };
        if self.fds.open().len() >= NOFILE {
            return Err(Errno::new(24)); // EMFILE
        }
        let mut open = Open::new(&path, node, stat, flags);
        open.real = self.real(&path);
        Ok(self.fds.add(open))
    }

    fn close(&mut self, fd: Fd) {
        let path = self.fds.get(fd).map(|open| open.path.clone()).unwrap_or_default();
        let _ = self.call("close", path);
        let _ = self.open_file("close", fd);
        let _ = self.fds.close(fd);
    }

    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        self.call("read", fd.0)?;
        let open = self.open_file("read", fd)?;
        if matches!(open.node, Node::Socket) {
            return Ok(copy(&self.devices.hear()?, buffer));
        }
        let len = copy(content(open, open.at)?, buffer);
        open.at += len;
        Ok(len)
    }

    fn read_at(&mut self, fd: Fd, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.call("pread", fd.0)?;
        let open = self.open_file("pread", fd)?;
        Ok(copy(content(open, offset as usize)?, buffer))
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize> {
        if self.fds.get(fd).is_ok_and(|open| open.path == MEMFD) {
            return self.write_memfd(fd, bytes);
        }
        let line = String::from_utf8_lossy(bytes).into_owned();
        self.call("write", &line)?;
        let is_output = self.pid != 1 && fd == Fd(1);
        if bytes.len() > LINE && !is_output {
            self.odd.push(format!("a line of {} bytes", bytes.len()));
        }
        let open = self.open_file("write", fd)?;
        match open.node {
            _ if !open.is_writable() => return Err(Errno::EBADF),
            Node::Device(1, 11) => self.log(fd, line)?,
            Node::Device(5, 1) if is_output => self.output.push(line),
            Node::Device(5, 1) => self.console.push(line),
            Node::Device(1, 3) => {}
            _ if open.path == "/proc/sys/kernel/modules_disabled" => {
                self.modules.disabled = bytes == b"1\n";
            }
            _ => {
                let path = open.path.clone();
                self.odd.push(format!("write to {path}"));
            }
        }
        Ok(bytes.len())
    }

    fn entries(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        self.call("getdents64", fd.0)?;
        let open = self.open_file("getdents64", fd)?;
        if !matches!(open.node, Node::Dir) {
            return Err(Errno::ENOTDIR);
        }
        let (path, real, at) = (open.path.clone(), open.real.clone(), open.at);
        let own = [".", ".."].map(|name| (name.to_string(), 4));
        let inside = self.listing(&real)?;
        let (mut used, mut count) = (0, 0);
        for (name, kind) in own.into_iter().chain(inside).skip(at) {
            let file = format!("{}/{name}", path.trim_end_matches('/'));
            let inode = self.inode(&file).map_or(0, |inode| inode.stat().inode + self.odd_inodes);
            let record = dirent(&name, kind, inode);
            let Some(room) = buffer.get_mut(used..used + record.len()) else { break };
            room.copy_from_slice(&record);
            (used, count) = (used + record.len(), count + 1);
        }
        self.fds.get(fd)?.at += count;
        Ok(used)
    }

    fn stat(&mut self, path: &CStr) -> Result<Stat> {
        let path = text(path);
        self.call("stat", &path)?;
        let stat = self.inode(&path)?.stat();
        Ok(self.with_device(&path, stat))
    }

    fn stat_fd(&mut self, fd: Fd) -> Result<Stat> {
        self.call("stat", fd.0)?;
        Ok(self.open_file("stat", fd)?.stat)
    }

    fn closed(&mut self) -> [bool; 3] {
        // Three descriptors and no wait leave nothing to fail, so this one is never told to.
        let _ = self.call("poll", "");
        [0, 1, 2].map(|fd| self.fds.get(Fd(fd)).is_err())
    }

    fn keep(&mut self, fd: Fd) {
        if self.call("keep", fd.0).is_ok()
            && let Ok(open) = self.open_file("keep", fd)
        {
            open.keep = true;
        }
    }

    fn uevents(&mut self) -> Result<Fd> {
        self.call("socket", "uevents")?;
        if self.devices.without_net {
            return Err(Errno::ENOSYS);
        }
        self.devices.listen();
        Ok(self.fds.add(Open::new("uevents", Node::Socket, Stat::default(), O_RDONLY)))
    }

    fn readable(&mut self, fd: Fd, milliseconds: u32) -> Result<bool> {
        self.call("poll", fd.0)?;
        self.open_file("poll", fd)?;
        let end = self.clock + u64::from(milliseconds) * 1000;
        let next = self.devices.next(self.clock).filter(|at| *at <= end);
        self.clock = next.unwrap_or(end);
        self.devices.pass(self.clock);
        Ok(next.is_some())
    }

    fn drain(&mut self, fd: Fd) {
        let _ = self.call("drain", fd.0);
        let _ = self.open_file("drain", fd);
    }

    fn make_dir(&mut self, path: &CStr) -> Result<()> {
        let path = text(path);
        self.call("mkdir", &path)?;
        self.make(&path, Node::Dir, 0o755)
    }

    fn make_device(&mut self, path: &CStr, major: u32, minor: u32) -> Result<()> {
        let path = text(path);
        self.call("mknod", &path)?;
        self.make(&path, Node::Device(major, minor), 0o600)
    }

    fn make_block(&mut self, path: &CStr, major: u32, minor: u32) -> Result<()> {
        let path = text(path);
        self.call("mknod", &path)?;
        self.make(&path, Node::Block((major, minor)), 0o600)
    }

    fn unlink(&mut self, path: &CStr) -> Result<()> {
        let path = text(path);
        self.call("unlink", &path)?;
        let real = self.real(&path);
        let (files, below) = self.files(&real)?;
        files.unlink(below, false)
    }

    fn remove_dir(&mut self, path: &CStr) -> Result<()> {
        let path = text(path);
        self.call("rmdir", &path)?;
        let real = self.real(&path);
        if self.mounts.contains_key(&real) {
            return Err(Errno::EBUSY);
        }
        let (files, below) = self.files(&real)?;
        files.unlink(below, true)
    }

    fn mount(
        &mut self,
        what: &CStr,
        target: &CStr,
        kind: &CStr,
        flags: u32,
        data: &CStr,
    ) -> Result<()> {
        let [source, target, kind, data] = [what, target, kind, data].map(text);
        self.call("mount", &target)?;
        if self.pid != 1 && !self.secluded {
            self.odd.push(format!("somebody else's {target} is mounted on"));
        }
        self.mount_on(&target, Mount { source, kind, flags, data, files: None })
    }

    fn seclude(&mut self) -> Result<()> {
        self.call("unshare", "")?;
        self.secluded = true;
        Ok(())
    }

    fn detach(&mut self, target: &CStr) -> Result<()> {
        let target = text(target);
        self.call("umount", &target)?;
        self.unmount(&target)
    }

    fn magic(&mut self, path: &CStr) -> Result<u32> {
        let path = text(path);
        self.call("statfs", &path)?;
        let is_first =
            self.inode(&path).is_ok() && self.with_device(&path, Stat::default()).device == 2;
        Ok(if is_first && self.in_initramfs { 0x8584_58f6 } else { 0xef53 })
    }

    fn may_execute(&mut self, path: &CStr) -> Result<()> {
        let path = text(path);
        self.call("faccessat", &path)?;
        let mode = self.inode(&path)?.mode;
        if mode & 0o111 == 0 { Err(Errno::EACCES) } else { Ok(()) }
    }

    fn change_dir(&mut self, path: &CStr) -> Result<()> {
        let path = text(path);
        self.call("chdir", &path)?;
        self.inode(&path)?;
        self.folder = self.real(&path);
        Ok(())
    }

    fn change_dir_to(&mut self, fd: Fd) -> Result<()> {
        self.call("fchdir", fd.0)?;
        self.folder = self.open_file("fchdir", fd)?.real.clone();
        Ok(())
    }

    fn change_root(&mut self, path: &CStr) -> Result<()> {
        let path = text(path);
        self.call("chroot", &path)?;
        self.inode(&path)?;
        self.root = self.real(&path);
        Ok(())
    }

    fn replace(&mut self, number: i32, fd: Fd) {
        if self.call("dup3", number).is_ok()
            && let Ok(mut open) = self.open_file("dup3", fd).cloned()
        {
            open.keep = true;
            self.fds.replace(number, open);
        }
    }

    fn finit_module(&mut self, fd: Fd, params: &CStr, flags: u32) -> Result<()> {
        let path = self.fds.get(fd).map(|open| open.path.clone()).unwrap_or_default();
        self.call("finit_module", path)?;
        self.open_file("finit_module", fd)?;
        self.load_file(fd, &text(params), flags)
    }

    fn memfd(&mut self) -> Result<Fd> {
        self.call("memfd_create", "")?;
        if !self.has_memfd {
            return Err(Errno::ENOSYS);
        }
        let node = Node::File([].into());
        Ok(self.fds.add(Open::new(MEMFD, node, Stat::default(), O_RDWR)))
    }

    fn init_module(&mut self, image: &[u8], params: &CStr) -> Result<()> {
        self.call("init_module", image.len())?;
        self.load_image(image, &text(params))
    }

    fn now(&mut self) -> u64 {
        let _ = self.call("clock", "");
        self.clock
    }

    fn sleep(&mut self, milliseconds: u32) {
        let _ = self.call("sleep", milliseconds);
        self.clock += u64::from(milliseconds) * 1000;
        self.devices.pass(self.clock);
        self.modules.pass(self.clock);
    }

    fn memory(&mut self) -> Memory {
        match self.call("sysinfo", "") {
            Ok(()) => Memory { total: self.total, free: self.free_now() },
            Err(_) => Memory::default(),
        }
    }

    fn release(&mut self) -> Result<&'static [u8]> {
        self.call("uname", "")?;
        Ok(RELEASE.as_bytes())
    }

    fn pid(&mut self) -> i32 {
        let _ = self.call("getpid", "");
        self.pid
    }

    fn exec(&mut self, path: &CStr, argv: Strings, envp: Strings) -> Errno {
        let path = text(path);
        if let Err(errno) = self.call("execve", &path) {
            return errno;
        }
        if let Some(errno) = self.exec_answers.get(&path) {
            return *errno;
        }
        match self.inode(&path).map(|inode| inode.stat().mode) {
            Err(errno) => errno,
            Ok(mode) if mode & S_IFMT != S_IFREG || mode & 0o111 == 0 => Errno::EACCES,
            Ok(_) if self.workers.held => {
                self.odd.push("SIGCHLD is held back from the real init".into());
                Errno::EPERM
            }
            Ok(_) => {
                let texts = |strings: Strings| strings.iter().map(text).collect();
                let (argv, envp, fds) = (texts(argv), texts(envp), self.fds.kept());
                self.end(End::Exec { path, argv, envp, fds })
            }
        }
    }

    fn spawn(&mut self, path: &CStr, _: Strings) -> Result<i32> {
        let path = text(path);
        self.call("spawn", &path)?;
        if self.workers.held {
            self.odd.push("SIGCHLD is held back from the shell".into());
        }
        let program = self.inode(&path).is_ok_and(|inode| inode.mode & 0o111 != 0);
        let status = if program { 0 } else { NOT_STARTED << 8 };
        let child = 100 + self.calls.len() as i32;
        self.children.push_back((child, status));
        Ok(child)
    }

    fn wait(&mut self) -> Result<(i32, i32)> {
        self.call("wait4", "")?;
        for path in std::mem::take(&mut self.repairs) {
            self.tree.put(&path, Node::File(b"\x7fELF, repaired"[..].into()), 0o755);
        }
        self.children.pop_front().ok_or(Errno::ECHILD)
    }

    fn share(&mut self, len: usize) -> Result<&'static mut [u8]> {
        self.call("share", len)?;
        self.linux.share(len)
    }

    fn cpus(&mut self) -> u32 {
        let _ = self.call("sched_getaffinity", "");
        self.workers.cpus
    }

    fn hold_children(&mut self, hold: bool) {
        let _ = self.call("sigprocmask", hold);
        self.workers.held = hold;
    }

    fn fork(&mut self) -> Result<i32> {
        self.call("fork", "")?;
        self.begin_worker();
        Ok(0)
    }

    fn leave(&mut self) -> i32 {
        let _ = self.call("leave", "");
        self.end_worker()
    }

    fn reap(&mut self, milliseconds: u32) -> Result<(i32, i32)> {
        self.call("wait4", milliseconds)?;
        self.reaped(milliseconds)
    }

    fn kill(&mut self, process: i32) {
        let _ = self.call("kill", process);
        self.workers.kill(process);
    }

    fn sync(&mut self) {
        let _ = self.call("sync", "");
    }

    fn stop(&mut self, how: Stop) -> Errno {
        match self.call("reboot", format!("{how:?}")) {
            Ok(()) => self.stopped(how),
            Err(errno) => errno,
        }
    }

    fn exit(&mut self, status: i32) -> ! {
        let _ = self.call("exit", status);
        self.end(End::Exit(status))
    }
}
