//! A TCG plugin for QEMU: counts an x86_64 guest's instructions from one mark to another.
//!
//! A mark is a `nopl` with a displacement of ours, so it does nothing where nobody counts. What lies
//! inside the load calls is told apart: from the `syscall` instruction, whose kernel function is known
//! by its address, to the instruction behind it. One CPU only, as `-icount` has it.
//!
//!     -plugin FILE.so,out=FILE,load=ADDRESS,load=ADDRESS,fault=ADDRESS[,profile=FILE]
//!
//! With `skip=ADDRESS,until=ADDRESS` nothing counts from where the kernel begins the first call whose function
//! is at the one, to where it begins the next call whose function is at the other.

mod api;
mod count;
mod options;
mod profile;

use api::{Id, Info, Insn, Tb};
use core::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;

/// What QEMU was told.
static OPTIONS: OnceLock<options::Options> = OnceLock::new();

/// The plugin interface that this speaks: QEMU 6.0 to 8.1.
#[unsafe(no_mangle)]
pub static qemu_plugin_version: c_int = 1;

/// QEMU's first call.
///
/// # Safety
/// QEMU calls it, with `argc` C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: Id,
    _: *const Info,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: the function's.
    let words = unsafe { api::words(argc, argv) };
    match options::of(&words) {
        Ok(options) => {
            let _ = OPTIONS.set(options);
            // SAFETY: `translated` is such a callback.
            unsafe { api::qemu_plugin_register_vcpu_tb_trans_cb(id, translated) };
            0
        }
        Err(error) => {
            eprintln!("insinit plugin: {error}");
            1
        }
    }
}

/// A block was translated: counts are put into it.
extern "C" fn translated(_: Id, tb: *mut Tb) {
    let Some(options) = OPTIONS.get() else { return };
    let insns = api::insns(tb);
    if options.profile.is_some() {
        profile::watch(tb, insns.len());
    }
    for (at, insn) in insns.into_iter().enumerate() {
        instruction(options, insn, at == 0);
    }
}

/// One instruction of a block; the first may be where a call comes back to.
fn instruction(options: &options::Options, insn: *mut Insn, first: bool) {
    let address = api::address(insn);
    let is_kernel = address >> 63 == 1;
    api::add_one(insn, if is_kernel { &count::KERNEL } else { &count::USER });
    if is_kernel {
        if options.loads.contains(&address) {
            api::call(insn, count::entered_load, 0);
        }
        if options.skip == Some(address) {
            api::call(insn, count::skip, 0);
        }
        if options.until == Some(address) {
            api::call(insn, count::unskip, 0);
        }
        if options.fault == Some(address) {
            api::add_one(insn, &count::FAULTS);
        }
        return;
    }
    if first {
        api::call(insn, count::in_user, address);
    }
    match api::bytes(insn) {
        [0x0f, 0x05] => api::call(insn, count::calls, address.wrapping_add(2)),
        [0x0f, 0x1f, 0x80, mark, b'S', b'N', b'I'] => {
            api::call(insn, reached, u64::from(*mark));
        }
        _ => {}
    }
}

/// A mark is about to be executed.
extern "C" fn reached(_: u32, mark: *mut c_void) {
    match mark as usize {
        1 => count::start(),
        2 => count::pause(true),
        3 => count::pause(false),
        _ => end(),
    }
}

/// The window ends: writes what was counted, once.
fn end() {
    let (Some(options), true) = (OPTIONS.get(), count::stop()) else { return };
    if let Err(error) = std::fs::write(&options.out, count::report()) {
        eprintln!("insinit plugin: can't write {}: {error}", options.out);
    }
    if let Some(file) = &options.profile
        && let Err(error) = std::fs::write(file, profile::report() + &count::costs())
    {
        eprintln!("insinit plugin: can't write {file}: {error}");
    }
}
