//! Who takes part, what each can load, and what its image holds.

use super::files::{self, Files};
use super::sets::{Form, Module};
use super::whole::Whole;
use super::{depmod, packages, programs};
use crate::kernel::Kernel;
use anyhow::{Context, Result};
use insinit_initramfs::{Compression, Entry};
use std::path::{Path, PathBuf};

/// One who loads modules and starts the real init.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contestant {
    /// Opens, loads, closes, execs; the list is in it.
    Fixed,
    /// The same with the list of /proc/cmdline: what everybody is compared with.
    Floor,
    /// A floor for gzip: the list of /proc/cmdline, inflated with the C library zlib.
    Zlib,
    /// This project's.
    Insinit,
    /// The user's, with the words of insinit.
    Yours(PathBuf),
    /// A shell script with one insmod a module.
    BusyboxInsmod,
    /// A shell script with one modprobe.
    BusyboxModprobe,
    /// `modprobe -a`, run by the smallest driver there can be.
    Kmod,
    /// `insmod`, the same way, once a module.
    Toybox,
    /// tiny-initramfs' /init as Debian builds it, unchanged, with the list in its /modules.
    ///
    /// That build knows no finit_module(2): it maps each file and calls init_module(2), three calls more a module.
    ///
    /// It loads them first, then mounts /proc and /dev, reads the command line, waits for the root's device
    /// and mounts it; without a root it panics. So its root is `/dev/..` with `rootflags=bind`: the initramfs
    /// itself, bound to /target. Nothing has to be found, and no file system is read. From access(2), its first
    /// look for that device, to the execve of the real init nothing counts: no mount of the root, no look into
    /// its fstab, no moves, no chroot, and nothing of the deletion of /init and of every module, which the
    /// others don't do. /dev does count, which is mounted for the root, too, and memory is that of the whole run.
    Tiny,
}

/// Where a contestant gets its files.
pub struct Place<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// Our programs.
    pub programs: &'a programs::Programs,
    /// The modules, in order.
    pub modules: &'a [Module],
    /// Their form.
    pub form: Form,
    /// The kernel's whole tree.
    pub whole: &'a Whole,
}

impl Contestant {
    /// All but the user's.
    #[must_use]
    pub fn all() -> Vec<Self> {
        use Contestant as C;
        vec![
            C::Fixed,
            C::Floor,
            C::Zlib,
            C::Insinit,
            C::BusyboxInsmod,
            C::BusyboxModprobe,
            C::Kmod,
            C::Toybox,
            C::Tiny,
        ]
    }

    /// Whether it is measured beside every other.
    #[must_use]
    pub fn is_floor(&self) -> bool {
        matches!(self, Self::Floor | Self::Zlib)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self {
            Self::Fixed => "floor, fixed list",
            Self::Floor => "floor",
            Self::Zlib => "floor with zlib",
            Self::Insinit => "insinit",
            Self::Yours(file) => return file.display().to_string(),
            Self::BusyboxInsmod => "busybox insmod",
            Self::BusyboxModprobe => "busybox modprobe",
            Self::Kmod => "kmod modprobe -a",
            Self::Toybox => "toybox insmod",
            Self::Tiny => "tiny-initramfs",
        };
        name.into()
    }

    /// What is to be known beside its figures.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        (*self == Self::Tiny)
            .then_some("counted without its root, from the look for its device to the execve")
    }

    /// Whether the others are measured without it where its package can't be had: nothing is compared with it.
    #[must_use]
    pub fn is_spare(&self) -> bool {
        matches!(self, Self::Toybox | Self::Tiny)
    }

    /// Whether it can load modules of this form into Debian's kernel, which inflates xz itself. The floors can't
    /// by name: they load the same files by path.
    #[must_use]
    pub fn can(&self, form: Form) -> bool {
        use Compression as F;
        let Form::Packed(form) = form else {
            // BusyBox's modprobe doesn't know that libcrc32c has soft dependencies.
            use Contestant as C;
            return matches!(self, C::Fixed | C::Floor | C::Insinit | C::Yours(_) | C::Kmod);
        };
        match self {
            Self::Fixed | Self::Floor => matches!(form, F::None | F::Xz),
            Self::Insinit => {
                form != F::Zstd || insinit::unpack::knows(insinit::image::Format::Zstd)
            }
            Self::Zlib => form == F::Gzip,
            Self::Yours(_) => true,
            Self::BusyboxInsmod | Self::BusyboxModprobe => form != F::Zstd,
            // Debian's kmod is built without zlib.
            Self::Kmod => form != F::Gzip,
            Self::Toybox | Self::Tiny => form == F::None,
        }
    }

    /// What its image holds.
    ///
    /// # Errors
    /// A package can't be had or a program not be built.
    pub fn files(&self, place: &Place) -> Result<Files> {
        match self {
            Self::Fixed => place.by_path(&programs::fixed(&place.paths())?),
            Self::Floor => place.by_path(&place.programs.guest("floor")),
            Self::Zlib => place.by_path(&programs::zlib()?),
            Self::Insinit => place.listed(&place.programs.loader),
            Self::Yours(file) => place.listed(file),
            Self::BusyboxInsmod => place.busybox(false),
            Self::BusyboxModprobe => place.busybox(true),
            Self::Kmod => place.kmod(),
            Self::Toybox => place.toybox(),
            Self::Tiny => place.tiny(),
        }
    }
}

/// The packages of kmod and what it is linked to.
const KMOD: &[&str] = &["kmod", "libkmod2", "libc6", "liblzma5", "libssl3", "libzstd1"];

/// Where tiny-initramfs' package has its /init.
const TINY: &str = "usr/lib/x86_64-linux-gnu/tiny-initramfs/init-static";

/// kmod's packages, unpacked.
///
/// # Errors
/// They can't be had.
pub fn kmod() -> Result<PathBuf> {
    packages::get("kmod", KMOD)
}

impl Place<'_> {
    /// The modules' paths where a list names paths.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.modules.iter().map(|module| self.path(module)).collect()
    }

    fn path(&self, module: &Module) -> String {
        format!("/m/{}.ko{}", module.name, self.form.compression().suffix())
    }

    /// The modules where paths name them.
    fn flat(&self) -> Result<Vec<Entry>> {
        let entry = |module| {
            let path = self.path(module);
            let bytes = self.form.compression().pack(&module.plain)?;
            Ok(Entry::file(path.trim_start_matches('/'), bytes))
        };
        self.modules.iter().map(entry).collect()
    }

    /// A program that takes the list from the command line, or knows it.
    fn by_path(&self, program: &Path) -> Result<Files> {
        let mut files = Files { modules: self.flat()?, list: self.paths(), ..Files::default() };
        files.program("contestant", program)?;
        files.arguments = vec!["/init".into()];
        Ok(files)
    }

    /// A program that takes names from the command line, too.
    fn listed(&self, program: &Path) -> Result<Files> {
        let mut files = self.by_path(program)?;
        if self.form == Form::Names {
            files.list = self.names();
            self.tree(&mut files)?;
        }
        Ok(files)
    }

    /// The modules in a tree with kmod's indexes.
    fn tree(&self, files: &mut Files) -> Result<()> {
        let Form::Packed(form) = self.form else {
            (files.index, files.modules) = self.whole.entries(self.kernel, self.modules)?;
            return Ok(());
        };
        let release = &self.kernel.release;
        let pack = |module: &Module| {
            let file = format!("{}{}", module.file, form.suffix());
            Ok((file, form.pack(&module.plain)?))
        };
        let modules: Vec<_> = self.modules.iter().map(pack).collect::<Result<_>>()?;
        let tree = self.kernel.trees().next().context("no module tree")?;
        // This depmod can't read gzip; the indexes differ by the suffix alone.
        let plain: Vec<_> =
            self.modules.iter().map(|module| (module.file.clone(), module.plain.clone())).collect();
        let with_suffix = |entry: Entry| suffixed(entry, form.suffix());
        files.index = depmod::indexes(&kmod()?, &tree, release, &plain)?;
        if form == Compression::Gzip {
            files.index = files.index.drain(..).map(with_suffix).collect();
        } else {
            files.index = depmod::indexes(&kmod()?, &tree, release, &modules)?;
        }
        let entry = |(file, bytes)| Entry::file(format!("lib/modules/{release}/{file}"), bytes);
        files.modules = modules.into_iter().map(entry).collect();
        Ok(())
    }

    /// BusyBox as a shell's script.
    fn busybox(&self, modprobe: bool) -> Result<Files> {
        let root = packages::get("busybox-static", &["busybox-static"])?;
        let mut files = Files { list: self.paths(), ..Files::default() };
        files.program("bin/busybox", &root.join("bin/busybox"))?;
        for applet in ["sh", "insmod", "modprobe"] {
            files.own.push(Entry::link(format!("bin/{applet}"), "busybox"));
        }
        let loads = match modprobe {
            true => {
                format!(
                    "mount -t proc proc /proc\nmodprobe -a {}\numount /proc\n",
                    self.names().join(" ")
                )
            }
            false => self.paths().iter().map(|path| format!("insmod {path}\n")).collect(),
        };
        if modprobe {
            files.own.extend(
                ["mount", "umount"].map(|name| Entry::link(format!("bin/{name}"), "busybox")),
            );
            self.tree(&mut files)?;
        } else {
            files.modules = self.flat()?;
        }
        let script = format!("#!/bin/sh\nPATH=/bin\n{loads}exec /sbin/init\n");
        files.own.push(Entry::program("contestant", script));
        files.arguments = vec!["/init".into()];
        Ok(files)
    }

    /// kmod, dynamic as Debian builds it.
    fn kmod(&self) -> Result<Files> {
        let mut files = Files { list: self.paths(), ..Files::default() };
        files::dynamic(&mut files, "bin/modprobe", &kmod()?, "bin/kmod")?;
        files.own.push(Entry::program("contestant", files::read(&self.programs.guest("driver"))?));
        self.tree(&mut files)?;
        let mut words = vec!["/init", "/sys", "/bin/modprobe", "-a"];
        // By sysfs it knows what it has loaded, and that matters where many names need the same.
        words.retain(|word| *word != "/sys" || self.form == Form::Names);
        files.arguments = words.into_iter().map(String::from).chain(self.names()).collect();
        Ok(files)
    }

    /// toybox, dynamic as Debian builds it, one process a module.
    fn toybox(&self) -> Result<Files> {
        let root = packages::get("toybox", &["toybox", "libc6", "libcrypt1"])?;
        let mut files = Files { modules: self.flat()?, list: self.paths(), ..Files::default() };
        files::dynamic(&mut files, "bin/insmod", &root, "bin/toybox")?;
        files.own.push(Entry::program("contestant", files::read(&self.programs.guest("driver"))?));
        files.arguments = vec!["/init".into()];
        for path in self.paths() {
            files.arguments.extend(["/bin/insmod".into(), path, ";".into()]);
        }
        Ok(files)
    }

    /// tiny-initramfs with its list and the folder that it mounts a root on.
    fn tiny(&self) -> Result<Files> {
        let root = packages::get("tiny-initramfs", &["tiny-initramfs-core"])?;
        let mut files = Files { modules: self.flat()?, ..Files::default() };
        files.program("contestant", &root.join(TINY))?;
        let list: String = self.paths().iter().map(|path| format!("{path}\n")).collect();
        files.own.extend([Entry::file("modules", list), Entry::dir("target")]);
        files.arguments = vec!["/init".into()];
        files.root = "root=/dev/.. rootflags=bind";
        Ok(files)
    }

    /// The names that a list has: of all modules, or of those that nothing else leads to.
    fn names(&self) -> Vec<String> {
        let is_listed = |module: &&Module| self.form != Form::Names || module.is_wanted();
        self.modules.iter().filter(is_listed).map(|module| module.name.clone()).collect()
    }
}

/// A text index with the compression's suffix behind every `.ko`.
fn suffixed(entry: Entry, suffix: &str) -> Entry {
    let name = entry.name().into_owned();
    match &entry.node {
        insinit_initramfs::Node::File(bytes) if name.ends_with("/modules.dep") => {
            let text = String::from_utf8_lossy(bytes).replace(".ko", &format!(".ko{suffix}"));
            Entry::file(name, text.into_bytes())
        }
        _ => entry,
    }
}
