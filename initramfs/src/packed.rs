//! Module files and their index as entries of the image.

use std::collections::BTreeSet;

use anyhow::Result;
use rayon::prelude::*;

use crate::build::PackedModule;
use crate::entry::Entry;
use crate::firmware::{self, Wanted};
use crate::module_files::ModuleFile;
use crate::options::Options;
use crate::payload::{self, Payload};
use crate::progress::Progress;
use crate::tree::{Tree, module_name};

/// The modules of an image.
#[derive(Default)]
pub struct Modules {
    /// Module files and index files.
    pub entries: Vec<Entry>,
    /// What was packed, in the order of loading.
    pub packed: Vec<PackedModule>,
    /// The release.
    pub release: Option<String>,
    /// Names that are packed for weak dependencies: whoever runs later may load them.
    pub weak: BTreeSet<String>,
    /// What there is to say.
    pub warnings: Vec<String>,
}

/// Packs files of a tree, in the order of loading.
pub fn pack(
    tree: &Tree,
    wanted: &[&ModuleFile],
    options: &Options,
    progress: &Progress,
) -> Result<Modules> {
    let payloads = payloads(wanted, &tree.release, options, progress)?;
    let mut modules = Modules { release: Some(tree.release.clone()), ..Modules::default() };
    let mut unsigned = Vec::new();
    let mut firmware = Wanted::new();
    for (file, payload) in wanted.iter().zip(payloads) {
        let name = module_name(&file.path);
        unsigned.extend(payload.lost_signature.then(|| name.clone()));
        firmware.extend(payload.firmware.iter().map(|file| (file.clone(), name.clone())));
        modules.add(tree, file, payload, options);
    }
    let (entries, warnings) = firmware::entries(&firmware, &tree.release, options)?;
    modules.entries.extend(entries);
    modules.warnings = [signature_warning(&unsigned), warnings].concat();
    Ok(modules)
}

/// Reads and changes modules, as many at a time as there are processors.
fn payloads(
    wanted: &[&ModuleFile],
    release: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Vec<Payload>> {
    progress.start("packing modules", wanted.len());
    let payloads = wanted.par_iter().map(|file| {
        let payload = payload::payload(file, release, options)?;
        progress.step();
        Ok(payload)
    });
    let payloads = payloads.collect();
    progress.end();
    payloads
}

impl Modules {
    fn add(&mut self, tree: &Tree, file: &ModuleFile, payload: Payload, options: &Options) {
        let guest = tree.guest(&payload::path(&file.path, options.module_compress));
        let name = module_name(&file.path);
        self.packed.push(PackedModule {
            name,
            guest_path: format!("/{}", String::from_utf8_lossy(&guest)),
        });
        self.entries.push(Entry::file(guest, payload.bytes).with_source(file.host.display()));
    }
}

/// One warning for all modules that lost their signature.
fn signature_warning(names: &[String]) -> Vec<String> {
    let warning = names.first().map(|first| {
        format!(
            "{} modules lose their signature ({first}, ...): a kernel that enforces signatures or \
             is locked down refuses them, any other is tainted",
            names.len()
        )
    });
    warning.into_iter().collect()
}
