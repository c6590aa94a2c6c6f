//! Which machine and which kernel are meant.

use crate::kernel::Kernel;
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
            return self.found();
        }
        match (name, name.and_then(kernels::named)) {
            (_, Some(source)) => source.get(),
            (None, None) => kernels::named(machine.kernel).context("no kernel for it")?.get(),
            (Some(name), None) => bail!(
                "{name} is none of {}: a file needs --kernel-dir with its modules",
                kernels::names()
            ),
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
                Ok(Kernel { image: file.into(), folders: vec![], release: String::new() })
            }
            None => self.kernel(machine),
        }
    }

    /// The kernel in the folders.
    fn found(&self) -> Result<Kernel> {
        let image = self.kernel.as_deref().map(PathBuf::from);
        if let Some(image) = image.as_deref().filter(|image| !image.is_file()) {
            bail!("no kernel image {}", image.display());
        }
        Kernel::find(image.as_deref(), &self.kernel_dir, self.kernel_release.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let choice = Choice { kernel: Some("/proc/version".into()), ..Choice::default() };
        let kernel = choice.kernel_or_file(machine::host()).unwrap();
        assert!(kernel.folders.is_empty());
        let error = choice.kernel(machine::host()).unwrap_err().to_string();
        assert!(error.contains("--kernel-dir"), "{error}");
    }
}
