//! Passes bytes between pipes and ports.

use crate::calls::{self, Poll};
use insinit::kernel::{Fd, Kernel};

/// Bytes that are passed at once.
const PIECE: usize = 16 * 1024;

/// One way from a pipe to a port; without the port it goes nowhere.
pub struct Stream {
    pipe: Option<Fd>,
    port: Option<Fd>,
}

impl Stream {
    /// The way from the pipe to the port.
    pub fn new(pipe: Fd, port: Option<Fd>) -> Self {
        Self { pipe: Some(pipe), port }
    }

    /// What to wait for.
    pub fn poll(&self) -> Poll {
        Poll::of(self.pipe.unwrap_or(Fd(-1)))
    }

    /// Passes a piece on if there is something; gives whether there was.
    pub fn pass<K: Kernel>(&mut self, k: &mut K, seen: &Poll) -> bool {
        let Some(pipe) = self.pipe.filter(|_| seen.events_now != 0) else { return false };
        let mut piece = [0; PIECE];
        let count = k.read(pipe, &mut piece).unwrap_or(0);
        if count == 0 {
            k.close(pipe);
            self.pipe = None;
            return false;
        }
        if let Some(port) = self.port {
            write_all(k, port, piece.get(..count).unwrap_or_default());
        }
        true
    }
}

/// Writes all of it; a port takes a part at a time (`port_fops_write`: 32 KiB).
pub fn write_all<K: Kernel>(k: &mut K, port: Fd, mut bytes: &[u8]) {
    while let Ok(count @ 1..) = k.write(port, bytes) {
        bytes = bytes.get(count..).unwrap_or_default();
    }
}

/// A process that passes the host's input on until its end; ours then has the pipe's reading end only.
pub fn feed<K: Kernel>(k: &mut K, port: Option<Fd>, pipe: (Fd, Fd)) {
    if let Some(port) = port
        && calls::fork() == Ok(0)
    {
        k.close(pipe.0);
        let mut piece = [0; PIECE];
        while let Ok(count @ 1..) = k.read(port, &mut piece) {
            write_all(k, pipe.1, piece.get(..count).unwrap_or_default());
        }
        k.exit(0);
    }
    k.close(pipe.1);
}
