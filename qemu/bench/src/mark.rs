//! Marks that the plugin sees: a `nopl` whose displacement is `INS` and a number.

/// The window opens.
#[inline(always)]
pub fn start() {
    // SAFETY: does nothing.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!(".byte 0x0f, 0x1f, 0x80, 1, 0x53, 0x4e, 0x49")
    }
}

/// The window closes.
#[inline(always)]
pub fn end() {
    // SAFETY: does nothing.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!(".byte 0x0f, 0x1f, 0x80, 4, 0x53, 0x4e, 0x49")
    }
}
