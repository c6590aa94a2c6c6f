//! Reading files of this machine, with errors that help.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::suggest;

/// Reads a file; the error names it, and the nearest match where it is not there.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| explain(path, error))
}

/// Reads a file of text.
pub fn text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("{}: not text", path.display()))
}

/// What the system says about a path that is there.
pub fn metadata(path: &Path) -> Result<std::fs::Metadata> {
    std::fs::metadata(path).map_err(|error| explain(path, error))
}

/// What is in a directory; nothing if there is none, an error if nobody may look.
pub fn paths_in(dir: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(dir) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(explain(dir, error)),
        Err(_) => Ok(Vec::new()),
    }
}

fn explain(path: &Path, error: Error) -> anyhow::Error {
    let near = match error.kind() {
        ErrorKind::NotFound => neighbour(path).unwrap_or_default(),
        _ => String::new(),
    };
    anyhow!("{}: {error}{near}", path.display())
}

/// The nearest match in the same directory.
fn neighbour(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let dir = match path.parent()? {
        dir if dir.as_os_str().is_empty() => Path::new("."),
        dir => dir,
    };
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    Some(suggest::nearest(name, names.iter().map(String::as_str)))
}
