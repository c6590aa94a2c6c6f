//! Memory without a heap: an arena that grows by mmap(2), texts and tables cut from it.
//!
//! Nothing is given back but what a file's text didn't fill: the loader runs once and exec frees all of
//! it. A table has no fixed number of entries; the one limit is the machine's memory. Where the kernel gives no more, there is nothing
//! to go on with, so reaching it ends the boot at once ([`Kernel::exhausted`]) and no caller has to
//! handle it.
#![allow(unsafe_code)]

use crate::boot::Boot;
use crate::index::Index;
use crate::inflate::Scratch;
use crate::kernel::{Kernel, Stop};
use crate::line::Text;
use crate::log::Log;
use crate::start::Process;
use crate::uevent::Uevents;
use core::ffi::CStr;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, align_of, size_of};
use core::ops::{Deref, DerefMut};
use core::ptr::null_mut;

/// Bytes asked of the kernel at a time; only touched pages cost memory.
pub const CHUNK: usize = 64 * 1024;

/// The unused rest of the newest chunk.
pub struct Arena {
    /// Invariant 0: from here on `free` bytes are zeros, ours alone for ever, aligned to 8.
    next: *mut u8,
    free: usize,
    /// What is done where there is no memory; none ends PID 1.
    pub last_resort: Option<Stop>,
}

impl Arena {
    /// One that has nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: null_mut(), free: 0, last_resort: None }
    }

    /// Whether it never had any.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.next.is_null()
    }

    /// Gives it zeros, aligned to 8; what was left of others is not used any more.
    pub fn give(&mut self, zeros: &'static mut [u64]) {
        (self.next, self.free) = (zeros.as_mut_ptr().cast(), size_of_val(zeros));
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

/// What all zero bytes are a good value of. Large states start from it: clearing memory is one
/// instruction, filling it field by field is dozens.
///
/// # Safety
/// All zero bytes are a valid value.
pub unsafe trait Zero: Sized {
    /// All zero bytes.
    #[must_use]
    fn zero() -> Self {
        // SAFETY: the trait's.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }
}

// SAFETY: numbers, tables, slices that may be missing, enums whose first variant is 0 and options of them
// (where zero is that variant).
unsafe impl Zero for crate::config::Config {}
// SAFETY: the same.
unsafe impl Zero for crate::load::Loader {}
// SAFETY: the same.
unsafe impl Zero for crate::plan::Plan {}
// SAFETY: the same; no line's memory.
unsafe impl Zero for Log {}
// SAFETY: the same.
#[cfg(feature = "jobs")]
unsafe impl Zero for crate::load::Notes {}
// SAFETY: the same; slots that are none have a null pointer.
#[cfg(feature = "jobs")]
unsafe impl Zero for crate::jobs::Crew {}

/// A value of zero bytes, in the arena.
fn zero<T: Zero, K: Kernel>(k: &mut K) -> &'static mut T {
    const { assert!(align_of::<T>() <= 8) }
    // SAFETY: the arena has given its zero bytes away, for ever, and they are aligned.
    unsafe { &mut *cut(k, size_of::<T>()).0.cast() }
}

/// A boot that knows nothing, in the arena.
#[inline]
pub fn boot<'k, K: Kernel>(k: &'k mut K, process: Process) -> &'k mut Boot<'k, K> {
    const { assert!(align_of::<Boot<'k, K>>() <= 8) }
    let log: &mut Log = zero(k);
    log.give(line(k));
    let at = cut(k, size_of::<Boot<'k, K>>()).0.cast::<Boot<'k, K>>();
    // SAFETY: the arena has given its zero bytes away, for ever, and they are aligned. What they aren't a good
    // value of is written: references, slices and what has any. The rest are numbers, tables, enums whose
    // first variant is 0, and options of references.
    unsafe {
        (&raw mut (*at).k).write(k);
        (&raw mut (*at).log).write(log);
        (&raw mut (*at).process).write(process);
        (&raw mut (*at).tree.root).write(b"");
        (&raw mut (*at).tree.dir).write(b"");
        (&raw mut (*at).tree.index).write(Index::default());
        (&raw mut (*at).coldplug.uevents).write(Uevents::default());
        (&raw mut (*at).root).write(b"");
        &mut *at
    }
}

/// A line's memory, from the far end: a quiet boot never touches it, and what it touches stays together.
pub fn line<K: Kernel>(k: &mut K) -> &'static mut Text {
    const LEN: usize = size_of::<Text>().next_multiple_of(8);
    const { assert!(align_of::<Text>() <= 8) }
    let arena = k.arena();
    let at = match arena.free.checked_sub(LEN) {
        Some(free) => {
            arena.free = free;
            arena.next.wrapping_add(free)
        }
        None => cut(k, LEN).0,
    };
    // SAFETY: the arena has given its zero bytes away, for ever, and they are aligned; of zeros it is empty.
    unsafe { &mut *at.cast() }
}

/// Cuts `len` bytes, rounded up to a multiple of 8, from the arena: where they are, and how many.
#[inline(never)]
fn cut<K: Kernel>(k: &mut K, len: usize) -> (*mut u8, usize) {
    let len = len.saturating_add(7) & !7;
    if k.arena().free < len {
        let chunk = k.map(len.max(CHUNK)).unwrap_or_else(|_| k.exhausted());
        let arena = k.arena();
        (arena.next, arena.free) = (chunk.as_mut_ptr(), chunk.len());
    }
    let arena = k.arena();
    let at = arena.next;
    (arena.next, arena.free) = (at.wrapping_add(len), arena.free.wrapping_sub(len));
    (at, len)
}

/// `len` zeroed bytes, aligned to 8, that live as long as the process.
pub fn bytes<K: Kernel>(k: &mut K, len: usize) -> &'static mut [u8] {
    let (at, len) = cut(k, len);
    // SAFETY: invariant 0, and the arena has given them away.
    unsafe { core::slice::from_raw_parts_mut(at, len) }
}

/// The parts one after the other, as the kernel takes a path. With a NUL inside it is the empty path,
/// which names no file.
#[inline(never)]
pub fn path<K: Kernel>(k: &mut K, parts: &[&[u8]]) -> &'static CStr {
    let len = len(parts);
    let at = cut(k, len).0;
    // SAFETY: there is room for all parts and the NUL, which the arena has given away for ever.
    let text = unsafe {
        fill(at, parts);
        core::slice::from_raw_parts(at, len)
    };
    c_str(text).unwrap_or_default()
}

/// How long the parts are, and a NUL.
#[cfg_attr(feature = "root", inline(never))]
fn len(parts: &[&[u8]]) -> usize {
    parts.iter().fold(1_usize, |len, part| len.saturating_add(part.len()))
}

/// [`path`] in the place of what the table held: for paths that are many and soon forgotten.
#[cfg(feature = "root")]
pub fn spell<'t, K: Kernel>(k: &mut K, text: &'t mut Table<u8>, parts: &[&[u8]]) -> &'t CStr {
    text.truncate(0);
    let at = text.raw.claim(k, len(parts), 1);
    // SAFETY: there is room for all parts and the NUL; a table's memory is nobody else's.
    unsafe { fill(at, parts) };
    c_str(text).unwrap_or_default()
}

/// Writes the parts one after the other, and a NUL.
///
/// # Safety
/// At `at` there is room for [`len`] bytes, which no part has.
#[cfg_attr(feature = "root", inline(never))]
unsafe fn fill(mut at: *mut u8, parts: &[&[u8]]) {
    // SAFETY: the function's.
    unsafe {
        for part in parts {
            core::ptr::copy_nonoverlapping(part.as_ptr(), at, part.len());
            at = at.add(part.len());
        }
        at.write(0);
    }
}

/// The text as a C string; none without a NUL at its end, or with one before.
#[must_use]
pub fn c_str(text: &[u8]) -> Option<&CStr> {
    let [inner @ .., 0] = text else { return None };
    // SAFETY: its last byte is its only NUL.
    crate::text::find(inner, 0)
        .is_none()
        .then(|| unsafe { CStr::from_bytes_with_nul_unchecked(text) })
}

/// `count` zeros.
pub fn zeros<K: Kernel>(k: &mut K, count: usize) -> &'static mut [u32] {
    let found = bytes(k, count.saturating_mul(size_of::<u32>()));
    let count = found.len() / size_of::<u32>();
    // SAFETY: `found` is aligned, holds `count` numbers, is zeroed and ours alone for ever.
    unsafe { core::slice::from_raw_parts_mut(found.as_mut_ptr().cast(), count) }
}

/// The decoders' memory, a mapping of its own: a boot goes on where there is none.
pub fn scratch<K: Kernel>(k: &mut K) -> Option<&'static mut Scratch> {
    const { assert!(align_of::<Scratch>() <= 8) }
    let found = k.map(size_of::<Scratch>()).ok()?;
    // SAFETY: `found` is aligned, large enough, zeroed and ours alone for ever; `Scratch` is numbers
    // and memory that may be uninitialised, for which zeros are valid.
    Some(unsafe { &mut *found.as_mut_ptr().cast::<Scratch>() })
}

/// A table without its type: growing is the same code for all. All zero bytes are an empty one, so
/// that what holds many tables is made by clearing it.
struct Raw {
    /// Invariant 1: 8 bytes behind `before` there are `room` bytes that are ours alone for ever, aligned
    /// to 8; or `room` is 0 and `before` is null, so that 8 is a dangling pointer.
    before: *mut u8,
    room: u32,
    /// Values in use; they have room.
    used: u32,
}

impl Raw {
    /// The first byte.
    fn at(&self) -> *mut u8 {
        let at = self.before.wrapping_add(8);
        // SAFETY: invariant 1; no mapping is at the end of the address space.
        unsafe { core::hint::assert_unchecked(!at.is_null()) }
        at
    }

    /// Makes room for `more` values of `size` bytes at the end and counts them as used: where they are.
    #[inline(never)]
    fn claim<K: Kernel>(&mut self, k: &mut K, more: usize, size: usize) -> *mut u8 {
        let used = (self.used as usize).wrapping_mul(size);
        let end = used.saturating_add(more.saturating_mul(size));
        if end > self.room as usize {
            self.grow(k, used, end);
        }
        self.used = self.used.wrapping_add(more as u32);
        // SAFETY: `used <= end <= room`.
        unsafe { self.at().add(used) }
    }

    /// Makes room for `end` bytes and for as many again as there is room for.
    #[inline(never)]
    fn grow<K: Kernel>(&mut self, k: &mut K, used: usize, end: usize) {
        let before = self.room as usize;
        let mut room = end.max(before.wrapping_mul(2));
        let (more, arena) = (room.wrapping_sub(before), k.arena());
        if self.at().wrapping_add(before) == arena.next && more.saturating_add(7) <= arena.free {
            // What follows is free: the table grows where it is.
            room = before.wrapping_add(cut(k, more).1);
        } else {
            let larger;
            (larger, room) = cut(k, room);
            // SAFETY: invariant 1, and `larger` is a memory of its own with room for `used` bytes.
            unsafe { core::ptr::copy_nonoverlapping(self.at(), larger, used) };
            self.before = larger.wrapping_sub(8);
        }
        self.room = u32::try_from(room).unwrap_or_else(|_| k.exhausted());
    }
}

/// A growing list of plain values. Growing copies to twice the room; the old room is left behind.
pub struct Table<T: Copy + 'static> {
    /// Invariant 2: the bytes in use are values of type T.
    raw: Raw,
    kind: PhantomData<T>,
}

impl<T: Copy> Table<T> {
    /// An empty table; it takes no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(align_of::<T>() <= 8 && size_of::<T>() > 0) }
        Self { raw: Raw { before: null_mut(), room: 0, used: 0 }, kind: PhantomData }
    }

    /// Adds a value at the end.
    #[inline]
    pub fn push<K: Kernel>(&mut self, k: &mut K, value: T) {
        let slot = self.raw.claim(k, 1, size_of::<T>());
        // SAFETY: `slot` has room for a T, and tables are aligned to 8.
        unsafe { slot.cast::<T>().write(value) }
    }

    /// Adds all values at the end.
    #[inline]
    pub fn extend<K: Kernel>(&mut self, k: &mut K, values: &[T]) {
        let slots = self.raw.claim(k, values.len(), size_of::<T>());
        // SAFETY: `slots` has room for all of them; a table's memory is nobody else's.
        unsafe { core::ptr::copy_nonoverlapping(values.as_ptr(), slots.cast(), values.len()) }
    }

    /// Makes room for `more` values, so that adding them moves nothing.
    pub fn reserve<K: Kernel>(&mut self, k: &mut K, more: usize) {
        let used = self.raw.used;
        self.raw.claim(k, more, size_of::<T>());
        self.raw.used = used;
    }

    /// Keeps the first `len` values.
    pub fn truncate(&mut self, len: usize) {
        self.raw.used = (self.raw.used as usize).min(len) as u32;
    }

    /// The values as a slice that lives as long as the process; what was filled stays for ever.
    #[must_use]
    pub fn into_slice(self) -> &'static mut [T] {
        // SAFETY: invariants 1 and 2, and `self` is gone.
        unsafe { core::slice::from_raw_parts_mut(self.raw.at().cast(), self.raw.used as usize) }
    }
}

impl Table<u8> {
    /// Room for `more` bytes behind the others, whatever stands there; [`Table::count`] takes in what was written.
    pub fn room<K: Kernel>(&mut self, k: &mut K, more: usize) -> &mut [u8] {
        let used = self.raw.used;
        let at = self.raw.claim(k, more, 1);
        self.raw.used = used;
        // SAFETY: they are ours, and a table's memory begins as zeros.
        unsafe { core::slice::from_raw_parts_mut(at, more) }
    }

    /// Counts `more` bytes that were written to the room, if it has so many.
    pub fn count(&mut self, more: usize) {
        let used = (self.raw.used as usize).saturating_add(more);
        self.raw.used = used.min(self.raw.room as usize) as u32;
    }

    /// [`Table::into_slice`], where nothing was written behind what is in use: it is the arena's again.
    pub fn seal<K: Kernel>(self, k: &mut K) -> &'static [u8] {
        let (room, arena) = (self.raw.room as usize, k.arena());
        if self.raw.at().wrapping_add(room) == arena.next {
            // SAFETY: the room is the table's.
            debug_assert!(unsafe {
                let rest = self.raw.room.wrapping_sub(self.raw.used) as usize;
                let start = self.raw.at().add(self.raw.used as usize);
                core::slice::from_raw_parts(start, rest).iter().all(|byte| *byte == 0)
            });
            let used = (self.raw.used as usize).wrapping_add(7) & !7;
            let more = room.wrapping_sub(used);
            (arena.next, arena.free) =
                (arena.next.wrapping_sub(more), arena.free.wrapping_add(more));
        }
        self.into_slice()
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
        // SAFETY: invariants 1 and 2.
        unsafe { core::slice::from_raw_parts(self.raw.at().cast(), self.raw.used as usize) }
    }
}

impl<T: Copy> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: invariants 1 and 2.
        unsafe { core::slice::from_raw_parts_mut(self.raw.at().cast(), self.raw.used as usize) }
    }
}

/// Values that forked processes leave for this one, each in a slot of its own.
#[cfg(feature = "jobs")]
pub struct Slots<T> {
    /// Invariant 3: `count` values of type T that every process forked later shares, aligned, for ever.
    first: *mut T,
    count: usize,
}

#[cfg(feature = "jobs")]
impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { first: null_mut(), count: 0 }
    }
}

#[cfg(feature = "jobs")]
impl<T: Copy + Zero> Slots<T> {
    /// So many slots, each all zero bytes.
    ///
    /// # Errors
    /// What mmap(2) says.
    pub fn new<K: Kernel>(k: &mut K, count: usize) -> crate::kernel::Result<Self> {
        let memory = k.share(count.saturating_mul(size_of::<T>()).max(1))?;
        // A mapping is aligned to a page.
        Ok(Self { first: memory.as_mut_ptr().cast(), count })
    }

    /// Leaves a value for the process that this one was forked from.
    pub fn set(&self, slot: u32, value: T) {
        if (slot as usize) < self.count {
            // SAFETY: invariant 3.
            unsafe { self.first.add(slot as usize).write(value) }
        }
    }

    /// What the process that was given this slot, and has ended, left there.
    #[must_use]
    pub fn get(&self, slot: u32) -> T {
        if (slot as usize) >= self.count {
            return T::zero();
        }
        // SAFETY: invariant 3; it is all zeros, or what this same program wrote before it ended.
        unsafe { self.first.add(slot as usize).read() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    #[test]
    fn tables_grow_without_losing_anything() {
        let (mut k, mut small, mut large) = (Linux::default(), Table::new(), Table::new());
        for n in 0..50_000u32 {
            small.push(&mut k, n);
            large.extend(&mut k, &[(u64::from(n), b"x".as_slice())]);
        }
        assert!(small.iter().copied().eq(0..50_000));
        assert!(large.iter().enumerate().all(|(at, found)| *found == (at as u64, b"x")));
        small.truncate(3);
        assert_eq!(small.into_slice(), [0, 1, 2]);
    }

    #[test]
    fn paths_end_with_the_one_nul_they_have() {
        let mut k = Linux::default();
        assert_eq!(path(&mut k, &[b"/a", b"/", b"b"]), c"/a/b");
        assert_eq!(path(&mut k, &[b"/a\0", b"b"]), c"");
        assert_eq!((c_str(b"a"), c_str(b"")), (None, None));
    }
}
