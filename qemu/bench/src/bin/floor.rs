//! The floor that reads /proc/cmdline: mount, open, read, close, umount; open, finit_module and close
//! for each path of `insinit.modules=`; execve.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::ffi::CStr;
use insinit::start::Process;
use insinit::sys::Linux;
use insinit_bench::floor;
use syscalls::{Sysno, syscall};

insinit_bench::guest!(run);

/// The word, with the blank before it.
const WORD: &[u8] = b" insinit.modules=";

fn run(_: Linux, process: Process) -> ! {
    let mut room = [0; 2304];
    load_all(cmdline(&mut room));
    floor::exec(process.argv.as_ptr(), process.envp.as_ptr())
}

/// The kernel's command line.
fn cmdline(room: &mut [u8]) -> &mut [u8] {
    let (kind, path) = (c"proc".as_ptr(), c"/proc".as_ptr());
    // SAFETY: C strings, numbers, and memory that is writable for its length.
    let len = unsafe {
        let _ = syscall!(Sysno::mount, kind, path, kind, 0, 0);
        let fd = syscall!(Sysno::open, c"/proc/cmdline".as_ptr(), 0, 0).unwrap_or(usize::MAX);
        let len = syscall!(Sysno::read, fd, room.as_mut_ptr(), room.len()).unwrap_or(0);
        let _ = syscall!(Sysno::close, fd);
        let _ = syscall!(Sysno::umount2, path, 2);
        len
    };
    room.get_mut(..len).unwrap_or_default()
}

/// Loads the word's paths; each is made a C string where it stands.
fn load_all(text: &mut [u8]) {
    let Some(at) = text.windows(WORD.len()).position(|part| part == WORD) else { return };
    let mut rest = text.get_mut(at.wrapping_add(WORD.len())..).unwrap_or_default();
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b',' | b' ' | b'\n')) {
        let Some((path, behind)) = rest.split_at_mut_checked(end) else { return };
        let Some((stop, behind)) = behind.split_first_mut() else { return };
        let is_last = core::mem::take(stop) != b',';
        // SAFETY: the byte behind `path`, in the same slice, is a NUL now; there is none before.
        floor::load(unsafe { CStr::from_ptr(path.as_ptr().cast()) });
        if is_last {
            return;
        }
        rest = behind;
    }
}
