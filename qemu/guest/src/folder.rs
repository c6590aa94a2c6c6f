//! Reads folders and small files.

use core::ffi::CStr;
use insinit::kernel::{Fd, Kernel};

/// The largest file or folder that is read; longer ones are cut.
const LIMIT: usize = 64 * 1024;

/// `O_RDONLY`
const READ: u32 = 0;

/// Where a record's length and name are (`struct linux_dirent64`).
const LENGTH: usize = 16;
const NAME: usize = 19;

/// Everything that is read from `path`, or none if it can't be opened.
pub fn file<K: Kernel>(k: &mut K, path: &CStr) -> Option<&'static [u8]> {
    filled(k, path, |k, fd, room| k.read(fd, room).ok())
}

/// The records of the folder `path`, or none if it can't be opened; [`names`] reads them.
pub fn folder<K: Kernel>(k: &mut K, path: &CStr) -> Option<&'static [u8]> {
    filled(k, path, |k, fd, room| k.entries(fd, room).ok())
}

/// Opens `path` and takes what `read` gives until it gives nothing.
fn filled<K: Kernel>(
    k: &mut K,
    path: &CStr,
    read: fn(&mut K, Fd, &mut [u8]) -> Option<usize>,
) -> Option<&'static [u8]> {
    let fd = k.open(path, READ).ok()?;
    let room = k.map(LIMIT).ok()?;
    let mut len = 0;
    while let Some(count) = read(k, fd, &mut room[len..]).filter(|count| *count > 0) {
        len += count;
    }
    k.close(fd);
    Some(&room[..len])
}

/// The names in a folder's records, without `.` and `..`.
pub fn names(records: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = records;
    core::iter::from_fn(move || {
        let length = u16::from_ne_bytes([*rest.get(LENGTH)?, *rest.get(LENGTH + 1)?]);
        let (record, next) = rest.split_at_checked(usize::from(length))?;
        rest = next;
        record.get(NAME..)?.split(|byte| *byte == 0).next()
    })
    .filter(|name| *name != b"." && *name != b"..")
}
