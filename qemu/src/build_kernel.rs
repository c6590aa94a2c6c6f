//! `cargo qemu kernel`: builds a kernel that is named, or lists those there are.

use crate::cli::KernelOptions;
use crate::kernels::{self, SOURCES, Source};
use anyhow::{Context, Result};

/// Builds or fetches what is named; without a name, lists.
///
/// # Errors
/// There is no kernel of that name, or it can't be had.
pub fn run(options: &KernelOptions) -> Result<bool> {
    if options.name.is_empty() {
        print!("{}", list()?);
        return Ok(true);
    }
    let named = |name: &String| {
        kernels::named(name).with_context(|| format!("{name} is none of {}", kernels::names()))
    };
    for source in options.name.iter().map(named).collect::<Result<Vec<_>>>()? {
        let kernel = source.get()?;
        println!("{}: {} in {}", source.name, kernel.release, kernel.folders[0].display());
    }
    Ok(true)
}

/// A line for each kernel.
fn list() -> Result<String> {
    SOURCES
        .iter()
        .map(|source| Ok(line(source, source.cached()?.map(|kernel| kernel.release))))
        .collect()
}

/// Name, what it is for, and whether it is there.
fn line(source: &Source, release: Option<String>) -> String {
    let state = match release {
        Some(release) => format!("cached, {release}"),
        None if source.is_built() => "to be built, 5 CPU minutes".to_string(),
        None => "to be fetched".to_string(),
    };
    format!("{:22} {:48} {state}\n", source.name, source.what)
}
