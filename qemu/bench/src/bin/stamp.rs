//! /init of a boot that is counted: lets the kernel's late work end, opens the window and becomes the
//! contestant, with the arguments of `/arguments`, one a line.
//!
//! With `bench.symbols` on the kernel's command line it shows the addresses that the plugin needs instead.
#![cfg_attr(target_os = "none", no_std, no_main)]

use insinit::kernel::{Kernel, Stop};
use insinit::start::Process;
use insinit::sys::Linux;
use insinit::{files, text};
use insinit_bench::{CONTESTANT, mark, say::Say, vector};

insinit_bench::guest!(run);

/// The kernel's functions that the plugin is told.
const SYMBOLS: [&[u8]; 5] = [
    b"__x64_sys_finit_module",
    b"__x64_sys_init_module",
    b"asm_exc_page_fault",
    b"__x64_sys_access",
    b"__x64_sys_execve",
];

fn run(mut k: Linux, process: Process) -> ! {
    let arguments = files::text(&mut k, c"/arguments");
    if arguments.is_empty() {
        show_symbols(&mut k);
        k.stop(Stop::Reboot);
    }
    let argv = vector(&mut k, arguments);
    k.sleep(1000);
    mark::start();
    let errno = k.exec(CONTESTANT, argv, process.envp);
    Say::default()
        .text(b"bench: can't start the contestant: errno ")
        .number(errno.into_raw() as u64)
        .line(&mut k);
    k.exit(1)
}

/// `bench: symbol ADDRESS NAME` lines. /proc/kallsyms is megabytes, so it is read a piece at a time.
fn show_symbols(k: &mut Linux) {
    let _ = k.mount(c"proc", c"/proc", c"proc", 0, c"");
    let Ok(fd) = k.open(c"/proc/kallsyms", 0) else { return };
    let (mut piece, mut kept) = ([0; 4096], 0usize);
    while let Some(room) = piece.get_mut(kept..) {
        let len = k.read(fd, room).unwrap_or(0);
        if len == 0 {
            return;
        }
        let mut lines = text::head(&piece, kept.wrapping_add(len));
        while text::has(lines, b'\n') {
            show(k, text::take(&mut lines, b'\n').unwrap_or_default());
        }
        let rest = lines.len();
        let end = kept.wrapping_add(len);
        piece.copy_within(end.wrapping_sub(rest)..end, 0);
        kept = rest;
    }
}

/// Shows a line of /proc/kallsyms (`ADDRESS KIND NAME`) if it is one of ours.
fn show(k: &mut Linux, line: &[u8]) {
    let name = text::tail(line, 19);
    if SYMBOLS.contains(&name) {
        Say::default().text(b"bench: symbol ").text(line).line(k);
    }
}
