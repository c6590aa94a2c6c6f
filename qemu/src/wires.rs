//! Lines between the host and a guest that change no byte: virtio-serial ports, each a socket here.

use anyhow::{Context, Result};
use insinit_runner::PORTS;
use std::io::{ErrorKind, Read, Write, copy, stderr, stdin, stdout};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// How often QEMU's coming is looked for.
const GLANCE: Duration = Duration::from_millis(10);

/// The lines, before and while QEMU runs.
pub struct Wires {
    folder: PathBuf,
    /// QEMU is over: nobody comes any more.
    over: Arc<AtomicBool>,
    output: [JoinHandle<()>; 2],
    end: JoinHandle<String>,
}

impl Wires {
    /// Listens in `folder`: our input goes to the program, its two outputs to ours.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn new(folder: &Path) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let [input, output, errors, end] = [0, 1, 2, 3].map(|at| listen(&path(folder, at), &over));
        let (input, end) = (input?, end?);
        thread::spawn(move || input().map(feed));
        let end = thread::spawn(move || end().map(text).unwrap_or_default());
        let output = [pass(output?, stdout()), pass(errors?, stderr())];
        Ok(Self { folder: folder.to_path_buf(), over, output, end })
    }

    /// QEMU's words for them.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let bus = ["-device".to_string(), "virtio-serial-pci,id=wires".to_string()];
        let port = |(at, name): (usize, &&str)| {
            let path = path(&self.folder, at);
            [
                "-chardev".to_string(),
                format!("socket,id=wire{at},path={}", path.display()),
                "-device".to_string(),
                format!("virtserialport,bus=wires.0,chardev=wire{at},name={name}"),
            ]
        };
        bus.into_iter().chain(PORTS.iter().enumerate().flat_map(port)).collect()
    }

    /// What was said of the end, when all that the program said has been passed on. QEMU is over.
    #[must_use]
    pub fn end(self) -> String {
        self.over.store(true, Ordering::Relaxed);
        for output in self.output {
            let _ = output.join();
        }
        self.end.join().unwrap_or_default()
    }
}

/// Where a line's socket is.
fn path(folder: &Path, at: usize) -> PathBuf {
    folder.join(format!("wire{at}"))
}

/// Listens there; what it gives waits for QEMU, and gives nothing if that is over first.
fn listen(
    path: &Path,
    over: &Arc<AtomicBool>,
) -> Result<impl FnOnce() -> Option<UnixStream> + Send + 'static + use<>> {
    let listener =
        UnixListener::bind(path).with_context(|| format!("can't listen at {}", path.display()))?;
    listener.set_nonblocking(true)?;
    let over = Arc::clone(over);
    Ok(move || {
        loop {
            match listener.accept() {
                Ok((stream, _)) => return stream.set_nonblocking(false).is_ok().then_some(stream),
                Err(error) if error.kind() != ErrorKind::WouldBlock => return None,
                Err(_) if over.load(Ordering::Relaxed) => return None,
                Err(_) => sleep(GLANCE),
            }
        }
    })
}

/// Our input, to its end. Only the way there is shut then: at a close QEMU drops what it has not read yet
/// (`chardev/char-socket.c`: `tcp_chr_hup`).
fn feed(mut wire: UnixStream) {
    let _ = copy(&mut stdin().lock(), &mut wire);
    let _ = wire.shutdown(Shutdown::Write);
    let _ = wire.read(&mut [0]);
}

/// Passes what comes on to `to`, at once. Where that is closed the rest is dropped: the guest is not to wait.
fn pass(
    wire: impl FnOnce() -> Option<UnixStream> + Send + 'static,
    mut to: impl Write + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let Some(mut wire) = wire() else { return };
        let mut piece = [0; 65536];
        let mut open = true;
        while let Ok(count @ 1..) = wire.read(&mut piece) {
            open = open && to.write_all(&piece[..count]).and_then(|()| to.flush()).is_ok();
        }
    })
}

/// All that comes.
fn text(mut wire: UnixStream) -> String {
    let mut bytes = Vec::new();
    let _ = wire.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_whole_and_without_qemu_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let wires = Wires::new(folder.path()).unwrap();
        let mut end = UnixStream::connect(path(folder.path(), 3)).unwrap();
        end.write_all(b"exit 3\n").unwrap();
        drop(end);
        assert_eq!(wires.end(), "exit 3\n");
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Wires::new(folder.path()).unwrap().end(), "");
    }
}
