//! The real init of `cargo qemu run`: runs one program, hands its output and its end to the host, and
//! switches the machine off.
//!
//! The program's input and output go over virtio-serial ports (`drivers/char/virtio_console.c`), which
//! change no byte; the console keeps to the kernel and to what is wrong.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod calls;
#[cfg(target_os = "none")]
mod end;
#[cfg(target_os = "none")]
mod job;
#[cfg(target_os = "none")]
mod mounts;
#[cfg(target_os = "none")]
mod ports;
#[cfg(target_os = "none")]
mod program;
#[cfg(target_os = "none")]
mod pump;

#[cfg(target_os = "none")]
insinit::entry!(run);

#[cfg(target_os = "none")]
fn run(mut kernel: insinit::sys::Linux, _: insinit::start::Process) -> ! {
    let k = &mut kernel;
    mounts::usual(k);
    let ports = ports::open(k);
    let end = match job::read(k) {
        Some(job) => mounts::shares(k, &job).unwrap_or_else(|| program::run(k, &job, &ports)),
        None => end::End::Never("no job in the image", 0),
    };
    end::tell(k, &ports, end);
    end::off(k)
}

/// On a host it has nothing to run.
#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("insinit-runner is the real init of `cargo qemu run`: build it for a *-none target");
    std::process::exit(2);
}
