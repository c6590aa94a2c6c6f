//! The fewest mebibytes in which a kernel reaches init with an image: found by halving, and kept.

use crate::cache;
use anyhow::{Result, ensure};
use std::fs;
use std::path::Path;

/// No kernel of a distribution's starts in less.
const LEAST: u32 = 32;

/// Every kernel starts in that, with any image that a test packs.
const PLENTY: u32 = 224;

/// How near the figure comes to the truth.
const STEP: u32 = 2;

/// The figure for a kernel of that release with the image in `file`; `reaches` boots with so many mebibytes
/// and tells whether the real init ran.
///
/// # Errors
/// It does not even start in [`PLENTY`], or the cache can't be written.
pub fn of(release: &str, file: &Path, reaches: impl FnMut(u32) -> Result<bool>) -> Result<u32> {
    let size = fs::metadata(file)?.len().div_ceil(1 << 20);
    let folder = cache::folder()?.join("smallest");
    let name = format!("{release}-{size}M");
    let _lock = cache::lock(&folder, &name)?;
    let kept = folder.join(&name);
    if let Some(known) = fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(known);
    }
    let found = halve(reaches)?;
    fs::write(kept, format!("{found}\n"))?;
    Ok(found)
}

/// The smallest that does, between [`LEAST`] and [`PLENTY`].
fn halve(mut reaches: impl FnMut(u32) -> Result<bool>) -> Result<u32> {
    ensure!(reaches(PLENTY)?, "the kernel does not reach init with {PLENTY} MiB of memory");
    let (mut fails, mut does) = (LEAST, PLENTY);
    while does - fails > STEP {
        let middle = fails.midpoint(does);
        *(if reaches(middle)? { &mut does } else { &mut fails }) = middle;
    }
    Ok(does)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_comes_near_the_truth() {
        for truth in [LEAST + 1, 73, 80, 150, PLENTY] {
            let found = halve(|memory| Ok(memory >= truth)).unwrap();
            assert!(found >= truth && found < truth + STEP, "{found} for {truth}");
        }
        assert!(halve(|_| Ok(false)).is_err());
    }
}
