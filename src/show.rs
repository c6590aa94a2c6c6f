//! `insinit plan`: what a boot would load, without privileges and on any machine.
//!
//! Walks the boot's own way below another root. The plan goes to descriptor 1 as
//! `modprobe --show-depends` writes it (kmod `tools/modprobe.c`, `print_action`), what is wrong to
//! descriptor 2.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::files;
use crate::kernel::{Fd, Kernel};
use crate::line::Priority;
use crate::mem::{self, Table};
use crate::name;
use crate::outcome::{Kind, Outcome};
use crate::start::{Process, Strings};
use core::ffi::CStr;

/// What `--help` says.
const HELP: &[u8] = b"insinit plan [-d|--kernel-dir ROOT] [-S|--release RELEASE] [--cmdline FILE] [WORD...]\n\
shows what a boot would load. ROOT is / without -d; only then /proc/cmdline is read where no FILE is.\n\
WORDs follow the command line: insinit.modules=A,B a.x=1\n";

/// The options: the root, the release, the command line, for help.
const OPTIONS: &[u8] = b"-d --kernel-dir -S --release --cmdline --cmdline -h --help";

/// Shows the plan and ends: 0, 1 if something in it is wrong, 2 if the arguments behind `plan` are.
pub fn run<K: Kernel>(k: &mut K, process: Process, mut arguments: Strings) -> ! {
    let mut values = [b"".as_slice(); 3];
    let mut texts = Table::new();
    texts.push(k, b"".as_slice());
    while let Some(argument) = arguments.take() {
        let argument = argument.to_bytes();
        match name::position(OPTIONS, argument) {
            Some(number) => match values.get_mut(number / 2) {
                Some(value) => match arguments.take() {
                    Some(given) => *value = given.to_bytes(),
                    None => misused(k, argument, b": its value is missing\n"),
                },
                None => {
                    let _ = k.write(Fd(1), HELP);
                    k.exit(0)
                }
            },
            None if argument.first() == Some(&b'-') => misused(k, argument, b": no such option\n"),
            None => texts.push(k, argument),
        }
    }
    let [mut root, release, file] = values;
    if root == b"/" {
        root = b"";
    }
    if let Some(text) = texts.first_mut() {
        *text = cmdline(k, file, root);
    }
    let boot = Boot::new(k, process);
    boot.log.use_output();
    (boot.root, boot.shows) = (root, true);
    boot.release = Some(release).filter(|release| !release.is_empty());
    boot.words(&texts);
    let mut entries = Table::new();
    boot.entries(&mut entries);
    boot.plan(&entries);
    boot.log.set_level(boot.config.level().min(Priority::Notice));
    boot.load_all();
    boot.k.exit(boot.went_wrong.into())
}

/// The command line: a file's, or the machine's own if the root is its own.
fn cmdline<K: Kernel>(k: &mut K, file: &[u8], root: &[u8]) -> &'static [u8] {
    let path = mem::path(k, &[file]);
    match files::read(k, path) {
        Ok(text) => text,
        Err(_) if !file.is_empty() => misused(k, file, b": it can't be read\n"),
        Err(_) if root.is_empty() => files::text(k, c"/proc/cmdline"),
        Err(_) => b"",
    }
}

/// Says what is wrong with the arguments.
fn misused<K: Kernel>(k: &mut K, what: &[u8], why: &[u8]) -> ! {
    let text = mem::path(k, &[b"insinit plan: ", what, why, HELP]).to_bytes();
    let _ = k.write(Fd(2), text);
    k.exit(2)
}

impl<K: Kernel> Boot<'_, K> {
    /// Shows a module instead of loading it. A file that the index doesn't have must be there; the others are
    /// believed to be. Both as modprobe does, and the blank behind parameters is its own, too.
    #[inline(never)]
    pub fn show(&mut self, file: &[u8], params: &CStr) -> Outcome {
        let path = self.tree.path(self.k, file);
        let is_own = file.first() != Some(&b'/') || self.tree.find(self.k, name::of(file)) == file;
        if !is_own && self.k.stat(path).is_err() {
            return Outcome::of(Kind::Missing);
        }
        let params = params.to_bytes();
        let end: &[u8] = if params.is_empty() { b"\n" } else { b" \n" };
        self.print(&[b"insmod ", path.to_bytes(), b" ", params, end])
    }

    /// Shows a module of the kernel's own.
    pub fn show_builtin(&mut self, name: &[u8]) -> Outcome {
        let mut normal = Table::new();
        for byte in name {
            normal.push(self.k, name::normal(*byte));
        }
        self.print(&[b"builtin ", &normal, b"\n"])
    }

    /// Writes a line of the plan, in one piece.
    fn print(&mut self, parts: &[&[u8]]) -> Outcome {
        let line = mem::path(self.k, parts).to_bytes();
        self.went_wrong |= self.k.write(Fd(1), line) != Ok(line.len());
        Outcome::of(Kind::Loaded)
    }
}
