//! An index file over the one that an older image has at the same path.
//!
//! The newer file replaces the older one when the kernel unpacks both, so it must also know
//! the older image's modules.

use std::collections::BTreeSet;

use crate::tree::module_name;

/// The lines of both; about a module that both know, the newer ones.
pub fn merge(file: &str, old: &str, new: &str) -> String {
    let renewed: BTreeSet<String> = new.lines().filter_map(|line| owner(file, line)).collect();
    let is_kept = |line: &&str| owner(file, line).is_none_or(|name| !renewed.contains(&name));
    let kept: BTreeSet<&str> = old.lines().filter(is_kept).collect();
    let old = old.lines().filter(is_kept);
    let new = new.lines().filter(|line| !kept.contains(line));
    old.chain(new).map(|line| format!("{line}\n")).collect()
}

/// The module that a line of an index file is about; none for comments.
fn owner(file: &str, line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let name = match (file, words.next()?) {
        (_, first) if first.starts_with('#') => return None,
        ("modules.dep", first) => first.strip_suffix(':')?,
        ("modules.alias", _) => words.next_back()?,
        ("modules.builtin", first) => first,
        _ => words.next()?,
    };
    Some(module_name(name))
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn newer_lines_replace_those_about_the_same_module() {
        let old = "kernel/a-b.ko: kernel/c.ko\nkernel/c.ko:\n";
        let new = "kernel/a-b.ko.xz: kernel/d.ko.xz\nkernel/d.ko.xz:\n";
        let both = "kernel/c.ko:\nkernel/a-b.ko.xz: kernel/d.ko.xz\nkernel/d.ko.xz:\n";
        assert_eq!(merge("modules.dep", old, new), both);
    }

    #[test]
    fn comments_stand_once() {
        let (old, new) = ("# head\nalias x a\nalias y b\n", "# head\nalias z b\n");
        assert_eq!(merge("modules.alias", old, new), "# head\nalias x a\nalias z b\n");
        let (old, new) = ("# head\nsoftdep a pre: b\n", "# head\nsoftdep c pre: d\n");
        let both = "# head\nsoftdep a pre: b\nsoftdep c pre: d\n";
        assert_eq!(merge("modules.softdep", old, new), both);
    }

    #[test]
    fn nothing_older_leaves_the_newer_as_it_is() {
        assert_eq!(merge("modules.dep", "", "a.ko:\n"), "a.ko:\n");
        assert_eq!(merge("modules.builtin", "kernel/x.ko\n", "kernel/x.ko\n"), "kernel/x.ko\n");
    }
}
