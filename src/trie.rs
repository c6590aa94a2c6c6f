//! The binary twins of the index files (`modules.dep.bin`, `modules.alias.bin`): a key is found without
//! reading the rest (kmod `libkmod/libkmod-index.c`).
//!
//! A node may have a prefix, children by the next byte, and values with a priority; what has which is in
//! the upper four bits of its offset. All numbers are big-endian.
#![forbid(unsafe_code)]

use crate::glob::{self, is_wild};
use crate::index::Value;
use crate::kernel::Kernel;
use crate::mem::Table;
use crate::name::normal;
use crate::text;

/// `INDEX_MAGIC` and `INDEX_VERSION` 2.1.
const MAGIC: [u8; 8] = [0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1];

const PREFIX: u32 = 0x8000_0000;
const VALUES: u32 = 0x4000_0000;
const CHILDREN: u32 = 0x2000_0000;
const OFFSET: u32 = 0x0fff_ffff;

/// The longest key with wildcards, in bytes; the longest of a kernel have some hundred.
const LONGEST: usize = 1024;

/// Whether the file is one of these.
#[must_use]
pub fn is_one(file: &[u8]) -> bool {
    file.starts_with(&MAGIC)
}

/// Finds all keys that a text matches. It keeps its memory for the next time.
#[derive(Default)]
pub struct Search {
    /// The key as far as the search has come.
    key: Table<u8>,
    /// Nodes and values that may still be looked at: no good file leads to more than it has bytes.
    left: usize,
    /// What was found last, in the order of priority.
    pub found: Table<Value>,
}

impl Search {
    /// Finds everything that the file says of `wanted`.
    #[inline(never)]
    pub fn run<K: Kernel>(&mut self, k: &mut K, file: &'static [u8], wanted: &[u8]) {
        self.key.truncate(0);
        self.found.truncate(0);
        self.left = file.len();
        let mut rest = text::tail(file, MAGIC.len());
        let root = number(&mut rest);
        self.node(k, &Question { file, wanted }, root, false);
    }

    /// Looks at a node and what is below it; `wild` if there is a wildcard in the key.
    fn node<K: Kernel>(&mut self, k: &mut K, asked: &Question<'_>, node: u32, mut wild: bool) {
        let mut rest = text::tail(asked.file, (node & OFFSET) as usize);
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        if node & PREFIX != 0 {
            for byte in text::cut(&mut rest, 0) {
                if !self.take(k, asked, *byte, &mut wild) {
                    return;
                }
            }
        }
        let len = self.key.len();
        if node & CHILDREN != 0
            && let [first, last, below @ ..] = rest
        {
            let next = asked.wanted.get(len).map_or(0, |byte| normal(*byte));
            let row = Row { first: *first, below };
            if wild {
                for byte in *first..=*last {
                    self.child(k, asked, &row, byte, true);
                }
            } else {
                for byte in [b'*', b'?', b'[', next] {
                    if (*first..=*last).contains(&byte) {
                        self.child(k, asked, &row, byte, false);
                    }
                }
            }
            rest = row.at(last.wrapping_add(1));
        }
        let is_it = if wild {
            node & VALUES != 0 && glob::matches(&self.key, asked.wanted)
        } else {
            node & VALUES != 0 && len == asked.wanted.len()
        };
        if is_it {
            for _ in 0..number(&mut rest) {
                let priority = number(&mut rest);
                let Some(text) = text::take(&mut rest, 0) else { return };
                let Some(left) = self.left.checked_sub(1) else { return };
                self.left = left;
                self.add(k, Value { priority, text });
            }
        }
    }

    /// Looks at what is below a node by that byte.
    #[inline(never)]
    fn child<K: Kernel>(
        &mut self,
        k: &mut K,
        asked: &Question<'_>,
        row: &Row,
        byte: u8,
        mut wild: bool,
    ) {
        let (len, child) = (self.key.len(), number(&mut row.at(byte)));
        if child != 0 && self.take(k, asked, byte, &mut wild) {
            self.node(k, asked, child, wild);
            self.key.truncate(len);
        }
    }

    /// Whether the key may go on with that byte: in front of the first wildcard only as what is wanted does, and
    /// not beyond [`LONGEST`], which bounds the depth of the search, too.
    fn take<K: Kernel>(
        &mut self,
        k: &mut K,
        asked: &Question<'_>,
        byte: u8,
        wild: &mut bool,
    ) -> bool {
        *wild |= is_wild(byte);
        let same = (*wild && self.key.len() < LONGEST)
            || asked.wanted.get(self.key.len()).map(|byte| normal(*byte)) == Some(byte);
        if same {
            self.key.push(k, byte);
        }
        same
    }

    /// Adds a value behind those of its priority.
    fn add<K: Kernel>(&mut self, k: &mut K, mut value: Value) {
        for known in self.found.iter_mut() {
            if value.priority < known.priority {
                core::mem::swap(known, &mut value);
            }
        }
        self.found.push(k, value);
    }
}

/// What is looked for, and where.
struct Question<'a> {
    file: &'static [u8],
    wanted: &'a [u8],
}

/// The children of a node.
struct Row {
    /// The first one's byte.
    first: u8,
    /// A number for each byte from there on, and what follows.
    below: &'static [u8],
}

impl Row {
    /// From the number of a byte on.
    fn at(&self, byte: u8) -> &'static [u8] {
        text::tail(self.below, usize::from(byte.wrapping_sub(self.first)).wrapping_mul(4))
    }
}

/// Takes a number.
fn number(rest: &mut &'static [u8]) -> u32 {
    let Some((number, after)) = rest.split_first_chunk() else { return 0 };
    *rest = after;
    u32::from_be_bytes(*number)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sys::Linux;

    /// A file with these keys, each with one value; their first bytes are different, in order.
    pub fn file_of(keys: &[(&str, &str)]) -> Vec<u8> {
        let mut file = [&MAGIC[..], &[0; 4]].concat();
        let child = |(key, value): &(&str, &str)| {
            (key.as_bytes()[0], node(&mut file, &key[1..], &[], &[(0, value)]))
        };
        let children: Vec<_> = keys.iter().map(child).collect();
        let root = node(&mut file, "", &children, &[]);
        file[8..12].copy_from_slice(&root.to_be_bytes());
        file
    }

    /// A node with all it may have: its bytes, and its offset with what it has.
    fn node(
        file: &mut Vec<u8>,
        prefix: &str,
        children: &[(u8, u32)],
        values: &[(u32, &str)],
    ) -> u32 {
        let mut offset = file.len() as u32;
        if !prefix.is_empty() {
            offset |= PREFIX;
            file.extend([prefix.as_bytes(), b"\0"].concat());
        }
        if let [(first, _), .., (last, _)] | [(first @ last, _)] = children {
            offset |= CHILDREN;
            file.extend([*first, *last]);
            for byte in *first..=*last {
                let child = children.iter().find(|(key, _)| *key == byte).map_or(0, |(_, at)| *at);
                file.extend(child.to_be_bytes());
            }
        }
        if !values.is_empty() {
            offset |= VALUES;
            file.extend((values.len() as u32).to_be_bytes());
            for (priority, text) in values {
                file.extend([&priority.to_be_bytes()[..], text.as_bytes(), b"\0"].concat());
            }
        }
        offset
    }

    /// `a_b` = one, two; `a_b*d` = three; `[x-z]q` = four.
    fn file() -> Vec<u8> {
        let mut file = [&MAGIC[..], &[0; 4]].concat();
        let d = node(&mut file, "d", &[], &[(5, "three")]);
        let a = node(&mut file, "_b", &[(b'*', d)], &[(7, "one"), (9, "two")]);
        let x = node(&mut file, "x-z]q", &[], &[(1, "four")]);
        let root = node(&mut file, "", &[(b'[', x), (b'a', a)], &[]);
        file[8..12].copy_from_slice(&root.to_be_bytes());
        file
    }

    fn found(file: Vec<u8>, wanted: &str) -> Vec<String> {
        let mut search = Search::default();
        search.run(&mut Linux::default(), file.leak(), wanted.as_bytes());
        search.found.iter().map(|value| String::from_utf8_lossy(value.text).into()).collect()
    }

    #[test]
    fn keys_and_patterns_are_found_in_the_order_of_their_priority() {
        assert_eq!(found(file(), "a-b"), ["one", "two"]);
        assert_eq!(found(file(), "a_bcd"), ["three"]);
        assert_eq!(found(file(), "yq"), ["four"]);
        for wanted in ["", "a", "a_bc", "a_b*", "aq", "[x-z]"] {
            assert_eq!(found(file(), wanted), [""; 0], "{wanted}");
        }
    }

    #[test]
    fn a_damaged_file_ends() {
        let whole = file();
        for cut in 0..whole.len() {
            found(whole[..cut].to_vec(), "a_bcd");
        }
        for at in 8..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                found(damaged, "a_bcd");
            }
        }
        let mut circle = [&MAGIC[..], &[0; 4]].concat();
        let root = node(&mut circle, "", &[(b'*', CHILDREN | 12), (b'+', CHILDREN | 12)], &[]);
        circle[8..12].copy_from_slice(&root.to_be_bytes());
        found(circle, "a");
    }

    #[test]
    fn no_circle_gives_more_values_than_the_file_has_bytes() {
        let mut circle = [&MAGIC[..], &[0; 4]].concat();
        let again = CHILDREN | VALUES | 12;
        let root = node(&mut circle, "", &[(b'*', again), (b'+', again)], &[(0, "x"); 40]);
        circle[8..12].copy_from_slice(&root.to_be_bytes());
        let len = circle.len();
        assert!(found(circle, "a").len() <= len);
    }

    #[test]
    fn a_long_circle_does_not_fill_the_stack() {
        let mut circle = [&MAGIC[..], &[0; 4]].concat();
        let root = node(&mut circle, "", &[(b'*', CHILDREN | 12)], &[]);
        circle[8..12].copy_from_slice(&root.to_be_bytes());
        circle.resize(4 << 20, 0);
        assert_eq!(found(circle, "a"), [""; 0]);
    }
}
