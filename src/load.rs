//! One correct attempt per module: which call, with what, and what its answer means.
//!
//! Nothing is tried twice. The way is chosen by the file's first bytes and by what the kernel says
//! of itself, and the second way is taken only after an answer that proves that the first did not
//! look at the module.
#![forbid(unsafe_code)]

use crate::budget::Budget;
use crate::files;
use crate::ground::Ground;
use crate::image::{Format, Image};
use crate::inflate::{Damage, Inflated, Scratch};
use crate::kernel::Kernel;
use crate::mem;
use crate::outcome::{Failure, Outcome};
use crate::path::Path;
use crate::unpack;
use core::ffi::CStr;
use syscalls::Errno;

/// `MODULE_INIT_COMPRESSED_FILE` of `include/uapi/linux/module.h`.
const COMPRESSED_FILE: u32 = 4;

/// How a module's bytes get into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// finit_module(2) of the file as it is.
    File,
    /// finit_module(2) of the compressed file; the kernel inflates.
    Kernel,
    /// Inflated here, then init_module(2).
    Here,
}

/// What the loads of one boot share.
#[derive(Default)]
pub struct Loader {
    budget: Budget,
    /// What the kernel inflates itself, once that was asked for; the inner none is nothing.
    compression: Option<Option<Format>>,
    /// The decoders' memory, once one was needed.
    scratch: Option<&'static mut Scratch>,
}

/// A module that is about to be loaded.
pub struct Job<'a> {
    /// Its name, for looking at /sys/module.
    pub name: &'a [u8],
    /// Its argument string.
    pub params: &'a CStr,
    /// Its file.
    pub image: Image,
    /// What the file is.
    pub format: Format,
    /// The way that is taken first.
    pub way: Way,
}

impl Loader {
    /// Opens a module's file and chooses its way; an outcome if that is the end of it.
    ///
    /// # Errors
    /// The outcome of a module that can't be attempted.
    pub fn open<'a, K: Kernel>(
        &mut self,
        k: &mut K,
        ground: &mut Ground,
        name: &'a [u8],
        path: &CStr,
        params: &'a CStr,
    ) -> Result<Job<'a>, Outcome> {
        let image = Image::open(k, path).map_err(|errno| unopened(k, ground, name, errno))?;
        let Some(format) = Format::of(image.head()) else {
            k.close(image.fd);
            return Err(Outcome::Failed(not_a_module(image.head())));
        };
        let way = self.way(k, ground, format, image.head());
        Ok(Job { name, params, image, format, way })
    }

    /// The way that a file with this head takes.
    fn way<K: Kernel>(
        &mut self,
        k: &mut K,
        ground: &mut Ground,
        format: Format,
        head: &[u8],
    ) -> Way {
        match format {
            Format::Elf => Way::File,
            _ if self.compression(k, ground) == Some(format) && format.kernel_takes(head) => {
                Way::Kernel
            }
            _ => Way::Here,
        }
    }

    /// What the kernel inflates itself: /sys/module/compression, asked for once.
    fn compression<K: Kernel>(&mut self, k: &mut K, ground: &mut Ground) -> Option<Format> {
        *self.compression.get_or_insert_with(|| {
            let text = ground.sys(k, c"/sys/module/compression").unwrap_or_default();
            let formats = [Format::Gzip, Format::Xz, Format::Zstd];
            formats.into_iter().find(|format| text.trim_ascii() == format.name().as_bytes())
        })
    }

    /// What it means that there is no file of that name.
    pub fn absent<K: Kernel>(&self, k: &mut K, ground: &mut Ground, name: &[u8]) -> Outcome {
        unopened(k, ground, name, Errno::ENOENT)
    }

    /// Loads the module and closes its file.
    pub fn load<K: Kernel>(&mut self, k: &mut K, ground: &mut Ground, job: &Job<'_>) -> Outcome {
        let done = match job.way {
            Way::File => self.from_file(k, job),
            Way::Kernel => self.in_kernel(k, job),
            Way::Here => self.here(k, job),
        };
        k.close(job.image.fd);
        match done {
            Ok(()) => Outcome::Loaded,
            Err(Failure::Errno(errno)) => judge(k, ground, job.name, errno),
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// The kernel holds the file's bytes and the module's layout, which is smaller, side by side.
    fn from_file<K: Kernel>(&mut self, k: &mut K, job: &Job<'_>) -> Result<(), Failure> {
        self.budget.grant(k, job.image.elf_size().saturating_mul(2))?;
        match k.finit_module(job.image.fd, job.params, 0) {
            Err(Errno::ENOSYS) => self.copied(k, job),
            done => done.map_err(Failure::Errno),
        }
    }

    /// A plain file for a kernel without finit_module(2), which came with 3.8.
    fn copied<K: Kernel>(&mut self, k: &mut K, job: &Job<'_>) -> Result<(), Failure> {
        let size = k.stat_fd(job.image.fd).map_err(Failure::Unreadable)?.size;
        let len = usize::try_from(size).map_err(|_| Failure::Errno(Errno::EFBIG))?;
        let image = k.map_file(job.image.fd, len).map_err(Failure::Unreadable)?;
        k.init_module(image, job.params).map_err(Failure::Errno)
    }

    /// The compressed file for the kernel's own decoder.
    fn in_kernel<K: Kernel>(&mut self, k: &mut K, job: &Job<'_>) -> Result<(), Failure> {
        let size = unpack::size(k, &job.image, job.format).map_err(Failure::Unreadable)?;
        self.budget.grant(k, size.compressed.saturating_add(size.inflated.saturating_mul(2)))?;
        match k.finit_module(job.image.fd, job.params, COMPRESSED_FILE) {
            Ok(()) => Ok(()),
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => {
                self.compression = Some(None);
                self.here(k, job)
            }
            Err(errno @ (Errno::ENOEXEC | Errno::EINVAL)) if unpack::knows(job.format) => {
                self.second_look(k, job, errno)
            }
            Err(errno) => Err(Failure::Errno(errno)),
        }
    }

    /// After an error that a compressed file may have caused itself: says whether it is damaged. The
    /// kernel stops at the end of the first member, stream or frame; only where there are more did
    /// ENOEXEC tell of another module than ours, which it gets then.
    fn second_look<K: Kernel>(
        &mut self,
        k: &mut K,
        job: &Job<'_>,
        errno: Errno,
    ) -> Result<(), Failure> {
        self.inflated(k, job, |k, image, found| match found.parts {
            2.. if errno == Errno::ENOEXEC => {
                k.init_module(image, job.params).map_err(Failure::Errno)
            }
            _ => Err(Failure::Errno(errno)),
        })
    }

    /// Inflates here; the kernel gets what passed every check.
    fn here<K: Kernel>(&mut self, k: &mut K, job: &Job<'_>) -> Result<(), Failure> {
        self.inflated(k, job, |k, image, _| {
            k.init_module(image, job.params).map_err(Failure::Errno)
        })
    }

    /// Inflates into a mapping as large as memory allows, lets `then` have what came out, and gives
    /// it back.
    fn inflated<K: Kernel>(
        &mut self,
        k: &mut K,
        job: &Job<'_>,
        then: impl FnOnce(&mut K, &[u8], Inflated) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !unpack::knows(job.format) {
            return Err(Failure::Unknown(job.format));
        }
        let limit = self.budget.free(k).min(unpack::LIMIT);
        let memory = unpack::room(k, limit).map_err(Failure::Errno)?;
        let done = self.inflate(k, job, memory).and_then(|found| {
            // The kernel's copy and the module's layout are to come.
            self.budget.forget();
            self.budget.grant(k, (found.size as u64).saturating_mul(2))?;
            then(k, memory.get(..found.size).unwrap_or_default(), found)
        });
        k.unmap(memory);
        done
    }

    fn inflate<K: Kernel>(
        &mut self,
        k: &mut K,
        job: &Job<'_>,
        memory: &mut [u8],
    ) -> Result<Inflated, Failure> {
        let scratch = match self.scratch.take() {
            Some(scratch) => scratch,
            None => mem::scratch(k).map_err(Failure::Errno)?,
        };
        let found = unpack::inflate(k, &job.image, job.format, scratch, memory);
        self.scratch = Some(scratch);
        match found {
            Err(Failure::Damaged(_, Damage::TooLarge { limit })) if limit < unpack::LIMIT => {
                let claim = unpack::size(k, &job.image, job.format).unwrap_or_default().inflated;
                let size = claim.max(limit.saturating_add(1));
                Err(Failure::Memory { need: size.saturating_mul(3), free: limit })
            }
            found => found,
        }
    }
}

/// Why a file that is neither ELF nor compressed can't be loaded.
fn not_a_module(head: &[u8]) -> Failure {
    match head {
        [] => Failure::Empty,
        [a, b, c, d, ..] => Failure::Alien([*a, *b, *c, *d]),
        short => Failure::Alien(core::array::from_fn(|at| short.get(at).copied().unwrap_or(0))),
    }
}

/// What it means that a module's file can't be opened.
fn unopened<K: Kernel>(k: &mut K, ground: &mut Ground, name: &[u8], errno: Errno) -> Outcome {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => match state(k, ground, name) {
            State::Builtin => Outcome::Already { builtin: true },
            State::Live => Outcome::Already { builtin: false },
            _ => Outcome::Missing,
        },
        errno => Outcome::Failed(Failure::Unreadable(errno)),
    }
}

/// What the load calls' error means, with what /sys/module says now.
fn judge<K: Kernel>(k: &mut K, ground: &mut Ground, name: &[u8], errno: Errno) -> Outcome {
    let failed = Outcome::Failed(Failure::Errno(errno));
    match errno {
        Errno::ENODEV => Outcome::Absent,
        Errno::EEXIST | Errno::EBUSY => match state(k, ground, name) {
            State::Live => Outcome::Already { builtin: false },
            _ if errno == Errno::EEXIST => Outcome::Failed(Failure::InitExists),
            _ => failed,
        },
        Errno::EINVAL if state(k, ground, name) == State::Builtin => {
            Outcome::Already { builtin: true }
        }
        Errno::EPERM if is_disabled(k) => Outcome::Failed(Failure::Disabled),
        _ => failed,
    }
}

/// What /sys/module says of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    /// A folder without `initstate`.
    Builtin,
    Live,
    /// Coming or going.
    Other,
}

fn state<K: Kernel>(k: &mut K, ground: &mut Ground, name: &[u8]) -> State {
    let Ok(path) = Path::of_name("/sys/module/", name, "/initstate") else {
        return State::Unknown;
    };
    match ground.sys(k, path.as_c()).map(<[u8]>::trim_ascii) {
        Ok(b"live") => State::Live,
        Ok(_) => State::Other,
        Err(_) => match Path::of_name("/sys/module/", name, "").map(|path| k.stat(path.as_c())) {
            Ok(Ok(_)) => State::Builtin,
            _ => State::Unknown,
        },
    }
}

fn is_disabled<K: Kernel>(k: &mut K) -> bool {
    files::read(k, c"/proc/sys/kernel/modules_disabled").is_ok_and(|text| text.starts_with(b"1"))
}
