//! A module's argument string.
//!
//! The kernel drops `MODULE.PARAM=VALUE` of modules that aren't built in (`init/main.c`,
//! `unknown_bootoption`) and leaves them to the loader.
#![forbid(unsafe_code)]

use crate::cmdline;
use crate::config::Config;
use crate::kernel::Kernel;
use crate::mem::{self, Table};
use crate::name;
use crate::plan::Plan;
use crate::text;
use core::ffi::CStr;

/// The argument string of a plan's step: `options` lines about its name or the alias that it was found
/// by, then its list entries' parameters, then the words'. None if the kernel can't be given one of them.
#[inline(never)]
pub fn of_step<K: Kernel>(
    k: &mut K,
    config: &Config,
    plan: &Plan,
    number: u32,
) -> Option<&'static CStr> {
    let (mut text, mut good, mut rules) = (Table::new(), true, config.rules());
    let step = plan.step(number)?;
    let no_rules = config.rules.is_none_or(|rules| rules.is_empty());
    if no_rules && plan.extras.is_empty() && config.params.is_empty() {
        return Some(c"");
    }
    while let Some(module) = rules.next(b'o') {
        if name::same(module, step.name) || name::same(module, step.alias) {
            append(k, &mut text, text::trim(rules.rest));
        }
    }
    for extra in plan.extras.iter() {
        if extra.step == number {
            append(k, &mut text, extra.params);
        }
    }
    for word in config.params.iter() {
        if let Some(param) = of_module(word.key, step.name) {
            good &= add(k, &mut text, param, word.value);
        }
    }
    text.push(k, 0);
    mem::c_str(text.into_slice()).filter(|_| good)
}

/// Adds a piece, behind a blank where it isn't the first.
#[inline(never)]
fn append<K: Kernel>(k: &mut K, text: &mut Table<u8>, piece: &[u8]) {
    if !text.is_empty() {
        text.push(k, b' ');
    }
    text.extend(k, piece);
}

/// The parameter's name if the word is one of the module's: `MODULE.PARAM`, with no other dot, no quote and no
/// white space in the name (kmod `libkmod/libkmod-config.c`, `kmod_config_parse_kcmdline`).
#[must_use]
fn of_module(key: &'static [u8], module: &[u8]) -> Option<&'static [u8]> {
    let mut param = key;
    let owner = text::take(&mut param, b'.')?;
    let is_odd = |byte: &u8| matches!(byte, b'.' | b'"') || text::is_space(*byte);
    let plain = !param.is_empty() && !param.iter().any(is_odd);
    (plain && name::same(owner, module)).then_some(param)
}

/// Adds `param` or `param=value` to an argument string, in quotes if it takes them that the kernel reads
/// back the same value. False for a value that no quoting brings through: an odd quote beside white space.
#[must_use]
#[inline(never)]
pub fn add<K: Kernel>(k: &mut K, text: &mut Table<u8>, param: &[u8], value: Option<&[u8]>) -> bool {
    append(k, text, param);
    let start = text.len().wrapping_sub(param.len());
    let Some(value) = value else { return true };
    let (end, mut good) = (text.len(), false);
    for quote in &[b"".as_slice(), b"\""] {
        if !good {
            text.truncate(end);
            for part in &[b"=", *quote, value, *quote] {
                text.extend(k, part);
            }
            let mut added = text::tail(text, start);
            let read = cmdline::take(&mut added).and_then(|word| word.value);
            good = added.is_empty() && read.is_some_and(|read| read == value);
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    /// What a module named `m` is given for these words.
    fn given(words: &'static str) -> String {
        let (mut k, mut text) = (Linux::default(), Table::new());
        let mut words = words.as_bytes();
        while let Some(word) = cmdline::take(&mut words) {
            if let Some(param) = of_module(word.key, b"my-mod") {
                assert!(add(&mut k, &mut text, param, word.value));
            }
        }
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn order_repeats_and_missing_values_are_kept() {
        assert_eq!(given("my_mod.a=1 x my-mod.b my_mod.a=2 other.a=3 my_mod.c="), "a=1 b a=2 c=");
    }

    #[test]
    fn both_quote_forms_keep_their_spaces() {
        assert_eq!(given(r#"my_mod.a="b c" "my_mod.d=e f""#), r#"a="b c" d="e f""#);
        assert_eq!(given(r#"my_mod.a=b"c d"e"#), r#"a=b"c d"e"#);
    }

    #[test]
    fn values_may_hold_dots_and_brackets() {
        assert_eq!(given("my_mod.ids=8086:1.2,[3]=4"), "ids=8086:1.2,[3]=4");
    }

    #[test]
    fn words_of_others_are_left_alone() {
        assert_eq!(given("my_mod my_mod. my_mod.a.b=1 my_mods.a=1 a=my_mod.b"), "");
        assert_eq!(given(r#"my_mod."a b" my_mod."a"=1 "my_mod.a b=1" "my_mod.a b""#), "");
    }

    #[test]
    fn a_value_that_cannot_be_quoted_is_refused() {
        let (mut k, mut text) = (Linux::default(), Table::new());
        assert!(!add(&mut k, &mut text, b"a", Some(b"x\" y\" z")));
    }
}
