//! The job: what to mount and what to run.

use core::ffi::CStr;
use insinit::kernel::Kernel;
use insinit::mem::Table;
use insinit_runner::{JOB, RUN, SHARE};

/// What the image's job file says.
pub struct Job {
    /// Tags and where they are mounted.
    pub shares: &'static [(&'static CStr, &'static CStr)],
    /// The program's file.
    pub program: &'static CStr,
    /// Its arguments, its name first.
    pub arguments: &'static [&'static CStr],
}

/// How much is read at once.
const PIECE: usize = 4096;

/// Reads the job and removes its file; none if there is no job in it.
pub fn read<K: Kernel>(k: &mut K) -> Option<Job> {
    let path = insinit::mem::path(k, &[b"/", JOB.as_bytes()]);
    let bytes = file(k, path)?;
    let _ = k.unlink(path);
    let mut texts = Table::new();
    for text in bytes.split_inclusive(|byte| *byte == 0) {
        texts.push(k, CStr::from_bytes_with_nul(text).ok()?);
    }
    let mut rest: &'static [&'static CStr] = texts.into_slice();
    let mut shares = Table::new();
    while let [word, tag, place, after @ ..] = rest
        && word.to_bytes() == SHARE.as_bytes()
    {
        shares.push(k, (*tag, *place));
        rest = after;
    }
    match rest {
        [word, program, arguments @ ..] if word.to_bytes() == RUN.as_bytes() => {
            Some(Job { shares: shares.into_slice(), program, arguments })
        }
        _ => None,
    }
}

/// All of a file.
pub fn file<K: Kernel>(k: &mut K, path: &CStr) -> Option<&'static [u8]> {
    let fd = k.open(path, 0).ok()?;
    let mut all = Table::new();
    let mut piece = [0; PIECE];
    while let Ok(count @ 1..) = k.read(fd, &mut piece) {
        all.extend(k, piece.get(..count)?);
    }
    k.close(fd);
    Some(all.into_slice())
}
