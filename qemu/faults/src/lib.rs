//! Boots of the release binary itself, as PID 1 of a namespace of its own and under ptrace(2): in each one
//! system call fails, and the boot has to come to an end that it explains.
//!
//! Nothing reaches the host's kernel that would change it: modules, mounts, reboot(2) and device nodes are
//! answered here, and sleeping takes no time. The other calls are the kernel's, below a tmpfs.
//! Read [`sweep`].
#![deny(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod answers;
#[cfg(target_arch = "x86_64")]
mod errors;
#[cfg(target_arch = "x86_64")]
mod image;
#[cfg(target_arch = "x86_64")]
mod judge;
#[cfg(target_arch = "x86_64")]
mod sweep;
#[cfg(target_arch = "x86_64")]
mod tracer;

#[cfg(target_arch = "x86_64")]
pub use sweep::sweep;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Each call with one error, which is another from call to call.
    One,
    /// Each call with each error that it may have.
    Each,
}

/// It needs x86_64's registers.
///
/// # Errors
/// Always.
#[cfg(not(target_arch = "x86_64"))]
pub fn sweep(_: &[u8], _: Extent) -> anyhow::Result<usize> {
    anyhow::bail!("this test needs an x86_64 host")
}
