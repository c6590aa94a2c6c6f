//! The filters that may stand in front of LZMA2 (xz-file-format.txt, section 5.3): BCJ, which made the
//! targets of branches absolute, and delta.
//!
//! Each undoes its work in place, on a block as a whole. Where branches are and what becomes of them is
//! as liblzma has it (`src/liblzma/simple`).
#![forbid(unsafe_code)]

/// A filter of a block.
#[derive(Clone, Copy, Default)]
pub struct Filter {
    /// Its number in the format; 0 is none.
    pub id: u8,
    /// BCJ: the address of the first byte. Delta: how far apart the bytes are, less one.
    pub start: u32,
}

const DELTA: u8 = 0x03;
const X86: u8 = 0x04;
const POWERPC: u8 = 0x05;
const ARM: u8 = 0x07;
const ARM_THUMB: u8 = 0x08;
const SPARC: u8 = 0x09;
const ARM64: u8 = 0x0a;
const RISCV: u8 = 0x0b;

impl Filter {
    /// A filter with that number, if it is one that is undone here.
    #[must_use]
    pub fn of(id: u64) -> Option<Self> {
        match id as u8 {
            id @ (DELTA..=POWERPC | ARM..=RISCV) => Some(Self { id, start: 0 }),
            _ => None,
        }
        .filter(|_| id < 0x100)
    }

    /// Takes the properties that the block's header has for it; whether they are good.
    pub fn properties(&mut self, length: u64, value: u32) -> bool {
        self.start = value;
        let aligned = match self.id {
            DELTA => return length == 1,
            X86 => 1,
            ARM_THUMB | RISCV => 2,
            _ => 4,
        };
        (length == 0 || length == 4) && value.is_multiple_of(aligned)
    }

    /// Undoes it on a whole block.
    pub fn undo(self, bytes: &mut [u8]) {
        match self.id {
            0 => {}
            DELTA => delta(bytes, (self.start as usize).wrapping_add(1)),
            X86 => x86(bytes, self.start),
            ARM_THUMB => thumb(bytes, self.start),
            RISCV => riscv(bytes, self.start),
            _ => self.words(bytes),
        }
    }

    /// Undoes it on instructions of four bytes each.
    fn words(self, bytes: &mut [u8]) {
        let mut address = self.start;
        for bytes in bytes.as_chunks_mut().0 {
            let word = u32::from_le_bytes(*bytes);
            let word = match self.id {
                ARM => arm(word, address),
                ARM64 => arm64(word, address),
                SPARC => sparc(word.swap_bytes(), address).swap_bytes(),
                _ => powerpc(word.swap_bytes(), address).swap_bytes(),
            };
            *bytes = word.to_le_bytes();
            address = address.wrapping_add(4);
        }
    }
}

/// The `N` bytes at `at`, if there are so many.
fn at<const N: usize>(bytes: &mut [u8], at: usize) -> Option<&mut [u8; N]> {
    bytes.get_mut(at..)?.first_chunk_mut()
}

/// The sums of bytes that are so far apart.
fn delta(bytes: &mut [u8], distance: usize) {
    for at in distance..bytes.len() {
        bytes[at] = bytes[at].wrapping_add(bytes[at - distance]);
    }
}

/// Whether a byte may be the highest of a distance.
fn is_sign(byte: u8) -> bool {
    matches!(byte, 0 | 0xff)
}

/// CALL and JMP, which look like bytes of other instructions. `near` has a bit for each of the three
/// bytes before that looked like one but wasn't changed.
fn x86(bytes: &mut [u8], start: u32) {
    let (mut place, mut last, mut near) = (0_usize, usize::MAX, 0_u32);
    while let Some([opcode, target @ ..]) = at::<5>(bytes, place) {
        let here = place;
        place = place.wrapping_add(1);
        if *opcode & 0xfe != 0xe8 {
            continue;
        }
        let since = here.wrapping_sub(last).wrapping_sub(1);
        last = here;
        near = if since < 3 { near << since & 7 } else { 0 };
        let inside = near.wrapping_sub(near >> 2) & 3;
        let [.., high] = *target;
        let single = matches!(near, 0 | 1 | 2 | 4);
        let below = target[3 - inside as usize];
        if !single || !is_sign(high) || near != 0 && is_sign(below) {
            near = near << 1 | 1;
            continue;
        }
        let end = start.wrapping_add(here as u32).wrapping_add(5);
        let mut distance = u32::from_le_bytes(*target).wrapping_sub(end);
        let shift = inside * 8;
        if near != 0 && is_sign((distance >> (24 - shift)) as u8) {
            distance = (distance ^ u32::MAX >> shift).wrapping_sub(end);
        }
        // 25 bits with a sign.
        *target = ((distance << 7) as i32 >> 7).to_le_bytes();
        place = here.wrapping_add(5);
    }
}

/// BL
fn arm(word: u32, address: u32) -> u32 {
    if word >> 24 != 0xeb {
        return word;
    }
    let distance = (word << 2).wrapping_sub(address.wrapping_add(8)) >> 2;
    word & 0xff00_0000 | distance & 0x00ff_ffff
}

/// The pair of BL in Thumb code
fn thumb(bytes: &mut [u8], start: u32) {
    let mut place = 0_usize;
    while let Some(pair) = at(bytes, place) {
        let word = u32::from_le_bytes(*pair);
        place = place.wrapping_add(2);
        if word & 0xf800_f800 == 0xf800_f000 {
            let target = (word & 0x7ff) << 12 | (word >> 15 & 0xffe);
            let next = start.wrapping_add(place as u32).wrapping_add(2);
            let distance = target.wrapping_sub(next);
            let word = 0xf800_f000 | distance >> 12 & 0x7ff | (distance & 0xffe) << 15;
            *pair = word.to_le_bytes();
            place = place.wrapping_add(2);
        }
    }
}

/// BL and ADRP
fn arm64(word: u32, address: u32) -> u32 {
    if word >> 26 == 0x25 {
        return 0x9400_0000 | word.wrapping_sub(address >> 2) & 0x03ff_ffff;
    }
    let page = word >> 29 & 3 | word >> 3 & 0x001f_fffc;
    if word & 0x9f00_0000 != 0x9000_0000 || page.wrapping_add(0x2_0000) & 0x1c_0000 != 0 {
        return word;
    }
    let page = page.wrapping_sub(address >> 12);
    let sign = (page & 0x2_0000).wrapping_neg() & 0x00e0_0000;
    word & 0x9000_001f | (page & 3) << 29 | (page & 0x3_fffc) << 3 | sign
}

/// bl
fn powerpc(word: u32, address: u32) -> u32 {
    if word & 0xfc00_0003 != 0x4800_0001 {
        return word;
    }
    0x4800_0001 | word.wrapping_sub(address) & 0x03ff_fffc
}

/// call
fn sparc(word: u32, address: u32) -> u32 {
    if !matches!(word >> 22, 0x100 | 0x1ff) {
        return word;
    }
    let distance = (word << 2).wrapping_sub(address) >> 2;
    0x4000_0000_u32.wrapping_sub(distance & 0x40_0000) | 0x4000_0000 | distance & 0x3f_ffff
}

/// JAL and AUIPC
fn riscv(bytes: &mut [u8], start: u32) {
    let mut place = 0_usize;
    while let Some(both) = at::<8>(bytes, place) {
        let address = start.wrapping_add(place as u32);
        place = place.wrapping_add(riscv_at(both, address));
    }
}

/// Undoes what the first of these bytes begin; returns how many of them are done.
fn riscv_at(both: &mut [u8; 8], address: u32) -> usize {
    let [a, b, c, d, e, f, g, h] = *both;
    let first = u32::from_le_bytes([a, b, c, d]);
    let second = u32::from_le_bytes([e, f, g, h]);
    let (first, second) = if a == 0xef {
        // Only x1 and x5.
        if b & 0x0d != 0 {
            return 2;
        }
        let target = u32::from(b & 0xf0) << 13 | u32::from(c) << 9 | u32::from(d) << 1;
        (jal(first & 0xfff, target.wrapping_sub(address)), second)
    } else if a & 0x7f != 0x17 {
        return 2;
    } else if first & 0xe80 != 0 {
        // It looks like a changed pair, so the encoder changed it to something else.
        if (first << 8 ^ second.wrapping_sub(3)) & 0xf_8003 != 0 {
            return 6;
        }
        (0x117 | second << 12, (first & 0xffff_f000).wrapping_add(second >> 20))
    } else {
        let register = first >> 27;
        if first.wrapping_sub(0x3117) << 18 >= register & 0x1d {
            return 4;
        }
        let distance = second.swap_bytes().wrapping_sub(address);
        let high = distance.wrapping_add(0x800) & 0xffff_f000;
        (0x17 | register << 7 | high, first >> 12 | distance << 20)
    };
    let [a, b, c, d] = first.to_le_bytes();
    let [e, f, g, h] = second.to_le_bytes();
    let done = if a == 0xef { 4 } else { 8 };
    *both = [a, b, c, d, e, f, g, h];
    done
}

/// The JAL that begins with `low`, its distance in the order that the instruction has it.
fn jal(low: u32, distance: u32) -> u32 {
    low | distance & 0xf_f000
        | (distance & 0x800) << 9
        | (distance & 0x7fe) << 20
        | (distance & 0x10_0000) << 11
}
