//! The smallest init there can be for a program that loads modules: runs the programs of its
//! arguments, with a `;` behind each but the last, to their ends, then becomes the real init. The best case of a
//! peer that is driven by a shell otherwise. With `/sys` in front of them sysfs is mounted there first.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::ffi::c_char;
use insinit::kernel::Kernel;
use insinit::start::Process;
use insinit::sys::Linux;
use insinit_bench::floor;
use syscalls::{Sysno, syscall};

insinit_bench::guest!(run);

/// `CLONE_VM | CLONE_VFORK | SIGCHLD`: as vfork(2), the child uses our memory until it execs.
const VFORK: usize = 0x0000_4111;

fn run(mut k: Linux, mut process: Process) -> ! {
    let (first, envp) = (process.argv.as_ptr(), process.envp.as_ptr());
    let _ = process.argv.take();
    let (mut begin, mut at) = (process.argv.as_ptr().cast_mut(), 0usize);
    while let Some(word) = process.argv.take() {
        if word == c"/sys" {
            let _ = k.mount(c"sysfs", word, c"sysfs", 0, c"");
            begin = process.argv.as_ptr().cast_mut();
        } else if word == c";" {
            // SAFETY: the slot of the word that was just taken; a null ends the vector there.
            unsafe { *begin.add(at) = core::ptr::null() };
            spawn(&mut k, begin, envp);
            (begin, at) = (process.argv.as_ptr().cast_mut(), 0);
        } else {
            at = at.wrapping_add(1);
        }
    }
    if at > 0 {
        spawn(&mut k, begin, envp);
    }
    floor::exec(first, envp)
}

/// Runs one program to its end.
fn spawn(k: &mut Linux, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: the child runs on our stack while we stand still, and does nothing but exec.
    unsafe {
        if syscall!(Sysno::clone, VFORK, 0, 0, 0, 0) == Ok(0) {
            let _ = syscall!(Sysno::execve, *argv, argv, envp);
            let _ = syscall!(Sysno::exit, 127);
        }
    }
    let _ = k.wait();
}
