//! Boot tests of a whole system: Debian with systemd has to reach multi-user with no failed unit. Each is a
//! `cargo qemu boot --root`, as a user types it.

use crate::debian_root;
use crate::machine::{self, Machine};
use crate::step;
use crate::suite::Tally;
use crate::tools;
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For making a file system of 250 MB.
const MAKE: Duration = Duration::from_secs(300);

/// For a boot, the programs of the image to be built.
const BOOT: Duration = Duration::from_secs(1200);

/// How much room a file system gets, in bytes.
const ROOM: u64 = 1 << 30;

/// The file systems, what makes them, and the package that has it. The first is made for every change.
const KINDS: [(&str, &str, &str); 6] = [
    ("ext4", "mke2fs", "e2fsprogs"),
    ("btrfs", "mkfs.btrfs", "btrfs-progs"),
    ("xfs", "mkfs.xfs", "xfsprogs"),
    ("squashfs", "mksquashfs", "squashfs-tools"),
    ("9p", "", ""),
    ("virtiofs", "", ""),
];

/// The name of a test.
fn name(kind: &str) -> String {
    format!("a Debian system on {kind}")
}

/// Those to be made: on the host's machine one, with `long` all of them on all.
fn meant(
    machines: &[&'static Machine],
    part: &str,
    long: bool,
) -> Vec<(&'static str, &'static Machine)> {
    let mut meant = Vec::new();
    for (kind, ..) in KINDS.iter().filter(|(kind, ..)| name(kind).contains(part)) {
        let usual = |machine: &Machine| *kind == KINDS[0].0 && machine.name == machine::host().name;
        let machines = machines.iter().copied().filter(|machine| long || usual(machine));
        meant.extend(machines.map(|machine| (*kind, machine)));
    }
    meant
}

/// Whether one of them is meant by that part of a name.
#[must_use]
pub fn is_meant(machines: &[&'static Machine], part: &str, long: bool) -> bool {
    !meant(machines, part, long).is_empty()
}

/// Boots those that are meant, counts them, and says how each went.
pub fn run(machines: &[&'static Machine], part: &str, long: bool, tally: &mut Tally) {
    for (kind, machine) in meant(machines, part, long) {
        let name = format!("{:13} {}", machine.name, name(kind));
        tally.check(&name, || one(kind, machine).map(|()| String::new()));
    }
}

/// Makes and boots one. What can be written is; a squashfs and a share get an overlay.
fn one(kind: &str, machine: &Machine) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tree = debian_root::of(machine)?;
    let root = image(kind, &tree, folder.path())?;
    let mut command = Command::new(env::current_exe()?);
    command.args(["boot", "--arch", machine.name, "--memory", "768", "--root"]).arg(&root);
    command.args(matches!(kind, "squashfs" | "9p" | "virtiofs").then_some("--overlay"));
    if root.is_dir() {
        command.args(["--by", kind]);
    }
    let said = step::output(&mut command, BOOT)?;
    let tail = || said.lines().rev().take(40).collect::<Vec<_>>().join("\n");
    let told = said.lines().find_map(|line| line.split_once("check: units failed: "));
    let (_, told) = told.with_context(|| format!("multi-user is not reached\n{}", tail()))?;
    ensure!(told.trim() == "0", "units failed: {told}\n{}", tail());
    ensure!(said.contains("reboot: Power down"), "not switched off in order\n{}", tail());
    Ok(())
}

/// The tree itself, or an image of it.
fn image(kind: &str, tree: &Path, folder: &Path) -> Result<PathBuf> {
    let Some((_, program, package)) = KINDS.iter().find(|row| row.0 == kind && !row.1.is_empty())
    else {
        return Ok(tree.to_path_buf());
    };
    tools::for_disks(&[(*program, *package)])?;
    let path = folder.join("image");
    if kind != "squashfs" {
        File::create(&path)?.set_len(ROOM)?;
    }
    let mut command = Command::new(program);
    command.env("PATH", format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default()));
    match kind {
        "ext4" => command.args(["-q", "-F", "-t", "ext4", "-d"]).arg(tree).arg(&path),
        "btrfs" => command.args(["-q", "-f", "--rootdir"]).arg(tree).arg(&path),
        "squashfs" => {
            command.arg(tree).arg(&path).args(["-quiet", "-no-progress", "-comp", "gzip"])
        }
        _ => {
            let list = folder.join("list");
            fs::write(&list, format!("/dev/null\n0 0\n{}", protofile(tree)?))?;
            command.args(["-q", "-f", "-p"]).arg(&list).arg(&path)
        }
    };
    step::output(&mut command, MAKE)?;
    Ok(path)
}

/// A folder as mkfs.xfs(8) takes it: a line each, a folder's own lines behind it, `$` at its end. It knows
/// no sticky bit. What a running system makes for itself is left out: devices, pipes and odd names.
fn protofile(folder: &Path) -> Result<String> {
    let mut list = mode('d', folder)? + "\n";
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.contains(char::is_whitespace) {
            continue;
        }
        if path.is_symlink() {
            list += &format!("{name} l--777 0 0 {}\n", fs::read_link(&path)?.display());
        } else if path.is_dir() {
            list += &format!("{name} {}", protofile(&path)?);
        } else if path.is_file() {
            list += &format!("{name} {} {}\n", mode('-', &path)?, path.display());
        }
    }
    Ok(list + "$\n")
}

/// Type, modes and owner.
fn mode(kind: char, path: &Path) -> Result<String> {
    let data = fs::metadata(path)?;
    let mode = data.permissions().mode();
    let user = if mode & 0o4000 != 0 { 'u' } else { '-' };
    let group = if mode & 0o2000 != 0 { 'g' } else { '-' };
    Ok(format!("{kind}{user}{group}{:03o} {} {}", mode & 0o777, data.uid(), data.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::MACHINES;
    use std::os::unix::fs::symlink;

    #[test]
    fn one_for_every_change_and_all_of_them_sometimes() {
        let machines: Vec<_> = MACHINES.iter().collect();
        assert_eq!(meant(&machines, "", false).len(), 1);
        assert_eq!(meant(&machines, "", true).len(), 18);
        assert!(!is_meant(&machines, "no such", true));
    }

    #[test]
    fn a_folder_as_mkfs_xfs_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("a")).unwrap();
        symlink("../x", path.join("a/l")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(path.join("a"), fs::Permissions::from_mode(0o2755)).unwrap();
        let owner =
            format!("{} {}", fs::metadata(path).unwrap().uid(), fs::metadata(path).unwrap().gid());
        let list = protofile(path).unwrap();
        assert_eq!(list, format!("d--700 {owner}\na d-g755 {owner}\nl l--777 0 0 ../x\n$\n$\n"));
    }
}
