//! The cells of the table: one contestant with one set in one form.

use super::boot::{Counts, Guest, Memory};
use super::contestant::Contestant;
use super::files::Files;
use super::filter::Filter;
use super::sets::{self, Form};
use anyhow::Result;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Boots at a time: QEMU's translator keeps one core busy with each.
const AT_A_TIME: usize = 2;

/// Who loads what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// How many modules.
    pub size: usize,
    /// Their form.
    pub form: Form,
    /// Who loads them.
    pub contestant: Contestant,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Instructions and calls.
    pub counts: Counts,
    /// Memory.
    pub memory: Memory,
    /// Bytes of the program.
    pub binary: u64,
    /// Bytes of an image of its own files, gzip -9.
    pub image: u64,
}

/// A key and its figures; none where the contestant can't do that or can't be had.
pub type Cell = (Key, Option<Figures>);

/// The cells that the filter takes, and the floor beside each; in the table's order.
#[must_use]
pub fn wanted(all: &[Contestant], filter: &Filter) -> Vec<Key> {
    let mut keys = Vec::new();
    for (size, form) in sets::all() {
        let takes = |contestant: &&Contestant| filter.takes(size, form, contestant);
        let any = all.iter().any(|contestant| takes(&contestant));
        let row = all.iter().filter(|one| takes(one) || any && one.is_floor());
        keys.extend(row.map(|one| Key { size, form, contestant: one.clone() }));
    }
    keys
}

/// How they are measured.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Without the boot that measures memory.
    pub count_only: bool,
    /// Where profiles go.
    pub profile: Option<PathBuf>,
}

/// Measures them, two at a time.
///
/// # Errors
/// The first that failed.
pub fn measure(guest: &Guest, keys: &[Key], how: &How) -> Result<Vec<Cell>> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Result<Option<Figures>>)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((at, key)) = take(&next, keys) {
                    let figures = figures(guest, key, how);
                    found.lock().expect("measuring does not panic").push((at, figures));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(at, figures)| Ok((keys[at].clone(), figures?))).collect()
}

fn take<'a>(next: &AtomicUsize, keys: &'a [Key]) -> Option<(usize, &'a Key)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, keys.get(at)?))
}

/// Measures one.
fn figures(guest: &Guest, key: &Key, how: &How) -> Result<Option<Figures>> {
    let Key { size, form, contestant } = key;
    if !contestant.can(*form) {
        return Ok(None);
    }
    let name = format!("{size}/{}/{}", form.name(), contestant.name());
    let profile =
        how.profile.as_ref().map(|folder| folder.join(name.replace(['/', ' ', ','], "-")));
    let measured = || {
        let files = guest.files(contestant, *size, *form);
        let Some(files) = there(contestant, &name, files)? else { return Ok(None) };
        Ok(Some(Figures {
            counts: guest.count(&files, *size, *form, profile.as_deref())?,
            memory: match how.count_only {
                true => Memory::default(),
                false => guest.memory(&files)?,
            },
            binary: files.binary,
            image: guest.image_size(&files)?,
        }))
    };
    let figures = measured().map_err(|error: anyhow::Error| error.context(name.clone()))?;
    if let Some(figures) = figures {
        eprintln!("{name}: {} instructions outside the load calls", figures.counts.outside);
    }
    Ok(figures)
}

/// What `contestant` puts into its image, if it can be had; one that isn't needed is left out otherwise, with a line.
fn there(contestant: &Contestant, name: &str, files: Result<Files>) -> Result<Option<Files>> {
    match files {
        Err(error) if contestant.is_spare() => {
            eprintln!("{name}: left out: {error:#}");
            Ok(None)
        }
        files => files.map(Some),
    }
}

/// The figures of a cell.
#[must_use]
pub fn find(cells: &[Cell], size: usize, form: Form, who: &Contestant) -> Option<Figures> {
    let fits = |key: &Key| key.size == size && key.form == form && key.contestant == *who;
    cells.iter().find(|(key, _)| fits(key))?.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whom_nothing_is_compared_with_is_left_out() {
        let lost = |who| there(&who, "1/plain", Err(anyhow::anyhow!("no package")));
        assert!(lost(Contestant::Kmod).is_err() && lost(Contestant::Floor).is_err());
        assert!(lost(Contestant::Toybox).unwrap().is_none());
        assert!(lost(Contestant::Tiny).unwrap().is_none());
        assert!(there(&Contestant::Tiny, "1/plain", Ok(Files::default())).unwrap().is_some());
    }
}
