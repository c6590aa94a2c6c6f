//! Firmware that packed modules name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;

use crate::entry::Entry;
use crate::guest;
use crate::host;
use crate::options::Options;

/// Where packages have firmware.
const BASES: [&str; 2] = ["lib/firmware", "usr/lib/firmware"];

/// What the kernel adds to a name (`drivers/base/firmware_loader/main.c`, `_request_firmware`).
const SUFFIXES: [&str; 3] = ["", ".zst", ".xz"];

/// Firmware names and the module that names each.
pub type Wanted = BTreeMap<String, String>;

/// Entries for the files that are there, and what there is to say about the others.
pub fn entries(
    wanted: &Wanted,
    release: &str,
    options: &Options,
) -> Result<(Vec<Entry>, Vec<String>)> {
    if !options.firmware {
        let note = "not packed; --firmware packs what --kernel-dir has";
        return Ok((Vec::new(), warning(wanted, note)));
    }
    let (mut entries, mut missing) = (Vec::new(), Wanted::new());
    for (name, module) in wanted {
        match find(name, release, options)? {
            Some((guest, host)) => {
                let bytes = host::read(&host)?;
                entries.push(Entry::file(guest, bytes).with_source(host.display()));
            }
            None => drop(missing.insert(name.clone(), module.clone())),
        }
    }
    Ok((entries, warning(&missing, "in no --kernel-dir")))
}

/// One warning for all of them, if there are any.
fn warning(files: &Wanted, note: &str) -> Vec<String> {
    let warning = files.first_key_value().map(|(name, module)| {
        let more = if files.len() > 1 { ", ..." } else { "" };
        format!("firmware that modules name: {} files ({module}: {name}{more}) {note}", files.len())
    });
    warning.into_iter().collect()
}

/// The path in the image and on this machine of the file that the kernel would take: each form
/// in each directory, in its order.
fn find(name: &str, release: &str, options: &Options) -> Result<Option<(Vec<u8>, PathBuf)>> {
    let name = String::from_utf8(guest::normalise(name.as_bytes())?)?;
    for suffix in SUFFIXES {
        for below in [&format!("updates/{release}/"), "updates/", &format!("{release}/"), ""] {
            let file = format!("{below}{name}{suffix}");
            let bases = options.kernel_dirs.iter().flat_map(|dir| BASES.map(|base| dir.join(base)));
            let host = bases.map(|base| base.join(&file)).find(|path| path.is_file());
            if let Some(host) = host {
                return Ok(Some((format!("lib/firmware/{file}").into_bytes(), host)));
            }
        }
    }
    Ok(None)
}
