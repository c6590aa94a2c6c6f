//! Paths put together from parts.
#![forbid(unsafe_code)]

use crate::kernel::Result;
use crate::name;
use core::ffi::CStr;
use heapless::Vec;
use syscalls::Errno;

/// `PATH_MAX` of `include/uapi/linux/limits.h`: the final NUL counts.
pub const LIMIT: usize = 4096;

/// A path with its final NUL.
pub struct Path(Vec<u8, LIMIT>);

impl Path {
    /// The parts one after the other; slashes are among them.
    ///
    /// # Errors
    /// `ENAMETOOLONG` from [`LIMIT`] bytes on; `EINVAL` for a NUL inside.
    #[inline(never)]
    pub fn of(parts: &[&[u8]]) -> Result<Self> {
        let mut path = Self(Vec::new());
        for part in parts {
            path.0.extend_from_slice(part).map_err(|_| Errno::ENAMETOOLONG)?;
        }
        path.end()
    }

    /// `before`, a module's name in the kernel's spelling, `after`.
    ///
    /// # Errors
    /// As [`Path::of`].
    pub fn of_name(before: &str, module: &[u8], after: &str) -> Result<Self> {
        let mut path = Self(Vec::new());
        let bytes = before.bytes().chain(module.iter().map(|byte| name::normal(*byte)));
        for byte in bytes.chain(after.bytes()) {
            path.0.push(byte).map_err(|_| Errno::ENAMETOOLONG)?;
        }
        path.end()
    }

    fn end(mut self) -> Result<Self> {
        if self.0.contains(&0) {
            return Err(Errno::EINVAL);
        }
        self.0.push(0).map_err(|_| Errno::ENAMETOOLONG)?;
        Ok(self)
    }

    /// As the kernel takes it.
    #[must_use]
    pub fn as_c(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or(c"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_room_for_4095_bytes() {
        assert!(Path::of(&[&[b'x'; LIMIT - 1]]).is_ok());
        assert_eq!(Path::of(&[&[b'x'; LIMIT]]).err(), Some(Errno::ENAMETOOLONG));
        assert_eq!(Path::of(&[b"a", b"\0"]).err(), Some(Errno::EINVAL));
    }

    #[test]
    fn module_names_take_the_kernels_spelling() {
        let path = Path::of_name("/sys/module/", b"tm-dash", "/initstate").unwrap();
        assert_eq!(path.as_c(), c"/sys/module/tm_dash/initstate");
    }
}
