//! One correct attempt per module: which call, with what, and what its answer means.
//!
//! Nothing is tried twice. The way is chosen by the file's first bytes and by what the kernel says
//! of itself, and another way is taken only after an answer that proves that the first did not look
//! at the module.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::budget::{self, Budget, Shortage};
use crate::files;
use crate::forms::form;
use crate::image::{self, Format, HEAD};
use crate::inflate::{Damage, Inflated, Scratch};
use crate::kernel::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::line::{LIMIT, Priority};
use crate::mem::{self, Zero};
use crate::name;
use crate::outcome::{Kind, Outcome, Why};
use crate::text;
use crate::unpack;
use crate::ways::Inflate;
#[cfg(feature = "zstd")]
use crate::zstd;
use core::ffi::CStr;
use linux_raw_sys::general::{O_NOATIME, O_NOCTTY, O_NONBLOCK, O_RDONLY};

/// `MODULE_INIT_COMPRESSED_FILE` of `include/uapi/linux/module.h`.
const COMPRESSED_FILE: u32 = 4;

/// 1 where no module is loaded or removed any more.
pub const DISABLED: &CStr = c"/proc/sys/kernel/modules_disabled";

/// How long a module that somebody else is loading is waited for, in milliseconds, and how often that.
const WAIT: u32 = 100;
const WAITS: u32 = 100;

/// Below this number the file of a module that was loaded is left to the exec, which closes it for less than
/// a call of our own takes. Many more open files would need memory of their own: the kernel gets room for
/// some 16 of them at a time.
const LEFT_OPEN: i32 = 16;

/// What the loads of one boot share.
pub struct Loader {
    budget: Budget,
    /// What the kernel inflates itself, once that was asked for; empty if nothing.
    compression: Option<&'static [u8]>,
    /// The decoders' memory, once one was needed.
    scratch: Option<&'static mut Scratch>,
    /// The first bytes of the last file.
    pub head: [u8; HEAD],
    /// What there is to say of the last load.
    pub notes: Notes,
}

/// What there is to say of a load beside its outcome.
#[derive(Clone, Copy)]
pub struct Notes {
    /// What the last failure was about: see [`Why`].
    pub shortage: Shortage,
    /// The damage of the last damaged stream.
    pub damage: Option<Damage>,
    /// What the last file is.
    pub format: Option<Format>,
    /// What is watched of a load.
    #[cfg(feature = "jobs")]
    pub watch: Watch,
    /// What a worker's load came to.
    #[cfg(feature = "jobs")]
    pub outcome: Outcome,
}

/// What is watched of a load beside its outcome; times in microseconds.
#[cfg(feature = "jobs")]
#[derive(Clone, Copy, Default)]
pub struct Watch {
    /// When it was begun with.
    pub start: u64,
    /// How long it took to open the file and to tell it apart; only if the log is to say so.
    pub read: Option<u64>,
    /// How long it was inflated here.
    pub inflate: u64,
    /// When it was over.
    pub end: u64,
    /// The most bytes that it may be inflated to; 0 for as many as memory allows.
    pub limit: u64,
    /// How its worker died, a wait status; or after how many seconds it was left behind.
    pub status: i32,
    /// Which worker it was, from 0.
    pub lane: u64,
    /// The kernel was told to ignore something.
    pub is_forced: bool,
}

#[cfg(feature = "jobs")]
impl Loader {
    /// Begins to watch a load.
    #[inline(never)]
    pub fn watch(&mut self, start: u64) -> &mut Watch {
        self.notes.watch = Watch { start, ..Watch::default() };
        &mut self.notes.watch
    }

    /// Forgets what is known of free memory.
    pub fn forget(&mut self) {
        self.budget.forget();
    }
}

impl Default for Loader {
    fn default() -> Self {
        let mut new = Self::zero();
        (new.notes.damage, new.notes.format) = (None, None);
        new
    }
}

/// How a module's bytes get into the kernel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// finit_module(2) of the file as it is.
    File,
    /// finit_module(2) of the compressed file; the kernel inflates.
    Kernel,
    /// Inflated here, then init_module(2).
    Here,
}

/// A module that is about to be loaded.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    #[cfg(feature = "ways")]
    name: &'a [u8],
    /// Its file.
    pub fd: Fd,
    params: &'a CStr,
    /// What the file is.
    pub format: Format,
}

impl<K: Kernel> Boot<'_, K> {
    /// Loads a module's file.
    #[inline(never)]
    pub fn load(&mut self, name: &[u8], path: &CStr, params: &CStr) -> Outcome {
        // A pipe without a writer is an empty file then, it doesn't block.
        let fd = match self.k.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOATIME) {
            Ok(fd) => fd,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return self.absent(name),
            Err(errno) => return Outcome::failed(Why::Unreadable, errno),
        };
        let outcome = self.load_open(name, path, fd, params);
        if outcome.kind != Kind::Loaded || fd.0 >= LEFT_OPEN {
            self.k.close(fd);
        }
        self.judge(name, outcome)
    }

    #[inline(never)]
    fn load_open(&mut self, name: &[u8], path: &CStr, fd: Fd, params: &CStr) -> Outcome {
        self.loader.head = [0; HEAD];
        match self.k.read(fd, &mut self.loader.head) {
            Ok(0) => return Outcome::failed(Why::Empty, Errno::ENOEXEC),
            Ok(_) => {}
            Err(errno) => return Outcome::failed(Why::Unreadable, errno),
        }
        self.loader.notes.format = Format::of(&self.loader.head);
        let Some(format) = self.loader.notes.format else {
            return Outcome::failed(Why::Alien, Errno::ENOEXEC);
        };
        let way = self.way(format);
        if way == Way::Here && !self.inflates(format) {
            return Outcome::failed(self.config.ways.unknown(), Errno::ENOEXEC);
        }
        let job = Job {
            #[cfg(feature = "ways")]
            name,
            fd,
            params,
            format,
        };
        #[cfg(feature = "jobs")]
        if self.crew.is_on && !self.make_room(&job, way) {
            return Outcome::failed(Why::Pending, Errno::EAGAIN);
        }
        if self.log.takes(Priority::Debug) {
            self.announce(name, path, &job, way);
        }
        #[cfg(feature = "jobs")]
        if self.crew.is_on {
            return self.employ(&job, way);
        }
        self.perform(&job, way)
    }

    /// The load itself.
    pub fn perform(&mut self, job: &Job<'_>, way: Way) -> Outcome {
        match way {
            Way::File => self.as_file(job),
            Way::Kernel => self.in_kernel(job),
            Way::Here => self.here(job, None),
        }
    }

    /// The way that the file takes: what the kernel reads itself it gets as it is.
    fn way(&mut self, format: Format) -> Way {
        if format == Format::Elf {
            return Way::File;
        }
        if self.config.ways.inflate() == Inflate::Always {
            return Way::Here;
        }
        let takes = format.kernel_takes(&self.loader.head);
        if takes && self.compression() == format.name() { Way::Kernel } else { Way::Here }
    }

    /// Whether the format is inflated here.
    fn inflates(&self, format: Format) -> bool {
        unpack::knows(format) && self.config.ways.inflate() != Inflate::Never
    }

    /// What the kernel inflates itself: /sys/module/compression, asked for once.
    fn compression(&mut self) -> &'static [u8] {
        if let Some(known) = self.loader.compression {
            return known;
        }
        let text = self.ground.sys(self.k, c"/sys/module/compression").unwrap_or_default();
        let text = text::trim(text);
        self.loader.compression = Some(text);
        text
    }

    /// Asks for memory before a load.
    fn grant(&mut self, need: u64) -> Result<()> {
        self.loader.budget.grant(self.k, need).map_err(|shortage| {
            self.loader.notes.shortage = shortage;
            Errno::ENOMEM
        })
    }

    /// The kernel holds the file's bytes and the module's layout, which is smaller, side by side.
    #[inline(never)]
    fn as_file(&mut self, job: &Job<'_>) -> Outcome {
        let need = image::elf_size(&self.loader.head).saturating_mul(2);
        if self.grant(need).is_err() || self.loader.budget.is_tight() {
            // A damaged header may say anything; the file's length costs a call.
            let size = files::size(self.k, job.fd);
            if let Err(errno) = self.grant(size.saturating_mul(2)) {
                return Outcome::failed(Why::Memory, errno);
            }
        }
        match self.finit_module(job, job.fd, 0) {
            Err(Errno::ENOSYS) if self.config.ways.force() == 0 => {
                Outcome::of_call(self.copied(job))
            }
            done => Outcome::of_call(done),
        }
    }

    /// A plain file for a kernel without finit_module(2), which came with 3.8.
    fn copied(&mut self, job: &Job<'_>) -> Result<()> {
        let image = files::map_open(self.k, job.fd)?;
        self.k.init_module(image, job.params)
    }

    /// The compressed file for the kernel's own decoder.
    #[inline(never)]
    fn in_kernel(&mut self, job: &Job<'_>) -> Outcome {
        let length = files::size(self.k, job.fd);
        let claim = unpack::claim(self.k, job.fd, job.format, length);
        let need = claim.saturating_mul(2).saturating_add(length);
        #[cfg(feature = "zstd")]
        let need = match job.format {
            // The kernel's decoder has a window of its own.
            Format::Zstd => need.saturating_add(zstd::window(&self.loader.head, claim)),
            _ => need,
        };
        if let Err(errno) = self.grant(need) {
            return Outcome::failed(Why::Memory, errno);
        }
        match self.finit_module(job, job.fd, COMPRESSED_FILE) {
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => {
                self.loader.compression = Some(b"");
                self.here(job, None)
            }
            Err(errno @ (Errno::ENOEXEC | Errno::EINVAL)) if self.inflates(job.format) => {
                self.here(job, Some(errno))
            }
            done => Outcome::of_call(done),
        }
    }

    /// Inflates into a mapping as large as memory allows; the kernel gets what passed every check.
    ///
    /// `said` is what the kernel said of the compressed file, where that may have been the file's own
    /// fault. Then this only finds out whether it is damaged, with one exception: the kernel stops at
    /// the end of the first member, stream or frame, so where there are more ENOEXEC told of another
    /// module than ours.
    fn here(&mut self, job: &Job<'_>, said: Option<Errno>) -> Outcome {
        if !self.inflates(job.format) {
            return Outcome::failed(self.config.ways.unknown(), Errno::ENOEXEC);
        }
        let limit = budget::free(self.k).min(unpack::LIMIT);
        #[cfg(feature = "jobs")]
        let limit = match said {
            None => limit.min(self.loader.notes.watch.limit.wrapping_sub(1)), // 0 is none
            Some(_) => limit,
        };
        let memory = match self.k.map(limit.max(1) as usize) {
            Ok(memory) => memory,
            // Whatever it is called; other names mean something else of a module.
            Err(_) => return Outcome::failed(Why::Call, Errno::ENOMEM),
        };
        let outcome = match self.inflate(job, memory) {
            #[cfg(feature = "jobs")]
            // That may be another's doing, and asking the kernel once more is out of the question.
            Err(outcome) if self.crew.is_on && said.is_some() && outcome.why == Why::Memory => {
                Outcome::of_call(said.map_or(Ok(()), Err))
            }
            Err(outcome) => outcome,
            Ok(found) => match said {
                Some(errno) if errno != Errno::ENOEXEC || found.parts < 2 => {
                    Outcome::failed(Why::Call, errno)
                }
                _ => self.insert(text::head(memory, found.size), job),
            },
        };
        self.k.unmap(memory);
        outcome
    }

    /// Gives the kernel an inflated module; its own copy and the module's layout take memory, too.
    #[inline(never)]
    fn insert(&mut self, image: &[u8], job: &Job<'_>) -> Outcome {
        let forced = self.config.ways.force() != 0;
        self.loader.budget.forget();
        match self.grant((image.len() as u64).saturating_mul(if forced { 3 } else { 2 })) {
            Err(errno) => Outcome::failed(Why::Memory, errno),
            Ok(()) if forced => self.insert_copy(image, job),
            Ok(()) => Outcome::of_call(self.k.init_module(image, job.params)),
        }
    }

    /// Gives the kernel an inflated module as a file: init_module(2) takes no flags.
    fn insert_copy(&mut self, image: &[u8], job: &Job<'_>) -> Outcome {
        let fd = match self.k.memfd() {
            Ok(fd) => fd,
            Err(errno) => return Outcome::failed(Why::Copy, errno),
        };
        let outcome = match files::write_all(self.k, fd, image) {
            Ok(()) => Outcome::of_call(self.finit_module(job, fd, 0)),
            Err(errno) => Outcome::failed(Why::Copy, errno),
        };
        self.k.close(fd);
        outcome
    }

    /// finit_module(2) of `fd`, forced where the words say so; then it is said which checks that leaves
    /// out, whatever the log's level for good news.
    #[cfg_attr(feature = "ways", inline(never))]
    #[cfg_attr(not(feature = "ways"), inline(always))]
    fn finit_module(&mut self, job: &Job<'_>, fd: Fd, flags: u32) -> Result<()> {
        #[cfg(feature = "ways")]
        if self.config.ways.force() != 0 {
            self.say_forced(job.name);
        }
        self.k.finit_module(fd, job.params, flags | self.config.ways.force())
    }

    /// Says which checks a forced load leaves out; a worker leaves that to its parent.
    #[cfg(feature = "ways")]
    pub fn say_forced(&mut self, name: &[u8]) {
        #[cfg(feature = "jobs")]
        {
            self.loader.notes.watch.is_forced = true;
        }
        let line = self.log.say(Priority::Warning, form!("force %: ignores its %")).name(name);
        line.bytes(self.config.ways.ignored());
        self.log.send(self.k);
    }

    #[inline(never)]
    #[cold]
    fn inflate(
        &mut self,
        job: &Job<'_>,
        memory: &mut [u8],
    ) -> core::result::Result<Inflated, Outcome> {
        let scratch = self.loader.scratch.take().or_else(|| mem::scratch(self.k));
        let scratch = scratch.ok_or(Outcome::failed(Why::Call, Errno::ENOMEM))?;
        #[cfg(feature = "jobs")]
        let started = self.stamp();
        let found = unpack::inflate(self.k, job.fd, job.format, scratch, memory);
        #[cfg(feature = "jobs")]
        {
            self.loader.notes.watch.inflate = self.stamp().saturating_sub(started);
        }
        self.loader.scratch = Some(scratch);
        found.map_err(|damage| {
            self.loader.notes.damage = Some(damage);
            match damage {
                Damage::TooLarge { limit } if limit < unpack::LIMIT => self.too_large(job, limit),
                Damage::TooLarge { .. } => Outcome::failed(Why::Damaged, Errno::EFBIG),
                Damage::Read(errno) => Outcome::failed(Why::Damaged, errno),
                _ => Outcome::failed(Why::Damaged, Errno::EBADMSG),
            }
        })
    }

    /// The module alone would fill the memory. What it takes in all: itself, the kernel's copy and the
    /// layout.
    fn too_large(&mut self, job: &Job<'_>, free: u64) -> Outcome {
        let length = files::size(self.k, job.fd);
        let size = unpack::claim(self.k, job.fd, job.format, length).max(free);
        self.loader.notes.shortage = Shortage { need: size.saturating_mul(3), free };
        Outcome::failed(Why::Memory, Errno::ENOMEM)
    }

    /// What the load calls' error means, with what /sys/module says now.
    #[inline(never)]
    pub fn judge(&mut self, name: &[u8], outcome: Outcome) -> Outcome {
        if outcome.kind != Kind::Failed || outcome.why != Why::Call {
            return outcome;
        }
        match outcome.errno() {
            Errno::ENODEV => Outcome::of(Kind::Absent),
            errno @ (Errno::EEXIST | Errno::EBUSY) => match self.state(name) {
                State::Live => Outcome::already(false),
                _ if errno == Errno::EEXIST => Outcome::failed(Why::Init, errno),
                _ => outcome,
            },
            Errno::EINVAL if self.state(name) == State::Builtin => Outcome::already(true),
            Errno::EPERM if self.is_disabled() => Outcome::failed(Why::Disabled, Errno::EPERM),
            _ => outcome,
        }
    }

    /// What it means that there is no file of that name.
    #[inline(never)]
    pub fn absent(&mut self, name: &[u8]) -> Outcome {
        match self.state(name) {
            State::Builtin => Outcome::already(true),
            State::Live => Outcome::already(false),
            State::Moving | State::Other => Outcome::of(Kind::Missing),
        }
    }

    /// What somebody else has done about a module, or is about to do: that is waited for, but no more than
    /// ten seconds, because its init may be what asked for it.
    #[inline(never)]
    pub fn elsewhere(&mut self, name: &[u8]) -> Option<Outcome> {
        for waited in 0..WAITS {
            match self.state(name) {
                State::Live => return Some(Outcome::already(false)),
                State::Moving if waited == WAITS / 2 => {
                    self.log.say(Priority::Warning, form!("wait %: it is being loaded")).name(name);
                    self.log.send(self.k);
                }
                State::Moving => {}
                _ => return None,
            }
            self.k.sleep(WAIT);
        }
        Some(Outcome::failed(Why::Elsewhere, Errno::ETIMEDOUT))
    }

    /// What /sys/module says of a name.
    fn state(&mut self, name: &[u8]) -> State {
        if name.first() == Some(&b'.') || text::has(name, b'/') {
            return State::Other; // no module's name, but a folder's
        }
        let mut kernels = mem::Table::new();
        for byte in name {
            kernels.push(self.k, name::normal(*byte));
        }
        let path = mem::path(self.k, &[b"/sys/module/", &kernels, b"/initstate"]);
        match self.ground.sys(self.k, path) {
            Ok(text) if text::trim(text) == b"live" => State::Live,
            Ok(_) => State::Moving,
            Err(Errno::ENOENT) if self.has_folder(path) => State::Builtin,
            _ => State::Other,
        }
    }

    /// Whether the folder of /sys/module/NAME/initstate is there.
    fn has_folder(&mut self, file: &CStr) -> bool {
        let folder = file.to_bytes().strip_suffix(b"/initstate").unwrap_or_default();
        let folder = mem::path(self.k, &[folder]);
        self.k.stat(folder).is_ok()
    }

    fn is_disabled(&mut self) -> bool {
        let text = files::text(self.k, DISABLED);
        text.first() == Some(&b'1')
    }

    /// Says what is about to be asked of the kernel; long parameters take several lines.
    #[inline(never)]
    fn announce(&mut self, name: &[u8], path: &CStr, job: &Job<'_>, way: Way) {
        #[cfg(feature = "jobs")]
        let read = self.k.now().saturating_sub(self.loader.notes.watch.start);
        let way = match way {
            Way::File => form!("file"),
            Way::Kernel => form!("kernel inflates"),
            Way::Here => form!("inflated here"),
        };
        let size = files::size(self.k, job.fd);
        let line = self.log.say(Priority::Debug, form!("try %: %, % bytes, ")).name(name);
        line.bytes(path.to_bytes()).number(size).form(way);
        self.log.send(self.k);
        let mut rest = job.params.to_bytes();
        while !rest.is_empty() {
            let piece = text::head(rest, LIMIT / 2);
            self.log.say(Priority::Debug, form!("try %: parameters %")).name(name).bytes(piece);
            self.log.send(self.k);
            rest = text::tail(rest, LIMIT / 2);
        }
        #[cfg(feature = "jobs")]
        {
            // As if nothing had been said in between: a console is slow.
            let start = self.k.now().saturating_sub(read);
            self.loader.notes.watch = Watch { start, read: Some(read), ..self.loader.notes.watch };
        }
    }
}

/// What /sys/module says of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A folder without `initstate`.
    Builtin,
    Live,
    /// Coming or going.
    Moving,
    /// Not there.
    Other,
}
