//! The signature at the end of a module (`include/linux/module_signature.h`).

use anyhow::{Context, Result};

/// The last bytes of a signed module, `MODULE_SIG_STRING`.
const MARKER: &[u8] = b"~Module signature appended~\n";

/// The size of `struct module_signature`, which stands before them: five bytes, three of
/// padding, and the length of the signature, most significant byte first.
const HEAD: usize = 12;

/// Whether a module is signed.
pub fn is_signed(module: &[u8]) -> bool {
    module.ends_with(MARKER)
}

/// The module without its signature, as the kernel cuts it off
/// (`kernel/module/signing.c`, `mod_verify_sig`).
pub fn without(module: &[u8]) -> Result<&[u8]> {
    let Some(rest) = module.strip_suffix(MARKER) else {
        return Ok(module);
    };
    cut(rest).context("its signature is damaged")
}

fn cut(rest: &[u8]) -> Option<&[u8]> {
    let (rest, head) = rest.split_at_checked(rest.len().checked_sub(HEAD)?)?;
    let length = u32::from_be_bytes(*head.last_chunk()?) as usize;
    rest.get(..rest.len().checked_sub(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(length: u32) -> Vec<u8> {
        let head = [&[0, 0, 2, 0, 0, 0, 0, 0], length.to_be_bytes().as_slice()].concat();
        [b"module".as_slice(), b"signature", &head, MARKER].concat()
    }

    #[test]
    fn the_module_alone_is_left() {
        assert_eq!(without(&signed(9)).expect("a module"), b"module");
        assert_eq!(without(b"module").expect("a module"), b"module");
        assert!(is_signed(&signed(9)) && !is_signed(b"module"));
    }

    #[test]
    fn a_length_that_cannot_be_is_an_error() {
        assert!(without(&signed(16)).is_err());
        assert!(without(MARKER).is_err());
    }
}
