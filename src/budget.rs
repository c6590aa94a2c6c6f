//! Whether a load fits into memory: PID 1 out of memory is a kernel panic.
#![forbid(unsafe_code)]

use crate::files;
use crate::kernel::{Kernel, Memory};
use crate::text;

/// Kept free for the kernel's own needs: 2 MiB, or a 64th of the memory if that is more. (Its own
/// reserve, `min_free_kbytes`, is about a 128th on small machines: `mm/page_alloc.c`,
/// `calculate_min_free_kbytes`.)
fn reserve(total: u64) -> u64 {
    (total / 64).max(2 << 20)
}

/// What is known of free memory without asking again.
#[derive(Default)]
pub struct Budget {
    /// What is surely free still: as last asked, less all that was granted since.
    free: u64,
    /// What was in use when that was asked: no file of an image takes more.
    used: u64,
}

/// More memory than there is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortage {
    /// What a load takes.
    pub need: u64,
    /// What is free, less the reserve.
    pub free: u64,
}

impl Budget {
    /// Grants `need` bytes or says what is missing. Asks the kernel only where what is known doesn't
    /// leave four times as much: most boots ask once.
    ///
    /// # Errors
    /// Both figures.
    #[inline(never)]
    pub fn grant<K: Kernel>(&mut self, k: &mut K, need: u64) -> Result<(), Shortage> {
        let plenty = need.saturating_mul(4);
        if self.free < plenty {
            let memory = k.memory();
            self.used = memory.total.saturating_sub(memory.free);
            self.free = less_reserve(&memory);
            if self.free < plenty {
                self.free = self.free.saturating_sub(movable_only(k));
            }
        }
        let free = self.free;
        self.free = free.checked_sub(need).ok_or(Shortage { need, free })?;
        Ok(())
    }

    /// Whether a file may be so large that there is no room for it and as much again, whatever its header
    /// says.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        self.free / 2 < self.used
    }

    /// Forgets what is known: something else has taken memory.
    pub fn forget(&mut self) {
        self.free = 0;
    }
}

/// What is free now, less the reserve.
pub fn free<K: Kernel>(k: &mut K) -> u64 {
    less_reserve(&k.memory())
}

fn less_reserve(memory: &Memory) -> u64 {
    memory.free.saturating_sub(reserve(memory.total))
}

/// Free memory that only movable pages may use: the kernel can put no module there. sysinfo(2)
/// counts it as free, /proc/meminfo says how much it is (`CmaFree`).
fn movable_only<K: Kernel>(k: &mut K) -> u64 {
    let mut sum = 0_u64;
    for byte in text::value(files::text(k, c"/proc/meminfo"), b'\n', b"CmaFree:") {
        if byte.is_ascii_digit() {
            sum = sum.wrapping_mul(10).wrapping_add(u64::from(byte & 15));
        }
    }
    sum.wrapping_mul(1024)
}
