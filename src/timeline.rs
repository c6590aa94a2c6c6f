//! Where the time went, in lines of `insinit.log=debug`; all in microseconds.
//!
//! ```text
//! time NAME: start 2468570 read 120 inflate 9310 load 50370 end 2528370 worker 1
//! boot: start 2401200 plan 12040 load 5287100 end 7712000
//! ```
//!
//! `start` and `end` are points of `CLOCK_MONOTONIC`, which is 0 when the kernel starts; the others are
//! lengths. `read` is opening the file and telling it apart, `inflate` reading and inflating it here,
//! `load` the kernel's part, its own inflating too; what is written to the log isn't counted. A module
//! for which nothing was asked of the kernel has no line. `boot` comes before each `exec`: its `plan` is
//! all that was read and looked up, its `load` from the first module to the last. `insinit-qemu chart`
//! draws these lines.
#![forbid(unsafe_code)]

use crate::boot::Boot;
use crate::kernel::Kernel;
use crate::line::Priority;
use crate::text;

impl<K: Kernel> Boot<'_, K> {
    /// The line of the module that was loaded last.
    pub fn times(&mut self, name: &[u8]) {
        let watch = self.loader.notes.watch;
        let Some(read) = watch.read else { return };
        let spent = watch.start.wrapping_add(read).wrapping_add(watch.inflate);
        let load = watch.end.saturating_sub(spent);
        self.log.line(Priority::Debug, "time ").name(name);
        let worker = watch.lane.wrapping_add(1);
        let figures = [watch.start, read, watch.inflate, load, watch.end, worker];
        self.figures(b"start read inflate load end worker", &figures);
    }

    /// The line of the whole boot.
    pub fn stages(&mut self) {
        if self.log.takes(Priority::Debug) {
            let [began, planned, loaded] = self.stages;
            let (plan, load) = (planned.saturating_sub(began), loaded.saturating_sub(planned));
            let end = self.k.now();
            self.log.line(Priority::Debug, "boot");
            self.figures(b"start plan load end", &[began, plan, load, end]);
        }
    }

    /// Ends the line with a word and a number each.
    #[inline(never)]
    fn figures(&mut self, mut words: &[u8], figures: &[u64]) {
        let line = self.log.more();
        line.str(":");
        for figure in figures {
            let word = text::cut(&mut words, b' ');
            line.space().bytes(word).space().number(*figure);
        }
        self.log.send(self.k);
    }
}
