//! `cargo qemu boot --root`: a folder or an image as the guest's root, with all that goes with it.
//!
//! A folder is shared by virtiofs or 9p, an image is a virtio disk. The modules and the words for the kernel
//! follow from what it holds.

use crate::superblock::{self, Found};
use crate::virtiofs::Daemon;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::path::Path;

/// The share's tag.
const TAG: &str = "insinit-root";

/// What 9p is told: Linux's own dialect, larger pieces than its 8 KiB, and a cache, as nobody else
/// writes meanwhile; without one no program of it could be mapped for writing.
const FLAGS: &str = "trans=virtio,version=9p2000.L,msize=262144,cache=mmap";

/// A root for the guest.
#[derive(Debug, Default)]
pub struct Root {
    /// QEMU's words.
    devices: Vec<String>,
    /// The kernel's words.
    pub words: String,
    /// The modules it needs, where the kernel has them as such.
    pub modules: Vec<&'static str>,
    /// What serves it beside QEMU.
    daemon: Option<Daemon>,
}

impl Root {
    /// The root at `path`, a folder by 9p unless a daemon serves it; with `overlay` it stays as it is.
    ///
    /// # Errors
    /// It is not there, or no file system that is known is in it.
    pub fn of(path: &Path, overlay: bool, daemon: Option<Daemon>) -> Result<Self> {
        ensure!(
            !path.is_dir() || path.join("etc").is_dir(),
            "{} is no root: it has no etc",
            path.display()
        );
        let mut root = match daemon {
            Some(daemon) => Self::served(daemon, overlay),
            None if path.is_dir() => Self::share(path, overlay)?,
            None => Self::disk(path, overlay)?,
        };
        if overlay {
            root.modules.push("overlay");
            root.words += " ro insinit.overlay=tmpfs";
        }
        Ok(root)
    }

    /// QEMU's words, with so many MiB of memory.
    #[must_use]
    pub fn words_for_qemu(&self, memory: u32) -> Vec<String> {
        let served = self.daemon.iter().flat_map(|daemon| daemon.words(TAG, memory));
        self.devices.iter().cloned().chain(served).collect()
    }

    /// A folder that is served by virtiofs.
    fn served(daemon: Daemon, overlay: bool) -> Self {
        let rw = if overlay { "" } else { " rw" };
        Self {
            devices: vec![],
            words: format!("root={TAG} rootfstype=virtiofs{rw}"),
            modules: vec!["virtio_pci", "virtiofs"],
            daemon: Some(daemon),
        }
    }

    /// A folder.
    fn share(path: &Path, overlay: bool) -> Result<Self> {
        let path = path.canonicalize()?;
        let read_only = if overlay { ",readonly=on" } else { "" };
        let devices = [
            "-fsdev".into(),
            format!(
                "local,id=root,path={},security_model=none,multidevs=remap{read_only}",
                quoted(&path)
            ),
            "-device".into(),
            format!("virtio-9p-pci,fsdev=root,mount_tag={TAG}"),
        ];
        let rw = if overlay { "" } else { " rw" };
        Ok(Self {
            devices: devices.into(),
            words: format!("root={TAG} rootfstype=9p rootflags={FLAGS}{rw}"),
            modules: vec!["virtio_pci", "9pnet_virtio", "9p"],
            daemon: None,
        })
    }

    /// An image of a file system, or of a disk with partitions.
    fn disk(path: &Path, overlay: bool) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("can't read {}", path.display()))?;
        let Found { kind, partition } = superblock::find(&file).with_context(|| {
            format!(
                "{}: no file system that is known, as a whole or on a partition",
                path.display()
            )
        })?;
        let snapshot = if overlay { ",snapshot=on" } else { "" };
        let devices = [
            "-drive".into(),
            format!("if=none,id=root,format=raw,file={}{snapshot}", quoted(&path.canonicalize()?)),
            "-device".into(),
            "virtio-blk-pci,drive=root,serial=insinit-root".into(),
        ];
        let number = partition.map(|number| number.to_string()).unwrap_or_default();
        let rw = if overlay || !kind.is_writable { "" } else { " rw" };
        Ok(Self {
            devices: devices.into(),
            words: format!("root=/dev/vda{number} rootfstype={}{rw}", kind.name),
            modules: vec!["virtio_pci", "virtio_blk", kind.name],
            daemon: None,
        })
    }
}

/// A path in a list of QEMU's: a comma is written twice.
fn quoted(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_is_shared() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Root::of(folder.path(), false, None).unwrap_err().to_string().contains("no etc"));
        fs::create_dir(folder.path().join("etc")).unwrap();
        let root = Root::of(folder.path(), false, None).unwrap();
        assert!(
            root.words.starts_with("root=insinit-root rootfstype=9p rootflags="),
            "{}",
            root.words
        );
        assert!(root.words.ends_with(" rw") && root.modules.contains(&"9p"));
        let root = Root::of(folder.path(), true, None).unwrap();
        assert!(
            root.words.ends_with(" ro insinit.overlay=tmpfs") && root.modules.contains(&"overlay")
        );
        assert!(root.devices[1].ends_with(",readonly=on"));
    }

    #[test]
    fn an_image_is_a_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a,b");
        fs::write(&path, b"hsqs").unwrap();
        let root = Root::of(&path, false, None).unwrap();
        assert_eq!(root.words, "root=/dev/vda rootfstype=squashfs");
        assert!(root.devices[1].ends_with("/a,,b"), "{:?}", root.devices);
        assert!(Root::of(&path, true, None).unwrap().devices[1].ends_with(",snapshot=on"));
        fs::write(&path, b"nothing").unwrap();
        let error = Root::of(&path, false, None).unwrap_err().to_string();
        assert!(error.contains("no file system that is known"), "{error}");
        let error = Root::of(Path::new("/no/such"), false, None).unwrap_err().to_string();
        assert_eq!(error, "can't read /no/such");
    }
}
