//! A folder of the host that the guest mounts, by 9p.

use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// A shared folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The name it is mounted by.
    pub tag: String,
    /// The folder.
    pub host: PathBuf,
    /// Where the guest sees it.
    pub guest: String,
}

impl Share {
    /// The share that `HOST:GUEST` means.
    ///
    /// # Errors
    /// It is not written like that, or there is no such folder.
    pub fn of(at: usize, text: &str) -> Result<Self> {
        let parts = text
            .rsplit_once(':')
            .filter(|(host, guest)| !host.is_empty() && guest.starts_with('/'));
        let (host, guest) =
            parts.with_context(|| format!("{text}: a share is HOST:GUEST, e.g. ./data:/mnt"))?;
        let host = PathBuf::from(host);
        ensure!(host.is_dir(), "{}: no such folder", host.display());
        Ok(Self { tag: format!("share{at}"), host: host.canonicalize()?, guest: guest.into() })
    }

    /// QEMU's words for it. A comma in a path is written twice.
    #[must_use]
    pub fn words(&self) -> [String; 4] {
        let (tag, path) = (&self.tag, self.host.display().to_string().replace(',', ",,"));
        [
            "-fsdev".into(),
            format!("local,id={tag},path={path},security_model=none,multidevs=remap"),
            "-device".into(),
            format!("virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_two_sides() {
        let share = Share::of(0, "/proc:/mnt/a").unwrap();
        assert_eq!((share.tag.as_str(), share.guest.as_str()), ("share0", "/mnt/a"));
        assert!(share.words()[1].contains("path=/proc,"));
        for wrong in ["/proc", "/proc:mnt", ":/mnt"] {
            assert!(Share::of(0, wrong).unwrap_err().to_string().contains("HOST:GUEST"), "{wrong}");
        }
        assert!(Share::of(0, "/no/such:/a").unwrap_err().to_string().contains("no such folder"));
    }
}
