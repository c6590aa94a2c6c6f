//! Whether a program can be started, found out before there is no way back.
#![forbid(unsafe_code)]

use crate::arch::PROGRAMS;
use crate::forms::{Form, form};
use crate::kernel::Errno as E;
use crate::kernel::{Errno, Fd, Kernel, Stat};
use crate::mem;
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::{O_NONBLOCK, O_RDONLY, S_IFMT, S_IFREG};

/// So many bytes of a file tell the kernel what it is (`include/uapi/linux/binfmts.h`,
/// `BINPRM_BUF_SIZE`).
const HEAD: usize = 256;

/// So many interpreters may need an interpreter of their own (`fs/exec.c`, `exec_binprm`).
const DEPTH: u32 = 5;

/// Why a program isn't there.
pub const UNREACHED: Form = form!("it can't be reached");

/// Nothing is wrong.
pub const FINE: Fault = (E::ENOENT, form!(""));

/// What execve(2) would say of a program, and why.
pub type Fault = (Errno, Form);

/// Whether execve(2) would take the program: it, its interpreter and its dynamic loader are there, may be
/// executed and are for this machine; and it isn't `own`. [`FINE`] if so.
#[inline(never)]
pub fn check<K: Kernel>(k: &mut K, path: &'static CStr, own: Stat) -> Fault {
    let mut next = path;
    for depth in 0..=DEPTH {
        let path = core::mem::take(&mut next);
        let (errno, why) = one(k, path, own, &mut next);
        if depth > 0 && why == UNREACHED {
            return (errno, form!("its interpreter or dynamic loader is missing"));
        }
        if why != FINE.1 || next.is_empty() {
            return (errno, why);
        }
    }
    (E::ELOOP, form!("too many interpreters"))
}

/// Checks one file; `next` becomes what it needs.
#[inline(never)]
fn one<K: Kernel>(k: &mut K, path: &CStr, own: Stat, next: &mut &'static CStr) -> Fault {
    match k.stat(path) {
        Ok(stat) if own.is_same(&stat) => return (E::ELOOP, form!("it is insinit itself")),
        Ok(stat) if stat.mode & S_IFMT != S_IFREG => {
            return (E::EACCES, form!("not a regular file"));
        }
        Ok(_) => {}
        Err(errno) => return (errno, UNREACHED),
    }
    if let Err(errno) = k.may_execute(path) {
        return (errno, form!("not executable"));
    }
    let fd = match k.open(path, O_RDONLY | O_NONBLOCK) {
        Ok(fd) => fd,
        Err(errno) => return (errno, form!("its file can't be read")),
    };
    let fault = needed(k, fd, next);
    k.close(fd);
    fault
}

/// What an open program is; `next` becomes the interpreter or dynamic loader that it names, if it does.
fn needed<K: Kernel>(k: &mut K, fd: Fd, next: &mut &'static CStr) -> Fault {
    let mut head = [0; HEAD];
    let _ = k.read(fd, &mut head);
    if let Some(mut line) = head.strip_prefix(b"#!") {
        // `fs/binfmt_script.c`
        line = text::cut(&mut line, b'\n');
        let Some(name) = text::take_word(&mut line) else {
            return (E::ENOEXEC, form!("not a program"));
        };
        *next = up_to_nul(k, name);
        return FINE;
    }
    if !head.starts_with(b"\x7fELF") {
        return (E::ENOEXEC, form!("not a program"));
    }
    if !PROGRAMS.contains(&(text::little(&head, 18, 2) as u16)) {
        return (E::ENOEXEC, form!("not a program for this machine"));
    }
    // The kernel may run programs of 32 bits, too; what they need isn't looked at.
    if head.get(4) == Some(&2) {
        *next = loader(k, fd, &head).unwrap_or_default();
    }
    FINE
}

/// The dynamic loader that a program header names (elf(5), `PT_INTERP`).
fn loader<K: Kernel>(k: &mut K, fd: Fd, head: &[u8; HEAD]) -> Option<&'static CStr> {
    let mut at = text::little(head, 32, 8);
    for _ in 0..text::little(head, 56, 2) {
        let mut part = [0; 56];
        k.read_at(fd, &mut part, at).ok()?;
        if text::little(&part, 0, 4) == PT_INTERP {
            let mut name = [0; HEAD];
            k.read_at(fd, &mut name, text::little(&part, 8, 8)).ok()?;
            return Some(up_to_nul(k, &name));
        }
        at = at.wrapping_add(text::little(head, 54, 2));
    }
    None
}

/// elf(5)
const PT_INTERP: u64 = 3;

/// A path that a NUL ends.
fn up_to_nul<K: Kernel>(k: &mut K, mut text: &[u8]) -> &'static CStr {
    let path = text::cut(&mut text, 0);
    mem::path(k, &[path])
}
