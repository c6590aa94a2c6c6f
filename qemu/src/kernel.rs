//! A kernel to boot: its image, the folders that hold its modules, its release.
//!
//! All three are found in the folders themselves: an unpacked kernel package, several of them, or
//! the root of a system.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A kernel and its modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The image that QEMU boots.
    pub image: PathBuf,
    /// Folders with `lib/modules/RELEASE` or `usr/lib/modules/RELEASE`.
    pub folders: Vec<PathBuf>,
    /// The release that is to be booted.
    pub release: String,
}

/// Where modules may be below a folder.
const MODULES: [&str; 2] = ["lib/modules", "usr/lib/modules"];

impl Kernel {
    /// The kernel in `folders`; `image` and `release` are taken from there where they aren't given.
    ///
    /// # Errors
    /// There is no image, no module tree, or more than one of them.
    pub fn find(image: Option<&Path>, folders: &[PathBuf], release: Option<&str>) -> Result<Self> {
        let release = match release {
            Some(release) => release.to_string(),
            None => the_release(image, folders)?,
        };
        let image = match image {
            Some(image) => image.to_path_buf(),
            None => the_image(folders, &release)?,
        };
        Ok(Self { image, folders: folders.to_vec(), release })
    }

    /// The module trees of the release that are there.
    pub fn trees(&self) -> impl Iterator<Item = PathBuf> {
        trees(&self.folders, &self.release)
    }
}

/// The release that `image` belongs to, or the only one there is.
fn the_release(image: Option<&Path>, folders: &[PathBuf]) -> Result<String> {
    let all = releases(folders);
    let named = image.and_then(Path::file_name).and_then(OsStr::to_str).unwrap_or_default();
    if let Some(release) = all.iter().find(|release| named.ends_with(&format!("-{release}"))) {
        return Ok(release.clone());
    }
    match all.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("no lib/modules/RELEASE in {}", shown(folders)),
        _ => bail!("{} in {}: name one with --kernel-release", all.join(", "), shown(folders)),
    }
}

/// The releases in `folders`, sorted, each once.
fn releases(folders: &[PathBuf]) -> Vec<String> {
    let places = folders.iter().flat_map(|folder| MODULES.map(|place| folder.join(place)));
    let entries = places.filter_map(|place| fs::read_dir(place).ok()).flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("kernel").is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The trees of `release` in `folders`.
fn trees(folders: &[PathBuf], release: &str) -> impl Iterator<Item = PathBuf> {
    let places = folders.iter().flat_map(|folder| MODULES.map(|place| folder.join(place)));
    places.map(move |place| place.join(release)).filter(|tree| tree.is_dir())
}

/// The image of `release` in `folders`, at one of the places where distributions put it.
fn the_image(folders: &[PathBuf], release: &str) -> Result<PathBuf> {
    let names = ["vmlinuz", "vmlinux", "Image"];
    let boot = folders
        .iter()
        .flat_map(|folder| names.map(|name| folder.join("boot").join(format!("{name}-{release}"))));
    let beside = trees(folders, release).flat_map(|tree| names.map(|name| tree.join(name)));
    boot.chain(beside).find(|path| path.is_file()).with_context(|| {
        format!("no image of kernel {release} in {}: give --kernel", shown(folders))
    })
}

/// Folders as an error shows them.
fn shown(folders: &[PathBuf]) -> String {
    folders.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A folder with these files.
    fn folder(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn a_debian_package_before_and_after_the_merge_of_usr() {
        for tree in ["lib", "usr/lib"] {
            let package =
                folder(&["boot/vmlinuz-6.1-x", &format!("{tree}/modules/6.1-x/kernel/a.ko")]);
            let kernel = Kernel::find(None, &[package.path().into()], None).unwrap();
            assert_eq!(kernel.release, "6.1-x");
            assert_eq!(kernel.image, package.path().join("boot/vmlinuz-6.1-x"));
            assert_eq!(kernel.trees().count(), 1);
        }
    }

    #[test]
    fn an_image_beside_its_modules() {
        let package = folder(&["usr/lib/modules/7.2/vmlinuz", "usr/lib/modules/7.2/kernel/a.ko"]);
        let kernel = Kernel::find(None, &[package.path().into()], None).unwrap();
        assert!(kernel.image.ends_with("usr/lib/modules/7.2/vmlinuz"));
    }

    #[test]
    fn of_two_releases_the_images_name_says_which() {
        let root = folder(&["lib/modules/6.1/kernel/a", "lib/modules/6.12/kernel/a"]);
        let kernel = Kernel::find(Some(Path::new("vmlinuz-6.12")), &[root.path().into()], None);
        assert_eq!(kernel.unwrap().release, "6.12");
        let error = Kernel::find(Some(Path::new("bzImage")), &[root.path().into()], None);
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("6.1, 6.12 in ") && text.contains("--kernel-release"), "{text}");
    }

    #[test]
    fn a_folder_without_modules_is_named() {
        let root = folder(&["boot/vmlinuz-6.1"]);
        let error = Kernel::find(None, &[root.path().into()], None).unwrap_err().to_string();
        assert!(error.starts_with("no lib/modules/RELEASE in /"), "{error}");
    }
}
