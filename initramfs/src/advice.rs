//! What there is to say about an image before it is booted.

use anyhow::{Result, ensure};
use insinit::config::Config;
use insinit::sys::Linux;

use crate::entry::Node;
use crate::fileset::FileSet;
use crate::options::Options;
use crate::words;

/// Where the loader looks for the real init when no word names it; the last is a shell.
const INITS: [&str; 4] = ["sbin/init", "etc/init", "bin/init", "bin/sh"];

/// Warnings about the words, the list and the real init.
pub fn warnings(options: &Options, files: &FileSet, list: &[String]) -> Vec<String> {
    let complaints = words::complaints(&conf(options));
    let mut found: Vec<String> =
        complaints.iter().map(|text| format!("--conf-words: {text}")).collect();
    if options.list && list.is_empty() {
        found.push("--list: no module is asked for, so /etc/modules is empty".to_string());
    }
    if is_whole(options) && !has_init(files) {
        found.push(
            "no real init: neither /sbin/init nor /etc/init nor /bin/init is in the image; \
             add one with --init, --file or --tree, or name it with init=, \
             unless root= names where it is"
                .to_string(),
        );
    }
    found
}

/// An error if the real init is the loader, which would start itself.
pub fn check_init(options: &Options, files: &FileSet, init: &str) -> Result<()> {
    let node = |path: &str| files.find(path.as_bytes()).map(|entry| &entry.node);
    let is_loader = !options.no_loader && node(init) == node("init");
    ensure!(!is_loader, "--init: that is the loader itself; name the program it starts");
    Ok(())
}

/// Whether the image is to boot by itself.
fn is_whole(options: &Options) -> bool {
    !options.no_loader && options.append_to.is_none()
}

/// Whether there is a real init, or a word that names one or the file system that has it.
fn has_init(files: &FileSet) -> bool {
    let config = match files.find(words::CONF.as_bytes()).map(|entry| &entry.node) {
        Some(Node::File(text)) => words::of_file(&mut Linux::default(), text),
        _ => Config::default(),
    };
    let is_named = config.init.or(config.kernel_init).or(config.root).is_some();
    is_named || INITS.iter().any(|path| files.find(path.as_bytes()).is_some())
}

/// What `--conf-words` say.
fn conf(options: &Options) -> Config {
    let text = options.conf_words.join("\n");
    words::of_file(&mut Linux::default(), text.as_bytes())
}
