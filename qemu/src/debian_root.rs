//! A small Debian with systemd, made by mmdebstrap(1) and kept: a tree to make file systems of or to share.

use crate::apt::{self, Apt};
use crate::cache;
use crate::debian::into_place;
use crate::machine::Machine;
use crate::setup::{self, Yours};
use crate::step;
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For making one; a foreign one is configured by an emulated dpkg.
const MAKE: Duration = Duration::from_secs(1800);

/// For having the kernel run another machine's programs.
const HANDLER: Duration = Duration::from_secs(60);

/// The packages besides the essential ones.
const PACKAGES: &str = "--include=systemd-sysv,udev";

/// What is left out, as nobody reads it.
const WITHOUT: [&str; 3] = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];

/// A unit that tells how it went, then switches off.
const UNIT: &str = "\
[Unit]
Description=tells which units failed, then switches off
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'set -- $(systemctl list-units --failed --plain --no-legend | cut -d\" \" -f1); \
echo \"<3>check: units failed: $# $*\" >/dev/kmsg; systemctl --no-block poweroff'
";

/// Where it goes, and the link that has it started.
const UNIT_PATH: &str = "etc/systemd/system/insinit-check.service";
const UNIT_LINK: &str = "etc/systemd/system/multi-user.target.wants/insinit-check.service";

/// All that it is made of, in a file beside it.
const MADE_OF: &str = "made-of";

/// The tree for that machine, from the cache or made into it.
///
/// # Errors
/// Debian's packages or a tool can't be had.
pub fn of(machine: &Machine) -> Result<PathBuf> {
    let folder = cache::folder()?.join("roots");
    let _lock = cache::lock(&folder, machine.name)?;
    let place = folder.join(machine.name);
    let made_of = format!("{:?} {PACKAGES}\n{WITHOUT:?}\n{UNIT}", suites(machine));
    if fs::read_to_string(place.join(MADE_OF)).ok().as_ref() != Some(&made_of) {
        tools(machine)?;
        let work = tempfile::Builder::new().prefix("make-").tempdir_in(&folder)?;
        let new = work.path().join("new");
        let made = make(machine, &new, &folder);
        made.with_context(|| format!("can't make a root for {}", machine.name))?;
        fs::write(new.join(MADE_OF), made_of)?;
        into_place(work.path(), &place)?;
    }
    Ok(place.join("tree"))
}

/// The suites that have the machine; the first that can be read is taken.
fn suites(machine: &Machine) -> &'static [&'static str] {
    if machine.name == "riscv64" { &["trixie", "forky"] } else { &["bookworm", "trixie"] }
}

/// mmdebstrap, and for another machine an emulator of its programs.
fn tools(machine: &Machine) -> Result<()> {
    let emulator = format!("qemu-{}-static", machine.name);
    let mut needed = vec![("mmdebstrap".to_string(), "mmdebstrap".to_string())];
    if !machine.is_host() {
        needed.push(("arch-test".into(), "arch-test".into()));
        needed.push(("update-binfmts".into(), "binfmt-support".into()));
        needed.push((emulator, "qemu-user-static".into()));
    }
    let is_missing = |(program, _): &(String, String)| program_path(program).is_none();
    setup::install_tools(&needed.into_iter().filter(is_missing).collect::<Vec<_>>())?;
    if machine.is_host() { Ok(()) } else { handler(machine) }
}

/// Where a program is; Debian's users don't have all of them in their path.
fn program_path(program: &str) -> Option<PathBuf> {
    setup::which(program).or_else(|| {
        let path = Path::new("/usr/sbin").join(program);
        path.is_file().then_some(path)
    })
}

/// Sees to it that the kernel runs the machine's programs by the emulator: binfmt_misc is mounted and knows
/// them. In a container nobody has done that.
fn handler(machine: &Machine) -> Result<()> {
    let runs = || step::output(Command::new("arch-test").arg(machine.debian), HANDLER).is_ok();
    if runs() {
        return Ok(());
    }
    let format = format!("qemu-{}", machine.name);
    let enable = ["--enable", &format];
    let missing = format!("what runs {} programs on this machine (binfmt_misc) is", machine.name);
    if !setup::is_root() {
        bail!(Yours { missing, command: format!("sudo update-binfmts {}", enable.join(" ")) });
    }
    let mut command = Command::new(program_path("update-binfmts").context("no update-binfmts")?);
    eprintln!("set-up: update-binfmts {}", enable.join(" "));
    step::output(command.args(enable), HANDLER)?;
    if runs() {
        return Ok(());
    }
    let mount = "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc";
    bail!(Yours { missing, command: format!("{mount} && update-binfmts {}", enable.join(" ")) })
}

/// Makes it.
fn make(machine: &Machine, new: &Path, work: &Path) -> Result<()> {
    let tree = new.join("tree");
    fs::create_dir_all(new)?;
    let suite = Apt::new(work, suites(machine), machine.debian)?.suite;
    eprintln!("{}: making a root of Debian's {suite}", machine.name);
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=minbase", PACKAGES, "--architectures", machine.debian]);
    command.args(WITHOUT.map(|path| format!("--dpkgopt=path-exclude={path}")));
    command.arg(suite).arg(&tree).arg(apt::archive()?);
    step::output(command.env("LC_ALL", "C").env("SOURCE_DATE_EPOCH", "0"), MAKE)?;
    fs::write(tree.join(UNIT_PATH), UNIT)?;
    fs::write(tree.join("etc/hostname"), "insinit-test\n")?;
    fs::create_dir_all(tree.join(UNIT_LINK).parent().context("no folder")?)?;
    Ok(symlink(format!("/{UNIT_PATH}"), tree.join(UNIT_LINK))?)
}
