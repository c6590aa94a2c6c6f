//! Whether a program of the image can start: its machine and its interpreter.

use anyhow::{Context, Result, bail};

use crate::arch::Arch;
use crate::elf::Elf;
use crate::entry::{Entry, Node};
use crate::fileset::FileSet;

/// How many scripts may stand behind each other (`fs/exec.c`, `exec_binprm`).
const MAX_SCRIPTS: usize = 5;

/// An error that says why the program at a path cannot start.
pub fn check(files: &FileSet, path: &str, arch: Arch) -> Result<()> {
    let entry = files.find(path.as_bytes());
    let mut entry = entry.with_context(|| format!("{path} is not in the image"))?;
    for _ in 0..MAX_SCRIPTS {
        let shown = format!("/{} (from {})", entry.name(), entry.source);
        let wanted = wanted(entry, arch).with_context(|| shown.clone())?;
        let Some(interpreter) = wanted else {
            return Ok(());
        };
        entry = files.find(&interpreter).with_context(|| missing(&shown, &interpreter))?;
    }
    bail!("{path}: scripts that ask for scripts")
}

/// What a program asks the kernel to start in its place.
fn wanted(entry: &Entry, arch: Arch) -> Result<Option<Vec<u8>>> {
    let Node::File(bytes) = &entry.node else {
        bail!("is no regular file");
    };
    if entry.mode & 0o111 == 0 {
        bail!("is not executable; chmod +x it");
    }
    if let Some(script) = bytes.strip_prefix(b"#!") {
        return script_interpreter(script).map(Some);
    }
    let elf = Elf::read(bytes).context("neither a program nor a script that begins with #!")?;
    elf.expect(arch)?;
    Ok(elf.interpreter()?.map(<[u8]>::to_vec))
}

/// The first word behind `#!` (`fs/binfmt_script.c`).
fn script_interpreter(script: &[u8]) -> Result<Vec<u8>> {
    let line = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    let word = words.find(|word| !word.is_empty());
    Ok(word.context("has nothing behind #!")?.to_vec())
}

fn missing(shown: &str, interpreter: &[u8]) -> String {
    format!(
        "{shown} asks for {}, which is not in the image; add it with --file or --tree, \
         or link the program statically",
        interpreter.escape_ascii()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elves;

    fn verdict(init: Entry, others: &[Entry]) -> std::result::Result<(), String> {
        let mut files = FileSet::default();
        files.add_all([vec![init], others.to_vec()].concat()).expect("files");
        check(&files, "sbin/init", Arch::X86_64).map_err(|error| format!("{error:#}"))
    }

    fn init(interpreter: Option<&str>) -> Entry {
        Entry::program("sbin/init", elves::program(Arch::X86_64, interpreter))
    }

    fn script(text: &str) -> Entry {
        Entry::program("sbin/init", text)
    }

    #[test]
    fn a_static_program_needs_nothing() {
        assert_eq!(verdict(init(None), &[]), Ok(()));
    }

    #[test]
    fn a_dynamic_program_needs_its_interpreter() {
        let error = verdict(init(Some("/lib64/ld.so")), &[]).expect_err("no interpreter");
        assert!(error.contains("/lib64/ld.so") && error.contains("sbin/init"), "{error}");
        let linker = Entry::program("usr/lib/ld.so", elves::program(Arch::X86_64, None));
        let others = [Entry::link("lib64", "usr/lib"), linker];
        assert_eq!(verdict(init(Some("/lib64/ld.so")), &others), Ok(()));
    }

    #[test]
    fn a_script_needs_its_interpreter() {
        assert!(verdict(script("#! /bin/sh -e\n"), &[]).expect_err("no sh").contains("/bin/sh"));
        let shell = Entry::program("bin/busybox", elves::program(Arch::X86_64, None));
        let others = [Entry::link("bin/sh", "busybox"), shell];
        assert_eq!(verdict(script("#! /bin/sh -e\n"), &others), Ok(()));
        assert!(verdict(script("#!\n"), &others).is_err());
        assert!(verdict(script("#!/sbin/init\n"), &[]).is_err());
    }

    #[test]
    fn what_cannot_start_is_an_error() {
        let other = Entry::program("sbin/init", elves::program(Arch::Riscv64, None));
        assert!(verdict(other, &[]).expect_err("machine").contains("is for riscv64"));
        assert!(verdict(script("hello"), &[]).is_err());
        assert!(verdict(init(None).with_mode(0o644), &[]).is_err());
        assert!(verdict(Entry::link("sbin/init", "/nowhere"), &[]).is_err());
    }
}
