//! One mount: what is meant is found, waited for, its file system's module loaded, and mounted.
#![forbid(unsafe_code)]

use super::device::Search;
use super::options::Options;
use super::spec::{Kind, Spec};
use super::wait::Wait;
use crate::boot::Boot;
use crate::files;
use crate::forms::{Form, form};
use crate::kernel::Errno;
use crate::kernel::Kernel;
use crate::line::Priority;
use crate::mem::{self, Table};
use crate::text;
use core::ffi::CStr;
use linux_raw_sys::general::MS_RDONLY;

/// What is to be mounted, and where.
pub struct Want {
    /// What the lines begin with.
    pub verb: Form,
    /// The device, share or volume, as it was written.
    pub what: &'static [u8],
    /// The mount point.
    pub at: &'static CStr,
    /// The types that were named, a comma between them.
    pub kinds: Option<&'static [u8]>,
    /// Mount options.
    pub options: &'static [u8],
    /// Unless the options say otherwise.
    pub writable: bool,
}

/// Something isn't mounted; a line that says why has been begun.
struct Trouble {
    /// It may still come.
    may_come: bool,
}

impl<K: Kernel> Boot<'_, K> {
    /// Mounts it as soon as it is there; says why, if it can't be.
    pub(super) fn attach(&mut self, search: &mut Search, want: &Want) -> bool {
        let spec = &Spec::of(self.k, want.what, want.kinds);
        let mut wait = Wait::of(self.k, self.config.mounting.wait());
        loop {
            let Err(trouble) = self.attempt(search, want, spec) else { return true };
            if trouble.may_come && self.wait_on(want.what, &mut wait) {
                continue;
            }
            self.end_line(trouble.may_come);
            return false;
        }
    }

    /// Mounts it if it is there.
    #[inline(never)]
    fn attempt(&mut self, search: &mut Search, want: &Want, spec: &Spec) -> Result<(), Trouble> {
        let mut kinds = &b""[..];
        let mut may_come = false;
        let (errno, why) = 'trouble: {
            let source = match spec.kind {
                Kind::Foreign => break 'trouble (Errno::EOPNOTSUPP, spec.who),
                Kind::Tag => mem::path(self.k, &[want.what]),
                _ => {
                    let Some(found) = search.find(self.k, spec) else {
                        may_come = true;
                        break 'trouble (Errno::ENODEV, form!(": it is not there"));
                    };
                    kinds = found.kinds;
                    if found.is_foreign && want.kinds.is_none() {
                        break 'trouble (Errno::EINVAL, form!(": no file system, but %"));
                    }
                    found.node
                }
            };
            kinds = want.kinds.filter(|kinds| *kinds != b"auto").unwrap_or(kinds);
            if kinds.is_empty() {
                kinds = self.usual_kinds();
            }
            let Err(errno) = self.mount_as(want, source, kinds) else { return Ok(()) };
            let why = match errno {
                Errno::ENODEV => form!(": neither the kernel nor the image has %"),
                Errno::EINVAL => form!(": not %, or a bad option"),
                Errno::ENOENT => form!(": % knows none of that name"),
                _ => form!(": %; the kernel's log may tell more"),
            };
            may_come = spec.kind == Kind::Tag && matches!(errno, Errno::ENOENT | Errno::EINVAL);
            (errno, why)
        };
        let line = self.log.say(Priority::Error, want.verb).bytes(want.what);
        line.failed(errno).form(why).bytes(kinds);
        Err(Trouble { may_come })
    }

    /// Mounts it as the first of these types that it is. `ENODEV` is a type that isn't known; where it is, a
    /// volume isn't there (`fs/ubifs/super.c`, `open_ubi`).
    #[inline(never)]
    fn mount_as(
        &mut self,
        want: &Want,
        source: &CStr,
        mut kinds: &'static [u8],
    ) -> Result<(), Errno> {
        let mut last = Errno::EINVAL;
        while let Some(kind) = text::take(&mut kinds, b',') {
            self.provide(kind);
            match self.mount_once(want, source, kind) {
                Err(Errno::ENODEV) if self.is_known(kind) => last = Errno::ENOENT,
                Err(errno @ (Errno::EINVAL | Errno::ENODEV)) => last = errno,
                done => return done,
            }
        }
        Err(last)
    }

    /// Mounts it as that type; read-only where it is write-protected (`init/do_mounts.c`,
    /// `mount_root_generic`).
    #[inline(never)]
    fn mount_once(&mut self, want: &Want, source: &CStr, kind: &[u8]) -> Result<(), Errno> {
        let options = Options::of(self.k, want.options, kind, want.writable);
        let name = mem::path(self.k, &[kind]);
        let (mut flags, mut state) = (options.flags, form!(" read-write"));
        let mut done = self.k.mount(source, want.at, name, flags, options.data);
        if flags & MS_RDONLY != 0 {
            state = form!(" read-only");
        } else if matches!(done, Err(Errno::EACCES | Errno::EROFS)) {
            flags |= MS_RDONLY;
            state = form!(" read-only, as it is write-protected");
            done = self.k.mount(source, want.at, name, flags, options.data);
        }
        if done.is_ok() {
            let line = self.log.say(Priority::Info, want.verb).bytes(want.what);
            line.form(form!("mounted % as %")).bytes(source.to_bytes()).bytes(kind).form(state);
            self.log.send(self.k);
        }
        done
    }

    /// Loads a file system's module where the kernel doesn't know it yet (`fs/filesystems.c`,
    /// `get_fs_type`). A 9p share needs the way it comes by, too.
    #[inline(never)]
    pub(super) fn provide(&mut self, kind: &'static [u8]) {
        if self.is_known(kind) {
            return;
        }
        let alias = mem::path(self.k, &[b"fs-", kind]).to_bytes();
        self.load_also(kind, alias);
        if kind == b"9p" {
            self.load_also(b"9pnet_virtio", b"9p-virtio");
        }
    }

    /// Whether the kernel knows a type of file system. The answer is kept: a wait without an end asks again
    /// and again.
    #[inline(never)]
    fn is_known(&mut self, kind: &'static [u8]) -> bool {
        if self.known == Some(kind) {
            return true;
        }
        let mut known = files::text(self.k, c"/proc/filesystems");
        while let Some(mut line) = text::take(&mut known, b'\n') {
            if text::take_last(&mut line) == Some(kind) {
                self.known = Some(kind);
                return true;
            }
        }
        false
    }

    /// The types that need a device, of those that the kernel knows.
    fn usual_kinds(&mut self) -> &'static [u8] {
        let (mut known, mut kinds) = (files::text(self.k, c"/proc/filesystems"), Table::new());
        while let Some(line) = text::take(&mut known, b'\n') {
            if let Some(kind) = text::after(line, b"\t") {
                kinds.extend(self.k, kind);
                kinds.push(self.k, b',');
            }
        }
        kinds.into_slice()
    }
}
