//! Mounts, and where a path leads through them.

use super::Machine;
use super::tree::{Inode, Node, Tree};
use crate::kernel::{Errno, Result, Stat};
use linux_raw_sys::general::{MS_MOVE, MS_RDONLY};

/// A mounted file system.
#[derive(Clone)]
pub struct Mount {
    pub source: String,
    pub kind: String,
    pub flags: u32,
    pub data: String,
    /// Its files; none for those that the kernel makes up.
    pub files: Option<Tree>,
}

impl Mount {
    /// One of the kernel's own.
    pub fn made_up(kind: &str) -> Self {
        Self { source: kind.into(), kind: kind.into(), flags: 0, data: String::new(), files: None }
    }
}

impl Machine {
    /// Where a path leads from the process' root and folder, as the first root has it: no `/` at the end.
    pub(super) fn real(&self, path: &str) -> String {
        let from = if path.starts_with('/') { &self.root } else { &self.folder };
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
        parts.fold(from.clone(), |real, part| format!("{real}/{part}"))
    }

    /// The mount that holds a real path, with what is below its mount point.
    fn mount_of<'p>(&self, real: &'p str) -> Option<(&str, &'p str)> {
        let holds = |target: &&String| {
            real.strip_prefix(target.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let target = self.mounts.keys().filter(holds).max_by_key(|target| target.len())?;
        Some((target, &real[target.len()..]))
    }

    /// The files that hold a real path, and the path there.
    pub(super) fn files<'p>(&mut self, real: &'p str) -> Result<(&mut Tree, &'p str)> {
        let Some((target, below)) = self.mount_of(real) else { return Ok((&mut self.tree, real)) };
        let target = target.to_string();
        match self.mounts.get_mut(&target) {
            Some(Mount { files: Some(files), flags, .. }) if *flags & MS_RDONLY == 0 => {
                Ok((files, below))
            }
            Some(Mount { files: None, .. }) => Err(Errno::EPERM),
            _ => Err(Errno::EROFS),
        }
    }

    /// What a path is, whichever file system holds it.
    pub(super) fn inode(&self, path: &str) -> Result<Inode> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let real = self.real(path);
        let Some((target, below)) = self.mount_of(&real) else {
            return self.tree.get(if real.is_empty() { "/" } else { &real }).cloned();
        };
        let mount = &self.mounts[target];
        if let Some(files) = &mount.files {
            return files.get(if below.is_empty() { "/" } else { below }).cloned();
        }
        let found = match (mount.kind.as_str(), below.trim_start_matches('/')) {
            (_, "") => Some(Node::Dir),
            ("proc", "self/exe") => return self.tree.get("/init").cloned(),
            ("proc", below) => self.proc(below),
            ("sysfs", below) => self.sys(below),
            ("devtmpfs", below) => self.devtmpfs(below),
            _ => None,
        };
        found.map(Inode::made_up).ok_or(Errno::ENOENT)
    }

    /// Which device holds a path; the image's is 2.
    pub(super) fn with_device(&self, path: &str, stat: Stat) -> Stat {
        let real = self.real(path);
        let mount = self.mount_of(&real).map(|(target, _)| target);
        let is_exe =
            stat.inode != 0 && mount.is_some_and(|target| self.mounts[target].files.is_none());
        let number = mount
            .filter(|_| !is_exe)
            .and_then(|target| self.mounts.keys().position(|key| key == target));
        Stat { device: number.map_or(2, |number| 100 + number as u64), ..stat }
    }

    /// What a folder holds.
    pub(super) fn listing(&self, real: &str) -> Result<Vec<(String, u8)>> {
        let Some((target, below)) = self.mount_of(real) else {
            return Ok(self.tree.children(&self.tree.resolve(real)?));
        };
        let mount = &self.mounts[target];
        match (&mount.files, mount.kind.as_str()) {
            (Some(files), _) => Ok(files.children(&files.resolve(below)?)),
            (None, "sysfs") => match below.strip_prefix("/class/") {
                Some(class) => Ok(self.in_class(class)),
                None => Ok(self.devices.children(below.trim_start_matches('/'))),
            },
            _ => Ok(vec![]),
        }
    }

    /// Whether the kernel knows a type of file system: built in, or of a module that is live.
    fn knows(&self, kind: &str) -> bool {
        let own = ["proc", "sysfs", "devtmpfs", "tmpfs"];
        let built_in = own.contains(&kind) || self.filesystems.iter().any(|known| known == kind);
        (built_in && !(kind == "devtmpfs" && self.without_devtmpfs)) || self.modules.is_live(kind)
    }

    /// /proc/filesystems
    pub(super) fn filesystems(&self) -> String {
        let line = |kind: &&str, nodev| self.knows(kind).then(|| format!("{nodev}\t{kind}\n"));
        let own = ["proc", "sysfs", "devtmpfs", "tmpfs", "9p", "overlay", "ubifs"];
        let disks = ["ext4", "xfs", "vfat", "squashfs"];
        let own = own.iter().filter_map(|kind| line(kind, "nodev"));
        own.chain(disks.iter().filter_map(|kind| line(kind, ""))).collect()
    }

    /// mount(2)
    pub(super) fn mount_on(&mut self, target: &str, mount: Mount) -> Result<()> {
        let real = self.real(target);
        if mount.flags & MS_MOVE != 0 {
            return self.move_mount(&mount.source, &real, target);
        }
        match self.inode(target)?.node {
            Node::Dir => {}
            _ => return Err(Errno::ENOTDIR),
        }
        if !self.knows(&mount.kind) {
            return Err(Errno::ENODEV);
        }
        if self.mounts.get(&real).is_some_and(|there| there.kind == mount.kind) {
            return Err(Errno::EBUSY);
        }
        let files = match mount.kind.as_str() {
            "proc" | "sysfs" | "devtmpfs" => None,
            "tmpfs" => Some(Tree::new()),
            "overlay" => Some(self.lower(&mount.data)?),
            "9p" => Some(self.shared(&mount.source).ok_or(Errno::ENOENT)?),
            // `fs/ubifs/super.c`, `open_ubi`
            "ubifs" => Some(self.shared(&mount.source).ok_or(Errno::ENODEV)?),
            kind => Some(self.of_disk(&mount.source, kind, mount.flags)?),
        };
        self.mounts.insert(real, Mount { files, ..mount });
        Ok(())
    }

    fn lower(&self, data: &str) -> Result<Tree> {
        let lower = data.split(',').find_map(|option| option.strip_prefix("lowerdir="));
        let mount = self.mounts.get(lower.unwrap_or_default()).ok_or(Errno::ENOENT)?;
        mount.files.clone().ok_or(Errno::EINVAL)
    }

    fn shared(&self, tag: &str) -> Option<Tree> {
        let share = self.shares.iter().find(|(name, _)| name == tag)?;
        Some(share.1.clone())
    }

    fn of_disk(&self, source: &str, kind: &str, flags: u32) -> Result<Tree> {
        let Node::Block(number) = self.inode(source)?.node else { return Err(Errno::ENOTBLK) };
        let disk = self.disk_of(number).ok_or(Errno::ENXIO)?;
        match &disk.files {
            Some(_) if disk.write_protected && flags & MS_RDONLY == 0 => Err(Errno::EACCES),
            Some((there, files)) if there == kind => Ok(files.clone()),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `MS_MOVE`: what is mounted at `from` and below comes to `to`. Moved onto the root it stays where it
    /// is, and chroot(2) goes there.
    fn move_mount(&mut self, from: &str, to: &str, target: &str) -> Result<()> {
        let from = self.real(from);
        if !self.mounts.contains_key(&from) {
            return Err(Errno::EINVAL);
        }
        match self.inode(target)?.node {
            Node::Dir if target == "/" => return Ok(()),
            Node::Dir => {}
            _ => return Err(Errno::ENOTDIR),
        }
        let moved = |path: &String| *path == from || path.starts_with(&format!("{from}/"));
        let all: Vec<String> = self.mounts.keys().filter(|path| moved(path)).cloned().collect();
        for path in all {
            let mount = self.mounts.remove(&path).expect("it is there");
            self.mounts.insert(format!("{to}{}", &path[from.len()..]), mount);
        }
        Ok(())
    }

    /// umount2(2) with `MNT_DETACH`: what is below goes, too.
    pub(super) fn unmount(&mut self, target: &str) -> Result<()> {
        let real = self.real(target);
        self.mounts.contains_key(&real).then_some(()).ok_or(Errno::EINVAL)?;
        self.mounts.retain(|path, _| *path != real && !path.starts_with(&format!("{real}/")));
        Ok(())
    }
}
