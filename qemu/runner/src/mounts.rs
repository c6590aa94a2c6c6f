//! The file systems that a program expects, and the host's folders.

use crate::calls;
use crate::end::End;
use crate::job::Job;
use core::ffi::CStr;
use insinit::kernel::Kernel;

/// Type and place of each.
const USUAL: [(&CStr, &CStr); 6] = [
    (c"proc", c"/proc"),
    (c"sysfs", c"/sys"),
    (c"devtmpfs", c"/dev"),
    (c"devpts", c"/dev/pts"),
    (c"tmpfs", c"/dev/shm"),
    (c"tmpfs", c"/tmp"),
];

/// Links in /dev, where the kernel makes none.
const LINKS: [(&CStr, &CStr); 4] = [
    (c"/proc/self/fd", c"/dev/fd"),
    (c"/proc/self/fd/0", c"/dev/stdin"),
    (c"/proc/self/fd/1", c"/dev/stdout"),
    (c"/proc/self/fd/2", c"/dev/stderr"),
];

/// What 9p is told: the transport, the dialect that is Linux's own, and pieces larger than its 8 KiB.
const SHARE: &CStr = c"trans=virtio,version=9p2000.L,msize=262144";

/// Mounts the usual ones. One that the kernel has not is left out.
pub fn usual<K: Kernel>(k: &mut K) {
    for (kind, place) in USUAL {
        let _ = k.make_dir(place);
        let _ = k.mount(kind, place, kind, 0, c"");
    }
    for (target, path) in LINKS {
        calls::link(target, path);
    }
}

/// Mounts the shares; gives the end if one can't be mounted.
pub fn shares<K: Kernel>(k: &mut K, job: &Job) -> Option<End> {
    for (tag, place) in job.shares {
        make_dirs(k, place);
        if let Err(error) = k.mount(tag, place, c"9p", 0, SHARE) {
            return Some(End::Never(
                "can't mount a share (has the kernel 9p?), errno",
                error.into_raw(),
            ));
        }
    }
    None
}

/// Makes a directory and those above it.
fn make_dirs<K: Kernel>(k: &mut K, path: &CStr) {
    let bytes = path.to_bytes();
    for at in (1..bytes.len()).filter(|at| bytes.get(*at) == Some(&b'/')) {
        let above = insinit::mem::path(k, &[bytes.get(..at).unwrap_or_default()]);
        let _ = k.make_dir(above);
    }
    let _ = k.make_dir(path);
}
