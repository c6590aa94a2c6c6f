//! The sets of modules and the forms they come in.

use crate::image;
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::made;
use anyhow::{Context, Result, ensure};
use insinit_initramfs::{Compression, Options};
use std::path::Path;

/// How modules are stored.
pub const FORMS: [Compression; 4] =
    [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd];

/// A form's name.
#[must_use]
pub fn form_name(form: Compression) -> &'static str {
    match form {
        Compression::None => "plain",
        Compression::Gzip => "gz",
        Compression::Xz => "xz",
        Compression::Zstd => "zst",
    }
}

/// How many modules each set has.
pub const SIZES: [usize; 3] = [1, 12, 60];

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

/// Not among them: `absent` on a machine without SSE4.2.
const LEFT_OUT: &[&str] = &["crc32c_intel"];

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

/// The largest set; the others are its first modules. Every module stands behind what it needs.
///
/// # Errors
/// The kernel lacks some of them.
pub fn largest(machine: &'static Machine, kernel: &Kernel, folder: &Path) -> Result<Vec<Module>> {
    let names = image::there(kernel, WANTED);
    let options = image::options(machine, kernel, folder.join("order.img"));
    let built = insinit_initramfs::build(&Options { modules: names, no_loader: true, ..options })
        .context("can't put the sets in order")?;
    let packed = built.modules.into_iter().filter(|one| !LEFT_OUT.contains(&one.name.as_str()));
    let most = SIZES.into_iter().max().unwrap_or(0);
    let modules: Vec<Module> = packed
        .take(most)
        .map(|one| {
            let at = one.guest_path.find("/kernel/").map_or(0, |at| at + 1);
            let file = one.guest_path[at..].trim_end_matches(".xz").to_string();
            let plain = made::plain(kernel, &one.name)?;
            Ok(Module { name: one.name, file, plain })
        })
        .collect::<Result<_>>()?;
    ensure!(modules.len() == most, "{} has {} of {most} modules", kernel.release, modules.len());
    Ok(modules)
}
