//! x86_64: entry and names.
#![allow(unsafe_code)]

/// The machine's name, as uname(2) gives it.
pub const NAME: &str = "x86_64";

/// The machines in the ELF headers of programs that a kernel for this one may run (elf(5): `EM_X86_64, EM_386`).
pub const PROGRAMS: [u16; 2] = [62, 3];

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

// memcpy(3). The one that comes with the compiler is `rep movsb`, which takes half of the time of
// inflating, where it is called once a match. SSE2 is there on every x86_64 (System V ABI); Rust code
// for this soft-float target never uses xmm registers, so nothing has to be saved.
#[cfg(target_os = "none")]
core::arch::global_asm!(
    ".globl memcpy",
    ".section .text.memcpy,\"ax\"",
    "memcpy:",
    "mov rax, rdi",
    "cmp rdx, 16",
    "jb 2f",
    "movups xmm1, [rsi + rdx - 16]",
    "lea rcx, [rdi + rdx - 16]",
    "1:",
    "movups xmm0, [rsi]",
    "movups [rdi], xmm0",
    "add rsi, 16",
    "add rdi, 16",
    "cmp rdi, rcx",
    "jb 1b",
    "movups [rcx], xmm1",
    "ret",
    "2:",
    "cmp edx, 8",
    "jb 3f",
    "mov rcx, [rsi]",
    "mov r8, [rsi + rdx - 8]",
    "mov [rdi], rcx",
    "mov [rdi + rdx - 8], r8",
    "ret",
    "3:",
    "cmp edx, 4",
    "jb 4f",
    "mov ecx, [rsi]",
    "mov r8d, [rsi + rdx - 4]",
    "mov [rdi], ecx",
    "mov [rdi + rdx - 4], r8d",
    "ret",
    "4:",
    "test edx, edx",
    "je 5f",
    "movzx ecx, byte ptr [rsi]",
    "movzx r8d, byte ptr [rsi + rdx - 1]",
    "shr edx",
    "movzx r9d, byte ptr [rsi + rdx]",
    "mov [rdi + rdx], r9b",
    "mov [rdi], cl",
    "adc rdx, rdx",
    "mov [rdi + rdx - 1], r8b",
    "5:",
    "ret",
);
