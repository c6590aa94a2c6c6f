//! The module tree: where it is, and what its index files say.
#![forbid(unsafe_code)]

use crate::files;
use crate::glob;
use crate::index::{self, Index, Module};
use crate::kernel::{Kernel, Result};
use crate::mem::{self, Table};
use crate::name;
use crate::path::Path;
use crate::scan;
use linux_raw_sys::general::{O_DIRECTORY, O_RDONLY};
use syscalls::Errno;

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

/// A `softdep` line.
#[derive(Clone, Copy)]
struct Soft {
    module: &'static [u8],
    /// `pre: A B post: C`
    rest: &'static [u8],
}

/// One soft dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftDep {
    /// A module's name or an alias.
    pub target: &'static [u8],
    /// It comes after the module, not before it.
    pub post: bool,
}

/// A module tree. Without one every look-up finds nothing.
#[derive(Default)]
pub struct Tree {
    /// What stands before `dir`.
    pub root: &'static [u8],
    /// The folder that module paths are relative to; empty if there is no tree.
    pub dir: &'static [u8],
    index: Index,
    softdeps: Table<Soft>,
    aliases: Option<&'static [u8]>,
    builtins: Option<&'static [u8]>,
}

impl Tree {
    /// Finds and opens the tree; one without a folder if there is none.
    ///
    /// # Errors
    /// `ENOMEM`, and what reading a folder that is there says.
    pub fn open<K: Kernel>(k: &mut K, place: Place) -> Result<Self> {
        let Some(dir) = find(k, place)? else {
            return Ok(Self { root: place.root, ..Self::default() });
        };
        let mut tree = Self { root: place.root, dir, ..Self::default() };
        tree.index = match tree.file(k, b"modules.dep") {
            Ok(text) => Index::of(k, text)?,
            Err(_) => {
                let folder = mem::text(k, &[place.root, dir])?;
                Index::of_walk(k, folder)?
            }
        };
        if let Ok(text) = tree.file(k, b"modules.softdep") {
            tree.read_softdeps(k, text)?;
        }
        Ok(tree)
    }

    /// A file of the tree's own folder, mapped.
    fn file<K: Kernel>(&self, k: &mut K, file: &[u8]) -> Result<&'static [u8]> {
        let path = Path::of(&[self.root, self.dir, b"/", file])?;
        files::map(k, path.as_c())
    }

    /// Whether there is a tree.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.dir.is_empty()
    }

    /// The module of that name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<Module> {
        self.index.find(name)
    }

    /// The module of that file, if the file is one of the tree's; `path` is absolute or relative to
    /// the tree.
    #[must_use]
    pub fn find_file(&self, path: &[u8]) -> Option<Module> {
        let below = path.strip_prefix(self.dir).and_then(|below| below.strip_prefix(b"/"));
        self.index.find_file(below.unwrap_or(path))
    }

    /// The full path of a module's file.
    ///
    /// # Errors
    /// As [`Path::of`].
    pub fn path(&self, module: &[u8]) -> Result<Path> {
        if module.first() == Some(&b'/') {
            return Path::of(&[self.root, module]);
        }
        Path::of(&[self.root, self.dir, b"/", module])
    }

    /// Calls `visit` with the name of every module that the alias stands for
    /// (`modules.alias`, lines of `alias PATTERN MODULE`; a pattern may hold blanks).
    ///
    /// # Errors
    /// What `visit` says.
    pub fn aliases<K: Kernel>(
        &mut self,
        k: &mut K,
        alias: &[u8],
        mut visit: impl FnMut(&mut K, &'static [u8]) -> Result<()>,
    ) -> Result<()> {
        let text = match self.aliases {
            Some(text) => text,
            None => self.file(k, b"modules.alias").unwrap_or_default(),
        };
        self.aliases = Some(text);
        for line in lines(text) {
            let Some(rest) = line.strip_prefix(b"alias ") else { continue };
            let Some(blank) = rest.iter().rposition(|byte| *byte == b' ') else { continue };
            let (pattern, module) = rest.split_at_checked(blank).unwrap_or_default();
            if glob::matches(pattern, alias) {
                visit(k, module.trim_ascii())?;
            }
        }
        Ok(())
    }

    /// Whether `modules.builtin` names the module.
    pub fn is_builtin<K: Kernel>(&mut self, k: &mut K, wanted: &[u8]) -> bool {
        let text = match self.builtins {
            Some(text) => text,
            None => self.file(k, b"modules.builtin").unwrap_or_default(),
        };
        self.builtins = Some(text);
        lines(text).any(|line| name::same(name::of(line), wanted))
    }

    /// The soft dependencies of a module: of every line, in the lines' order.
    pub fn softdeps(&self, module: &[u8]) -> impl Iterator<Item = SoftDep> {
        let lines = self.softdeps.iter().filter(move |soft| name::same(soft.module, module));
        lines.flat_map(|soft| {
            let mut post = false;
            let words = soft.rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            words.filter_map(move |word| match word {
                b"pre:" => { post = false; None }
                b"post:" => { post = true; None }
                target => Some(SoftDep { target, post }),
            })
        })
    }

    fn read_softdeps<K: Kernel>(&mut self, k: &mut K, text: &'static [u8]) -> Result<()> {
        for line in lines(text) {
            let Some(rest) = line.strip_prefix(b"softdep ") else { continue };
            let rest = rest.trim_ascii();
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let (module, rest) = rest.split_at_checked(end).unwrap_or_default();
            self.softdeps.push(k, Soft { module, rest })?;
        }
        Ok(())
    }
}

/// The lines of a text, without their ends.
fn lines(text: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let line = (!rest.is_empty()).then(|| scan::line(rest))?;
        rest = rest.get(line.len().saturating_add(1)..).unwrap_or_default();
        Some(line)
    })
}

/// The tree's folder: the one that was named, one of the release's, or a flat one.
fn find<K: Kernel>(k: &mut K, place: Place) -> Result<Option<&'static [u8]>> {
    if let Some(dir) = place.dir {
        let dir = dir.strip_suffix(b"/").unwrap_or(dir);
        return Ok(is_folder(k, &[place.root, dir]).then_some(dir));
    }
    for parent in PARENTS {
        if is_folder(k, &[place.root, parent, b"/", place.release]) {
            return mem::text(k, &[parent, b"/", place.release]).map(Some);
        }
    }
    let [flat, _] = PARENTS;
    let path = mem::text(k, &[place.root, flat])?;
    Ok(index::is_flat(k, path).then_some(flat))
}

fn is_folder<K: Kernel>(k: &mut K, parts: &[&[u8]]) -> bool {
    let Ok(path) = Path::of(parts) else { return false };
    let fd = k.open(path.as_c(), O_RDONLY | O_DIRECTORY);
    fd.map(|fd| k.close(fd)).is_ok()
}

/// The releases that there are trees of, for saying what was found instead.
///
/// # Errors
/// `ENOMEM`.
pub fn releases<K: Kernel>(k: &mut K, root: &[u8]) -> Result<Table<&'static [u8]>> {
    let mut found = Table::new();
    for parent in PARENTS {
        let path = Path::of(&[root, parent])?;
        let done = files::entries(k, path.as_c(), &mut |k: &mut K, entry, kind| {
            if kind != files::Kind::Dir {
                return Ok(());
            }
            let release = mem::text(k, &[entry])?;
            found.push(k, release)
        });
        if done == Err(Errno::ENOMEM) {
            return Err(Errno::ENOMEM);
        }
    }
    Ok(found)
}
