//! The command line of `insinit-initramfs`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use insinit_initramfs::{Arch, Compression, FileSpec, Options};

/// Packs an initramfs that loads kernel modules with insinit and starts the real init, or
/// shows one.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Make an image
    #[command(after_long_help = BUILD_HELP)]
    Build(Box<Build>),
    /// Show what is in an image, or what insinit would load from it
    #[command(after_long_help = LIST_HELP)]
    List(List),
}

/// The options of `build`.
#[derive(Args)]
pub struct Build {
    /// The machine the image is for [default: this one]
    #[arg(long)]
    arch: Option<Arch>,
    /// An unpacked kernel package, or / for this machine's kernels
    ///
    /// It holds lib/modules/RELEASE or usr/lib/modules/RELEASE, as every distribution's
    /// package and `make modules_install INSTALL_MOD_PATH=DIR` have it. Given more than once,
    /// the trees are taken together. depmod need not have been run.
    #[arg(long, value_name = "DIR")]
    kernel_dir: Vec<PathBuf>,
    /// The kernel's release, if the trees hold more than one
    #[arg(long)]
    release: Option<String>,
    /// A module to pack with all it depends on; repeatable, or a list A,B,C
    ///
    /// Entries are those of insinit.modules=: a name, an alias, a path, with a leading - an
    /// optional one (--module=-NAME), : for a barrier. A module file of this machine
    /// (./mine.ko) is packed into extra/.
    #[arg(long, value_name = "NAME")]
    module: Vec<String>,
    /// Write the modules into /etc/modules of the image, so that it loads them by itself
    ///
    /// What --coldplug-of brings follows as optional entries. Without --list insinit loads what
    /// the kernel command line or the image's own /etc/modules names.
    #[arg(long)]
    list: bool,
    /// Compress each module: keep leaves it as it is
    ///
    /// The loader inflates all of them, except where it was built without: a kernel with
    /// CONFIG_MODULE_DECOMPRESS=y inflates one itself.
    #[arg(long, value_enum, default_value = "keep", value_name = "HOW")]
    module_compress: ModuleCompress,
    /// Drop debug sections from modules; their signature, if any, goes with them
    #[arg(long)]
    strip_debug: bool,
    /// Drop the signatures of modules, for kernels that do not enforce them
    ///
    /// Checking a signature takes most of the time that loading a module takes. Without it
    /// the kernel is tainted, and one that enforces signatures or is locked down refuses the
    /// module.
    #[arg(long)]
    strip_signature: bool,
    /// Also pack what the devices of a machine need: its sysfs, /sys for this one
    #[arg(long, value_name = "SYSFS")]
    coldplug_of: Option<PathBuf>,
    /// Pack the firmware that the modules name, from lib/firmware of each kernel directory
    #[arg(long)]
    firmware: bool,
    /// Compress the image
    #[arg(long, value_enum, default_value = "none", value_name = "HOW")]
    compress: Compression,
    /// The loader, which becomes /init [default: what cargo has built for the machine]
    #[arg(long, value_name = "FILE", conflicts_with = "no_loader")]
    loader: Option<PathBuf>,
    /// Leave the loader out, e.g. to append only modules to an image
    #[arg(long)]
    no_loader: bool,
    /// Put the loader in as /sbin/modprobe, too, for the modules that the kernel itself asks for
    ///
    /// The kernel starts that program before the real init runs, while insinit loads, and under the
    /// real init. The modules that it will ask for must be packed: --module names them.
    #[arg(long, conflicts_with = "no_loader")]
    modprobe: bool,
    /// A file to put in; repeatable
    ///
    /// Modes become 0755 for files that are executable and 0644 for others; set-user-ID bits
    /// are dropped, because the owner becomes root.
    #[arg(long, value_name = "HOST:GUEST")]
    file: Vec<FileSpec>,
    /// A directory laid over the root of the image; repeatable
    #[arg(long, value_name = "DIR")]
    tree: Vec<PathBuf>,
    /// The real init, which becomes /sbin/init
    ///
    /// A program for another machine is an error, and so is one whose interpreter is not in
    /// the image: link it statically, or add the interpreter and its libraries.
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Words for /etc/insinit.conf, read as if before the kernel command line; repeatable
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    conf_words: Vec<String>,
    /// Append to this image instead of making a new one; it is not changed itself
    ///
    /// Index files like modules.dep are merged with the older ones. modprobe in the older image
    /// may keep to its binary index and not see the new modules; insinit does.
    #[arg(long, value_name = "IMAGE")]
    append_to: Option<PathBuf>,
    /// The file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Say only what is wrong
    #[arg(short, long)]
    pub quiet: bool,
}

/// The options of `list`.
#[derive(Args)]
pub struct List {
    /// The image: any compression the kernel takes but lzo, any number of archives
    pub image: PathBuf,
    /// Print what insinit would load with these words on the kernel command line
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub plan: Option<String>,
    /// The kernel's release, if the image has modules of more than one
    #[arg(long, requires = "plan")]
    pub release: Option<String>,
}

/// What happens to a module's compression.
#[derive(Clone, Copy, ValueEnum)]
enum ModuleCompress {
    /// As it is.
    Keep,
    /// Plain.
    None,
    /// gzip.
    Gzip,
    /// xz with CRC-32, as the kernel wants it.
    Xz,
    /// zstd.
    Zstd,
}

impl From<ModuleCompress> for Option<Compression> {
    fn from(how: ModuleCompress) -> Option<Compression> {
        match how {
            ModuleCompress::Keep => None,
            ModuleCompress::None => Some(Compression::None),
            ModuleCompress::Gzip => Some(Compression::Gzip),
            ModuleCompress::Xz => Some(Compression::Xz),
            ModuleCompress::Zstd => Some(Compression::Zstd),
        }
    }
}

impl Build {
    /// The options as the library takes them.
    pub fn options(self) -> anyhow::Result<Options> {
        Ok(Options {
            arch: self.arch.map_or_else(Arch::host, Ok)?,
            kernel_dirs: self.kernel_dir,
            release: self.release,
            modules: self.module,
            list: self.list,
            module_compress: self.module_compress.into(),
            strip_debug: self.strip_debug,
            strip_signature: self.strip_signature,
            coldplug_of: self.coldplug_of,
            firmware: self.firmware,
            compress: self.compress,
            loader: self.loader,
            no_loader: self.no_loader,
            modprobe: self.modprobe,
            files: self.file,
            trees: self.tree,
            init: self.init,
            conf_words: self.conf_words,
            append_to: self.append_to,
            output: self.output,
            progress: !self.quiet,
        })
    }
}

const BUILD_HELP: &str = "\
The same input gives the same bytes, from any directory, at any time and under any user; no
root is needed. A module, a loader or an init for another machine or release is an error.

Example: an image that loads two modules of this machine's kernel and starts a static shell
  cargo build --release --target x86_64-unknown-none
  cargo initramfs build --kernel-dir / --release \"$(uname -r)\" --module virtio_blk,ext4 \\
      --list --init ./busybox-static -o initramfs.cpio

Example: load one more driver before a distribution's own image goes on as it would have;
boot the result with `rdinit=/insinit`
  cargo initramfs build --kernel-dir / --release \"$(uname -r)\" --module nvme \\
      --no-loader --file target/x86_64-unknown-none/release/insinit:/insinit \\
      --conf-words 'insinit.modules=nvme insinit.init=/init' \\
      --append-to /boot/initrd.img -o initrd.new";

const LIST_HELP: &str = "\
With --plan each module is a line, `insmod PATH PARAMS` or `builtin NAME`, in the order of
loading; what is missing is an error and the exit status is 1.

Example:
  cargo initramfs list initramfs.cpio --plan 'insinit.modules=loop loop.max_loop=4'";
