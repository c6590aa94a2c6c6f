//! The configuration of an image that is laid out below a directory, read as the loader does.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use insinit::config::Config;
use insinit::list::{self, Entry};
use insinit::sys::Linux;

use crate::host;

/// Where the loader looks for words.
pub const CONF: &str = "etc/insinit.conf";
/// The list file that is read where `insinit.list=` names no other.
pub const LIST: &str = "etc/modules";

/// The words of the image's own file, then those given.
pub fn config(k: &mut Linux, root: &Path, words: &str) -> Result<Config> {
    let mut config = Config::default();
    config.read_file(k, read(root, CONF.as_bytes())?);
    config.read(k, keep(words.as_bytes()));
    Ok(config)
}

/// The words of a configuration file.
pub fn of_file(k: &mut Linux, text: &[u8]) -> Config {
    let mut config = Config::default();
    config.read_file(k, keep(text));
    config
}

/// What the loader would say about words that it cannot use.
pub fn complaints(config: &Config) -> Vec<String> {
    let complaint = |key: &[u8], what| format!("{}: ignored: {what}", String::from_utf8_lossy(key));
    config.complaints.iter().map(|found| complaint(found.key, found.what)).collect()
}

/// The entries of the list file, then those of the words.
pub fn entries(root: &Path, config: &Config) -> Result<Vec<Entry>> {
    let mut text = match config.list.unwrap_or(LIST.as_bytes()) {
        b"" => &[],
        file => read(root, file)?,
    };
    let file = std::iter::from_fn(|| list::of_file(&mut text));
    Ok(file.chain(config.entries.iter().copied()).collect())
}

/// The list file that the words name, if they name one.
pub fn list_file(root: &Path, words: &str) -> Result<Option<Vec<u8>>> {
    let config = config(&mut Linux::default(), root, words)?;
    Ok(config.list.filter(|path| !path.is_empty()).map(<[u8]>::to_vec))
}

/// The library keeps what it reads for good, as a program does that runs once.
pub fn keep(text: &[u8]) -> &'static [u8] {
    text.to_vec().leak()
}

/// A file of the image; nothing where there is none.
fn read(root: &Path, path: &[u8]) -> Result<&'static [u8]> {
    let below = path.strip_prefix(b"/").unwrap_or(path);
    let path = root.join(OsStr::from_bytes(below));
    match path.exists() {
        true => Ok(host::read(&path)?.leak()),
        false => Ok(&[]),
    }
}
