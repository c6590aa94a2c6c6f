//! An image for people: one line an entry, like `ls -l`.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cpio::kind;
use crate::cpio_reader::Record;
use crate::image;

/// What is in an image, segment by segment.
pub fn listing(path: &Path) -> Result<String> {
    let image = image::read(path)?;
    let mut text = String::new();
    for (number, segment) in (1..).zip(&image.segments) {
        if image.segments.len() > 1 {
            writeln!(text, "# segment {number}: {}", segment.form)?;
        }
        let records = segment.records();
        let records = records.with_context(|| format!("{}: segment {number}", path.display()))?;
        for record in records {
            writeln!(text, "{}", line(&record))?;
        }
    }
    Ok(text)
}

/// `-rwxr-xr-x      14336 init`
fn line(record: &Record<'_>) -> String {
    let path = String::from_utf8_lossy(record.path);
    let size = match record.mode & kind::MASK {
        kind::CHAR | kind::BLOCK => format!("{}, {}", record.rdev.0, record.rdev.1),
        _ => record.body.len().to_string(),
    };
    let target = match record.mode & kind::MASK {
        kind::LINK => format!(" -> {}", String::from_utf8_lossy(record.body)),
        _ => String::new(),
    };
    format!("{} {size:>10} {path}{target}", permissions(record.mode))
}

/// `drwxr-xr-x`
fn permissions(mode: u32) -> String {
    let kind = match mode & kind::MASK {
        kind::DIR => 'd',
        kind::FILE => '-',
        kind::LINK => 'l',
        kind::CHAR => 'c',
        kind::BLOCK => 'b',
        _ => '?',
    };
    let rights = [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')];
    let rights = rights.map(|(shift, special, letter)| {
        triple(mode >> shift, (mode & special != 0).then_some(letter))
    });
    format!("{kind}{}", rights.concat())
}

/// `rwx`, with the last letter changed by a special bit.
fn triple(bits: u32, special: Option<char>) -> String {
    let letter = |bit, letter| if bits & bit != 0 { letter } else { '-' };
    let last = match (special, bits & 1) {
        (Some(letter), 1) => letter,
        (Some(letter), _) => letter.to_ascii_uppercase(),
        (None, _) => letter(1, 'x'),
    };
    String::from_iter([letter(4, 'r'), letter(2, 'w'), last])
}

#[cfg(test)]
mod tests {
    use super::permissions;

    #[test]
    fn modes_read_as_ls_has_them() {
        assert_eq!(permissions(0o040755), "drwxr-xr-x");
        assert_eq!(permissions(0o100644), "-rw-r--r--");
        assert_eq!(permissions(0o104755), "-rwsr-xr-x");
        assert_eq!(permissions(0o041776), "drwxrwxrwT");
        assert_eq!(permissions(0o120777), "lrwxrwxrwx");
    }
}
