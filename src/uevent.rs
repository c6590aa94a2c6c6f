//! What the kernel tells of devices as they come, change and go: its uevent socket.
//!
//! Without `CONFIG_NET` there is none; then every wait ends with [`Heard::Lost`], and whoever waits has
//! to look for himself.
#![forbid(unsafe_code)]

use crate::kernel::{Errno, Fd, Kernel};
use crate::mem;
use crate::text;

/// Longer than any event: the device's path, then at most `UEVENT_BUFFER_SIZE` bytes, which is 2048
/// (`include/linux/kobject.h`).
const ROOM: usize = 4096;

/// What a wait brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing happened.
    Nothing,
    /// An event: [`Uevents::value`] tells what it says.
    Event,
    /// Events got lost, or can't be heard: anything may have happened.
    Lost,
}

/// The socket.
#[derive(Default)]
pub struct Uevents {
    socket: Option<Fd>,
    room: &'static mut [u8],
    /// How long the last event is.
    len: usize,
}

impl Uevents {
    /// Opens the socket if it isn't open: what happens from now on is heard. It closes itself at exec.
    pub fn open<K: Kernel>(&mut self, k: &mut K) {
        if self.room.is_empty() {
            self.room = mem::bytes(k, ROOM);
            self.socket = k.uevents().ok();
        }
    }

    /// Whether nothing can be heard.
    #[must_use]
    pub fn is_deaf(&self) -> bool {
        self.socket.is_none()
    }

    /// Waits for the next event, at most so many milliseconds.
    #[inline(never)]
    pub fn wait<K: Kernel>(&mut self, k: &mut K, milliseconds: u32) -> Heard {
        self.len = 0;
        if let Some(fd) = self.socket {
            match k
                .readable(fd, milliseconds)
                .and_then(|is| if is { k.read(fd, self.room) } else { Ok(0) })
            {
                Ok(0) => return Heard::Nothing,
                Ok(len) if len < self.room.len() => {
                    self.len = len;
                    return Heard::Event;
                }
                // The queue was full (netlink(7)), or the event is cut off.
                Ok(_) | Err(Errno::ENOBUFS) => return Heard::Lost,
                Err(_) => {
                    k.close(fd);
                    self.socket = None;
                }
            }
        }
        if milliseconds == 0 {
            return Heard::Nothing;
        }
        k.sleep(milliseconds);
        Heard::Lost
    }

    /// What the last event says behind `key`, which ends with `=`; nothing if it has no such item.
    #[must_use]
    pub fn value(&self, key: &[u8]) -> &[u8] {
        text::value(text::head(self.room, self.len), 0, key)
    }
}
