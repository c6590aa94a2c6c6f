//! A module's argument string.
//!
//! The kernel drops `MODULE.PARAM=VALUE` of modules that aren't built in (`init/main.c`,
//! `unknown_bootoption`) and leaves them to the loader.
#![forbid(unsafe_code)]

use crate::cmdline::Word;
use crate::config::Config;
use crate::kernel::Kernel;
use crate::mem::{self, Table};
use crate::modprobe;
use crate::name;
use crate::plan::Plan;
use crate::text;
use core::ffi::CStr;

/// The argument string of a plan's step: `options` lines about its name or the alias that it was found
/// by, then its list entries' parameters, then the words'. None if one of them holds
/// a NUL: the kernel would see its beginning only.
#[inline(never)]
pub fn of_step<K: Kernel>(
    k: &mut K,
    config: &Config,
    plan: &Plan,
    number: u32,
) -> Option<&'static CStr> {
    let (mut text, step) = (Table::new(), plan.step(number)?);
    if config.has_rules(modprobe::OPTIONS) {
        let mut rules = config.rules(modprobe::OPTIONS);
        while let Some(module) = rules.take() {
            if name::same(module, step.name) || name::same(module, step.alias) {
                append(k, &mut text, text::trim(rules.rest));
            }
        }
    }
    for extra in plan.extras.iter() {
        if extra.step == number {
            append(k, &mut text, extra.params);
        }
    }
    for word in config.params.iter() {
        if let Some(param) = of_module(word.key, step.name) {
            add(k, &mut text, param, word);
        }
    }
    if text.is_empty() {
        return Some(c"");
    }
    text.push(k, 0);
    mem::c_str(text.into_slice())
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
    let plain = || !param.is_empty() && !param.iter().any(is_odd);
    (name::same(owner, module) && plain()).then_some(param)
}

/// Adds `param` or `param=value` to an argument string, with the value's quotes.
#[inline(never)]
pub fn add<K: Kernel>(k: &mut K, text: &mut Table<u8>, param: &[u8], word: &Word<'_>) {
    append(k, text, param);
    if let Some(value) = word.value {
        let [open, close] = word.quotes.map(|is| text::head(b"\"", is.into()));
        for part in &[b"=", open, value, close] {
            text.extend(k, part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmdline;
    use crate::sys::Linux;

    /// What a module named `m` is given for these words.
    fn given(words: &'static str) -> String {
        let (mut k, mut text) = (Linux::default(), Table::new());
        let mut words = words.as_bytes();
        while let Some(word) = cmdline::take(&mut words) {
            if let Some(param) = of_module(word.key, b"my-mod") {
                add(&mut k, &mut text, param, &word);
            }
        }
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn order_repeats_and_missing_values_are_kept() {
        assert_eq!(given("my_mod.a=1 x my-mod.b my_mod.a=2 other.a=3 my_mod.c="), "a=1 b a=2 c=");
    }

    #[test]
    fn both_quote_forms_keep_their_quotes() {
        assert_eq!(given(r#"my_mod.a="b c" "my_mod.d=e f""#), r#"a="b c" d="e f""#);
        assert_eq!(given(r#"my_mod.a="b" "my_mod.d=e" my_mod.f="""#), r#"a="b" d="e" f="""#);
        assert_eq!(given(r#"my_mod.a=b"c d"e"#), r#"a=b"c d"e"#);
    }

    #[test]
    fn no_quote_takes_what_follows_with_it() {
        for (words, params) in [
            (r#"my_mod.a="b"c my_mod.x"#, r#"a="b"c x"#),
            (r#""my_mod.a=b"c my_mod.x"#, r#"a="b"c x"#),
            (r#""my_mod.a="b my_mod.x"#, r#"a="b" x"#),
            (r#"my_mod.a="b c"#, r#"a="b c""#),
            (r#"my_mod.a=b" c"#, r#"a=b" c""#),
        ] {
            assert_eq!(given(words), params, "{words}");
        }
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
}
