//! A kernel with memory and a few files, and nothing else: what parsers and the plan need.
//!
//! Its memory is used again for each input, so that a fuzzer may run for hours.

use insinit::kernel::{Errno, Fd, Kernel, Memory, Result, Stat, Stop, Strings};
use insinit::mem::Arena;
use linux_raw_sys::general::{DT_REG, O_DIRECTORY};
use std::cell::RefCell;
use std::ffi::CStr;
use std::slice;

/// The most that an input may take, in bytes; tables double, and the old ones stay.
const ROOM: usize = 256 << 20;

thread_local! {
    /// The memory, and how much of it isn't zero any more.
    static POOL: RefCell<(Vec<u8>, usize)> = RefCell::new((vec![0; ROOM], 0));
}

/// The machine. Whoever has one must have no other, and nothing of an earlier one.
pub struct Machine {
    arena: Arena,
    files: Vec<(&'static str, &'static [u8])>,
    /// The open files, from descriptor 3 on: the file's number, and how much of it was read.
    open: Vec<(usize, usize)>,
}

impl Machine {
    /// One with these files, by their whole paths; they are copied.
    pub fn new(files: &[(&'static str, &[u8])]) -> Self {
        POOL.with_borrow_mut(|(pool, used)| {
            pool[..*used].fill(0);
            *used = 0;
        });
        let mut machine = Self { arena: Arena::new(), files: vec![], open: vec![] };
        for (path, content) in files {
            let text = machine.text(content);
            machine.files.push((path, text));
        }
        machine
    }

    /// A copy that lives as long as the machine.
    pub fn text(&mut self, content: &[u8]) -> &'static [u8] {
        let place = self.map(content.len().max(1)).expect("an input is small");
        place[..content.len()].copy_from_slice(content);
        &place[..content.len()]
    }

    fn file(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|(name, _)| *name == path)
    }

    /// The content behind a descriptor, and how much of it was read.
    fn content(&mut self, fd: Fd) -> Result<(&'static [u8], &mut usize)> {
        let (file, at) = self.open.get_mut(fd.0 as usize - 3).ok_or(Errno::EBADF)?;
        Ok((self.files.get(*file).ok_or(Errno::EISDIR)?.1, at))
    }

    /// Whether files are below that folder.
    fn is_folder(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files
            .iter()
            .any(|(name, _)| name.strip_prefix(path).is_some_and(|r| r.starts_with('/')))
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    to[..len].copy_from_slice(&from[..len]);
    len
}

/// What isn't there.
const NONE: Errno = Errno::ENOSYS;

impl Kernel for Machine {
    fn arena(&mut self) -> &mut Arena {
        &mut self.arena
    }

    fn map(&mut self, len: usize) -> Result<&'static mut [u8]> {
        POOL.with_borrow_mut(|(pool, used)| {
            let (from, to) =
                (*used, used.checked_add(len.next_multiple_of(16)).ok_or(Errno::ENOMEM)?);
            let place = pool.get_mut(from..to).ok_or(Errno::ENOMEM)?;
            *used = to;
            // SAFETY: nobody else has these bytes until the next machine, which nothing of this one outlives.
            Ok(unsafe { slice::from_raw_parts_mut(place.as_mut_ptr(), len) })
        })
    }

    fn map_file(&mut self, fd: Fd, len: usize) -> Result<&'static [u8]> {
        self.content(fd)?.0.get(..len).ok_or(Errno::EINVAL)
    }

    fn share(&mut self, _: usize) -> Result<&'static mut [u8]> {
        Err(NONE)
    }

    fn unmap(&mut self, _: &'static mut [u8]) {}

    fn open(&mut self, path: &CStr, flags: u32) -> Result<Fd> {
        let path = path.to_str().map_err(|_| Errno::ENOENT)?;
        let file = match self.file(path) {
            Some(_) if flags & O_DIRECTORY != 0 => return Err(Errno::ENOTDIR),
            Some(file) => file,
            None if self.is_folder(path) => usize::MAX,
            None => return Err(Errno::ENOENT),
        };
        self.open.push((file, 0));
        Ok(Fd(self.open.len() as i32 + 2))
    }

    fn close(&mut self, _: Fd) {}

    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        let (content, at) = self.content(fd)?;
        let len = copy(&content[*at..], buffer);
        *at += len;
        Ok(len)
    }

    fn read_at(&mut self, fd: Fd, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let (content, _) = self.content(fd)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        Ok(copy(&content[from..], buffer))
    }

    fn write(&mut self, _: Fd, bytes: &[u8]) -> Result<usize> {
        Ok(bytes.len())
    }

    /// Every folder has one entry.
    fn entries(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<usize> {
        let (file, at) = self.open.get_mut(fd.0 as usize - 3).ok_or(Errno::EBADF)?;
        if *file != usize::MAX || *at > 0 {
            return if *at > 0 { Ok(0) } else { Err(Errno::ENOTDIR) };
        }
        *at = 1;
        let mut record = [0; 32];
        (record[16], record[18]) = (32, DT_REG as u8);
        record[19..25].copy_from_slice(b"x.conf");
        Ok(copy(&record, buffer))
    }

    fn stat(&mut self, path: &CStr) -> Result<Stat> {
        let file = path.to_str().ok().and_then(|path| self.file(path)).ok_or(Errno::ENOENT)?;
        Ok(Stat { size: self.files[file].1.len() as u64, ..Stat::default() })
    }

    fn stat_fd(&mut self, fd: Fd) -> Result<Stat> {
        Ok(Stat { size: self.content(fd)?.0.len() as u64, ..Stat::default() })
    }

    fn closed(&mut self) -> [bool; 3] {
        [false; 3]
    }

    fn keep(&mut self, _: Fd) {}

    fn uevents(&mut self) -> Result<Fd> {
        Err(NONE)
    }

    fn readable(&mut self, _: Fd, _: u32) -> Result<bool> {
        Err(NONE)
    }

    fn drain(&mut self, _: Fd) {}

    fn make_dir(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn make_device(&mut self, _: &CStr, _: u32, _: u32) -> Result<()> {
        Err(NONE)
    }

    fn make_block(&mut self, _: &CStr, _: u32, _: u32) -> Result<()> {
        Err(NONE)
    }

    fn unlink(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn remove_dir(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn mount(&mut self, _: &CStr, _: &CStr, _: &CStr, _: u32, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn seclude(&mut self) -> Result<()> {
        Err(NONE)
    }

    fn detach(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn magic(&mut self, _: &CStr) -> Result<u32> {
        Err(NONE)
    }

    fn may_execute(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn change_dir(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn change_dir_to(&mut self, _: Fd) -> Result<()> {
        Err(NONE)
    }

    fn change_root(&mut self, _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn replace(&mut self, _: i32, _: Fd) {}

    fn finit_module(&mut self, _: Fd, _: &CStr, _: u32) -> Result<()> {
        Err(NONE)
    }

    fn memfd(&mut self) -> Result<Fd> {
        Err(NONE)
    }

    fn init_module(&mut self, _: &[u8], _: &CStr) -> Result<()> {
        Err(NONE)
    }

    fn now(&mut self) -> u64 {
        0
    }

    fn sleep(&mut self, _: u32) {}

    fn memory(&mut self) -> Memory {
        Memory::default()
    }

    fn release(&mut self) -> Result<&'static [u8]> {
        Ok(b"6.12")
    }

    fn pid(&mut self) -> i32 {
        42
    }

    fn exec(&mut self, _: &CStr, _: Strings, _: Strings) -> Errno {
        NONE
    }

    fn spawn(&mut self, _: &CStr, _: Strings) -> Result<i32> {
        Err(NONE)
    }

    fn wait(&mut self) -> Result<(i32, i32)> {
        Err(Errno::ECHILD)
    }

    fn cpus(&mut self) -> u32 {
        1
    }

    fn hold_children(&mut self, _: bool) {}

    fn fork(&mut self) -> Result<i32> {
        Err(NONE)
    }

    fn leave(&mut self) -> i32 {
        0
    }

    fn reap(&mut self, _: u32) -> Result<(i32, i32)> {
        Err(Errno::ECHILD)
    }

    fn kill(&mut self, _: i32) {}

    fn sync(&mut self) {}

    fn stop(&mut self, _: Stop) -> Errno {
        NONE
    }

    fn exit(&mut self, status: i32) -> ! {
        panic!("the end, {status}: {ROOM} bytes were not enough")
    }
}
