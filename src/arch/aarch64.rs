//! aarch64: entry and names.
#![allow(unsafe_code)]

/// The machine's name, as uname(2) gives it.
pub const NAME: &str = "aarch64";

/// The machines in the ELF headers of programs that a kernel for this one may run (elf(5): `EM_AARCH64, EM_ARM`).
pub const PROGRAMS: [u16; 2] = [183, 40];

// At entry sp points at argc and is aligned to 16 (AAPCS64, "The Stack").
#[cfg(target_os = "none")]
core::arch::global_asm!(
    ".section .text.entry, \"ax\"",
    ".globl _start",
    "_start:",
    "mov x29, xzr", // the outermost frame has no caller
    "mov x30, xzr",
    "mov x0, sp",       // the first argument: argc, argv, envp, auxv
    "bl insinit_start", // never returns
    "brk #1",
);
