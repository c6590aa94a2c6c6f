//! Whole files, and the entries of a directory.
#![forbid(unsafe_code)]

use crate::kernel::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::mem::{self, Table};
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{
    DT_DIR, DT_LNK, DT_REG, DT_UNKNOWN, O_DIRECTORY, O_NONBLOCK, O_RDONLY, O_WRONLY,
};

/// Bytes asked for at a time: /proc/cmdline nearly always fits.
const PIECE: usize = 2048;

/// The longest text that is read, in bytes; one that never ends is `EFBIG` instead of all memory.
const LIMIT: usize = 4 << 20;

/// Reads a file to its end; sizes that stat gives for /proc and /sys mean nothing. A pipe without a
/// writer is empty, it doesn't block.
///
/// # Errors
/// What open(2) and read(2) say; `EFBIG` from 4 MiB on.
pub fn read<K: Kernel>(k: &mut K, path: &CStr) -> Result<&'static [u8]> {
    let fd = k.open(path, O_RDONLY | O_NONBLOCK)?;
    let text = read_open(k, fd);
    k.close(fd);
    text
}

/// Reads a file that may be missing; nothing, if it can't be read.
#[inline(never)]
pub fn text<K: Kernel>(k: &mut K, path: &CStr) -> &'static [u8] {
    read(k, path).unwrap_or_default()
}

fn read_open<K: Kernel>(k: &mut K, fd: Fd) -> Result<&'static [u8]> {
    let mut text = Table::new();
    loop {
        let room = text.room(k, PIECE);
        let len = k.read(fd, room)?;
        if text.len() > LIMIT {
            return Err(Errno::EFBIG);
        }
        text.count(len);
        // Only the end of a file, or of one of /proc or /sys that is one record, gives less.
        if len < PIECE {
            return Ok(text.seal(k));
        }
    }
}

/// Writes a file of /proc or /sys, in one piece.
///
/// # Errors
/// What open(2) and write(2) say.
pub fn write<K: Kernel>(k: &mut K, path: &CStr, text: &[u8]) -> Result<()> {
    let fd = k.open(path, O_WRONLY)?;
    let done = k.write(fd, text);
    k.close(fd);
    done.map(drop)
}

/// Maps a file of the image, so that a large one costs no private memory.
///
/// # Errors
/// What open(2), statx(2) and mmap(2) say.
pub fn map<K: Kernel>(k: &mut K, path: &CStr) -> Result<&'static [u8]> {
    let fd = k.open(path, O_RDONLY | O_NONBLOCK)?;
    let text = map_open(k, fd);
    k.close(fd);
    text
}

/// Maps an open file.
///
/// # Errors
/// What statx(2) and mmap(2) say.
pub fn map_open<K: Kernel>(k: &mut K, fd: Fd) -> Result<&'static [u8]> {
    let stat = k.stat_fd(fd)?;
    let len = usize::try_from(stat.size).map_err(|_| Errno::EFBIG)?;
    k.map_file(fd, len)
}

/// The length of an open file; 0 if that isn't known.
#[inline(never)]
pub fn size<K: Kernel>(k: &mut K, fd: Fd) -> u64 {
    k.stat_fd(fd).map_or(0, |stat| stat.size)
}

/// Writes all of `bytes`.
///
/// # Errors
/// What write(2) says; `EIO` if it takes nothing.
pub fn write_all<K: Kernel>(k: &mut K, fd: Fd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match k.write(fd, bytes)? {
            0 => return Err(Errno::EIO),
            len => bytes = text::tail(bytes, len),
        }
    }
    Ok(())
}

/// What a directory's entry is, as far as getdents64(2) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or a link that may lead to one.
    File,
    /// A directory itself, not a link to one.
    Dir,
    /// A file system that doesn't say.
    Unknown,
    /// A device, a pipe, a socket.
    Other,
}

/// What looks at a directory's entries: the name, what it is, and the inode's number of a regular file, else 0.
pub type Visit<'a, K> = dyn FnMut(&mut K, &[u8], Kind, u64) + 'a;

/// Shows `visit` every entry of the directory but `.` and `..`, in the directory's own order.
///
/// # Errors
/// What open(2) and getdents64(2) say.
pub fn entries<K: Kernel>(k: &mut K, path: &CStr, visit: &mut Visit<'_, K>) -> Result<()> {
    let fd = k.open(path, O_RDONLY | O_DIRECTORY)?;
    let done = entries_open(k, fd, visit);
    k.close(fd);
    done
}

/// [`entries`] of an open directory.
///
/// # Errors
/// What getdents64(2) says.
pub fn entries_open<K: Kernel>(k: &mut K, fd: Fd, visit: &mut Visit<'_, K>) -> Result<()> {
    let mut buffer = [0; 512];
    loop {
        let len = k.entries(fd, &mut buffer)?;
        let mut rest = text::head(&buffer, len);
        if rest.is_empty() {
            return Ok(());
        }
        while let Some((name, kind, inode, next)) = entry(rest) {
            if name != b"." && name != b".." {
                visit(k, name, kind, inode);
            }
            rest = next;
        }
    }
}

/// The first `struct linux_dirent64` (getdents(2)): inode and offset, 8 bytes each, the record's
/// length, the type, the name with a NUL.
fn entry(records: &[u8]) -> Option<(&[u8], Kind, u64, &[u8])> {
    let (head, mut name) = records.split_first_chunk::<19>()?;
    let [a, b, c, d, e, f, g, h, .., low, high, kind] = *head;
    let inode = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
    let inode = if u32::from(kind) == DT_REG { inode } else { 0 };
    let len = usize::from(u16::from_le_bytes([low, high]));
    let kind = match u32::from(kind) {
        DT_REG | DT_LNK => Kind::File,
        DT_DIR => Kind::Dir,
        DT_UNKNOWN => Kind::Unknown,
        _ => Kind::Other,
    };
    let name = text::take(&mut name, 0)?;
    Some((name, kind, inode, text::tail(records, len)))
}

/// Which of the folders that are looked into on every boot are missing at the image's top, and what is there
/// of insinit itself: nothing, as long as nobody has looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// The number of the inode of insinit's own file, where that stands there and is a regular one; else 0.
    pub own: u64,
    missing: u8,
    /// Looking took one of the descriptors 0 to 2: the lowest free one is given first.
    pub is_shaky: bool,
}

impl Top {
    /// Looks once: a file that is not there costs as much as this. `own` is the path of insinit's own file.
    #[inline(never)]
    pub fn of<K: Kernel>(k: &mut K, root: &[u8], own: &[u8]) -> Self {
        let path = mem::path(k, &[root, b"/"]);
        let Ok(fd) = k.open(path, O_RDONLY | O_DIRECTORY) else {
            return Self { is_shaky: true, ..Self::default() };
        };
        let (own, mut found, mut number) = (text::tail(own, 1), 0, 0);
        let done = entries_open(k, fd, &mut |_: &mut K, name, _, inode| {
            found |= bit(name);
            if name == own {
                number = inode;
            }
        });
        k.close(fd);
        let missing = if done.is_ok() { !found } else { 0 };
        Self { own: number, missing, is_shaky: fd.0 < 3 }
    }

    /// Whether none of those folders is there.
    #[must_use]
    pub fn is_bare(self) -> bool {
        self.missing & 15 == 15
    }

    /// Whether a path can be there; only `/etc`, `/run`, `/usr` and `/lib` are known about.
    #[must_use]
    pub fn may_have(self, path: &[u8]) -> bool {
        self.missing & bit(text::cut(&mut text::tail(path, 1), b'/')) == 0
    }
}

/// A folder's bit; 0 for any other.
#[inline(never)]
fn bit(name: &[u8]) -> u8 {
    match name {
        b"etc" => 1,
        b"run" => 2,
        b"usr" => 4,
        b"lib" => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;
    use std::ffi::CString;

    fn folder() -> (tempfile::TempDir, CString) {
        let folder = tempfile::tempdir().unwrap();
        let path = CString::new(folder.path().to_str().unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn files_of_any_length_are_read_whole() {
        let (folder, _) = folder();
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 100_000] {
            let path = folder.path().join("file");
            let content: Vec<u8> = (0..len).map(|n| n as u8).collect();
            std::fs::write(&path, &content).unwrap();
            let path = CString::new(path.to_str().unwrap()).unwrap();
            assert_eq!(read(&mut Linux::default(), &path).unwrap(), content);
            assert_eq!(map(&mut Linux::default(), &path).unwrap(), content);
        }
    }

    #[test]
    fn a_directory_gives_all_its_entries() {
        let (folder, path) = folder();
        for n in 0..300 {
            std::fs::write(folder.path().join(format!("module-{n:03}.ko")), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("kernel")).unwrap();
        let mut found = Vec::new();
        let mut visit = |_: &mut Linux, name: &[u8], kind, _| {
            found.push((String::from_utf8(name.to_vec()).unwrap(), kind));
        };
        entries(&mut Linux::default(), &path, &mut visit).unwrap();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found.len(), 301);
        assert_eq!(found[0], ("kernel".into(), Kind::Dir));
        assert_eq!(found[300], ("module-299.ko".into(), Kind::File));
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let mut k = Linux::default();
        assert_eq!(read(&mut k, c"/no/such/file"), Err(Errno::ENOENT));
        assert_eq!(read(&mut k, c"/"), Err(Errno::EISDIR));
    }
}
