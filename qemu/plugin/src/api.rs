//! QEMU's plugin interface, version 1 (`include/qemu/qemu-plugin.h`), as far as it is needed.

use core::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::AtomicU64;

/// `qemu_plugin_id_t`
pub type Id = u64;

/// `struct qemu_plugin_tb`
#[repr(C)]
pub struct Tb {
    _opaque: [u8; 0],
}

/// `struct qemu_plugin_insn`
#[repr(C)]
pub struct Insn {
    _opaque: [u8; 0],
}

/// `qemu_info_t`
#[repr(C)]
pub struct Info {
    _opaque: [u8; 0],
}

/// Called when a block or an instruction is executed, with the CPU and what was registered.
pub type Executed = extern "C" fn(u32, *mut c_void);

/// `QEMU_PLUGIN_CB_NO_REGS`
const NO_REGS: c_int = 0;

/// `QEMU_PLUGIN_INLINE_ADD_U64`
const ADD: c_int = 0;

unsafe extern "C" {
    pub fn qemu_plugin_register_vcpu_tb_trans_cb(id: Id, callback: extern "C" fn(Id, *mut Tb));
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        tb: *mut Tb,
        callback: Executed,
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        insn: *mut Insn,
        callback: Executed,
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_insn_exec_inline(
        insn: *mut Insn,
        op: c_int,
        number: *mut c_void,
        value: u64,
    );
    fn qemu_plugin_tb_n_insns(tb: *const Tb) -> usize;
    fn qemu_plugin_tb_get_insn(tb: *const Tb, at: usize) -> *mut Insn;
    fn qemu_plugin_tb_vaddr(tb: *const Tb) -> u64;
    fn qemu_plugin_insn_vaddr(insn: *const Insn) -> u64;
    fn qemu_plugin_insn_data(insn: *const Insn) -> *const u8;
    fn qemu_plugin_insn_size(insn: *const Insn) -> usize;
}

/// The words behind the plugin's name.
///
/// # Safety
/// `argv` points at `argc` C strings.
pub unsafe fn words(argc: c_int, argv: *const *const c_char) -> Vec<String> {
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: the function's.
    let texts = (0..count).map(|at| unsafe { CStr::from_ptr(*argv.add(at)) });
    texts.map(|text| text.to_string_lossy().into_owned()).collect()
}

/// The instructions of a block that is being translated.
pub fn insns(tb: *const Tb) -> Vec<*mut Insn> {
    // SAFETY: QEMU's block, and numbers below its count.
    (0..unsafe { qemu_plugin_tb_n_insns(tb) })
        .map(|at| unsafe { qemu_plugin_tb_get_insn(tb, at) })
        .collect()
}

/// Where a block begins.
pub fn start(tb: *const Tb) -> u64 {
    // SAFETY: QEMU's block.
    unsafe { qemu_plugin_tb_vaddr(tb) }
}

/// Where an instruction is.
pub fn address(insn: *const Insn) -> u64 {
    // SAFETY: QEMU's instruction.
    unsafe { qemu_plugin_insn_vaddr(insn) }
}

/// An instruction's bytes, while its block is translated.
pub fn bytes<'a>(insn: *const Insn) -> &'a [u8] {
    // SAFETY: QEMU's instruction; its bytes stay until the callback returns.
    unsafe { std::slice::from_raw_parts(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn)) }
}

/// Adds one to `number` whenever the instruction is executed.
pub fn add_one(insn: *mut Insn, number: &'static AtomicU64) {
    // SAFETY: QEMU's instruction, and a number that lives for ever. One CPU, so one thread adds.
    unsafe { qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD, number.as_ptr().cast(), 1) }
}

/// Calls `callback` with `data` whenever the instruction is executed.
pub fn call(insn: *mut Insn, callback: Executed, data: u64) {
    // SAFETY: QEMU's instruction; the callback takes a number.
    unsafe { qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, NO_REGS, data as *mut c_void) }
}

/// Calls `callback` with `data` whenever the block is executed.
pub fn call_block(tb: *mut Tb, callback: Executed, data: *mut c_void) {
    // SAFETY: QEMU's block; `data` is what the callback takes.
    unsafe { qemu_plugin_register_vcpu_tb_exec_cb(tb, callback, NO_REGS, data) }
}
