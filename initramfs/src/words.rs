//! The configuration of an image that is laid out below a directory, read as the loader does.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Result, anyhow};
use insinit::config::Config;
use insinit::kernel::Errno;
use insinit::list::Entry;
use insinit::mem::Table;
use insinit::sys::Linux;

/// Where the loader looks for words.
pub const CONF: &str = "etc/insinit.conf";
/// The list file that is read where `insinit.list=` names no other.
pub const LIST: &str = "etc/modules";

/// The words of the image's own file, then those given.
pub fn config(k: &mut Linux, root: &Path, words: &str) -> Result<Config> {
    let mut config = Config::default();
    let done = config.read_image(k, root.as_os_str().as_bytes());
    done.map_err(|errno| anyhow!("{CONF}: cannot be read: {errno}"))?;
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

/// The entries of the list file, if it is there, then those of the words.
pub fn entries(k: &mut Linux, root: &Path, config: &mut Config) -> Result<Vec<Entry>> {
    let mut entries = Table::new();
    match config.all_entries(k, root.as_os_str().as_bytes(), &mut entries) {
        Ok(()) | Err(Errno::ENOENT) => Ok(entries.to_vec()),
        Err(errno) => {
            let file = String::from_utf8_lossy(config.list_file()).into_owned();
            Err(anyhow!("{file}: cannot be read: {errno}"))
        }
    }
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
