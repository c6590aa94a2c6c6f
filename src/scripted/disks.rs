//! Block devices, as /sys/class/block and the bytes on them tell.

use super::Machine;
use super::tree::{Node, Tree};
use linux_raw_sys::general::DT_LNK;
use std::rc::Rc;

/// A disk or a partition.
#[derive(Clone)]
pub struct Disk {
    /// The kernel's name for it; `/` stands as `!` in /sys.
    name: String,
    number: (u32, u32),
    /// Lines of its uevent besides the usual.
    uevent: String,
    content: Rc<[u8]>,
    block: u32,
    /// The disk that it is a part of.
    parent: Option<String>,
    /// The file system on it: its type and its files.
    pub files: Option<(String, Tree)>,
    /// When it appears, in microseconds.
    pub since: u64,
    pub write_protected: bool,
}

impl Disk {
    /// A disk of 254:MINOR that holds nothing.
    pub fn new(name: &str, minor: u32) -> Self {
        Self {
            name: name.into(),
            number: (254, minor),
            uevent: "DEVTYPE=disk\n".into(),
            content: vec![0; 4096].into(),
            block: 512,
            parent: None,
            files: None,
            since: 0,
            write_protected: false,
        }
    }

    /// Its bytes.
    pub fn holds(mut self, content: Vec<u8>) -> Self {
        self.content = content.into();
        self
    }

    /// Blocks of so many bytes.
    pub fn block(mut self, block: u32) -> Self {
        self.block = block;
        self
    }

    /// Partition `number` of another.
    pub fn part_of(mut self, parent: &str, number: u32, more: &str) -> Self {
        self.parent = Some(parent.into());
        self.uevent = format!("DEVTYPE=partition\nPARTN={number}\n{more}");
        self
    }

    /// A file system of that type: an init and folders to mount on, and these programs.
    pub fn files(mut self, kind: &str, programs: &[&str]) -> Self {
        let mut tree = Tree::new();
        for folder in ["/dev", "/proc", "/sys", "/mnt"] {
            tree.put(folder, Node::Dir, 0o755);
        }
        for path in programs {
            tree.put(path, Node::File(program(2, crate::arch::PROGRAMS[0], "").into()), 0o755);
        }
        self.files = Some((kind.into(), tree));
        self
    }

    /// One more file of it.
    pub fn file(mut self, path: &str, content: &[u8], mode: u32) -> Self {
        if let Some((_, tree)) = &mut self.files {
            tree.put(path, Node::File(content.into()), mode);
        }
        self
    }

    /// Without these files of it.
    pub fn without(mut self, paths: &[&str]) -> Self {
        if let Some((_, tree)) = &mut self.files {
            paths.iter().for_each(|path| tree.remove(path));
        }
        self
    }

    /// A symbolic link on it.
    pub fn link(mut self, path: &str, target: &str) -> Self {
        if let Some((_, tree)) = &mut self.files {
            tree.put(path, Node::Link(target.into()), 0o777);
        }
        self
    }

    /// It appears so many seconds after power-on.
    pub fn after(mut self, seconds: u64) -> Self {
        self.since = seconds * 1_000_000;
        self
    }

    /// It can't be written to.
    pub fn write_protected(mut self) -> Self {
        self.write_protected = true;
        self
    }
}

/// An ELF program of that class and machine that needs that dynamic loader.
pub fn program(class: u8, machine: u16, loader: &str) -> Vec<u8> {
    let mut file = vec![0; 64 + 56];
    file[..5].copy_from_slice(&[0x7f, b'E', b'L', b'F', class]);
    file[18..20].copy_from_slice(&machine.to_le_bytes());
    file[32] = 64;
    file[54] = 56;
    if !loader.is_empty() {
        file[56] = 1;
        file[64] = 3;
        file[72] = 120;
        file.extend(loader.as_bytes());
        file.push(0);
    }
    file
}

impl Machine {
    /// The disks that are there by now.
    fn disks(&self) -> impl Iterator<Item = &Disk> {
        self.disks.iter().filter(|disk| disk.since <= self.clock)
    }

    /// The disk of that number.
    pub(super) fn disk_of(&self, number: (u32, u32)) -> Option<&Disk> {
        self.disks().find(|disk| disk.number == number)
    }

    /// The bytes of the disk of that number.
    pub(super) fn disk_content(&self, number: (u32, u32)) -> Option<Rc<[u8]>> {
        self.disk_of(number).map(|disk| disk.content.clone())
    }

    /// A file of devtmpfs.
    pub(super) fn devtmpfs(&self, path: &str) -> Option<Node> {
        match path {
            "console" => Some(Node::Device(5, 1)),
            "kmsg" => Some(Node::Device(1, 11)),
            "null" => Some(Node::Device(1, 3)),
            _ => self.disks().find(|disk| disk.name == path).map(|disk| Node::Block(disk.number)),
        }
    }

    /// A file of /sys/class.
    pub(super) fn class(&self, path: &str) -> Option<Node> {
        if ["", "block"].contains(&path) {
            return Some(Node::Dir);
        }
        let (name, file) = path.strip_prefix("block/")?.split_once('/')?;
        let disk = self.disks().find(|disk| disk.name.replace('/', "!") == name)?;
        let (disk, file) = match (file.strip_prefix("../"), &disk.parent) {
            (None, _) => (disk, file),
            (Some(file), Some(parent)) => (self.disks().find(|disk| disk.name == *parent)?, file),
            (Some(_), None) => return None,
        };
        let content = match file {
            "uevent" => format!(
                "MAJOR={}\nMINOR={}\nDEVNAME={}\n{}",
                disk.number.0, disk.number.1, disk.name, disk.uevent
            ),
            "size" => format!("{}\n", disk.content.len() / 512),
            "queue/logical_block_size" if disk.parent.is_none() => format!("{}\n", disk.block),
            _ => return None,
        };
        Some(Node::File(content.as_bytes().into()))
    }

    /// What a folder of /sys/class holds.
    pub(super) fn in_class(&self, class: &str) -> Vec<(String, u8)> {
        let disks = self.disks().filter(|_| class == "block");
        let names: Vec<String> = disks.map(|disk| disk.name.replace('/', "!")).collect();
        names.into_iter().map(|name| (name, DT_LNK as u8)).collect()
    }
}
