//! The QEMU command line: from what is to be booted to words, without running anything.

use crate::machine::Machine;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// What runs the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The host's CPU.
    Kvm,
    /// QEMU's translator; works everywhere.
    Tcg,
}

/// One boot, complete.
#[derive(Clone, Debug)]
pub struct Boot {
    /// The machine.
    pub machine: &'static Machine,
    /// The kernel's image.
    pub kernel: PathBuf,
    /// The initramfs; none for a kernel that is only looked at.
    pub initrd: Option<PathBuf>,
    /// Init has a console; without one the kernel's log is still seen.
    pub console: bool,
    /// The kernel's command line behind `console=`.
    pub words: String,
    /// Mebibytes of memory.
    pub memory: u32,
    /// CPUs.
    pub cpus: u32,
    /// What runs the guest.
    pub accelerator: Accelerator,
    /// The user's own words for QEMU.
    pub extra: Vec<String>,
}

/// A command line: the program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine(pub Vec<OsString>);

/// No devices but the board's own, no window, the console on standard output, and an end instead
/// of a restart.
const ALWAYS: [&str; 7] =
    ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"];

impl Boot {
    /// The kernel's command line: console first, and a panic ends the machine at once.
    #[must_use]
    pub fn append(&self) -> String {
        let console = match self.console {
            true => format!("console={}", self.machine.console),
            false => self.machine.no_console.to_string(),
        };
        format!("{console} {}panic=-1 {}", self.steady(), self.words).trim_end().to_string()
    }

    /// A word for x86 kernels on QEMU's translator: on a busy host the timer's first ticks come so late that
    /// they panic over it (`arch/x86/kernel/apic/io_apic.c`: `check_timer`).
    fn steady(&self) -> &'static str {
        let is_slow = self.machine.name == "x86_64" && self.accelerator == Accelerator::Tcg;
        if is_slow { "no_timer_check " } else { "" }
    }

    /// Makes the kernel's command line that long, by one more word.
    pub fn fill(&mut self, length: usize) {
        self.words.push_str(" x.y=");
        self.words.push_str(&"a".repeat(length.saturating_sub(self.append().len())));
    }

    /// The command that boots it.
    #[must_use]
    pub fn command(&self) -> CommandLine {
        let mut line = vec![OsString::from(self.machine.emulator)];
        line.extend(self.hardware().into_iter().map(OsString::from));
        line.extend(["-kernel".into(), self.kernel.clone().into()]);
        if let Some(initrd) = &self.initrd {
            line.extend(["-initrd".into(), initrd.clone().into()]);
        }
        line.extend(["-append".into(), self.append().into()]);
        line.extend(self.extra.iter().map(OsString::from));
        CommandLine(line)
    }

    /// The board, its CPUs and its memory.
    fn hardware(&self) -> Vec<String> {
        let (accel, cpu): (_, &[&str]) = match self.accelerator {
            Accelerator::Kvm => ("kvm", &["-cpu", "host"]),
            // With a thread for each CPU x86 kernels that patch themselves crash now and then on a busy host;
            // with one for all of them riscv64 kernels take seconds for each patch.
            Accelerator::Tcg if self.cpus > 1 && self.machine.name == "x86_64" => {
                ("tcg,thread=single", self.machine.cpu)
            }
            Accelerator::Tcg => ("tcg", self.machine.cpu),
        };
        let (cpus, memory) = (self.cpus.to_string(), format!("{}M", self.memory));
        let sizes = ["-smp", &cpus, "-m", &memory];
        let words = [self.machine.board, &["-accel", accel], cpu, &sizes, &ALWAYS].concat();
        words.into_iter().map(String::from).collect()
    }
}

impl fmt::Display for CommandLine {
    /// As it can be pasted into a shell.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let words: Vec<String> =
            self.0.iter().map(|word| quoted(&word.to_string_lossy())).collect();
        f.write_str(&words.join(" "))
    }
}

/// `word` as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine;

    fn boot(machine: &str) -> Boot {
        Boot {
            machine: machine::named(machine).unwrap(),
            kernel: "k/vmlinuz".into(),
            initrd: Some("initramfs".into()),
            console: true,
            words: "insinit.modules=dummy x='a b'".into(),
            memory: 512,
            cpus: 1,
            accelerator: Accelerator::Tcg,
            extra: vec![],
        }
    }

    #[test]
    fn the_whole_command_of_an_aarch64_boot() {
        assert_eq!(
            boot("aarch64").command().to_string(),
            "qemu-system-aarch64 -M virt -accel tcg -cpu cortex-a57 -smp 1 -m 512M -nodefaults \
             -no-user-config -display none -serial stdio -no-reboot -kernel k/vmlinuz -initrd \
             initramfs -append \
             'console=ttyAMA0 panic=-1 insinit.modules=dummy x='\\''a b'\\'''"
        );
    }

    #[test]
    fn without_a_console_the_log_is_still_seen() {
        let boot = Boot { console: false, words: String::new(), ..boot("riscv64") };
        assert_eq!(boot.append(), "earlycon keep_bootcon console=null panic=-1");
    }

    #[test]
    fn kvm_takes_the_hosts_cpu() {
        let boot = Boot { accelerator: Accelerator::Kvm, ..boot("aarch64") };
        let line = boot.command().to_string();
        assert!(line.contains("-accel kvm -cpu host"), "{line}");
        assert!(!line.contains("cortex"), "{line}");
    }

    #[test]
    fn several_cpus_of_x86_64_share_a_thread() {
        let line = Boot { cpus: 4, ..boot("x86_64") }.command().to_string();
        assert!(line.contains("-accel tcg,thread=single") && line.contains("-smp 4"), "{line}");
    }

    #[test]
    fn the_users_words_come_last() {
        let boot = Boot { extra: vec!["-s".into(), "-S".into()], ..boot("riscv64") };
        assert!(boot.command().to_string().ends_with(" -s -S"));
    }

    #[test]
    fn without_words_the_command_line_ends_clean() {
        let boot = Boot { words: String::new(), initrd: None, ..boot("x86_64") };
        assert!(
            boot.command().to_string().ends_with("-append 'console=ttyS0 no_timer_check panic=-1'")
        );
        assert!(!boot.command().to_string().contains("-initrd"));
    }
}
