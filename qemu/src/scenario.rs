//! A boot test: which kernels, what image, which words, and what has to come of it.

use crate::testmods;
use insinit_initramfs::Compression;

/// Kernels of all three machines.
pub const ALL: &[&str] = &["6.12-x86_64", "6.12-aarch64", "6.12-riscv64"];

/// One machine's; for what can't differ between machines.
pub const X86_64: &[&str] = &["6.12-x86_64"];
/// One machine's.
pub const AARCH64: &[&str] = &["6.12-aarch64"];
/// One machine's.
pub const RISCV64: &[&str] = &["6.12-riscv64"];

/// One test on one or more kernels. Plain data; `PLAIN` has what most of them share.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What is shown, in words.
    pub name: &'static str,
    /// The kernels it is shown on.
    pub on: &'static [&'static str],
    /// The kernels it is shown on besides, with `--long`.
    pub long: &'static [&'static str],
    /// What is in the image.
    pub image: Image,
    /// How many CPUs there are.
    pub cpus: u32,
    /// Words for QEMU: devices.
    pub qemu: &'static [&'static str],
    /// The disks of the machine.
    pub disks: &'static [Disk],
    /// Words for the kernel.
    pub words: &'static str,
    /// The words are made so long that the command line is cut.
    pub overlong: bool,
    /// Init has a console.
    pub console: bool,
    /// How much memory there is.
    pub memory: Memory,
    /// Lines that have to come, in this order; patterns as `transcript` has them.
    pub expect: &'static [&'static str],
    /// Lines that have to come exactly once, anywhere.
    pub once: &'static [&'static str],
    /// Lines that must not come.
    pub forbid: &'static [&'static str],
    /// What else is wrong with the console's lines.
    pub also: Option<Judge>,
    /// How it has to end.
    pub end: Ends,
    /// Seconds after which it hangs.
    pub limit: u64,
}

/// Finds faults in a console's lines.
pub type Judge = fn(&[String]) -> Vec<String>;

/// What is in the image besides the loader.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// Modules, packed with their dependencies: the kernel's, and our own of `qemu/testmods` (`tm_err`).
    pub modules: &'static [&'static str],
    /// Their compression; none keeps them as the kernel's package has them.
    pub compress: Option<Compression>,
    /// The entries are written into the list file.
    pub list: bool,
    /// Files made for the test and where they go.
    pub files: &'static [(Made, &'static str)],
    /// What no packer would put into an image.
    pub odd: &'static [Odd],
    /// The real init is there.
    pub init: bool,
    /// The loader is there as modprobe, too.
    pub modprobe: bool,
    /// Nothing else is: no folder to mount anything on. Then no modules of the tree can be, either.
    pub bare: bool,
}

/// A disk with one file system on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// How it is connected.
    pub bus: Bus,
    /// Its partition table: then the file system is on the second partition.
    pub table: Option<Table>,
    /// Bytes of a block.
    pub block: u32,
    /// The file system's type; it is called [`LABEL`] and [`UUID`], or [`SERIAL`], where it can be.
    pub kind: &'static str,
    /// The programs on it.
    pub holds: Holds,
    /// It can't be written to.
    pub write_protected: bool,
}

/// The programs of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// None.
    Nothing,
    /// The tests' real init as /sbin/init.
    Init,
    /// insinit as /sbin/init, the tests' real init as /bin/init.
    Loader,
}

/// How a disk is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// virtio-blk
    Virtio,
    /// NVMe
    Nvme,
    /// A SCSI disk at virtio-scsi.
    Scsi,
    /// USB storage at xHCI.
    Usb,
    /// A card at sdhci.
    Sd,
    /// Flash in the memory that `memmap=8M$0x18000000` keeps free: `phram.phram=NAME,0x18000000,8Mi,128ki`
    Flash,
}

/// A partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// With the signature `deadbeef`.
    Mbr,
    /// Partition `n` is `0000000n-1111-2222-3333-444444444444` and called `part n`.
    Gpt,
}

/// The UUID of made file systems.
pub const UUID: &str = "12345678-9abc-def0-1234-56789abcdef0";
/// Their label; of vfat in capitals.
pub const LABEL: &str = "insroot";
/// The serial number of vfat.
pub const SERIAL: &str = "1234-ABCD";

/// A virtio disk that is all ext4, with an init.
pub const DISK: Disk = Disk {
    bus: Bus::Virtio,
    table: None,
    block: 512,
    kind: "ext4",
    holds: Holds::Init,
    write_protected: false,
};

/// A file made for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Text as it stands.
    Text(&'static str),
    /// A module, inflated.
    Plain(&'static str),
    /// A module as gzip.
    Gzip(&'static str),
    /// The first half of that.
    HalfGzip(&'static str),
    /// That with another checksum at its end.
    WrongCrc(&'static str),
    /// A module as xz with CRC-64, which no kernel's decoder knows, in two blocks behind a BCJ filter.
    OddXz(&'static str),
    /// The first half of that.
    HalfXz(&'static str),
    /// That with another checksum at the end of its second block.
    WrongXz(&'static str),
    /// A module as zstd, cut off in the middle.
    HalfZstd(&'static str),
    /// That with another checksum at its end.
    WrongZstd(&'static str),
    /// A module whose version magic is another kernel's; unsigned, as the change breaks a signature.
    OtherRelease(&'static str),
    /// A module without its signature.
    Unsigned(&'static str),
    /// A module that doesn't fit its signature.
    Altered(&'static str),
    /// A list file of so many optional entries that are not there, then one that is.
    List(u32, &'static str),
    /// A `modules.dep` of so many names, then one more.
    Index(u32, &'static str),
    /// That as gzip.
    GzipOtherRelease(&'static str),
    /// A module with so many MiB of zeros behind it, as gzip.
    Padded(&'static str, usize),
    /// The real init, under another name.
    Guest,
    /// So many MiB.
    Large(usize),
}

/// Something odd at a path of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// A directory.
    Folder(&'static str),
    /// A pipe.
    Pipe(&'static str),
    /// A symbolic link and its target.
    Link(&'static str, &'static str),
    /// An empty file.
    Empty(&'static str),
    /// So many empty files in a folder.
    Files(u32, &'static str),
}

impl Image {
    /// Whether it holds modules of our own (`qemu/testmods`); they are named like the kernel's.
    #[must_use]
    pub fn has_ours(&self) -> bool {
        self.names().any(testmods::is_ours)
    }

    /// Whether that module is in it.
    #[must_use]
    pub fn holds(&self, module: &str) -> bool {
        self.names().any(|name| name == module)
    }

    /// The modules that are named.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let made = self.files.iter().filter_map(|(made, _)| made.module());
        self.modules.iter().map(|name| name.trim_start_matches('-')).chain(made)
    }
}

impl Made {
    /// The module that it is made of.
    fn module(self) -> Option<&'static str> {
        match self {
            Self::Text(_) | Self::Guest | Self::Large(_) | Self::List(..) | Self::Index(..) => None,
            Self::Plain(module)
            | Self::Gzip(module)
            | Self::HalfGzip(module)
            | Self::WrongCrc(module)
            | Self::OtherRelease(module)
            | Self::GzipOtherRelease(module)
            | Self::Unsigned(module)
            | Self::Altered(module)
            | Self::OddXz(module)
            | Self::HalfXz(module)
            | Self::WrongXz(module)
            | Self::HalfZstd(module)
            | Self::Padded(module, _)
            | Self::WrongZstd(module) => Some(module),
        }
    }
}

/// How much memory the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The machine's usual.
    Plenty,
    /// The smallest in which the kernel reaches init with this image, and so many MiB.
    Smallest(u32),
    /// So many MiB.
    Mebibytes(u32),
}

/// How a boot has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Switched off or reset in order.
    Off,
    /// By a kernel panic whose line holds this text.
    Panic(&'static str),
    /// It stays where it is after a line that holds this text.
    Stays(&'static str),
    /// It never ends; only the harness' own test wants that.
    Never,
}

/// A boot that loads nothing and runs the real init.
pub const PLAIN: Scenario = Scenario {
    name: "",
    on: ALL,
    long: &[],
    image: NOTHING,
    cpus: 1,
    qemu: &[],
    disks: &[],
    words: "",
    overlong: false,
    console: true,
    memory: Memory::Plenty,
    expect: &[],
    once: &[],
    forbid: &[],
    also: None,
    end: Ends::Off,
    limit: 120,
};

/// An image of the loader and the real init.
pub const NOTHING: Image = Image {
    modules: &[],
    compress: None,
    list: false,
    files: &[],
    odd: &[],
    init: true,
    modprobe: false,
    bare: false,
};
