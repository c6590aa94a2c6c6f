//! The program: PID 1 of an initramfs, the plan of one, and what it says when it is called any other way.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

#[cfg(target_os = "none")]
insinit::entry!(main);

/// Starts the boot as PID 1; does as the arguments say otherwise.
#[cfg(target_os = "none")]
fn main(kernel: insinit::sys::Linux, process: insinit::start::Process) -> ! {
    insinit::main(&mut kernel.furnished(), process)
}

/// On the host the library is for tests and tools, and the program for its plan.
#[cfg(not(target_os = "none"))]
fn main() {
    use insinit::start::{Process, Strings};
    use std::ffi::{CStr, CString};
    use std::os::unix::ffi::OsStringExt;
    let mut k = insinit::sys::Linux::default();
    // Arguments hold no NUL.
    let argument = |text: std::ffi::OsString| CString::new(text.into_vec()).unwrap_or_default();
    let argv: Vec<&'static CStr> =
        std::env::args_os().map(|text| &*Box::leak(argument(text).into_boxed_c_str())).collect();
    let process =
        Process { argv: Strings::of(&mut k, &argv), envp: Strings::of(&mut k, &[]), path: None };
    insinit::main(&mut k, process)
}
