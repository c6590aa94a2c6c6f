//! The index of a module tree: from a name to its line of `modules.dep`.
//!
//! `modules.dep` (modules.dep(5)) has a line a module, `PATH: PATH…`, relative to its folder. It is
//! mapped, not copied; a hash table of offsets is all that it costs. A tree without the file is
//! walked once and given lines of the same form, without dependencies.
#![forbid(unsafe_code)]

use crate::files::{self, Kind};
use crate::kernel::Kernel;
use crate::mem::{self, Table};
use crate::name;
use crate::text;

/// What a binary twin says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// The lower comes first.
    pub priority: u32,
    /// A line of `modules.dep`, or a module's name.
    pub text: &'static [u8],
}

/// The modules of a tree.
#[derive(Default)]
pub struct Index {
    text: &'static [u8],
    /// Open addressing: the offset of a line plus one, 0 is free. A power of two long, never full.
    slots: &'static mut [u32],
}

impl Index {
    /// The index of `text`, which has the form of `modules.dep`; what is behind the first 4 GiB counts
    /// for nothing. Of two lines with one name the path counts that [`is_before`] the other.
    pub fn of<K: Kernel>(k: &mut K, text: &'static [u8]) -> Self {
        // Most lines of depmod's are longer than 128 bytes; where they are shorter, it takes another try.
        let mut slots = (text.len() / 64).next_power_of_two();
        loop {
            let mut index = Self { text, slots: mem::zeros(k, slots) };
            if index.fill(slots / 2) {
                return index;
            }
            slots = slots.saturating_mul(2);
        }
    }

    /// Takes the lines in, if they aren't more than that.
    fn fill(&mut self, mut room: usize) -> bool {
        let (text, mut rest) = (self.text, self.text);
        loop {
            let offset = text.len().saturating_sub(rest.len()).saturating_add(1);
            let Some(line) = text::take(&mut rest, b'\n') else { return true };
            if let (Some(colon @ 1..), Ok(offset)) = (text::find(line, b':'), u32::try_from(offset))
            {
                let Some(left) = room.checked_sub(1) else { return false };
                room = left;
                self.insert(text::head(line, colon), offset);
            }
        }
    }

    fn insert(&mut self, path: &[u8], offset: u32) {
        let slot = self.slot(name::of(path));
        let known = self.path(slot);
        if (known.is_empty() || is_before(path, known))
            && let Some(slot) = self.slots.get_mut(slot)
        {
            *slot = offset;
        }
    }

    /// The slot of a name: where it is, or would be.
    #[inline(never)]
    fn slot(&self, wanted: &[u8]) -> usize {
        let mut slot = name::hash(wanted) as usize;
        loop {
            slot &= self.slots.len().wrapping_sub(1);
            let path = self.path(slot);
            if path.is_empty() || name::same(name::of(path), wanted) {
                return slot;
            }
            slot = slot.wrapping_add(1);
        }
    }

    /// The text from a slot's line on; nothing if it is free.
    fn text(&self, slot: usize) -> &'static [u8] {
        let offset = self.slots.get(slot).copied().unwrap_or_default() as usize;
        text::tail(self.text, offset.wrapping_sub(1))
    }

    /// The path of a slot's line, which has a colon; empty if it is free.
    #[inline(never)]
    fn path(&self, slot: usize) -> &'static [u8] {
        text::cut(&mut self.text(slot), b':')
    }

    /// The text from the line of the module of that name on, its file first, which is relative to the tree
    /// unless it starts with `/`; empty if there is none.
    #[must_use]
    pub fn line(&self, name: &[u8]) -> &'static [u8] {
        self.text(self.slot(name))
    }
}

/// Whether the first of two files with one name is the one that counts: that in `updates`, as for depmod
/// (depmod.d(5), `search`); else the first by alphabet.
#[must_use]
pub fn is_before(path: &[u8], known: &[u8]) -> bool {
    let is_other = |path: &[u8]| !path.starts_with(b"updates/");
    (is_other(path), path) < (is_other(known), known)
}

/// What the line at the start of the text says that a module's file needs: files separated by blanks, the last
/// is loaded first. Nothing if the line is another file's.
#[must_use]
pub fn needs(mut text: &'static [u8], file: &[u8]) -> &'static [u8] {
    if text::take(&mut text, b':') != Some(file) {
        return b"";
    }
    text::cut(&mut text, b'\n')
}

/// Adds a line for every module file of the folder and of those below it, links to folders aside; a
/// folder that can't be read is passed over. `folder` ends with a slash, and `skip` is the length of
/// what paths are relative to.
pub fn walk<K: Kernel>(k: &mut K, folder: &[u8], skip: usize, found: &mut Table<u8>) {
    let path = mem::path(k, &[folder]);
    let _ = files::entries(k, path, &mut |k: &mut K, entry, kind, _| {
        let is_module = name::of_file(entry).is_some();
        if kind == Kind::Dir || (kind == Kind::Unknown && !is_module) {
            let below = mem::path(k, &[folder, entry, b"/"]);
            walk(k, below.to_bytes(), skip, found);
        } else if kind != Kind::Other && is_module {
            for part in &[text::tail(folder, skip), entry, b":\n"] {
                found.extend(k, part);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    /// The file of a module.
    fn find(index: &Index, name: &[u8]) -> &'static [u8] {
        text::cut(&mut index.line(name), b':')
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        let text = b"kernel/a-b.ko.xz: kernel/c.ko.xz kernel/d.ko\n# note\nkernel/c.ko.xz:\nx\n:\n";
        let index = Index::of(&mut Linux::default(), text);
        let found = find(&index, b"a_b");
        assert_eq!(found, b"kernel/a-b.ko.xz");
        assert_eq!(needs(index.line(b"a_b"), found), b" kernel/c.ko.xz kernel/d.ko");
        assert_eq!(needs(index.line(b"c"), b"kernel/c.ko.xz"), b"");
        assert_eq!(needs(index.line(b"a_b"), b"other/a-b.ko.xz"), b"");
        assert_eq!(find(&index, b"x"), b"");
    }

    #[test]
    fn ten_thousand_names_are_all_found() {
        let lines: String = (0..10_000).map(|n| format!("kernel/m{n}.ko:\n")).collect();
        let index = Index::of(&mut Linux::default(), lines.leak().as_bytes());
        for n in 0..10_000 {
            assert!(!find(&index, format!("m{n}").as_bytes()).is_empty(), "{n}");
        }
        assert!(find(&index, b"m10000").is_empty());
        assert!(find(&Index::default(), b"m").is_empty());
    }

    #[test]
    fn a_tree_without_index_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b/two.ko.gz", "a/one.ko", "b/c/one.ko", "readme", "b/deep/er/x-y.ko.zst"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let (mut k, mut found) = (Linux::default(), Table::new());
        let root = format!("{}/", folder.path().to_str().unwrap()).leak().as_bytes();
        walk(&mut k, root, root.len(), &mut found);
        let index = Index::of(&mut k, found.into_slice());
        assert_eq!(find(&index, b"one"), b"a/one.ko");
        assert_eq!(find(&index, b"two"), b"b/two.ko.gz");
        assert_eq!(find(&index, b"x_y"), b"b/deep/er/x-y.ko.zst");
    }

    #[test]
    fn of_files_with_one_name_that_in_updates_counts() {
        let text = b"extra/a.ko:\nupdates/a.ko:\nkernel/a.ko:\nkernel/b.ko.xz:\nkernel/b.ko:\n";
        let index = Index::of(&mut Linux::default(), text);
        assert_eq!(
            (find(&index, b"a"), find(&index, b"b")),
            (&b"updates/a.ko"[..], &b"kernel/b.ko"[..])
        );
    }
}
