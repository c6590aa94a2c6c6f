//! The floor for gzip: reads the list of /proc/cmdline, inflates each file with the C library zlib, hands
//! it to init_module(2) and execs the real init. Inflating stands between two marks, so that a program
//! with a C library, as this is one, can be told from zlib.

use std::ffi::CString;
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;
use syscalls::{Sysno, syscall};

/// The word.
const WORD: &str = "insinit.modules=";

/// A gzip header is wanted (`zlib.h`, `inflateInit2`).
const GZIP: i32 = 16 + 15;

/// Marks that the plugin sees: a `nopl` with a displacement of ours.
macro_rules! mark {
    ($number:literal) => {
        // SAFETY: does nothing.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            std::arch::asm!(concat!(".byte 0x0f, 0x1f, 0x80, ", $number, ", 0x53, 0x4e, 0x49"))
        }
    };
}

fn main() -> Result<()> {
    let (kind, path) = (CString::new("proc")?, CString::new("/proc")?);
    // SAFETY: C strings and numbers.
    let _ = unsafe { syscall!(Sysno::mount, kind.as_ptr(), path.as_ptr(), kind.as_ptr(), 0, 0) };
    let words = std::fs::read_to_string("/proc/cmdline")?;
    // SAFETY: a C string and a number.
    let _ = unsafe { syscall!(Sysno::umount2, path.as_ptr(), 2) };
    let list = words.split_whitespace().find_map(|word| word.strip_prefix(WORD));
    let mut out = Vec::new();
    for path in list.unwrap_or_default().split(',') {
        load(&std::fs::read(path)?, &mut out)?;
    }
    Err(Command::new("/sbin/init").exec())
}

/// Inflates a file and hands it to the kernel; gzip's last four bytes say how long it is.
fn load(file: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let size = file.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    out.resize(size.max(out.len()), 0);
    mark!("2");
    let done = inflate(file, &mut out[..size]);
    mark!("3");
    if done != size {
        return Err(Error::other("zlib can't inflate a module"));
    }
    let params = c"".as_ptr();
    // SAFETY: the image is readable for its length and the parameters are a C string.
    let _ = unsafe { syscall!(Sysno::init_module, out.as_ptr(), size, params) };
    Ok(())
}

/// The bytes that zlib makes of a file.
fn inflate(file: &[u8], out: &mut [u8]) -> usize {
    let mut stream = std::mem::MaybeUninit::<libz_sys::z_stream>::zeroed();
    let (stream, size) = (stream.as_mut_ptr(), size_of::<libz_sys::z_stream>() as i32);
    // SAFETY: zlib takes a zeroed stream, fills in its own allocator, and is given both slices.
    unsafe {
        (*stream).next_in = file.as_ptr().cast_mut();
        (*stream).avail_in = file.len() as u32;
        (*stream).next_out = out.as_mut_ptr();
        (*stream).avail_out = out.len() as u32;
        libz_sys::inflateInit2_(stream, GZIP, libz_sys::zlibVersion(), size);
        libz_sys::inflate(stream, libz_sys::Z_FINISH);
        libz_sys::inflateEnd(stream);
        (*stream).total_out as usize
    }
}
