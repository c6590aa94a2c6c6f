//! Which machine and which kernel are meant.

use crate::kernel::Kernel;
use crate::kernel_image;
use crate::kernels::{self, Source};
use crate::machine::{self, Machine};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};

/// The options that say it.
#[derive(Args, Clone, Debug, Default)]
pub struct Choice {
    /// x86_64, aarch64 or riscv64; default: this host's
    #[arg(long, value_parser = machine::named, value_name = "MACHINE")]
    pub arch: Option<&'static Machine>,

    /// A kernel image, or the name of one that `cargo qemu kernel` lists
    #[arg(long, value_name = "FILE|NAME")]
    pub kernel: Option<String>,

    /// A folder with lib/modules/RELEASE: an unpacked kernel package or a system's root; may be
    /// repeated
    #[arg(long, value_name = "DIR")]
    pub kernel_dir: Vec<PathBuf>,

    /// The release to take where the folders hold more than one
    #[arg(long, value_name = "RELEASE")]
    pub kernel_release: Option<String>,
}

impl Choice {
    /// The machine: the one named, the kernel's, or the host's.
    ///
    /// # Errors
    /// The kernel that is named is another machine's.
    pub fn machine(&self) -> Result<&'static Machine> {
        let source = self.kernel.as_deref().and_then(kernels::named);
        match (self.arch, source.map(Source::machine)) {
            (Some(named), Some(kernels)) if named.name != kernels.name => {
                bail!("that kernel is for {}, not for {}", kernels.name, named.name)
            }
            (Some(machine), _) | (None, Some(machine)) => Ok(machine),
            (None, None) => Ok(machine::host()),
        }
    }

    /// The kernel: found in the folders named, one with a name, or the machine's usual one.
    ///
    /// # Errors
    /// It is not there or can't be had.
    pub fn kernel(&self, machine: &Machine) -> Result<Kernel> {
        let name = self.kernel.as_deref();
        if !self.kernel_dir.is_empty() {
            return self.found(machine);
        }
        match (name, name.and_then(kernels::named)) {
            (_, Some(source)) => source.get(),
            (None, None) => kernels::named(machine.kernel).context("no kernel for it")?.get(),
            (Some(name), None) => bail!(unknown(name)),
        }
    }

    /// The kernel, or a file alone whose kernel needs no modules.
    ///
    /// # Errors
    /// As for [`Choice::kernel`].
    pub fn kernel_or_file(&self, machine: &Machine) -> Result<Kernel> {
        let file = self.kernel.as_deref().map(Path::new).filter(|file| file.is_file());
        match file.filter(|_| self.kernel_dir.is_empty()) {
            Some(file) => {
                kernel_image::check(file, machine)?;
                Ok(Kernel { image: file.into(), folders: vec![], release: String::new() })
            }
            None => self.kernel(machine),
        }
    }

    /// The kernel in the folders.
    fn found(&self, machine: &Machine) -> Result<Kernel> {
        let image = self.kernel.as_deref().map(PathBuf::from);
        if let Some(image) = image.as_deref().filter(|image| !image.is_file()) {
            let why = if image.is_dir() { "that is a folder" } else { "no such file" };
            bail!("no kernel image {}: {why}", image.display());
        }
        let release = self.kernel_release.as_deref();
        let kernel = Kernel::find(image.as_deref(), &self.kernel_dir, release)?;
        kernel_image::check(&kernel.image, machine)?;
        Ok(kernel)
    }
}

/// What is wrong with a `--kernel` that is no name and has no folder beside it.
fn unknown(name: &str) -> String {
    let path = Path::new(name);
    if path.is_dir() {
        format!(
            "--kernel takes an image or a name, and {name} is a folder: --kernel-dir takes those"
        )
    } else if path.exists() {
        format!("--kernel-dir is missing, a folder with lib/modules/RELEASE for {name}")
    } else {
        format!("{name}: no such file, and no kernel's name; there are {}", kernels::names())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_kernel_with_a_name_brings_its_machine() {
        let choice = Choice { kernel: Some("small-riscv64-gzip".into()), ..Choice::default() };
        assert_eq!(choice.machine().unwrap().name, "riscv64");
        let other = Choice { arch: Some(machine::named("x86_64").unwrap()), ..choice };
        let error = other.machine().unwrap_err().to_string();
        assert_eq!(error, "that kernel is for riscv64, not for x86_64");
    }

    #[test]
    fn a_file_alone_is_a_kernel_without_modules() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("Image").display().to_string();
        fs::write(&image, [&[0; 56], &b"ARM\x64"[..]].concat()).unwrap();
        let machine = machine::named("aarch64").unwrap();
        let choice = Choice { kernel: Some(image.clone()), ..Choice::default() };
        let kernel = choice.kernel_or_file(machine).unwrap();
        assert!(kernel.folders.is_empty());
        let error = choice.kernel(machine).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("--kernel-dir is missing, a folder with lib/modules/RELEASE for {image}")
        );
        assert!(choice.kernel_or_file(machine::named("x86_64").unwrap()).is_err());
    }

    #[test]
    fn what_is_no_kernel_is_told_apart() {
        let error = |kernel: &str, folder: Option<&str>| {
            let kernel_dir = folder.map(PathBuf::from).into_iter().collect();
            let choice = Choice { kernel: Some(kernel.into()), kernel_dir, ..Choice::default() };
            choice.kernel(machine::host()).unwrap_err().to_string()
        };
        let start = "/nope: no such file, and no kernel's name; there are 6.12-x86_64, ";
        assert!(error("/nope", None).starts_with(start), "{}", error("/nope", None));
        let text =
            "--kernel takes an image or a name, and /proc is a folder: --kernel-dir takes those";
        assert_eq!(error("/proc", None), text);
        assert_eq!(error("/nope", Some("/proc")), "no kernel image /nope: no such file");
        assert_eq!(error("/proc", Some("/proc")), "no kernel image /proc: that is a folder");
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("lib/modules/6.12/kernel")).unwrap();
        let found = error("/proc/version", root.path().to_str());
        assert_eq!(found, "/proc/version is not a kernel image");
    }
}
