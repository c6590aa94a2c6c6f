//! Whether somebody inflates the modules of an image when it boots.
//!
//! The loader inflates gzip and xz. zstd is left to kernels that were built for it
//! (`kernel/module/decompress.c`); their configuration says so.

use crate::build::PackedModule;
use crate::compression::Compression;
use crate::options::Options;
use crate::tree::Tree;

/// What the loader leaves to the kernel: name, compression, and the word that says the kernel does.
const LEFT: [(&str, Compression, &str); 1] =
    [("zstd", Compression::Zstd, "CONFIG_MODULE_COMPRESS_ZSTD=y")];

/// The word of a kernel that inflates modules at all.
const INFLATES: &str = "CONFIG_MODULE_DECOMPRESS=y";

/// A warning for each compression that nobody inflates, as far as that is known.
pub fn warnings(tree: &Tree, packed: &[PackedModule], options: &Options) -> Vec<String> {
    let config = config(tree, options);
    let left = LEFT.iter().filter(|(_, form, _)| {
        packed.iter().any(|module| module.guest_path.ends_with(form.suffix()))
    });
    left.filter_map(|(name, form, word)| {
        let lack = lack(config.as_deref(), word, options.module_compress == Some(*form))?;
        Some(format!(
            "modules packed as {name}: insinit inflates gzip and xz only, and {lack}; \
             use --module-compress xz, gzip or none"
        ))
    })
    .collect()
}

/// What speaks against the kernel's doing it; without a configuration that is its absence, if the
/// compression was asked for.
fn lack(config: Option<&str>, word: &str, asked: bool) -> Option<String> {
    let Some(config) = config else {
        return asked.then(|| "no config-RELEASE tells whether the kernel does more".to_string());
    };
    let has = |word: &str| config.lines().any(|line| line.trim_end() == word);
    let lacks: Vec<&str> = [INFLATES, word].into_iter().filter(|word| !has(word)).collect();
    (!lacks.is_empty()).then(|| format!("the kernel's configuration lacks {}", lacks.join(", ")))
}

/// The kernel's configuration, where packages have it: in `boot`, beside it, or with the modules.
fn config(tree: &Tree, options: &Options) -> Option<String> {
    let name = format!("config-{}", tree.release);
    let dirs = options.kernel_dirs.iter();
    let mut paths = dirs
        .flat_map(|dir| [dir.join("boot").join(&name), dir.join(&name)])
        .chain(tree.dirs.iter().map(|dir| dir.join("config")));
    paths.find_map(|path| std::fs::read_to_string(path).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZSTD: &str = "CONFIG_MODULE_COMPRESS_ZSTD=y";

    #[test]
    fn a_kernel_that_inflates_lacks_nothing() {
        let config = format!("CONFIG_A=y\n{ZSTD}\n{INFLATES}\n");
        assert_eq!(lack(Some(&config), ZSTD, true), None);
    }

    #[test]
    fn a_word_that_is_not_set_is_named() {
        let config = format!("# CONFIG_MODULE_DECOMPRESS is not set\n{ZSTD}\n");
        let lack = lack(Some(&config), ZSTD, false).expect("something");
        assert_eq!(lack, "the kernel's configuration lacks CONFIG_MODULE_DECOMPRESS=y");
    }

    #[test]
    fn without_a_configuration_only_a_wish_is_doubted() {
        assert_eq!(lack(None, ZSTD, false), None);
        assert!(lack(None, ZSTD, true).is_some());
    }
}
