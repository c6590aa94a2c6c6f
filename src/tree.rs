//! The module tree: where it is, and what its index files say.
#![forbid(unsafe_code)]

use crate::files::{self, Kind};
use crate::glob;
use crate::index::{self, Index, Value};
use crate::kernel::{Errno, Kernel};
use crate::mem::{self, Table};
use crate::name;
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{O_DIRECTORY, O_RDONLY};

/// The folders that hold a tree for each release.
const PARENTS: [&[u8]; 2] = [b"/lib/modules", b"/usr/lib/modules"];

/// Where to look for the tree.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// What stands before every path: empty for the loader, a folder for the host tools.
    pub root: &'static [u8],
    /// The kernel's release.
    pub release: &'static [u8],
    /// `insinit.dir=`
    pub dir: Option<&'static [u8]>,
}

/// The number of `modules.softdep`: [`Tree::text`].
pub const SOFTDEP: usize = 0;
/// The number of `modules.alias`.
const ALIAS: usize = 1;
/// The number of `modules.builtin`.
const BUILTIN: usize = 2;
/// The number of `modules.builtin.modinfo`: `MODULE.alias=PATTERN` and the like, a NUL behind each.
const MODINFO: usize = 3;

/// The text files of a tree besides `modules.dep`, then the binary twins.
const FILES: &[&[u8]] = &[
    b"modules.softdep",
    b"modules.alias",
    b"modules.builtin",
    b"modules.builtin.modinfo",
    #[cfg(feature = "bins")]
    b"modules.dep.bin",
    #[cfg(feature = "bins")]
    b"modules.alias.bin",
    #[cfg(feature = "bins")]
    b"modules.builtin.bin",
    #[cfg(feature = "bins")]
    b"modules.builtin.alias.bin",
];

/// How far behind a text its twin stands; `modules.dep`'s stands where that of `modules.softdep` would.
#[cfg(feature = "bins")]
const TWIN: usize = 4;

/// The number of `modules.dep`, for its twin.
const DEP: usize = SOFTDEP;

/// A module tree. Without one every look-up finds nothing.
#[derive(Default)]
pub struct Tree {
    /// What stands before `dir`.
    pub root: &'static [u8],
    /// The folder that module paths are relative to; empty if there is no tree.
    pub dir: &'static [u8],
    pub(crate) index: Index,
    /// A file of its own that is there and can't be read, and why; to be said.
    pub unread: Option<(&'static [u8], Errno)>,
    /// Those of [`FILES`] that were needed.
    texts: [Option<&'static [u8]>; FILES.len()],
    #[cfg(feature = "bins")]
    search: crate::trie::Search,
}

impl Tree {
    /// Finds and opens the tree; it stays without a folder if there is none. One without an index,
    /// or with an empty one, is walked to look names up: whether it was.
    #[inline(never)]
    pub fn open<K: Kernel>(&mut self, k: &mut K, place: Place, by_name: bool) -> bool {
        self.root = place.root;
        self.dir = find(k, place);
        if self.dir.is_empty() {
            return false;
        }
        let mut text = self.file(k, b"modules.dep");
        // A text that is newer than its twin begins with a comment, which depmod doesn't write.
        #[cfg(feature = "bins")]
        {
            if text.first() == Some(&b'#') {
                self.texts.iter_mut().skip(TWIN).for_each(|twin| *twin = Some(b""));
            }
            if !self.text(k, DEP.wrapping_add(TWIN)).is_empty() {
                return false;
            }
        }
        let walked = text.is_empty() && by_name;
        if walked {
            let folder = self.path(k, b"").to_bytes();
            let mut found = Table::new();
            index::walk(k, folder, folder.len(), &mut found);
            text = found.into_slice();
        }
        self.index = Index::of(k, text);
        walked
    }

    /// A file of the tree's own folder, mapped; empty if there is none.
    fn file<K: Kernel>(&mut self, k: &mut K, file: &'static [u8]) -> &'static [u8] {
        let path = self.path(k, file);
        files::map(k, path).unwrap_or_else(|errno| {
            if errno != Errno::ENOENT {
                self.unread = Some((file, errno));
            }
            b""
        })
    }

    /// One of [`FILES`], mapped when it is needed first; empty if it isn't there, or a twin that isn't one.
    #[inline(never)]
    pub fn text<K: Kernel>(&mut self, k: &mut K, number: usize) -> &'static [u8] {
        if let Some(Some(text)) = self.texts.get(number) {
            return text;
        }
        let Some(file) = FILES.get(number).filter(|_| !self.dir.is_empty()) else { return b"" };
        let text = self.file(k, file);
        #[cfg(feature = "bins")]
        let text = if number < TWIN || crate::trie::is_one(text) { text } else { b"" };
        if let Some(kept) = self.texts.get_mut(number) {
            *kept = Some(text);
        }
        text
    }

    /// The file of the module of that name; empty if there is none.
    pub fn find<K: Kernel>(&mut self, k: &mut K, name: &[u8]) -> &'static [u8] {
        text::cut(&mut self.line(k, name), b':')
    }

    /// The text from the line of the module of that name on; empty if there is none.
    #[inline(never)]
    fn line<K: Kernel>(&mut self, k: &mut K, name: &[u8]) -> &'static [u8] {
        match self.twin(k, DEP, name) {
            Some(lines) => lines.first().map_or(b"", |line| line.text),
            None => self.index.line(name),
        }
    }

    /// A module's file, as the tree has it where it is given with the tree's folder.
    pub fn find_file<K: Kernel>(&mut self, k: &mut K, path: &'static [u8]) -> &'static [u8] {
        if self.dir.is_empty() {
            return path;
        }
        let below = text::after(path, self.dir).and_then(|below| text::after(below, b"/"));
        match below {
            Some(below) if self.find(k, name::of(below)) == below => below,
            _ => path,
        }
    }

    /// What a module's file needs: [`index::needs`]. The tree's folder may be spelled with or without `/usr`.
    pub fn needs<K: Kernel>(&mut self, k: &mut K, file: &'static [u8]) -> &'static [u8] {
        if self.dir.is_empty() {
            return b"";
        }
        let plain = |path: &'static [u8]| text::after(path, b"/usr").unwrap_or(path);
        let below = text::after(plain(file), plain(self.dir));
        let file = below.and_then(|below| text::after(below, b"/")).unwrap_or(file);
        index::needs(self.line(k, name::of(file)), file)
    }

    /// The full path of a file of the tree, or of any other.
    pub fn path<K: Kernel>(&self, k: &mut K, file: &[u8]) -> &'static CStr {
        if file.first() == Some(&b'/') {
            return mem::path(k, &[self.root, file]);
        }
        mem::path(k, &[self.root, self.dir, b"/", file])
    }

    /// Adds the names of all modules that an alias stands for; if there is none and `builtin` ones count, of
    /// all that are built in, unless one of these has that name.
    #[inline(never)]
    pub fn stands_for<K: Kernel>(
        &mut self,
        k: &mut K,
        alias: &[u8],
        names: &mut Table<&'static [u8]>,
        builtin: bool,
    ) {
        if let Some(found) = self.twin(k, ALIAS, alias) {
            found.iter().for_each(|name| names.push(k, name.text));
        } else {
            let mut lines = self.text(k, ALIAS);
            while let Some(name) = next_module(&mut lines, alias) {
                names.push(k, name);
            }
        }
        if !names.is_empty() || !builtin || self.is_builtin(k, alias) {
            return;
        }
        if let Some(found) = self.twin(k, MODINFO, alias) {
            found.iter().for_each(|name| names.push(k, name.text));
        } else {
            let mut items = self.text(k, MODINFO);
            while let Some(name) = next_builtin(&mut items, alias) {
                names.push(k, name);
            }
        }
    }

    /// What a binary twin says; none if it doesn't serve.
    #[cfg(feature = "bins")]
    #[inline(never)]
    fn twin<K: Kernel>(&mut self, k: &mut K, number: usize, wanted: &[u8]) -> Option<&[Value]> {
        let file = self.text(k, number.wrapping_add(TWIN));
        if file.is_empty() {
            return None;
        }
        self.search.run(k, file, wanted);
        Some(&self.search.found)
    }

    /// This build reads none.
    #[cfg(not(feature = "bins"))]
    fn twin<K: Kernel>(&mut self, _: &mut K, _: usize, _: &[u8]) -> Option<&[Value]> {
        None
    }

    /// Whether `modules.builtin` names the module, or the modinfo of what is built in.
    #[inline(never)]
    pub fn is_builtin<K: Kernel>(&mut self, k: &mut K, wanted: &[u8]) -> bool {
        if self.twin(k, BUILTIN, wanted).is_some_and(|found| !found.is_empty()) {
            return true;
        }
        let mut text = self.text(k, BUILTIN);
        while let Some(line) = text::take(&mut text, b'\n') {
            if name::same(name::of(line), wanted) {
                return true;
            }
        }
        text = self.text(k, MODINFO);
        while let Some(item) = text::take(&mut text, 0) {
            let is_dot = item.get(wanted.len()) == Some(&b'.');
            if is_dot && name::same(text::head(item, wanted.len()), wanted) {
                return true;
            }
        }
        false
    }
}

/// Takes the items of `modules.builtin.modinfo` up to the next alias that `wanted` matches: its module.
fn next_builtin(items: &mut &'static [u8], wanted: &[u8]) -> Option<&'static [u8]> {
    loop {
        let mut item = text::take(items, 0)?;
        let name = text::cut(&mut item, b'.');
        if let Some(pattern) = text::after(item, b"alias=")
            && glob::matches(pattern, wanted)
        {
            return Some(name);
        }
    }
}

/// Takes the lines of `modules.alias` up to the next one that `alias` matches (`alias PATTERN MODULE`; a
/// pattern may hold blanks): its module.
fn next_module(lines: &mut &'static [u8], alias: &[u8]) -> Option<&'static [u8]> {
    loop {
        let line = text::take(lines, b'\n')?;
        if glob::may_match(text::tail(line, 6), alias)
            && let Some(mut pattern) = text::after(line, b"alias ")
            && let Some(name) = text::take_last(&mut pattern)
            && glob::matches(text::trim(pattern), alias)
        {
            return Some(name);
        }
    }
}

/// Whether a path, or a name, may be that of a file of the tree.
#[must_use]
pub fn may_hold(dir: Option<&[u8]>, path: &[u8]) -> bool {
    let within = |folder: &[u8]| path.starts_with(folder);
    path.first() != Some(&b'/') || dir.map_or(PARENTS.iter().any(|dir| within(dir)), within)
}

/// The tree's folder: the one that was named, one of the release's, or a flat one; empty if there is
/// none.
#[inline(never)]
fn find<K: Kernel>(k: &mut K, place: Place) -> &'static [u8] {
    if let Some(dir) = place.dir {
        return if is_folder(k, place.root, dir) { dir } else { b"" };
    }
    for parent in &PARENTS {
        let dir = mem::path(k, &[parent, b"/", place.release]).to_bytes();
        if is_folder(k, place.root, dir) {
            return dir;
        }
    }
    let [flat, _] = PARENTS;
    let path = mem::path(k, &[place.root, flat]);
    let mut is_flat = false;
    let _ = files::entries(k, path, &mut |_: &mut K, entry, kind, _| {
        is_flat |= kind != Kind::Dir && name::of_file(entry).is_some();
    });
    if is_flat { flat } else { b"" }
}

fn is_folder<K: Kernel>(k: &mut K, root: &[u8], dir: &[u8]) -> bool {
    let path = mem::path(k, &[root, dir]);
    let fd = k.open(path, O_RDONLY | O_DIRECTORY);
    fd.map(|fd| k.close(fd)).is_ok()
}

/// The releases that there are trees of, for saying what was found instead: `A, B`.
pub fn releases<K: Kernel>(k: &mut K, root: &[u8]) -> Table<u8> {
    let mut found = Table::new();
    for parent in &PARENTS {
        let path = mem::path(k, &[root, parent]);
        let _ = files::entries(k, path, &mut |k: &mut K, entry, kind, _| {
            if kind == Kind::Dir {
                found.extend(k, if found.is_empty() { b"" } else { b", " });
                found.extend(k, entry);
            }
        });
        if !found.is_empty() {
            break; // one folder may be a link to the other
        }
    }
    found
}
