//! The module tree of one release, out of one or more unpacked kernel packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use insinit::name;

use crate::host::{read, text};
use crate::module_files::{self, ModuleFile};
use crate::releases;

/// The module files and index files of a release.
#[derive(Debug)]
pub struct Tree {
    /// The release.
    pub release: String,
    /// Its directories on this machine, one of each package that has one.
    pub dirs: Vec<PathBuf>,
    /// Module files by normalised name.
    pub modules: BTreeMap<String, ModuleFile>,
}

impl Tree {
    /// Finds the tree of a release; without one there must be exactly one.
    pub fn find(kernel_dirs: &[PathBuf], release: Option<&str>) -> Result<Tree> {
        let (release, dirs) = releases::find(kernel_dirs, release)?;
        let modules = module_files::by_name(&dirs)?;
        Ok(Tree { release, dirs, modules })
    }

    /// The path of one of its files in the image.
    pub fn guest(&self, file: &str) -> Vec<u8> {
        format!("lib/modules/{}/{file}", self.release).into_bytes()
    }

    /// The module file with a path below the release's directory.
    pub fn file(&self, path: &str) -> Option<&ModuleFile> {
        let file = self.modules.get(&module_name(path));
        file.filter(|file| file.path == path)
    }

    /// The lines of `modules.order`.
    pub fn order(&self) -> Result<Vec<String>> {
        let texts = self.texts("modules.order")?;
        let lines = texts.iter().flat_map(|text| text.lines());
        Ok(lines.map(str::to_string).collect())
    }

    /// The normalised names of built-in modules.
    pub fn builtins(&self) -> Result<BTreeSet<String>> {
        let texts = self.texts("modules.builtin")?;
        Ok(texts.iter().flat_map(|text| text.lines()).map(module_name).collect())
    }

    /// The aliases of built-in modules, as `modules.builtin.modinfo` has them.
    pub fn builtin_aliases(&self) -> Result<Vec<u8>> {
        let all = self.bytes("modules.builtin.modinfo")?;
        let items = all.split_inclusive(|byte| *byte == 0);
        let is_alias = |item: &&[u8]| String::from_utf8_lossy(item).contains(".alias=");
        Ok(items.filter(is_alias).collect::<Vec<_>>().concat())
    }

    /// The text of an index file in each directory that has it.
    pub fn texts(&self, file: &str) -> Result<Vec<String>> {
        let paths = self.dirs.iter().map(|dir| dir.join(file));
        let paths = paths.filter(|path| path.exists());
        paths.map(|path| text(&path)).collect()
    }

    /// The bytes of an index file, those of every directory one after another.
    pub fn bytes(&self, file: &str) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        for path in self.dirs.iter().map(|dir| dir.join(file)) {
            if path.exists() {
                all.extend(read(&path)?);
            }
        }
        Ok(all)
    }
}

/// The normalised name of a module file or of a name.
pub fn module_name(path: &str) -> String {
    String::from_utf8_lossy(name::of(path.as_bytes())).replace('-', "_")
}
