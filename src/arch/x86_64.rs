//! x86_64: entry and names.
#![allow(unsafe_code)]

/// The machine's name, as uname(2) gives it.
pub const NAME: &str = "x86_64";

// At entry rsp points at argc (System V ABI, x86-64 supplement, "Initial Stack and Register State").
#[cfg(target_os = "none")]
core::arch::global_asm!(
    ".section .text.entry, \"ax\"",
    ".globl _start",
    "_start:",
    "xor ebp, ebp",       // the outermost frame has no caller
    "mov rdi, rsp",       // the first argument: argc, argv, envp, auxv
    "and rsp, -16",       // the ABI's alignment at a call
    "call insinit_start", // never returns
    "ud2",
);
