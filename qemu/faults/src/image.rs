//! What the boots find: an image on a tmpfs, with a tree of small modules and what is asked of /proc and
//! /sys, as plain files.

use anyhow::{Context, Result};
use insinit_initramfs::Compression;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// One kind of boot.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// In words.
    pub name: &'static str,
    /// The kernel's command line.
    pub words: &'static str,
    /// /dev and /dev/kmsg are there from the start; else nothing is but a console.
    pub has_kmsg: bool,
    /// There is a `modules.dep`; else the tree is walked.
    pub has_index: bool,
    /// Something is mounted at /root: the file system that `root=` names.
    pub has_root: bool,
    /// The modules that have to be loaded before the real init starts, or it is said why not.
    pub modules: &'static [&'static str],
    /// Without these the real init must not start.
    pub required: &'static [&'static str],
}

const PLAIN: Kind = Kind {
    name: "",
    words: "",
    has_kmsg: true,
    has_index: true,
    has_root: false,
    modules: &["a", "b", "c", "d"],
    required: &[],
};

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind { name: "one after the other", words: "insinit.modules=b,c,d a.x=1", ..PLAIN },
    Kind {
        name: "required, quiet, reboot",
        words: "quiet insinit.fail=reboot insinit.required=d,b insinit.modules=c \
                insinit.modules_disabled insinit.inflate=always",
        required: &["a", "b", "d"],
        ..PLAIN
    },
    Kind {
        name: "side by side",
        words: "insinit.jobs=3 insinit.required=b insinit.modules=c,d insinit.log=debug",
        required: &["a", "b"],
        ..PLAIN
    },
    Kind {
        name: "a root under an overlay",
        words: "root=share rootfstype=9p rootflags=msize=1 insinit.overlay=tmpfs insinit.modules=b,c \
                insinit.mount=data:/mnt:9p insinit.coldplug",
        has_root: true,
        modules: &["a", "b", "c", "9p", "9pnet_virtio", "overlay"],
        ..PLAIN
    },
    Kind {
        name: "nothing prepared, and a shell",
        words: "insinit.required=a,c insinit.modules=b insinit.fail=shell insinit.list=/nothing \
                insinit.log=debug insinit.inflate=always insinit.force=vermagic",
        has_kmsg: false,
        has_index: false,
        modules: &["a", "b", "c"],
        required: &["a", "c"],
        ..PLAIN
    },
];

/// The modules: a name, how its file ends, and how it is packed.
const MODULES: [(&str, &str, Compression); 7] = [
    ("a", "", Compression::None),
    ("b", ".gz", Compression::Gzip),
    ("c", ".xz", Compression::Xz),
    ("d", ".zst", Compression::Zstd),
    ("9p", "", Compression::None),
    ("9pnet_virtio", "", Compression::None),
    ("overlay", "", Compression::None),
];

/// What a module needs; the kernel wants it first.
pub const NEEDS: [(&str, &str); 1] = [("b", "a")];

/// An ELF header that tells the length, and the module's name as `.modinfo` has it.
fn module(name: &str) -> Vec<u8> {
    const SIZE: usize = 5000;
    let mut image: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    image[..64].fill(0);
    image[..5].copy_from_slice(b"\x7fELF\x02");
    image[0x28..0x30].copy_from_slice(&(SIZE as u64).to_le_bytes());
    let info = format!("name={name}\0");
    image[64..64 + info.len()].copy_from_slice(info.as_bytes());
    image
}

/// A file to be written: where, its bytes, and whether it is a program.
type File = (String, Vec<u8>, bool);

/// Everything that is written before each boot of a kind.
pub struct Image {
    files: Vec<File>,
    has_kmsg: bool,
    has_root: bool,
}

impl Image {
    /// The image of a kind, with `loader` as /init; the real init is a copy.
    ///
    /// # Errors
    /// A module can't be packed, or the kernel doesn't tell its release.
    pub fn of(kind: &Kind, loader: &[u8]) -> Result<Self> {
        let release = nix::sys::utsname::uname()?.release().to_string_lossy().into_owned();
        let tree = format!("lib/modules/{release}");
        let mut index = String::new();
        let mut files = Vec::new();
        for (name, end, packing) in MODULES {
            let path = format!("kernel/{name}.ko{end}");
            let needs = |(_, needs): &(&str, &str)| format!(" kernel/{needs}.ko");
            let needs: String = NEEDS.iter().filter(|(of, _)| *of == name).map(needs).collect();
            index += &format!("{path}:{needs}\n");
            files.push((format!("{tree}/{path}"), packing.pack(&module(name))?, false));
        }
        let text = |path: &str, text: &str| (path.to_string(), text.as_bytes().to_vec(), false);
        if kind.has_index {
            files.push(text(&format!("{tree}/modules.dep"), &index));
            files.push(text(&format!("{tree}/modules.alias"), "alias test:* d\n"));
        }
        files.extend([
            text("etc/modules", "# the list\n-nothing\n"),
            text("etc/insinit.conf", "a.y=2\n"),
            text("etc/modprobe.d/x.conf", "options a z=3\n"),
            text("proc/cmdline", &format!("{}\n", kind.words)),
            text("proc/filesystems", "nodev\ttmpfs\n\text4\n"),
            text("proc/mounts", "rootfs / rootfs rw 0 0\n"),
            text("proc/sys/kernel/modules_disabled", "0\n"),
            text("sys/module/compression", "xz\n"),
            text("sys/devices/x/modalias", "test:1\n"),
            text("sys/class/block/none", ""),
            ("init".into(), loader.to_vec(), true),
            ("sbin/init".into(), loader.to_vec(), true),
            ("bin/sh".into(), loader.to_vec(), true),
        ]);
        if kind.has_root {
            files.push(("root/sbin/init".into(), loader.to_vec(), true));
            files.push(text("root/etc/fstab", "# the root's\n"));
        }
        Ok(Self { files, has_kmsg: kind.has_kmsg, has_root: kind.has_root })
    }

    /// Makes it in `place`, which is empty.
    ///
    /// # Errors
    /// A file can't be written, or a device not be made.
    pub fn make(&self, place: &Path) -> Result<()> {
        if self.has_root {
            fs::create_dir(place.join("root"))?;
            crate::tracer::mount_tmpfs(&place.join("root"))?;
        }
        for (path, content, is_program) in &self.files {
            let path = place.join(path);
            fs::create_dir_all(path.parent().context("a path without a folder")?)?;
            fs::write(&path, content).with_context(|| format!("can't write {}", path.display()))?;
            let mode = if *is_program { 0o755 } else { 0o644 };
            fs::set_permissions(&path, Permissions::from_mode(mode))?;
        }
        let devices: &[&str] = if self.has_kmsg { &["console", "null", "kmsg"] } else { &[] };
        for name in devices {
            fs::create_dir_all(place.join("dev"))?;
            let mode = Mode::from_bits_truncate(0o666);
            mknod(&place.join("dev").join(name), SFlag::S_IFCHR, mode, makedev(1, 3))
                .with_context(|| format!("can't make the device {name}"))?;
        }
        Ok(())
    }
}
