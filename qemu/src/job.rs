//! The job of `cargo qemu run` as the runner reads it (`insinit_runner::JOB`).

use crate::machine::Machine;
use crate::setup;
use crate::share::Share;
use anyhow::{Context, Result, bail, ensure};
use insinit_initramfs::FileSpec;
use insinit_runner::{RUN, SHARE};
use object::FileKind;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};
use std::fs;
use std::path::{Path, PathBuf};

/// Where a program of the host goes.
const PLACE: &str = "/insinit-program";

/// Where programs are looked for in a root.
const PATH: [&str; 6] = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

/// A program and its arguments.
#[derive(Debug)]
pub struct Job {
    /// The program's file in the image, if it has to be put there.
    pub file: Option<FileSpec>,
    program: String,
    arguments: Vec<String>,
}

impl Job {
    /// The job of running `words`, whose program is one of `root` or, without one, the host's.
    ///
    /// # Errors
    /// There is no such program, or the machine can't run it.
    pub fn of(words: &[String], root: Option<&Path>, machine: &Machine) -> Result<Self> {
        let name = words.first().context("no program")?;
        let (file, program) = match root {
            Some(root) => (None, inside(root, name)?),
            None => {
                let host = program(name)?;
                check(&host, machine)?;
                (Some(FileSpec { host, guest: PLACE.into() }), PLACE.into())
            }
        };
        Ok(Self { file, program, arguments: words.to_vec() })
    }

    /// The file's content.
    #[must_use]
    pub fn text(&self, shares: &[Share]) -> Vec<u8> {
        let shares = shares.iter().flat_map(|share| [SHARE, &share.tag, &share.guest]);
        let run = [RUN, &self.program].into_iter().chain(self.arguments.iter().map(String::as_str));
        shares.chain(run).flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect()
    }
}

/// The host's file: a path, or a name on the search path.
fn program(name: &str) -> Result<PathBuf> {
    let path = if name.contains('/') { Some(name.into()) } else { setup::which(name) };
    let path = path.with_context(|| format!("no program {name} on the search path"))?;
    ensure!(path.is_file(), "no program {}", path.display());
    Ok(path)
}

/// The path of `name` in `root`.
fn inside(root: &Path, name: &str) -> Result<String> {
    ensure!(root.is_dir(), "no folder {}", root.display());
    if name.contains('/') {
        return Ok(format!("/{}", name.trim_start_matches('/')));
    }
    let there = |folder: &&&str| root.join(folder).join(name).symlink_metadata().is_ok();
    let folder = PATH.iter().find(there);
    let folder = folder.with_context(|| format!("no program {name} in {}", root.display()))?;
    Ok(format!("/{folder}/{name}"))
}

/// Whether the machine can run a program of the host all by itself. A script is left to the kernel.
fn check(path: &Path, machine: &Machine) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let header = match FileKind::parse(bytes.as_slice()) {
        Ok(FileKind::Elf64) => elf::FileHeader64::<Endianness>::parse(bytes.as_slice())?,
        _ if bytes.starts_with(b"#!") => {
            bail!("{} is a script: its interpreter has to come with --root", path.display())
        }
        _ => bail!("{} is no 64-bit ELF program", path.display()),
    };
    let endian = header.endian()?;
    let wanted = match machine.name {
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        _ => elf::EM_RISCV,
    };
    ensure!(header.e_machine(endian) == wanted, "{} is not for {}", path.display(), machine.name);
    let segments = header.program_headers(endian, bytes.as_slice())?;
    let dynamic = segments.iter().any(|segment| segment.p_type(endian) == elf::PT_INTERP);
    ensure!(!dynamic, "{} is not static: its libraries have to come with --root", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_job_of_a_program_in_a_root() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("usr/bin")).unwrap();
        fs::write(root.path().join("usr/bin/ls"), "").unwrap();
        let job = Job::of(&words(&["ls", "-l"]), Some(root.path()), machine::host()).unwrap();
        let share = Share { tag: "t".into(), host: "/".into(), guest: "/g".into() };
        assert_eq!(job.text(&[share]), b"share\0t\0/g\0run\0/usr/bin/ls\0ls\0-l\0");
        let error = Job::of(&words(&["cp"]), Some(root.path()), machine::host()).unwrap_err();
        assert!(error.to_string().starts_with("no program cp in "), "{error}");
    }

    #[test]
    fn what_can_not_run_is_said_before_the_boot() {
        let error =
            |name: &str| Job::of(&words(&[name]), None, machine::host()).unwrap_err().to_string();
        assert!(error("/bin/sh").contains("is not static"), "{}", error("/bin/sh"));
        assert!(error("/etc/passwd").contains("no 64-bit ELF"));
        assert!(error("/no/such").contains("no program"));
        assert!(error("no-such-program").contains("search path"));
        let other = machine::MACHINES.iter().find(|machine| !machine.is_host()).unwrap();
        let error = Job::of(&words(&["/bin/sh"]), None, other).unwrap_err().to_string();
        assert!(error.contains("is not for"), "{error}");
    }
}
