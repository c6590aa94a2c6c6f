//! The nearest match to a name that was not found.

/// `; did you mean X?` where a known name is near enough, else nothing.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known.into_iter().map(|name| (distance(wanted, name), name)).min();
    match near {
        Some((distance, name)) if distance <= limit(wanted) => format!("; did you mean {name}?"),
        _ => String::new(),
    }
}

/// How far a name is from the one that is wanted: a beginning of it is near.
fn distance(wanted: &str, name: &str) -> usize {
    match name.starts_with(wanted) {
        true => 1,
        false => strsim::osa_distance(wanted, name),
    }
}

/// A third of the letters may be wrong, and one at least.
fn limit(wanted: &str) -> usize {
    (wanted.len() / 3).max(1)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["virtio_blk", "virtio_net", "e1000"];
        assert_eq!(nearest("virtio_blc", known), "; did you mean virtio_blk?");
        assert_eq!(nearest("e100", known), "; did you mean e1000?");
        assert_eq!(nearest("btrfs", known), "");
        assert_eq!(nearest("virtio_b", known), "; did you mean virtio_blk?");
        assert_eq!(nearest("x", []), "");
    }
}
