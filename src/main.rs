//! The program: PID 1 of an initramfs, and what it says when it is called any other way.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

#[cfg(target_os = "none")]
insinit::entry!(main);

/// Starts the boot as PID 1; says what this is otherwise.
#[cfg(target_os = "none")]
fn main(mut kernel: insinit::sys::Linux, process: insinit::start::Process) -> ! {
    insinit::main(&mut kernel, process)
}

/// On the host the library is for tests and tools; the program itself is built for a bare target.
#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("{}", insinit::USAGE);
    std::process::exit(2);
}
