//! The real init of the boot tests: says on the console what it found, then powers off.
//!
//! What it says beyond the usual is asked for by `guest=WORD,WORD` on the kernel's command line,
//! which the kernel passes on in init's environment; `report` has the words. As a program that is
//! not PID 1 it is the tests' shell: it says so and ends.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod folder;
#[cfg(target_os = "none")]
mod link;
#[cfg(target_os = "none")]
mod report;
#[cfg(target_os = "none")]
mod say;

#[cfg(target_os = "none")]
insinit::entry!(run);

#[cfg(target_os = "none")]
fn run(mut kernel: insinit::sys::Linux, process: insinit::start::Process) -> ! {
    report::run(&mut kernel, process)
}

/// On a host it has nothing to find.
#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("insinit-guest is the real init of the boot tests: build it for a *-none target");
    std::process::exit(2);
}
