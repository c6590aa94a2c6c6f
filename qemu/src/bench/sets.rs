//! The sets of modules and the forms they come in.

use crate::image;
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::made;
use anyhow::{Context, Result, ensure};
use insinit_initramfs::{Compression, Options, PackedModule};
use std::path::Path;

/// How modules are stored, and what a list calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// So, in a folder of their own; by path, where that can be.
    Packed(Compression),
    /// Plain, in the package's whole tree; by name.
    Names,
}

/// All of them.
pub const FORMS: [Form; 5] = [
    Form::PLAIN,
    Form::Packed(Compression::Gzip),
    Form::Packed(Compression::Xz),
    Form::Packed(Compression::Zstd),
    Form::Names,
];

impl Form {
    /// Plain, by path.
    pub const PLAIN: Self = Self::Packed(Compression::None);

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Packed(Compression::None) => "plain",
            Self::Packed(Compression::Gzip) => "gz",
            Self::Packed(Compression::Xz) => "xz",
            Self::Packed(Compression::Zstd) => "zst",
            Self::Names => "names",
        }
    }

    /// How the files of a set are stored.
    #[must_use]
    pub fn compression(self) -> Compression {
        match self {
            Self::Packed(compression) => compression,
            Self::Names => Compression::None,
        }
    }

    /// How many modules its sets have; names are all that is wanted, and stand for what that needs, too.
    #[must_use]
    pub fn sizes(self) -> &'static [usize] {
        match self {
            Self::Packed(_) => &[1, 12, 60],
            Self::Names => const { &[WANTED.len()] },
        }
    }
}

/// The sets in all their forms, in the order of the tables.
#[must_use]
pub fn all() -> Vec<(usize, Form)> {
    let mut sets: Vec<_> =
        FORMS.iter().flat_map(|form| form.sizes().iter().map(|size| (*size, *form))).collect();
    sets.sort_by_key(|(size, form)| (*form == Form::Names, *size));
    sets
}

/// What the sets are made of: the first so many modules of these and what they need. None of them needs
/// hardware, measures itself while it loads, or asks for user space.
const WANTED: &[&str] = &[
    "virtio_blk",
    "virtio_net",
    "ext4",
    "virtio_scsi",
    "sd_mod",
    "nvme",
    "ahci",
    "xhci_pci",
    "usb_storage",
    "uas",
    "usbhid",
    "hid_generic",
    "xfs",
    "raid1",
    "dm_crypt",
    "dm_mirror",
    "9p",
    "9pnet_virtio",
    "e1000",
    "e1000e",
    "r8169",
    "igb",
    "loop",
    "dummy",
    "vfat",
    "nls_iso8859_1",
    "isofs",
    "squashfs",
    "overlay",
    "fuse",
    "vxlan",
    "bonding",
    "veth",
    "tun",
    "nbd",
];

/// Not among those that are named by path: `absent` on a machine without SSE4.2.
const ABSENT: &[&str] = &["crc32c_intel"];

/// A module of a set.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its normalised name.
    pub name: String,
    /// Its file in the tree, without the compression's suffix: `kernel/fs/xfs/xfs.ko`.
    pub file: String,
    /// Its bytes, plain.
    pub plain: Vec<u8>,
}

impl Module {
    /// Whether the kernel has it once it was asked to load it.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        !ABSENT.contains(&self.name.as_str())
    }

    /// Whether a list of names has it; the others are what these need.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        WANTED.contains(&self.name.as_str())
    }
}

/// All modules that are wanted and what they need: every module stands behind that.
///
/// # Errors
/// The kernel lacks some of them.
pub fn modules(machine: &'static Machine, kernel: &Kernel, folder: &Path) -> Result<Vec<Module>> {
    let names = image::there(kernel, WANTED);
    ensure!(names.len() == WANTED.len(), "{} lacks some of {WANTED:?}", kernel.release);
    let options = image::options(machine, kernel, folder.join("order.img"));
    let built = insinit_initramfs::build(&Options { modules: names, no_loader: true, ..options })
        .context("can't put the sets in order")?;
    let module = |one: PackedModule| {
        let at = one.guest_path.find("/kernel/").map_or(0, |at| at + 1);
        let file = one.guest_path[at..].trim_end_matches(".xz").to_string();
        let plain = made::plain(kernel, &one.name)?;
        Ok(Module { name: one.name, file, plain })
    };
    built.modules.into_iter().map(module).collect()
}

/// The set of that size in that form, of all [`modules`].
///
/// # Errors
/// There are too few.
pub fn set(modules: &[Module], size: usize, form: Form) -> Result<Vec<Module>> {
    let all = modules.iter();
    let set: Vec<_> = match form {
        Form::Names => all.cloned().collect(),
        Form::Packed(_) => all.filter(|one| one.is_loaded()).take(size).cloned().collect(),
    };
    ensure!(set.len() >= size, "only {} of {size} modules", set.len());
    Ok(set)
}
