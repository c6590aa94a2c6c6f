//! The index of a module tree: from a name to its line of `modules.dep`.
//!
//! `modules.dep` (modules.dep(5)) has a line a module, `PATH: PATH…`, relative to its folder. It is
//! mapped, not copied; a hash table of line numbers is all that it costs. A tree without the file
//! is walked once and given lines of the same form, without dependencies.
#![forbid(unsafe_code)]

use crate::files::{self, Kind};
use crate::kernel::{Kernel, Result};
use crate::mem::{self, Table};
use crate::name;
use crate::path::Path;
use crate::scan;
use syscalls::Errno;

/// A module's file and what `modules.dep` says it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its file, relative to the tree unless it starts with `/`.
    pub path: &'static [u8],
    /// The files of the modules it needs, separated by blanks, in the file's order: the last is
    /// loaded first.
    pub needs: &'static [u8],
}

/// The modules of a tree.
#[derive(Default)]
pub struct Index {
    text: &'static [u8],
    /// Open addressing: the offset of a line plus one, 0 is free. A power of two long, never full.
    slots: &'static mut [u32],
    /// How many modules there are.
    pub len: usize,
}

impl Index {
    /// The index of `text`, which has the form of `modules.dep`.
    ///
    /// # Errors
    /// `ENOMEM`; `EFBIG` from 4 GiB on.
    pub fn of<K: Kernel>(k: &mut K, text: &'static [u8]) -> Result<Self> {
        u32::try_from(text.len()).map_err(|_| Errno::EFBIG)?;
        let lines = scan::count(text, b'\n').saturating_add(1);
        let room = lines.saturating_mul(2).checked_next_power_of_two().ok_or(Errno::ENOMEM)?;
        let mut index = Self { text, slots: mem::zeroed(k, room)?, len: 0 };
        let mut at = 0;
        while let Some(line) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let len = scan::find(line, b'\n').unwrap_or(line.len());
            if let Some(module) = parse(line.get(..len).unwrap_or_default()) {
                index.insert(name::of(module.path), at);
            }
            at = at.saturating_add(len).saturating_add(1);
        }
        Ok(index)
    }

    /// The index of a tree without `modules.dep`: every module file below `folder`, of two with one
    /// name the first by path.
    ///
    /// # Errors
    /// What reading the folder itself says; what is unreadable below is passed over.
    pub fn of_walk<K: Kernel>(k: &mut K, folder: &[u8]) -> Result<Self> {
        let mut found = Table::new();
        let mut folders = Table::<&'static [u8]>::new();
        walk(k, folder, b"", &mut found, &mut folders)?;
        let mut next = 0;
        while let Some(below) = folders.get(next).copied() {
            match walk(k, folder, below, &mut found, &mut folders) {
                Err(Errno::ENOMEM) => return Err(Errno::ENOMEM),
                _ => next = next.saturating_add(1),
            }
        }
        sort(&mut found);
        let mut text = Table::new();
        for path in found.iter() {
            text.extend(k, path)?;
            text.extend(k, b":\n")?;
        }
        Self::of(k, text.into_slice())
    }

    /// Puts a line's offset into the first free slot; a name's first line wins.
    fn insert(&mut self, name: &'static [u8], at: usize) {
        if self.find(name).is_some() {
            return;
        }
        let offset = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        let mask = self.slots.len().saturating_sub(1);
        let mut slot = name::hash(name) as usize & mask;
        while self.slots.get(slot).is_some_and(|found| *found != 0) {
            slot = slot.wrapping_add(1) & mask;
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = offset;
            self.len = self.len.saturating_add(1);
        }
    }

    /// The module of that name.
    #[must_use]
    pub fn find(&self, wanted: &[u8]) -> Option<Module> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = name::hash(wanted) as usize & mask;
        loop {
            let at = self.slots.get(slot)?.checked_sub(1)?;
            let line = self.text.get(usize::try_from(at).ok()?..)?;
            let module = parse(scan::line(line))?;
            if name::same(name::of(module.path), wanted) {
                return Some(module);
            }
            slot = slot.wrapping_add(1) & mask;
        }
    }

    /// The module of that file, which is relative to the tree.
    #[must_use]
    pub fn find_file(&self, path: &[u8]) -> Option<Module> {
        self.find(name::of(path)).filter(|module| module.path == path)
    }
}

/// A line's module; comments and lines without a colon have none.
fn parse(line: &'static [u8]) -> Option<Module> {
    let (path, rest) = line.split_at_checked(scan::find(line, b':')?)?;
    (!path.is_empty()).then_some(Module { path, needs: rest.get(1..)?.trim_ascii() })
}

/// Adds the module files and the folders of one folder.
fn walk<K: Kernel>(
    k: &mut K,
    folder: &[u8],
    below: &[u8],
    found: &mut Table<&'static [u8]>,
    folders: &mut Table<&'static [u8]>,
) -> Result<()> {
    let path = Path::of(&[folder, b"/", below])?;
    files::entries(k, path.as_c(), &mut |k: &mut K, entry, kind| {
        let is_module = name::of_file(entry).is_some();
        if kind == Kind::Other || (kind == Kind::File && !is_module) {
            return Ok(());
        }
        let slash: &[u8] = if below.is_empty() { b"" } else { b"/" };
        let path = mem::text(k, &[below, slash, entry])?;
        if is_module && kind != Kind::Dir { found.push(k, path) } else { folders.push(k, path) }
    })
}

/// Sorts by path. Shell's method with Ciura's gaps: the library's sorts are ten times the code.
fn sort(paths: &mut [&[u8]]) {
    for gap in [8929, 3905, 1750, 701, 301, 132, 57, 23, 10, 4, 1] {
        for end in gap..paths.len() {
            let mut at = end;
            while let Some(before) = at.checked_sub(gap) {
                if paths.get(before) <= paths.get(at) {
                    break;
                }
                paths.swap(before, at);
                at = before;
            }
        }
    }
}

/// Whether the folder itself holds module files, as a flat `/lib/modules` does.
pub fn is_flat<K: Kernel>(k: &mut K, folder: &[u8]) -> bool {
    let mut flat = false;
    let Ok(path) = Path::of(&[folder]) else { return false };
    let _ = files::entries(k, path.as_c(), &mut |_: &mut K, entry, kind| {
        flat |= kind != Kind::Dir && name::of_file(entry).is_some();
        Ok(())
    });
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    #[test]
    fn names_are_found_in_any_spelling() {
        let text = b"kernel/a-b.ko.xz: kernel/c.ko.xz kernel/d.ko\n# note\nkernel/c.ko.xz:\nx\n:\n";
        let index = Index::of(&mut Linux::default(), text).unwrap();
        let found = index.find(b"a_b").unwrap();
        assert_eq!(found.path, b"kernel/a-b.ko.xz");
        assert_eq!(found.needs, b"kernel/c.ko.xz kernel/d.ko");
        assert_eq!(index.find(b"c").unwrap().needs, b"");
        assert_eq!((index.find(b"e"), index.len), (None, 2));
        assert!(index.find_file(b"kernel/c.ko.xz").is_some());
        assert!(index.find_file(b"other/c.ko.xz").is_none());
    }

    #[test]
    fn ten_thousand_names_are_all_found() {
        let lines: String = (0..10_000).map(|n| format!("kernel/m{n}.ko:\n")).collect();
        let index = Index::of(&mut Linux::default(), lines.leak().as_bytes()).unwrap();
        assert_eq!(index.len, 10_000);
        for n in 0..10_000 {
            assert!(index.find(format!("m{n}").as_bytes()).is_some(), "{n}");
        }
        assert!(index.find(b"m10000").is_none());
    }

    #[test]
    fn a_tree_without_index_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b/two.ko.gz", "a/one.ko", "b/c/one.ko", "readme", "b/deep/er/x-y.ko.zst"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut k = Linux::default();
        let root = folder.path().to_str().unwrap().as_bytes();
        let index = Index::of_walk(&mut k, root).unwrap();
        assert_eq!(index.len, 3);
        assert_eq!(index.find(b"one").unwrap().path, b"a/one.ko");
        assert_eq!(index.find(b"x_y").unwrap().path, b"b/deep/er/x-y.ko.zst");
        assert!(!is_flat(&mut k, root) && is_flat(&mut k, &[root, b"/a"].concat()));
    }
}
