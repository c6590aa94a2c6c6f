//! Open files.

use super::tree::Node;
use crate::kernel::{Errno, Fd, Result, Stat};
use linux_raw_sys::general::{O_ACCMODE, O_RDONLY, O_RDWR};

/// An open file.
#[derive(Clone, Debug)]
pub struct Open {
    pub path: String,
    /// The path as the first root has it.
    pub real: String,
    pub node: Node,
    pub stat: Stat,
    flags: u32,
    /// Bytes that were read; of a folder, entries.
    pub at: usize,
    /// It stays open through execve(2).
    pub keep: bool,
    /// Of /dev/kmsg: lines in these five seconds, and when they began.
    pub lines: (u32, u64),
}

impl Open {
    pub fn new(path: &str, node: Node, stat: Stat, flags: u32) -> Self {
        let path = path.to_string();
        let real = path.clone();
        Self { path, real, node, stat, flags, at: 0, keep: false, lines: (0, 0) }
    }

    pub fn is_readable(&self) -> bool {
        let access = self.flags & O_ACCMODE;
        access == O_RDONLY || access == O_RDWR
    }

    pub fn is_writable(&self) -> bool {
        self.flags & O_ACCMODE != O_RDONLY
    }
}

/// The descriptor table.
#[derive(Default)]
pub struct Descriptors(Vec<Option<Open>>);

impl Descriptors {
    /// These are the console.
    pub fn console(open: &[i32]) -> Self {
        let console = Open::new("/dev/console", Node::Device(5, 1), Stat::default(), O_RDWR);
        let console = Open { keep: true, ..console };
        Self((0..3).map(|fd| open.contains(&fd).then(|| console.clone())).collect())
    }

    /// Takes the lowest free number.
    pub fn add(&mut self, open: Open) -> Fd {
        let free = self.0.iter().position(Option::is_none);
        let fd = free.unwrap_or_else(|| {
            self.0.push(None);
            self.0.len() - 1
        });
        self.0[fd] = Some(open);
        Fd(fd as i32)
    }

    pub fn get(&mut self, fd: Fd) -> Result<&mut Open> {
        let slot = usize::try_from(fd.0).ok().and_then(|fd| self.0.get_mut(fd));
        slot.and_then(Option::as_mut).ok_or(Errno::EBADF)
    }

    pub fn close(&mut self, fd: Fd) -> Result<()> {
        self.get(fd)?;
        self.0[fd.0 as usize] = None;
        Ok(())
    }

    /// dup3(2)
    pub fn replace(&mut self, number: i32, open: Open) {
        if let Some(slot) = usize::try_from(number).ok().and_then(|at| self.0.get_mut(at)) {
            *slot = Some(open);
        }
    }

    /// The paths of all that is open.
    pub fn open(&self) -> Vec<&str> {
        self.0.iter().flatten().map(|open| open.path.as_str()).collect()
    }

    /// What a program inherits: number and path.
    pub fn kept(&self) -> Vec<(i32, String)> {
        let kept = |(fd, open): (usize, &Option<Open>)| {
            let open = open.as_ref().filter(|open| open.keep)?;
            Some((fd as i32, open.path.clone()))
        };
        self.0.iter().enumerate().filter_map(kept).collect()
    }
}
