//! What building a kernel or its modules needs of the host: compilers and the like.

use crate::machine::Machine;
use crate::setup;
use anyhow::Result;
use std::path::Path;

/// What the kernel's own build runs, and the libraries its helpers are linked with.
const KERNEL: [(&str, &str); 9] = [
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("perl", "perl"),
    ("/usr/include/gelf.h", "libelf-dev"),
    ("/usr/include/openssl/pem.h", "libssl-dev"),
    ("gzip", "gzip"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// What every build runs.
const BUILD: [(&str, &str); 4] =
    [("gcc", "gcc"), ("ld", "binutils"), ("make", "make"), ("/usr/include/stdio.h", "libc6-dev")];

/// Sees to it that a kernel for `machine` can be built.
///
/// # Errors
/// Something is missing and can't be installed; [`setup::Yours`] if the user can.
pub fn for_kernel(machine: &Machine) -> Result<()> {
    ready(KERNEL.iter().chain(&BUILD), machine)
}

/// Sees to it that modules for `machine` can be built.
///
/// # Errors
/// As for [`for_kernel`].
pub fn for_modules(machine: &Machine) -> Result<()> {
    ready(BUILD.iter(), machine)
}

/// Sees to it that programs that make file systems are there, each with its package.
///
/// # Errors
/// As for [`for_kernel`].
pub fn for_disks(needed: &[(&str, &str)]) -> Result<()> {
    // Debian's users don't have it in their path.
    let is_there = |what: &str| {
        is_there(what) || ["/sbin", "/usr/sbin"].iter().any(|at| Path::new(at).join(what).is_file())
    };
    let missing = needed.iter().filter(|(program, _)| !is_there(program));
    let missing = missing.map(|(program, package)| (program.to_string(), package.to_string()));
    setup::install_tools(&missing.collect::<Vec<_>>())
}

/// `CROSS_COMPILE` of a build for `machine`.
#[must_use]
pub fn prefix(machine: &Machine) -> &'static str {
    if machine.is_host() { "" } else { machine.cross }
}

/// Gets what is missing of those, and the machine's compiler.
fn ready<'a>(
    tools: impl Iterator<Item = &'a (&'static str, &'static str)>,
    machine: &Machine,
) -> Result<()> {
    let tools = tools.map(|(what, package)| (what.to_string(), package.to_string()));
    let cross = (!machine.is_host()).then(|| compiler(machine));
    let missing = tools.chain(cross).filter(|(what, _)| !is_there(what));
    setup::install_tools(&missing.collect::<Vec<_>>())
}

/// The compiler for another machine, and its package.
fn compiler(machine: &Machine) -> (String, String) {
    let prefix = machine.cross;
    (format!("{prefix}gcc"), format!("gcc-{}", prefix.trim_end_matches('-').replace('_', "-")))
}

/// Whether a program or a file is there.
fn is_there(what: &str) -> bool {
    if what.starts_with('/') { Path::new(what).is_file() } else { setup::which(what).is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;

    #[test]
    fn a_compiler_is_in_a_package_of_its_name() {
        let pair = |name| compiler(machine::named(name).unwrap());
        assert_eq!(pair("x86_64"), ("x86_64-linux-gnu-gcc".into(), "gcc-x86-64-linux-gnu".into()));
        assert_eq!(
            pair("riscv64"),
            ("riscv64-linux-gnu-gcc".into(), "gcc-riscv64-linux-gnu".into())
        );
    }

    #[test]
    fn programs_and_files_are_told_apart() {
        assert!(is_there("sh") && is_there("/proc/version"));
        assert!(!is_there("no-such-program") && !is_there("/no/such/file"));
    }
}
