//! `cargo qemu size`: where the loader's bytes go, by section, by crate and by function.
//!
//! Links the loader once more as it is built, with the linker's map (`rust-lld -Map`): a line for every
//! piece of a section that it placed, whose section's name has the function's.

use crate::cli::SizeOptions;
use crate::machine::{MACHINES, Machine};
use crate::programs;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;

/// Outlined by the compiler: parts that several functions have in common.
const SHARED: &str = "shared pieces";

/// A piece of the binary.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    section: &'static str,
    bytes: u64,
    /// The function or constant, demangled; empty where it has no name.
    name: String,
}

/// Shows it for every machine that was named, else for all.
///
/// # Errors
/// The loader can't be built.
pub fn run(options: &SizeOptions) -> Result<bool> {
    let all: Vec<_> = MACHINES.iter().collect();
    for machine in if options.arch.is_empty() { &all } else { &options.arch } {
        show(machine, options)?;
    }
    Ok(true)
}

fn show(machine: &Machine, options: &SizeOptions) -> Result<()> {
    let (loader, map) = programs::mapped(machine, &options.features)?;
    let bytes = fs::metadata(&loader)?.len();
    let map = fs::read_to_string(&map).with_context(|| format!("can't read {}", map.display()))?;
    let pieces: Vec<_> = map.lines().filter_map(piece).collect();
    println!("{}, {}: {bytes} bytes", machine.target, options.features);
    let placed: u64 = pieces.iter().map(|piece| piece.bytes).sum();
    let sections = sums(&pieces, |piece| piece.section.into());
    table("section", &sections, usize::MAX);
    println!("{:>8}  headers and padding", bytes.saturating_sub(placed));
    table("crate", &sums(&pieces, |piece| owner(&piece.name).into()), usize::MAX);
    let name = |piece: &Piece| format!("{} {}", piece.section, piece.name);
    table("function", &sums(&pieces, name), options.largest);
    Ok(())
}

/// A line of the map that is a piece of a section of the file.
fn piece(line: &str) -> Option<Piece> {
    let mut words = line.split_whitespace();
    let bytes = u64::from_str_radix(words.nth(2)?, 16).ok().filter(|bytes| *bytes > 0)?;
    let (_, place) = line.split_once(":(")?;
    let place = place.strip_suffix(')')?;
    let section = [".text", ".rodata"].into_iter().find(|section| place.starts_with(section))?;
    let symbol = place.strip_prefix(section)?.trim_start_matches('.');
    let name = match symbol {
        "" => String::new(),
        _ if symbol.starts_with("OUTLINED") => SHARED.into(),
        _ if symbol.starts_with("Lanon")
            || symbol.starts_with("cst")
            || symbol.starts_with("str") =>
        {
            String::new()
        }
        _ => format!("{:#}", rustc_demangle::demangle(symbol)),
    };
    Some(Piece { section, bytes, name })
}

/// Whose a function is.
fn owner(name: &str) -> &str {
    let crates = ["insinit", "miniz_oxide", "core"];
    let first = |owner: &&&str| name.find(&format!("{owner}::")).unwrap_or(usize::MAX);
    match name {
        "" => "texts and constants",
        SHARED => SHARED,
        _ => crates
            .iter()
            .filter(|owner| name.contains(&format!("{owner}::")))
            .min_by_key(first)
            .unwrap_or(&"machine code and compiler"),
    }
}

/// The sums by what `of` says, the largest first.
fn sums(pieces: &[Piece], of: impl Fn(&Piece) -> String) -> Vec<(u64, String)> {
    let mut sums = BTreeMap::new();
    for piece in pieces {
        *sums.entry(of(piece)).or_insert(0) += piece.bytes;
    }
    let mut sums: Vec<_> = sums.into_iter().map(|(name, bytes)| (bytes, name)).collect();
    sums.sort_by(|a, b| b.cmp(a));
    sums
}

fn table(head: &str, sums: &[(u64, String)], most: usize) {
    println!("{:>8}  {head}", "bytes");
    for (bytes, name) in sums.iter().take(most) {
        println!("{bytes:>8}  {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_map_tells_section_size_and_function() {
        let line =
            " 4114f5 4114f5 e7 1 /t/x.rcgu.o:(.text._ZN7insinit3log3Log4send17he85d13d7f3cba11aE)";
        let found = piece(line).expect("a piece");
        assert_eq!(
            (found.section, found.bytes, found.name.as_str()),
            (".text", 231, "insinit::log::Log::send")
        );
        assert_eq!(owner(&found.name), "insinit");
        let line = " 400120 400120 f1 1 <internal>:(.rodata.str1.1)";
        assert_eq!(
            piece(line).map(|piece| owner(&piece.name).to_owned()).as_deref(),
            Some("texts and constants")
        );
        assert_eq!(piece("400120 400120 11f8 8 .rodata"), None);
        assert_eq!(owner("<insinit::sys::Linux as insinit::kernel::Kernel>::stop"), "insinit");
        assert_eq!(owner("memcpy"), "machine code and compiler");
    }
}
