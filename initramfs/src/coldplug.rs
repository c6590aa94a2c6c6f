//! What the devices of a machine ask for: the `modalias` files of its sysfs.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::host;

/// The aliases below `SYSFS/devices`, each once. Links are not followed: every device is a real
/// directory there (`Documentation/ABI/testing/sysfs-devices`).
pub fn aliases(sysfs: &Path) -> Result<Vec<String>> {
    let devices = sysfs.join("devices");
    host::metadata(&devices).context("--coldplug-of wants a sysfs, like /sys")?;
    let mut found = BTreeSet::new();
    for entry in WalkDir::new(&devices) {
        let entry = entry.with_context(|| format!("{}: not readable", devices.display()))?;
        if entry.file_name() == "modalias" && entry.file_type().is_file() {
            found.extend(alias(entry.path())?);
        }
    }
    Ok(found.into_iter().collect())
}

/// The alias in a file; none if it is empty or its device has gone.
fn alias(path: &Path) -> Result<Option<String>> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).trim().to_string();
            Ok((!text.is_empty()).then_some(text))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(NO_DEVICE) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{}: not readable", path.display())),
    }
}

/// `ENODEV`, which a file gives whose device has gone (`include/uapi/asm-generic/errno-base.h`).
const NO_DEVICE: i32 = 19;

#[cfg(test)]
mod tests {
    use super::aliases;

    #[test]
    fn real_directories_are_walked_and_links_are_not() {
        let sysfs = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = sysfs.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("a file");
        };
        write("devices/pci0/0000:00:01.0/modalias", "pci:v1d2\n");
        write("devices/pci0/0000:00:02.0/modalias", "pci:v1d2\n");
        write("devices/platform/soc/uart/modalias", "of:NuartT(null)Cacme,uart\n");
        write("devices/platform/modalias", "\n");
        write("other/modalias", "usb:no\n");
        let link = sysfs.path().join("devices/loop");
        std::os::unix::fs::symlink(sysfs.path().join("other"), link).expect("a link");
        let expected = ["of:NuartT(null)Cacme,uart", "pci:v1d2"];
        assert_eq!(aliases(sysfs.path()).expect("aliases"), expected);
    }

    #[test]
    fn what_is_no_sysfs_is_an_error() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(aliases(dir.path()).is_err());
    }
}
