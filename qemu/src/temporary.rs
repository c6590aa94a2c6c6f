//! A folder that goes away with the tool, whatever ends it.
//!
//! No destructor runs when a signal ends a program, or a reader that goes away. A shell waits at a pipe whose
//! other end is ours alone; when that is closed, it removes what is left.

use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What the shell does; a key that ends us reaches it, too.
const KEEPER: &str = r#"trap '' HUP INT TERM; read -r end; rm -rf -- "$0""#;

/// The folder. It goes away with this value, too.
#[derive(Debug)]
pub struct Temporary {
    folder: TempDir,
    keeper: Child,
}

impl Temporary {
    /// An empty one.
    ///
    /// # Errors
    /// It can't be made.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER]).arg(folder.path());
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { keeper: keeper.spawn().context("can't run sh")?, folder })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_goes_away_without_a_destructor() {
        let mut folder = Temporary::new().unwrap();
        let path = folder.path().to_path_buf();
        fs::write(path.join("file"), "").unwrap();
        folder.folder.disable_cleanup(true);
        drop(folder);
        assert!(!path.exists());
    }
}
