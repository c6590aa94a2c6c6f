//! What an image is to be made of.

use std::path::PathBuf;
use std::str::FromStr;

use crate::{Arch, Compression};

/// Everything `build` has to know; each field is the option of the same name.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The machine the image is for.
    pub arch: Arch,
    /// Directories that hold `lib/modules/RELEASE` or `usr/lib/modules/RELEASE`.
    pub kernel_dirs: Vec<PathBuf>,
    /// The release, needed where `kernel_dirs` hold more than one.
    pub release: Option<String>,
    /// Entries of the list grammar: names, paths, `-optional`, `:` barriers.
    pub modules: Vec<String>,
    /// Write `modules` into `/etc/modules` of the image.
    pub list: bool,
    /// Compress each module like this; `None` keeps each as it is.
    pub module_compress: Option<Compression>,
    /// Drop debug sections from modules, and with them the signature.
    pub strip_debug: bool,
    /// Drop the signatures of modules.
    pub strip_signature: bool,
    /// A sysfs whose devices' modules are packed, too.
    pub coldplug_of: Option<PathBuf>,
    /// Pack the firmware that modules name.
    pub firmware: bool,
    /// The compression of the image.
    pub compress: Compression,
    /// The loader; `None` looks for one that cargo has built.
    pub loader: Option<PathBuf>,
    /// Leave the loader out.
    pub no_loader: bool,
    /// Put the loader in as `/sbin/modprobe`, too.
    pub modprobe: bool,
    /// Single files.
    pub files: Vec<FileSpec>,
    /// Directories laid over the root.
    pub trees: Vec<PathBuf>,
    /// The real init, which lands at `/sbin/init`.
    pub init: Option<PathBuf>,
    /// Words for `/etc/insinit.conf`, one line each.
    pub conf_words: Vec<String>,
    /// An image to which the new one is appended.
    pub append_to: Option<PathBuf>,
    /// Where the image is written.
    pub output: PathBuf,
    /// Show progress on a terminal when it takes longer than a second.
    pub progress: bool,
}

/// A file of this machine and its place in the image: `HOST:GUEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSpec {
    /// The file on this machine.
    pub host: PathBuf,
    /// Its path in the image.
    pub guest: String,
}

impl FromStr for FileSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<FileSpec, String> {
        match text.rsplit_once(':') {
            Some((host, guest)) if !host.is_empty() && !guest.is_empty() => {
                Ok(FileSpec { host: host.into(), guest: guest.into() })
            }
            _ => Err("a file is given as HOST:GUEST, e.g. ./busybox:/bin/busybox".into()),
        }
    }
}
