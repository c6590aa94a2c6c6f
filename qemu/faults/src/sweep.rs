//! Every system call of every kind of boot fails, each in a boot of its own.

use crate::Extent;
use crate::errors;
use crate::image::{Image, KINDS, Kind};
use crate::judge;
use crate::tracer::{Place, Traced};
use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use std::slice;
use std::thread;

/// Boots `loader`, the bytes of the release binary, again and again; gives how many boots there were.
///
/// # Errors
/// A boot did not end as it has to; or ptrace(2) or namespaces aren't permitted here.
pub fn sweep(loader: &[u8], extent: Extent) -> Result<usize> {
    // The namespaces are the thread's.
    let loader = loader.to_vec();
    let thread = thread::spawn(move || {
        let place = Place::new()?;
        let sweep = |kind| Sweep::of(kind, &place, &loader)?.all(extent);
        KINDS.iter().map(sweep).sum()
    });
    thread.join().map_err(|_| anyhow::anyhow!("the tracer panicked"))?
}

struct Sweep<'a> {
    kind: &'a Kind,
    place: &'a Place,
    image: Image,
}

impl<'a> Sweep<'a> {
    fn of(kind: &'a Kind, place: &'a Place, loader: &[u8]) -> Result<Self> {
        Ok(Self { kind, place, image: Image::of(kind, loader)? })
    }

    /// A boot without a fault, then the others.
    fn all(&self, extent: Extent) -> Result<usize> {
        let good = self.boot(None)?;
        let loaded = &good.machine.loaded;
        let all = self.kind.modules.iter().all(|name| loaded.iter().any(|loaded| loaded == name));
        ensure!(all, "{}: without a fault:\n{}", self.kind.name, told(&good));
        let mut boots = 1;
        for (at, call) in good.calls.iter().enumerate() {
            let errors = errors::of(*call);
            let some = match extent {
                Extent::One => {
                    errors.get(at % errors.len().max(1)).map_or(&[][..], slice::from_ref)
                }
                Extent::Each => errors,
            };
            for errno in some {
                self.boot(Some((at + 1, *errno)))?;
                boots += 1;
            }
        }
        Ok(boots)
    }

    /// One boot, judged.
    fn boot(&self, fault: Option<(usize, Errno)>) -> Result<Traced> {
        let name = || format!("{}, fault {fault:?}", self.kind.name);
        let traced = self.place.boot(&self.image, fault).with_context(name)?;
        match judge::fault(self.kind, &traced) {
            Some(what) => bail!("{}: {what}\n{}", name(), told(&traced)),
            None => Ok(traced),
        }
    }
}

/// What there is to say of a boot.
fn told(traced: &Traced) -> String {
    let lines = traced.machine.lines.join("\n");
    format!("failed: {}\n{lines}\n{:?}", traced.failed, traced.end)
}
