//! Whether KVM does: the device may be there and yet no kernel come up with it.
//!
//! Inside another virtual machine QEMU can start with KVM and then stop at the first instruction
//! that it has to emulate. `-accel kvm -accel tcg` does not help there, so a kernel is booted to its
//! end, once.

use crate::command::{Accelerator, Boot};
use crate::console::{self, End, Watch};
use crate::machine::Machine;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// A kernel without a root file system panics within a second under KVM.
const PROBE: Duration = Duration::from_secs(8);

/// What is best for `machine`; `kernel` is one of its kernels to try KVM with.
pub fn best(machine: &'static Machine, kernel: &Path) -> Accelerator {
    static HOSTS: OnceLock<Accelerator> = OnceLock::new();
    if machine.is_host() { *HOSTS.get_or_init(|| probe(machine, kernel)) } else { Accelerator::Tcg }
}

/// Boots `kernel` with KVM and without anything to run: it has to get as far as saying so.
fn probe(machine: &'static Machine, kernel: &Path) -> Accelerator {
    if let Err(error) = File::options().read(true).write(true).open("/dev/kvm") {
        if error.kind() == ErrorKind::PermissionDenied {
            eprintln!("kvm: no permission to open /dev/kvm (group kvm); using tcg");
        }
        return Accelerator::Tcg;
    }
    let command = nothing_to_run(machine, kernel).command();
    let until = Some("KVM internal error");
    match console::run(&command, Watch { limit: PROBE, until, input: false, each: &mut |_| () }) {
        Ok(run) if run.end == End::Off(0) && panicked(&run.lines) => Accelerator::Kvm,
        _ => {
            eprintln!("kvm: a kernel does not come up with it; using tcg");
            Accelerator::Tcg
        }
    }
}

/// A boot that ends in a panic because there is no root file system.
fn nothing_to_run(machine: &'static Machine, kernel: &Path) -> Boot {
    Boot {
        machine,
        kernel: kernel.to_path_buf(),
        initrd: None,
        console: true,
        words: "loglevel=7".into(),
        memory: machine.memory,
        cpus: 1,
        accelerator: Accelerator::Kvm,
        extra: vec![],
    }
}

/// Whether the kernel got to its last step.
fn panicked(lines: &[String]) -> bool {
    lines.iter().any(|line| line.contains("Kernel panic"))
}
