//! Copies inside the output, eight bytes a step.

/// Copies eight bytes; nothing where they would not fit.
#[inline(always)]
fn eight(out: &mut [u8], from: usize, to: usize) {
    let Some(bytes) = out.get(from..).and_then(<[u8]>::first_chunk::<8>).copied() else { return };
    if let Some(place) = out.get_mut(to..).and_then(<[u8]>::first_chunk_mut) {
        *place = bytes;
    }
}

/// Copies `count` bytes and up to seven more. `to` is behind `from` by eight at least, or in front of it.
#[inline(always)]
pub(crate) fn wild(out: &mut [u8], from: usize, to: usize, count: usize) {
    let mut done = 0_usize;
    while done < count {
        eight(out, from.wrapping_add(done), to.wrapping_add(done));
        done = done.wrapping_add(8);
    }
}

/// Copies `count` bytes, one after the other, so that they may overlap.
pub(crate) fn exact(out: &mut [u8], from: usize, to: usize, count: usize) {
    for done in 0..count {
        let byte = out.get(from.wrapping_add(done)).copied().unwrap_or_default();
        if let Some(place) = out.get_mut(to.wrapping_add(done)) {
            *place = byte;
        }
    }
}

/// Copies `count` bytes to a place in front of them.
pub(crate) fn forward(out: &mut [u8], from: usize, to: usize, count: usize) {
    let eights = if from.wrapping_sub(to) < 8 { 0 } else { count & !7 };
    wild(out, from, to, eights);
    let [from, to] = [from, to].map(|at| at.wrapping_add(eights));
    exact(out, from, to, count.wrapping_sub(eights));
}

/// As [`wild`] from `offset` bytes before `to`, where they are fewer than eight: they repeat.
pub(crate) fn repeat(out: &mut [u8], offset: usize, to: usize, count: usize) {
    let mut far = offset;
    while far < 8 {
        far = far.wrapping_add(offset.max(1));
    }
    let first = far.wrapping_sub(offset).min(count);
    exact(out, to.wrapping_sub(offset), to, first);
    let to = to.wrapping_add(first);
    wild(out, to.wrapping_sub(far), to, count.wrapping_sub(first));
}
