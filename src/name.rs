//! Module names: `-` and `_` are equal, and a file's name gives the module's.
#![forbid(unsafe_code)]

use crate::text;

/// The byte as it stands in the kernel's own names: `-` becomes `_`
/// (`scripts/Makefile.lib`, `name-fix-token`).
#[must_use]
pub const fn normal(byte: u8) -> u8 {
    if byte == b'-' { b'_' } else { byte }
}

/// Whether two names are the same module, parameter or word.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| normal(*a) == normal(*b))
}

/// The number of a name in a list whose entries a blank separates.
#[must_use]
#[inline(never)]
pub fn position(mut list: &[u8], name: &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    while let Some(known) = text::take(&mut list, b' ') {
        if same(known, name) {
            return Some(number);
        }
        number = number.wrapping_add(1);
    }
    None
}

/// A hash that is equal for names that are the [`same`] (FNV-1a, 32 bits).
#[must_use]
pub const fn hash(mut name: &[u8]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    while let [byte, rest @ ..] = name {
        hash = (hash ^ normal(*byte) as u32).wrapping_mul(0x0100_0193);
        name = rest;
    }
    hash
}

/// The last part of a path.
#[must_use]
pub fn base(path: &[u8]) -> &[u8] {
    let mut start = path.len();
    while let Some(before) = start.checked_sub(1)
        && path.get(before) != Some(&b'/')
    {
        start = before;
    }
    text::tail(path, start)
}

/// The module's name as its file's name has it: no folder, no `.ko`, no `.ko.gz`, `.ko.xz` or
/// `.ko.zst`. None if the path isn't a module's.
#[must_use]
pub fn of_file(path: &[u8]) -> Option<&[u8]> {
    let file = base(path);
    let endings: [&[u8]; 4] = [b".ko", b".ko.gz", b".ko.xz", b".ko.zst"];
    let name = endings.iter().find_map(|ending| file.strip_suffix(*ending))?;
    (!name.is_empty()).then_some(name)
}

/// Whether it is a path: aliases may hold a slash, too (`devname:net/tun`).
#[must_use]
pub fn is_path(wanted: &[u8]) -> bool {
    wanted.first() == Some(&b'/') || (text::has(wanted, b'/') && of_file(wanted).is_some())
}

/// The module's name for any path or name: [`of_file`], else the last part as it stands.
#[must_use]
pub fn of(path: &[u8]) -> &[u8] {
    of_file(path).unwrap_or_else(|| match base(path) {
        b"" => path,
        base => base,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dash_and_underscore_are_equal() {
        assert!(same(b"snd-hda_intel", b"snd_hda-intel"));
        assert_eq!(hash(b"snd-hda_intel"), hash(b"snd_hda-intel"));
        assert!(!same(b"virtio", b"virtio_blk"));
    }

    #[test]
    fn names_come_from_files_of_any_compression() {
        assert_eq!(of_file(b"kernel/fs/ext4/ext4.ko.zst"), Some(&b"ext4"[..]));
        assert_eq!(of_file(b"ext4.ko"), Some(&b"ext4"[..]));
        assert_eq!(of_file(b"kernel/.ko"), None);
        assert_eq!(of_file(b"modules.dep"), None);
        assert_eq!(of(b"/opt/mine.bin"), b"mine.bin");
    }
}
