//! Files that are there whole or not at all.

use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

/// Writes a file beside its place and renames it at the end.
///
/// A link is followed; a device or a pipe is written to, for there is nothing to lose.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => bail!("{shown} is a directory; name a file"),
        Ok(there) if there.is_file() => replace(&path.canonicalize()?, bytes),
        Ok(_) => std::fs::write(path, bytes).with_context(|| format!("{shown}: cannot be written")),
        Err(_) => replace(path, bytes),
    }
}

/// Whether a path leads to one of some regular files, by whatever links.
pub fn is_one_of<'a>(path: &Path, files: impl IntoIterator<Item = &'a Path>) -> bool {
    let is_it = |it: (u64, u64)| files.into_iter().any(|file| identity(file) == Some(it));
    identity(path).is_some_and(is_it)
}

/// The device and the number of a regular file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let there = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((there.dev(), there.ino()))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let shown = path.display();
    let file = tempfile::Builder::new().prefix(".insinit-").tempfile_in(dir);
    let mut file = file.map_err(|error| no_file(path, dir, &error))?;
    // The file's own errors: tempfile's name one that is gone by then.
    file.as_file_mut()
        .write_all(bytes)
        .and_then(|()| open_to_readers(file.as_file()))
        .with_context(|| format!("{shown}: cannot be written"))?;
    let kept = file.persist(path).map_err(|error| error.error);
    kept.with_context(|| format!("{shown}: cannot be put in place"))?;
    Ok(())
}

/// Why no file can be made in a directory; tempfile's own words name one that nobody asked for.
fn no_file(path: &Path, dir: &Path, error: &Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::NotFound => anyhow!("{}: no such directory", dir.display()),
        _ => anyhow!(
            "{}: no file can be made in {}: {}",
            path.display(),
            dir.display(),
            error.kind()
        ),
    }
}

/// Temporary files begin with mode 0600; an image is no secret, and QEMU may run as another
/// user.
fn open_to_readers(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}
