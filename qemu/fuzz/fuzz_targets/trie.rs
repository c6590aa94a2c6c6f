//! Any bytes as a binary index, searched for a text: it comes to an end, with no more found than the file has
//! room for.
#![no_main]

use insinit::trie::{Search, is_one};
use insinit_fuzz::machine::Machine;
use libfuzzer_sys::fuzz_target;

const MAGIC: [u8; 8] = [0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1];

fuzz_target!(|data: &[u8]| {
    let Some((len, data)) = data.split_first() else { return };
    let (wanted, file) = data.split_at(usize::from(*len).min(data.len()));
    let mut k = Machine::new(&[]);
    let file = k.text(&[&MAGIC, file].concat());
    assert!(is_one(file));
    let mut search = Search::default();
    search.run(&mut k, file, wanted);
    assert!(search.found.len() <= file.len(), "more than there is");
    for found in search.found.iter() {
        assert!(found.text.len() <= file.len());
    }
});
