//! A module's argument string.
//!
//! The kernel drops `MODULE.PARAM=VALUE` of modules that aren't built in (`init/main.c`,
//! `unknown_bootoption`) and leaves them to the loader.
#![forbid(unsafe_code)]

use crate::cmdline::{self, Word};
use crate::kernel::{Kernel, Result};
use crate::mem::Table;
use crate::name;
use syscalls::Errno;

/// The parameter's name if the word is one of the module's: `MODULE.PARAM`, no other dot.
#[must_use]
pub fn of_module<'a>(word: &Word, module: &[u8]) -> Option<&'a [u8]>
where
    'static: 'a,
{
    let dot = word.key.iter().position(|byte| *byte == b'.')?;
    let (owner, param) = word.key.split_at_checked(dot)?;
    let param = param.get(1..)?;
    let plain = !param.is_empty() && !param.contains(&b'.');
    (plain && name::same(owner, module)).then_some(param)
}

/// Adds `param` or `param=value` to an argument string, quoted so that the kernel reads back
/// the same value.
///
/// # Errors
/// `EINVAL` for a value that no quoting brings through (it holds an odd quote and white space);
/// `ENOMEM`.
pub fn add<K: Kernel>(
    k: &mut K,
    text: &mut Table<u8>,
    param: &[u8],
    value: Option<&[u8]>,
) -> Result<()> {
    if !text.is_empty() {
        text.push(k, b' ')?;
    }
    let Some(value) = value else {
        return text.extend(k, param);
    };
    let start = text.len();
    let forms: [[&[u8]; 3]; 3] = [[b"", b"=", b""], [b"", b"=\"", b"\""], [b"\"", b"=", b"\""]];
    for [before, between, after] in forms {
        text.truncate(start);
        for part in [before, param, between, value, after] {
            text.extend(k, part)?;
        }
        if reads_back(text.get(start..).unwrap_or_default(), param, value) {
            return Ok(());
        }
    }
    text.truncate(start);
    Err(Errno::EINVAL)
}

/// Whether the kernel would read exactly this parameter from `text`.
fn reads_back(text: &[u8], param: &[u8], value: &[u8]) -> bool {
    cmdline::next(text) == Some((param, Some(value), &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    /// What a module named `m` is given for these words.
    fn given(words: &'static str) -> String {
        let (mut k, mut text) = (Linux::default(), Table::new());
        for word in cmdline::words(words.as_bytes()) {
            if let Some(param) = of_module(&word, b"my-mod") {
                add(&mut k, &mut text, param, word.value).unwrap();
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
    }

    #[test]
    fn a_value_that_cannot_be_quoted_is_refused() {
        let (mut k, mut text) = (Linux::default(), Table::new());
        let found = add(&mut k, &mut text, b"a", Some(b"x\" y\" z"));
        assert_eq!((found, text.len()), (Err(Errno::EINVAL), 0));
    }
}
