//! What the kernel does with modules (`kernel/module/main.c`), as far as a loader can tell.

use super::calls::MEMFD;
use super::images::{elf_size, kernel_gunzip, kernel_unxz, name_in};
use super::tree::Node;
use super::{End, Machine};
use crate::kernel::{Errno, Fd, Result};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// `MODULE_INIT_IGNORE_MODVERSIONS` and `MODULE_INIT_IGNORE_VERMAGIC`
const IGNORE: u32 = 3;

/// `MODULE_INIT_IGNORE_VERMAGIC`
const IGNORE_VERMAGIC: u32 = 2;

/// `MODULE_INIT_COMPRESSED_FILE`
const COMPRESSED_FILE: u32 = 4;

/// How long every load takes, in microseconds.
const LOAD_TIME: u64 = 1_940;

/// The call that a module came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// finit_module(2) with these flags.
    Finit(u32),
    /// init_module(2)
    Init,
}

/// One attempt to load a module.
#[derive(Clone, Debug)]
pub struct Load {
    pub name: String,
    pub params: String,
    pub way: Way,
    /// What init_module(2), or finit_module(2) of a memfd, was given.
    pub image: Vec<u8>,
    /// How much was mapped at that time.
    pub mapped: usize,
    pub result: Result<()>,
}

/// The modules of the running kernel.
#[derive(Default)]
pub struct Modules {
    live: BTreeSet<String>,
    /// Somebody else loads these until then; with true, they are live after that.
    coming: BTreeMap<String, (u64, bool)>,
    built_in: BTreeSet<String>,
    needs: BTreeMap<String, Vec<String>>,
    /// Answers still to be given; with true, somebody else has loaded the module by then.
    answers: BTreeMap<String, VecDeque<(Errno, bool)>>,
    pub inflates: Option<&'static str>,
    other_release: BTreeSet<String>,
    pub without_finit: bool,
    pub without_force: bool,
    pub disabled: bool,
    pub loads: Vec<Load>,
}

/// A name in the kernel's spelling.
fn spelled(name: &str) -> String {
    name.replace('-', "_")
}

impl Modules {
    pub fn need(&mut self, module: &str, needed: &[&str]) {
        let needed = needed.iter().map(|name| spelled(name));
        self.needs.entry(spelled(module)).or_default().extend(needed);
    }

    pub fn answer(&mut self, module: &str, errno: Errno, then_live: bool) {
        self.answers.entry(spelled(module)).or_default().push_back((errno, then_live));
    }

    pub fn set_live(&mut self, module: &str) {
        self.live.insert(spelled(module));
    }

    pub fn set_other_release(&mut self, module: &str) {
        self.other_release.insert(spelled(module));
    }

    pub fn is_live(&self, module: &str) -> bool {
        self.live.contains(&spelled(module))
    }

    pub fn set_coming(&mut self, module: &str, until: u64, then_live: bool) {
        self.coming.insert(spelled(module), (until, then_live));
    }

    /// It is that time now.
    pub fn pass(&mut self, now: u64) {
        let done = |(_, (until, _)): &(&String, &(u64, bool))| *until <= now;
        let done: Vec<_> = self.coming.iter().filter(done).map(|(name, _)| name.clone()).collect();
        for name in done {
            if self.coming.remove(&name).is_some_and(|(_, then_live)| then_live) {
                self.set_live(&name);
            }
        }
    }

    pub fn set_built_in(&mut self, module: &str) {
        self.built_in.insert(spelled(module));
    }

    /// The answer that was chosen, if one was.
    fn chosen(&mut self, name: &str) -> Result<()> {
        match self.answers.get_mut(name).and_then(VecDeque::pop_front) {
            None => Ok(()),
            Some((errno, then_live)) => {
                if then_live {
                    self.set_live(name);
                }
                Err(errno)
            }
        }
    }

    /// Whether the module fits what is there already. Every module that is to be forced is, whether it
    /// needs that or not (`check_modinfo` in `kernel/module/main.c`).
    fn fits(&self, name: &str, flags: u32) -> Result<()> {
        let there = |name: &String| self.live.contains(name) || self.built_in.contains(name);
        let needs = self.needs.get(name).map(Vec::as_slice).unwrap_or_default();
        if self.disabled {
            return Err(Errno::EPERM);
        }
        let other = self.other_release.contains(name) && flags & IGNORE_VERMAGIC == 0;
        if other || (self.without_force && flags & IGNORE != 0) {
            return Err(Errno::ENOEXEC);
        }
        if self.live.contains(name) {
            return Err(Errno::EEXIST);
        }
        if !needs.iter().all(there) {
            return Err(Errno::ENOENT);
        }
        if self.built_in.contains(name) { Err(Errno::EINVAL) } else { Ok(()) }
    }

    fn inflated(&self, file: &[u8]) -> Result<Vec<u8>> {
        let content = match self.inflates {
            None => return Err(Errno::EOPNOTSUPP),
            Some("gzip") => kernel_gunzip(file),
            Some("zstd") => zstd::decode_all(file).ok(),
            _ => kernel_unxz(file),
        };
        content.ok_or(Errno::EINVAL)
    }

    /// A file below /sys/module.
    pub fn sys(&self, path: &str) -> Option<Node> {
        if path == "compression" {
            return self.inflates.map(|format| Node::File(format!("{format}\n").as_bytes().into()));
        }
        let (name, file) = path.split_once('/').unwrap_or((path, ""));
        match (self.live.contains(name), file) {
            (true, "initstate") => Some(Node::File(b"live\n"[..].into())),
            (_, "initstate") if self.coming.contains_key(name) => {
                Some(Node::File(b"coming\n"[..].into()))
            }
            (live, "" | "parameters") if live || self.built_in.contains(name) => Some(Node::Dir),
            _ => None,
        }
    }
}

impl Machine {
    /// finit_module(2)
    pub(super) fn load_file(&mut self, fd: Fd, params: &str, flags: u32) -> Result<()> {
        let open = self.fds.get(fd)?;
        let (path, readable, writable) =
            (open.path.clone(), open.is_readable(), open.is_writable());
        let Node::File(content) = open.node.clone() else { return Err(Errno::EINVAL) };
        let file = path.rsplit('/').next().unwrap_or_default();
        let named = spelled(file.split(".ko").next().unwrap_or_default());
        let name = name_in(&content).unwrap_or(named);
        let result = match (readable, writable) {
            _ if self.modules.without_finit => Err(Errno::ENOSYS),
            (false, _) => Err(Errno::EBADF),
            (true, true) if path != MEMFD => Err(Errno::ETXTBSY),
            _ => self.insert_file(&name, &content, flags),
        };
        let image = if path == MEMFD { &content[..] } else { &[] };
        self.record(name, params, Way::Finit(flags), image, result)
    }

    fn insert_file(&mut self, name: &str, content: &[u8], flags: u32) -> Result<()> {
        self.modules.chosen(name)?;
        if content.is_empty() || flags & !7 != 0 {
            return Err(Errno::EINVAL);
        }
        if flags & COMPRESSED_FILE == 0 {
            return self.insert(name, content, 0, flags);
        }
        let inflated = self.modules.inflated(content)?;
        self.insert(name, &inflated, content.len(), flags)
    }

    /// init_module(2)
    pub(super) fn load_image(&mut self, image: &[u8], params: &str) -> Result<()> {
        let name = name_in(image).unwrap_or_default();
        let chosen = self.modules.chosen(&name);
        let result = chosen.and_then(|()| self.insert(&name, image, 0, 0));
        self.record(name, params, Way::Init, image, result)
    }

    fn insert(&mut self, name: &str, image: &[u8], besides: usize, flags: u32) -> Result<()> {
        // The copy of the file and the module's layout side by side.
        let peak = (image.len() * 2 + besides) as u64;
        let own = self.free - self.workers.taken() - self.free_now();
        self.workers.takes(own + peak);
        if peak > self.free_now().saturating_sub(self.movable) {
            self.end(End::OutOfMemory(name.into()));
        }
        if elf_size(image).is_none_or(|size| size > image.len()) {
            return Err(Errno::ENOEXEC);
        }
        if self.workers.loads(name) {
            self.odd.push(format!("{name} is being loaded twice"));
        }
        self.modules.fits(name, flags)?;
        if !self.workers.keeps(name, image.len() as u64) {
            self.modules.set_live(name);
            self.free -= image.len() as u64;
        }
        Ok(())
    }

    fn record(
        &mut self,
        name: String,
        params: &str,
        way: Way,
        image: &[u8],
        result: Result<()>,
    ) -> Result<()> {
        self.clock += self.workers.time(&name).unwrap_or(LOAD_TIME);
        if result.is_ok() {
            self.devices.loaded(&name, self.clock);
        }
        let mapped = self.mapped.iter().map(|(_, len)| len).sum();
        let (params, image) = (params.into(), image.to_vec());
        self.modules.loads.push(Load { name, params, way, image, mapped, result });
        result
    }
}
