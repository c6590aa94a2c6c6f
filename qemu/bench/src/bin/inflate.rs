//! Inflates a file as the loader does, built as the loader is, on the host itself: `bench-inflate FILE`.
//! Exits with 1 where it can't.
#![cfg_attr(target_os = "none", no_std, no_main)]

use insinit::image::{Format, HEAD};
use insinit::kernel::Kernel;
use insinit::start::Process;
use insinit::sys::Linux;
use insinit::{mem, unpack};

insinit_bench::guest!(run);

fn run(mut k: Linux, mut process: Process) -> ! {
    let _ = process.argv.take();
    let good = process.argv.take().is_some_and(|path| inflate(&mut k, path));
    k.exit(i32::from(!good))
}

/// Inflates the file into one mapping, checksums and all.
fn inflate(k: &mut Linux, path: &core::ffi::CStr) -> bool {
    let mut head = [0; HEAD];
    let Ok(fd) = k.open(path, 0) else { return false };
    let _ = k.read(fd, &mut head);
    let Some(format) = Format::of(&head) else { return false };
    match (mem::scratch(k), k.map(unpack::LIMIT as usize)) {
        (Some(scratch), Ok(memory)) => unpack::inflate(k, fd, format, scratch, memory).is_ok(),
        _ => false,
    }
}
