//! The machines insinit runs on, and what their ELF files carry.

use anyhow::{Result, bail};
use object::elf;

/// A machine an image is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Arch {
    /// 64-bit PCs.
    #[value(name = "x86_64", alias = "amd64")]
    X86_64,
    /// 64-bit ARM.
    #[value(name = "aarch64", alias = "arm64")]
    Aarch64,
    /// 64-bit RISC-V.
    #[value(name = "riscv64")]
    Riscv64,
}

impl Arch {
    /// Every machine, in the order of the documents.
    pub const ALL: [Arch; 3] = [Arch::X86_64, Arch::Aarch64, Arch::Riscv64];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Aarch64 => "aarch64",
            Arch::Riscv64 => "riscv64",
        }
    }

    /// The Rust target the loader is built for.
    pub fn target(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64-unknown-none",
            Arch::Aarch64 => "aarch64-unknown-none",
            Arch::Riscv64 => "riscv64gc-unknown-none-elf",
        }
    }

    /// `e_machine` of its ELF files (`include/uapi/linux/elf-em.h`).
    pub fn machine(self) -> u16 {
        match self {
            Arch::X86_64 => elf::EM_X86_64,
            Arch::Aarch64 => elf::EM_AARCH64,
            Arch::Riscv64 => elf::EM_RISCV,
        }
    }

    /// The machine this program runs on.
    pub fn host() -> Result<Arch> {
        let host = std::env::consts::ARCH;
        match Arch::ALL.into_iter().find(|arch| arch.name() == host) {
            Some(arch) => Ok(arch),
            None => bail!("insinit does not run on {host}; name a machine with --arch"),
        }
    }
}

impl Default for Arch {
    /// This machine, or x86_64 where insinit does not run.
    fn default() -> Arch {
        Arch::host().unwrap_or(Arch::X86_64)
    }
}

impl std::fmt::Display for Arch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
