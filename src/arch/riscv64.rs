//! riscv64: entry and names.
#![allow(unsafe_code)]

/// The machine's name, as uname(2) gives it.
pub const NAME: &str = "riscv64";

/// The machines in the ELF headers of programs that a kernel for this one may run (elf(5): `EM_RISCV`).
pub const PROGRAMS: [u16; 2] = [243, 243];

// At entry sp points at argc and is aligned to 16 (RISC-V ELF psABI). gp stays unset: the linker
// relaxes against it only when asked to.
#[cfg(target_os = "none")]
core::arch::global_asm!(
    ".section .text.entry, \"ax\"",
    ".globl _start",
    "_start:",
    "mv s0, zero", // the outermost frame has no caller
    "mv ra, zero",
    "mv a0, sp",          // the first argument: argc, argv, envp, auxv
    "call insinit_start", // never returns
    "unimp",
);
