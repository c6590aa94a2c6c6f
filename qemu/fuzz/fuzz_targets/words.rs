//! Any bytes as a command line, as a configuration file, and as a list file.
#![no_main]

use insinit::cmdline;
use insinit::config::Config;
use insinit::list;
use insinit_fuzz::machine::Machine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut k = Machine::new(&[]);
    let text = k.text(data);
    let (mut rest, mut words) = (text, 0);
    while let Some(word) = cmdline::take(&mut rest) {
        assert!(word.key.len() + word.value.map_or(0, <[u8]>::len) <= data.len());
        words += 1;
    }
    let mut config = Config::default();
    config.read(&mut k, text);
    assert!(config.complaints.len() <= words, "more complaints than words");
    assert!(config.entries.len() <= data.len(), "more entries than letters");
    config.read_file(&mut k, text);
    let (mut rest, mut before) = (text, data.len() + 1);
    while let Some(entry) = list::of_file(&mut rest) {
        assert!(!entry.name.is_empty() && rest.len() < before, "an entry out of nothing");
        before = rest.len();
    }
});
