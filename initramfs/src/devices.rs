//! Device nodes whose numbers are the same on every machine
//! (`Documentation/admin-guide/devices.txt`).

use crate::entry::Node;

/// Name, major and minor number, mode.
const FIXED: [(&[u8], u32, u32, u32); 9] = [
    (b"console", 5, 1, 0o600),
    (b"full", 1, 7, 0o666),
    (b"kmsg", 1, 11, 0o600),
    (b"null", 1, 3, 0o666),
    (b"ptmx", 5, 2, 0o666),
    (b"random", 1, 8, 0o666),
    (b"tty", 5, 0, 0o666),
    (b"urandom", 1, 9, 0o666),
    (b"zero", 1, 5, 0o666),
];

/// The node and its mode if a character device in `/dev` is one of those.
pub fn fixed(guest: &[u8], rdev: u64) -> Option<(Node, u32)> {
    let name = guest.strip_prefix(b"dev/")?;
    let (major, minor) = numbers(rdev);
    let known = FIXED.iter().find(|known| known.0 == name)?;
    let is_same = (known.1, known.2) == (major, minor);
    is_same.then_some((Node::Char { major, minor }, known.3))
}

/// The two numbers in a `dev_t` (makedev(3)).
fn numbers(rdev: u64) -> (u32, u32) {
    let major = ((rdev >> 8) & 0xfff) | ((rdev >> 32) & !0xfff);
    let minor = (rdev & 0xff) | ((rdev >> 12) & !0xff);
    (major as u32, minor as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_known_nodes_are_taken() {
        let null = Node::Char { major: 1, minor: 3 };
        assert_eq!(fixed(b"dev/null", 0x103), Some((null, 0o666)));
        assert_eq!(fixed(b"dev/null", 0x105), None);
        assert_eq!(fixed(b"null", 0x103), None);
        assert_eq!(fixed(b"dev/sda", 0x800), None);
    }

    #[test]
    fn large_numbers_are_told_apart() {
        assert_eq!(numbers(0x0010_0302), (3, 0x102));
        assert_eq!(numbers(0x1000_0000_0000), (0x1000, 0));
    }
}
