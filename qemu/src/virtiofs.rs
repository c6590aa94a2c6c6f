//! A folder that the guest mounts by virtiofs: faster than 9p, but a daemon beside QEMU serves it.

use crate::console;
use crate::setup;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where it is, if not on the search path: Debian 13's own package, Debian 12's QEMU.
const PLACES: [&str; 2] = ["/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd"];

/// For its socket to come.
const COMES: Duration = Duration::from_secs(10);

/// How often the socket is looked for.
const GLANCE: Duration = Duration::from_millis(10);

/// How a folder is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// By QEMU itself
    #[value(name = "9p")]
    NineP,
    /// By virtiofsd, which root may start
    Virtiofs,
}

/// The daemon; it ends with its owner.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Whether the host has it.
    #[must_use]
    pub fn is_there() -> bool {
        program().is_some()
    }

    /// Sees to it that the host has it.
    ///
    /// # Errors
    /// It is missing and can't be installed; [`setup::Yours`] if the user can.
    pub fn ready() -> Result<()> {
        let package = ("virtiofsd".to_string(), "virtiofsd".to_string());
        if Self::is_there() { Ok(()) } else { setup::install_tools(&[package]) }
    }

    /// Serves `folder` at a socket in `work`.
    ///
    /// # Errors
    /// There is no virtiofsd, or it doesn't do it.
    pub fn start(folder: &Path, work: &Path) -> Result<Self> {
        let program = program().context("no virtiofsd: install the package virtiofsd")?;
        let folder = folder.canonicalize()?;
        // Both programs have this spelling (docs/tools/virtiofsd.rst of QEMU 7).
        ensure!(!folder.display().to_string().contains(','), "virtiofsd takes no comma in a path");
        let (socket, log) = (work.join("virtiofs"), work.join("virtiofsd.log"));
        let mut command = console::tied(&program);
        command.arg(format!("--socket-path={}", socket.display()));
        command.args(["-o", "sandbox=chroot", "-o"]);
        command.arg(format!("source={}", folder.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let child = command.spawn().with_context(|| format!("can't run {}", program.display()))?;
        let mut daemon = Self { child, socket };
        let begun = Instant::now();
        while !daemon.socket.exists() {
            let is_over = daemon.child.try_wait()?.is_some();
            ensure!(
                !is_over && begun.elapsed() < COMES,
                "virtiofsd does not serve it: {}",
                fs::read_to_string(&log).unwrap_or_default().trim()
            );
            sleep(GLANCE);
        }
        Ok(daemon)
    }

    /// QEMU's words for it and for so many MiB of memory, which both have to see.
    #[must_use]
    pub fn words(&self, tag: &str, memory: u32) -> Vec<String> {
        let words = [
            "-object",
            &format!("memory-backend-memfd,id=memory,size={memory}M,share=on"),
            "-machine",
            "memory-backend=memory",
            "-chardev",
            &format!("socket,id=root,path={}", self.socket.display()),
            "-device",
            &format!("vhost-user-fs-pci,chardev=root,tag={tag}"),
        ];
        words.map(String::from).into()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it is.
fn program() -> Option<PathBuf> {
    let places = PLACES.iter().map(PathBuf::from);
    setup::which("virtiofsd").or_else(|| places.into_iter().find(|place| place.is_file()))
}
