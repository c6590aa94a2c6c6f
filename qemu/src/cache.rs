//! The folder that keeps what is fetched: outside the checkout, shared by every checkout.

use anyhow::{Context, Result};
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// `$INSINIT_CACHE`, else `insinit` in the user's cache folder.
///
/// # Errors
/// Neither is known because `HOME` is not set.
pub fn folder() -> Result<PathBuf> {
    chosen(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
        .context("no place to keep kernels: set HOME or INSINIT_CACHE")
}

/// The folder that the environment `var` asks for.
fn chosen(var: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    var("INSINIT_CACHE")
        .or_else(|| Some(var("XDG_CACHE_HOME")?.join("insinit")))
        .or_else(|| Some(var("HOME")?.join(".cache/insinit")))
}

/// Waits until no other run works on `what` in `folder`; the work is ours until the file is dropped.
///
/// # Errors
/// The folder can't be written.
pub fn lock(folder: &Path, what: &str) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    let path = folder.join(format!("{what}.lock"));
    let file = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("{what}: waiting for another run that fetches it");
        file.lock().with_context(|| format!("can't lock {}", path.display()))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(known: &[(&str, &str)]) -> Option<PathBuf> {
        chosen(|name| known.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn our_own_variable_wins() {
        let known = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("INSINIT_CACHE", "/i")];
        assert_eq!(with(&known), Some("/i".into()));
        assert_eq!(with(&known[..2]), Some("/x/insinit".into()));
        assert_eq!(with(&known[..1]), Some("/h/.cache/insinit".into()));
        assert_eq!(with(&[]), None);
    }
}
