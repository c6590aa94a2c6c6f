//! Mount options: those that mount(2) takes as flags, and the rest for the file system.
#![forbid(unsafe_code)]

use crate::kernel::Kernel;
use crate::mem::{Table, c_str};
use crate::name;
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::MS_RDONLY;

/// Options that set the bit at the same place in [`BITS`] (mount(8), `include/uapi/linux/mount.h`).
const SET: &[u8] = b"ro nosuid nodev noexec sync dirsync noatime nodiratime \
relatime strictatime lazytime defaults nofail";

/// Options that clear it.
const CLEAR: &[u8] = b"rw suid dev exec async , atime diratime";

const BITS: [u8; 13] = [0, 1, 2, 3, 4, 7, 10, 11, 21, 24, 25, 30, 31];

/// What is mount(8)'s own: the flags of `defaults` and `nofail`.
const OWN: u32 = 3 << 30;

/// Options as mount(2) takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `MS_*`
    pub flags: u32,
    /// What is left, a comma between them.
    pub data: &'static CStr,
    /// `nofail`
    pub may_fail: bool,
}

impl Options {
    /// Reads options; read-only unless `writable` or the options say otherwise. A 9p share comes by virtio
    /// unless they name another way.
    pub fn of<K: Kernel>(k: &mut K, mut list: &[u8], kind: &[u8], writable: bool) -> Self {
        let mut flags = if writable { 0 } else { MS_RDONLY };
        let (mut data, mut is_virtio) = (Table::new(), kind == b"9p");
        while let Some(option) = text::take(&mut list, b',') {
            is_virtio &= !option.starts_with(b"trans=");
            match (bit(SET, option), bit(CLEAR, option)) {
                (Some(bit), _) => flags |= bit,
                (_, Some(bit)) => flags &= !bit,
                _ => add(k, &mut data, option),
            }
        }
        if is_virtio {
            add(k, &mut data, b"trans=virtio");
        }
        data.push(k, 0);
        let data = c_str(data.into_slice()).unwrap_or_default();
        Self { flags: flags & !OWN, data, may_fail: flags >> 31 != 0 }
    }
}

/// The bit that the option is about.
fn bit(options: &[u8], option: &[u8]) -> Option<u32> {
    let bit = BITS.get(name::position(options, option)?)?;
    Some(1_u32.wrapping_shl(u32::from(*bit)))
}

#[inline(never)]
fn add<K: Kernel>(k: &mut K, data: &mut Table<u8>, option: &[u8]) {
    if !data.is_empty() && !option.is_empty() {
        data.push(k, b',');
    }
    data.extend(k, option);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;
    use linux_raw_sys::general::{MS_LAZYTIME, MS_NOATIME, MS_NODEV, MS_RELATIME};

    fn options(list: &str, kind: &str, writable: bool) -> (u32, &'static str, bool) {
        let k = &mut Linux::default();
        let found = Options::of(k, list.as_bytes(), kind.as_bytes(), writable);
        (found.flags, found.data.to_str().unwrap(), found.may_fail)
    }

    #[test]
    fn flags_and_data_are_told_apart() {
        let found =
            options("noatime,subvol=@,nodev,compress=zstd:1,lazytime,relatime", "btrfs", false);
        let flags = MS_RDONLY | MS_NOATIME | MS_NODEV | MS_LAZYTIME | MS_RELATIME;
        assert_eq!(found, (flags, "subvol=@,compress=zstd:1", false));
    }

    #[test]
    fn the_last_one_wins() {
        assert_eq!(options("rw", "", false).0, 0);
        assert_eq!(options("ro", "", true).0, MS_RDONLY);
        assert_eq!(options("noatime,atime", "", true).0, 0);
        assert_eq!(options("defaults,,nofail", "", true), (0, "", true));
    }

    #[test]
    fn a_9p_share_comes_by_virtio_unless_said_otherwise() {
        assert_eq!(options("", "9p", false).1, "trans=virtio");
        assert_eq!(options("version=9p2000.L,ro", "9p", false).1, "version=9p2000.L,trans=virtio");
        assert_eq!(options("trans=fd,rfdno=3", "9p", false).1, "trans=fd,rfdno=3");
    }
}
