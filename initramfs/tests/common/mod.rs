//! A world for tests: module trees of small modules, a loader, images that are read back.
#![allow(dead_code)]

pub mod elves;

use std::path::{Path, PathBuf};

use insinit_initramfs::{Arch, Built, Compression, Entry, Node, Options, build, entries};
use tempfile::TempDir;

pub use elves::{Ko, RELEASE};

/// A directory with a loader; module trees and files are added to it.
pub struct World {
    dir: TempDir,
}

impl World {
    pub fn new() -> World {
        let world = World { dir: tempfile::tempdir().expect("a directory") };
        world.write("loader", [&*elves::program(Arch::X86_64, None), b"loader"].concat());
        world.write("init", elves::program(Arch::X86_64, None));
        world
    }

    /// A tree of `a`, which needs `b`, which needs `c`; `d`, which wants `crc` by a softdep
    /// that is an alias of `e`; and `f`, which is alone.
    pub fn with_modules() -> World {
        let world = World::new();
        world.module("fs/a.ko", Ko::new("a").needs(&["b_1"], "b").field("alias", "fs-a"));
        world.module("lib/b.ko", Ko::new("b").exports(&["b_1", "b_2"]).needs(&["c_1"], "c"));
        world.module("lib/c.ko", Ko::new("c").exports(&["c_1"]));
        world.module("net/d-d.ko", Ko::new("d_d").field("softdep", "pre: crc"));
        world.module("lib/e.ko", Ko::new("e").field("alias", "crc"));
        world.module("lib/f.ko", Ko::new("f"));
        world.kernel_file("modules.builtin", "kernel/fs/ext4.ko\n");
        let order = ["fs/a", "lib/f", "lib/e", "lib/c", "lib/b", "net/d-d"];
        let order = order.map(|path| format!("kernel/{path}.ko\n"));
        world.kernel_file("modules.order", order.concat());
        world
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    pub fn module(&self, path: &str, ko: Ko) {
        self.kernel_file(&format!("kernel/{path}"), ko.bytes());
    }

    pub fn packed_module(&self, path: &str, ko: Ko, compression: Compression) {
        let bytes = compression.pack(&ko.bytes()).expect("packed");
        self.kernel_file(&format!("kernel/{path}"), bytes);
    }

    /// A file of the release's directory.
    pub fn kernel_file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.write(&format!("k/lib/modules/{RELEASE}/{path}"), bytes);
    }

    /// Options for an image with some modules and a real init.
    pub fn options(&self, modules: &[&str]) -> Options {
        Options {
            arch: Arch::X86_64,
            kernel_dirs: vec![self.path("k")],
            modules: modules.iter().map(|name| name.to_string()).collect(),
            loader: Some(self.path("loader")),
            init: Some(self.path("init")),
            output: self.path("out.cpio"),
            ..Options::default()
        }
    }

    /// Options for an image without modules and real init.
    pub fn plain(&self) -> Options {
        Options { kernel_dirs: Vec::new(), init: None, ..self.options(&[]) }
    }
}

/// The error of a build, in one line.
pub fn error(options: &Options) -> String {
    match build(options) {
        Ok(built) => panic!("{} was built", built.path.display()),
        Err(error) => format!("{error:#}"),
    }
}

/// The names of what was packed, in order.
pub fn names(built: &Built) -> Vec<&str> {
    built.modules.iter().map(|module| module.name.as_str()).collect()
}

/// The entry of an image, the last of that path.
pub fn entry(image: &Path, path: &str) -> Option<Entry> {
    let all = entries(image).expect("an image");
    all.into_iter().rev().find(|entry| entry.path == path.as_bytes())
}

/// The text of a file of an image.
pub fn text(image: &Path, path: &str) -> String {
    match entry(image, path).map(|entry| entry.node) {
        Some(Node::File(bytes)) => String::from_utf8(bytes).expect("text"),
        other => panic!("{path}: {other:?}"),
    }
}

/// The text of an index file of an image.
pub fn index(image: &Path, file: &str) -> String {
    text(image, &format!("lib/modules/{RELEASE}/{file}"))
}

/// Every path of an image.
pub fn paths(image: &Path) -> Vec<String> {
    let all = entries(image).expect("an image");
    all.iter().map(|entry| entry.name().into_owned()).collect()
}
