//! memcmp(3), bcmp(3) and strlen(3), which the compiler calls: those that come with it are fast for long texts and
//! twenty times as large. Ours see names.
#![allow(unsafe_code)]

/// memcmp(3)
///
/// # Safety
/// Both are readable for `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    let mut at = 0;
    while at < len {
        // SAFETY: `at < len`.
        let (a, b) = unsafe { (*a.add(at), *b.add(at)) };
        if a != b {
            return i32::from(a).wrapping_sub(i32::from(b));
        }
        at = at.wrapping_add(1);
    }
    0
}

/// bcmp(3)
///
/// # Safety
/// Both are readable for `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { memcmp(a, b, len) }
}

/// strlen(3)
///
/// # Safety
/// It ends with a NUL.
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut len = 0_usize;
    // SAFETY: no NUL came before.
    while unsafe { *text.add(len) } != 0 {
        len = len.wrapping_add(1);
    }
    len
}
