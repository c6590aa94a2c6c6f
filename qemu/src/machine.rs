//! The machines: one record answers every question about one of them.

use std::env::consts::ARCH;

/// What the host tool knows of a machine.
#[derive(Debug)]
pub struct Machine {
    /// Its name on our command line; the same as Rust's name for the architecture.
    pub name: &'static str,
    /// Rust's target of the loader and the guest.
    pub target: &'static str,
    /// The program that emulates it.
    pub emulator: &'static str,
    /// The Debian packages that may hold the emulator; the first that exists is taken.
    pub packages: &'static [&'static str],
    /// QEMU's words for the board and, without KVM, its CPU.
    pub board: &'static [&'static str],
    /// QEMU's words for the CPU under TCG; what is fastest (-cpu max signs pointers in software).
    pub cpu: &'static [&'static str],
    /// The serial line, as the kernel calls it.
    pub console: &'static str,
    /// Words that show the kernel's log and give init no console: its opening fails.
    pub no_console: &'static str,
    /// The kernel to boot when none is named.
    pub kernel: &'static str,
    /// Mebibytes of memory that are plenty.
    pub memory: u32,
    /// The bytes of a command line that its kernels cut (`arch/*/include/uapi/asm/setup.h`); on x86_64 the
    /// most that a boot loader may pass on.
    pub overlong: usize,
    /// Debian's name for the architecture.
    pub debian: &'static str,
    /// The kernel's name for the architecture.
    pub linux: &'static str,
    /// What the names of its compiler and linker begin with on other machines.
    pub cross: &'static str,
    /// The image that a kernel's build leaves.
    pub built_image: &'static str,
}

/// All machines.
pub static MACHINES: [Machine; 3] = [X86_64, AARCH64, RISCV64];

/// What Debian calls two of them; the packer takes these names, too.
const ALIASES: [(&str, &str); 2] = [("amd64", "x86_64"), ("arm64", "aarch64")];

const X86_64: Machine = Machine {
    name: "x86_64",
    target: "x86_64-unknown-none",
    emulator: "qemu-system-x86_64",
    packages: &["qemu-system-x86"],
    board: &["-M", "pc"],
    cpu: &[],
    console: "ttyS0",
    no_console: "earlyprintk=ttyS0,115200,keep console=null",
    kernel: "6.12-x86_64",
    memory: 512,
    overlong: 2047,
    debian: "amd64",
    linux: "x86_64",
    cross: "x86_64-linux-gnu-",
    built_image: "arch/x86/boot/bzImage",
};

const AARCH64: Machine = Machine {
    name: "aarch64",
    target: "aarch64-unknown-none",
    emulator: "qemu-system-aarch64",
    packages: &["qemu-system-arm"],
    board: &["-M", "virt"],
    cpu: &["-cpu", "cortex-a57"],
    console: "ttyAMA0",
    no_console: "earlycon keep_bootcon console=null",
    kernel: "6.12-aarch64",
    memory: 512,
    overlong: 2200,
    debian: "arm64",
    linux: "arm64",
    cross: "aarch64-linux-gnu-",
    built_image: "arch/arm64/boot/Image",
};

const RISCV64: Machine = Machine {
    name: "riscv64",
    target: "riscv64gc-unknown-none-elf",
    emulator: "qemu-system-riscv64",
    packages: &["qemu-system-riscv", "qemu-system-misc"],
    board: &["-M", "virt"],
    cpu: &[],
    console: "ttyS0",
    no_console: "earlycon keep_bootcon console=null",
    kernel: "6.12-riscv64",
    memory: 512,
    overlong: 2200,
    debian: "riscv64",
    linux: "riscv",
    cross: "riscv64-linux-gnu-",
    built_image: "arch/riscv/boot/Image",
};

impl Machine {
    /// Whether this host has the same CPU, so that KVM may do.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.name == ARCH
    }
}

/// The machine called `name`.
///
/// # Errors
/// There is none; the text names those there are.
pub fn named(name: &str) -> Result<&'static Machine, String> {
    let names = || MACHINES.iter().map(|machine| machine.name).collect::<Vec<_>>().join(", ");
    let meant = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    MACHINES
        .iter()
        .find(|machine| machine.name == meant)
        .ok_or_else(|| format!("no machine {name}; there are {}", names()))
}

/// The host's own machine, or the first one where the host is none of them.
#[must_use]
pub fn host() -> &'static Machine {
    named(ARCH).unwrap_or(&MACHINES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_finds_its_machine() {
        assert_eq!(named("riscv64").unwrap().emulator, "qemu-system-riscv64");
        assert_eq!(named("amd64").unwrap().name, "x86_64");
        assert_eq!(named("arm64").unwrap().name, "aarch64");
    }

    #[test]
    fn an_unknown_name_is_told_which_there_are() {
        assert_eq!(
            named("mips").unwrap_err(),
            "no machine mips; there are x86_64, aarch64, riscv64"
        );
    }
}
