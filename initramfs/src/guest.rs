//! Paths in the image.

use anyhow::{Result, bail, ensure};

/// A path in the image without leading slash, `.` and doubled slashes; `..` is refused.
pub fn normalise(path: &[u8]) -> Result<Vec<u8>> {
    let shown = String::from_utf8_lossy(path);
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => bail!("{shown}: `..` has no meaning in the image; write the path in full"),
            _ => parts.push(part),
        }
    }
    ensure!(!parts.is_empty(), "{shown:?}: names no file in the image");
    ensure!(!path.contains(&0), "{shown:?}: a path has no zero bytes");
    Ok(parts.join(&b'/'))
}

/// The directory a path is in, if it is not the root.
pub fn parent(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    Some(&path[..slash])
}

/// What a link at `path` leads to, as a path from the root; above the root is the root.
pub fn follow(path: &[u8], target: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    if !target.starts_with(b"/") {
        parts.extend(pieces(parent(path).unwrap_or_default()));
    }
    for part in pieces(target) {
        match part {
            b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// The names in a path.
fn pieces(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        String::from_utf8(normalise(path.as_bytes()).expect(path)).expect("text")
    }

    #[test]
    fn a_path_is_written_from_the_root() {
        assert_eq!(normal("/bin//./sh/"), "bin/sh");
        assert_eq!(normal("a"), "a");
    }

    #[test]
    fn paths_that_leave_or_name_nothing_are_refused() {
        for path in ["../etc", "/a/../b", "/", "", "./", "a\0b"] {
            assert!(normalise(path.as_bytes()).is_err(), "{path:?}");
        }
    }

    #[test]
    fn links_lead_from_where_they_are() {
        assert_eq!(follow(b"lib", b"usr/lib"), b"usr/lib");
        assert_eq!(follow(b"usr/lib64", b"lib"), b"usr/lib");
        assert_eq!(follow(b"etc/x/init", b"../../sbin/init"), b"sbin/init");
        assert_eq!(follow(b"etc/init", b"/bin/./sh"), b"bin/sh");
        assert_eq!(follow(b"a", b"../../b"), b"b");
    }
}
