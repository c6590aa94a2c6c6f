//! What was measured before: a boot gives the same counts whenever everything that goes in is the same.

use crate::step;
use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For a question to QEMU.
const ANSWER: Duration = Duration::from_secs(60);

/// The folder of earlier results, and what they all depend on.
pub struct Known {
    folder: PathBuf,
    common: u64,
}

impl Known {
    /// Results below `folder` that depend on these files, on these words and on QEMU.
    ///
    /// # Errors
    /// A file can't be read or QEMU not be asked.
    pub fn new(folder: &Path, files: &[&Path], words: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for file in files {
            read(file)?.hash(&mut hasher);
        }
        words.hash(&mut hasher);
        let mut qemu = Command::new("qemu-system-x86_64");
        step::output(qemu.arg("--version"), ANSWER)?.hash(&mut hasher);
        let folder = folder.join("known");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, common: hasher.finish() })
    }

    /// What is known of a boot of `image` with the kernel's `words`; otherwise what `boot` finds.
    ///
    /// # Errors
    /// What `boot` says.
    pub fn get(
        &self,
        image: &Path,
        words: &str,
        boot: impl FnOnce() -> Result<String>,
    ) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        (self.common, words, read(image)?).hash(&mut hasher);
        let file = self.folder.join(format!("{:016x}", hasher.finish()));
        if let Ok(known) = fs::read_to_string(&file) {
            return Ok(known);
        }
        let found = boot()?;
        fs::write(&file, &found).with_context(|| format!("can't write {}", file.display()))?;
        Ok(found)
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("can't read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        let known = Known { folder: folder.path().into(), common: 0 };
        let image = folder.path().join("image");
        let get = |words, found: &str| known.get(&image, words, || Ok(found.into())).unwrap();
        fs::write(&image, "a").unwrap();
        assert_eq!(
            (get("x", "1"), get("x", "2"), get("y", "3")),
            ("1".into(), "1".into(), "3".into())
        );
        fs::write(&image, "b").unwrap();
        assert_eq!(get("x", "4"), "4");
    }
}
