//! Memory without a heap: an arena that grows by mmap(2) and tables cut from it.
//!
//! Nothing is given back: the loader runs once and exec frees all of it. A table has no fixed number
//! of entries; the one limit is the machine's memory, and reaching it is `ENOMEM`.
#![allow(unsafe_code)]

use crate::inflate::Scratch;
use crate::kernel::{Kernel, Result};
use core::mem::{MaybeUninit, align_of, size_of};
use core::ops::{Deref, DerefMut};
use syscalls::Errno;

/// Bytes asked of the kernel at a time; only touched pages cost memory.
const CHUNK: usize = 64 * 1024;

/// The unused rest of the newest chunk.
#[derive(Default)]
pub struct Arena {
    free: &'static mut [u8],
}

impl Arena {
    /// Cuts `len` bytes aligned to `align` from the front, if they are there.
    fn cut(&mut self, len: usize, align: usize) -> Option<&'static mut [u8]> {
        let skip = self.free.as_ptr().align_offset(align);
        let whole = core::mem::take(&mut self.free);
        let end = skip.checked_add(len)?;
        if end > whole.len() {
            self.free = whole;
            return None;
        }
        let (used, rest) = whole.split_at_mut_checked(end)?;
        self.free = rest;
        used.get_mut(skip..)
    }
}

/// `len` zeroed bytes aligned to `align`, from the arena or a new chunk.
///
/// # Errors
/// What mmap(2) says, `ENOMEM` above all.
fn bytes<K: Kernel>(k: &mut K, len: usize, align: usize) -> Result<&'static mut [u8]> {
    if let Some(found) = k.arena().cut(len, align) {
        return Ok(found);
    }
    if len >= CHUNK {
        return k.map(len); // starts a page, so it is aligned; the open chunk stays for small things
    }
    let chunk = k.map(CHUNK)?;
    k.arena().free = chunk;
    k.arena().cut(len, align).ok_or(Errno::ENOMEM)
}

/// `len` zeroed bytes that live as long as the process.
///
/// # Errors
/// What mmap(2) says, `ENOMEM` above all.
pub fn buffer<K: Kernel>(k: &mut K, len: usize) -> Result<&'static mut [u8]> {
    bytes(k, len, 1)
}

/// The parts one after the other, as a text that lives as long as the process.
///
/// # Errors
/// What mmap(2) says, `ENOMEM` above all.
#[inline(never)]
pub fn text<K: Kernel>(k: &mut K, parts: &[&[u8]]) -> Result<&'static [u8]> {
    let len = parts.iter().fold(0, |len: usize, part| len.saturating_add(part.len()));
    let mut text = Table::with_room(k, len)?;
    for part in parts {
        text.extend(k, part)?;
    }
    Ok(text.into_slice())
}

/// `count` zeros.
///
/// # Errors
/// What mmap(2) says, `ENOMEM` above all.
pub fn zeroed<K: Kernel>(k: &mut K, count: usize) -> Result<&'static mut [u32]> {
    let len = count.checked_mul(size_of::<u32>()).ok_or(Errno::ENOMEM)?;
    let found = bytes(k, len, align_of::<u32>())?;
    // SAFETY: `found` is aligned, holds `count` numbers, is zeroed and ours alone for ever.
    Ok(unsafe { core::slice::from_raw_parts_mut(found.as_mut_ptr().cast(), count) })
}

/// A decoder's memory, at its first use.
///
/// # Errors
/// What mmap(2) says, `ENOMEM` above all.
pub fn scratch<K: Kernel>(k: &mut K) -> Result<&'static mut Scratch> {
    let found = bytes(k, size_of::<Scratch>(), align_of::<Scratch>())?;
    // SAFETY: `found` is aligned, large enough, zeroed and ours alone for ever; `Scratch` is numbers
    // and memory that may be uninitialised, for which zeros are valid.
    Ok(unsafe { &mut *found.as_mut_ptr().cast::<Scratch>() })
}

/// Room for `count` values that live as long as the process.
fn slots<K: Kernel, T>(k: &mut K, count: usize) -> Result<&'static mut [MaybeUninit<T>]> {
    let len = count.checked_mul(size_of::<T>()).ok_or(Errno::ENOMEM)?;
    let found = bytes(k, len, align_of::<T>())?;
    // SAFETY: `found` is aligned for T, holds `count` of them and is ours alone for ever.
    Ok(unsafe { core::slice::from_raw_parts_mut(found.as_mut_ptr().cast(), count) })
}

/// A growing list of plain values. Growing copies to twice the room; the old room is left behind.
pub struct Table<T: Copy + 'static> {
    slots: &'static mut [MaybeUninit<T>],
    /// Invariant 1: the first `len` slots hold values, and `len <= slots.len()`.
    len: usize,
}

impl<T: Copy> Table<T> {
    /// An empty table; it takes no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self { slots: &mut [], len: 0 }
    }

    /// A table with room for `count` values.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn with_room<K: Kernel>(k: &mut K, count: usize) -> Result<Self> {
        Ok(Self { slots: slots(k, count)?, len: 0 })
    }

    /// Adds a value at the end.
    ///
    /// # Errors
    /// `ENOMEM`; the table is then as it was.
    #[inline(never)]
    pub fn push<K: Kernel>(&mut self, k: &mut K, value: T) -> Result<()> {
        self.reserve(k, 1)?;
        if let Some(slot) = self.slots.get_mut(self.len) {
            slot.write(value);
            self.len = self.len.saturating_add(1);
        }
        Ok(())
    }

    /// Adds all values at the end.
    ///
    /// # Errors
    /// `ENOMEM`; the table is then as it was.
    #[inline(never)]
    pub fn extend<K: Kernel>(&mut self, k: &mut K, values: &[T]) -> Result<()> {
        self.reserve(k, values.len())?;
        let free = self.slots.iter_mut().skip(self.len);
        for (slot, value) in free.zip(values) {
            slot.write(*value);
        }
        self.len = self.len.saturating_add(values.len()).min(self.slots.len());
        Ok(())
    }

    /// Makes room for `more` values.
    #[inline(never)]
    fn reserve<K: Kernel>(&mut self, k: &mut K, more: usize) -> Result<()> {
        let need = self.len.checked_add(more).ok_or(Errno::ENOMEM)?;
        if need <= self.slots.len() {
            return Ok(());
        }
        let larger = slots(k, need.max(self.len.saturating_mul(2)).max(8))?;
        for (to, from) in larger.iter_mut().zip(self.iter()) {
            to.write(*from);
        }
        self.slots = larger;
        Ok(())
    }

    /// Keeps the first `len` values.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The values as a slice that lives as long as the process; what was filled stays for ever.
    #[must_use]
    pub fn into_slice(self) -> &'static mut [T] {
        let len = self.len;
        // SAFETY: invariant 1; the slots are ours alone for ever, and `self` is gone.
        unsafe { core::slice::from_raw_parts_mut(self.slots.as_mut_ptr().cast(), len) }
    }
}

impl<T: Copy> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> Deref for Table<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: invariant 1.
        unsafe { core::slice::from_raw_parts(self.slots.as_ptr().cast(), self.len) }
    }
}

impl<T: Copy> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: invariant 1.
        unsafe { core::slice::from_raw_parts_mut(self.slots.as_mut_ptr().cast(), self.len) }
    }
}
