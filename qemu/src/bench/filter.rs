//! `--only SET/FORM/CONTESTANT`: any of them, in any order.

use super::contestant::Contestant;
use super::sets::Form;

/// What is to be measured; empty is everything.
pub struct Filter(Vec<Vec<String>>);

impl Filter {
    /// The filter of these words; what fits one of them is measured.
    #[must_use]
    pub fn of(words: &[String]) -> Self {
        let parts = |word: &String| word.split('/').map(String::from).collect();
        Self(words.iter().map(parts).collect())
    }

    /// Whether this is to be measured.
    #[must_use]
    pub fn takes(&self, set: usize, form: Form, contestant: &Contestant) -> bool {
        let fits = |part: &String| {
            *part == set.to_string()
                || part == form.name()
                || part.parse::<usize>().is_err() && contestant.name().contains(part.as_str())
        };
        self.0.is_empty() || self.0.iter().any(|parts| parts.iter().all(fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insinit_initramfs::Compression;

    #[test]
    fn every_part_of_a_word_has_to_fit() {
        let filter = |word: &str| Filter::of(&[word.to_string()]);
        let takes = |word, set| filter(word).takes(set, Form::PLAIN, &Contestant::Insinit);
        assert!(takes("12/insinit", 12) && takes("plain", 1) && takes("insinit/plain/60", 60));
        assert!(Filter::of(&["35/names".into()]).takes(35, Form::Names, &Contestant::Kmod));
        assert!(!takes("12/insinit", 1) && !takes("gz", 12) && !takes("12/kmod", 12));
        assert!(Filter::of(&[]).takes(1, Form::Packed(Compression::Xz), &Contestant::Kmod));
    }
}
