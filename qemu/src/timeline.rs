//! Where a boot's time went, read from any text that holds the loader's lines: a console, `dmesg`, a
//! journal.
//!
//! The lines of `insinit.log=debug` have the figures themselves (`src/timeline.rs` of the loader).
//! Without them the kernel's time stamps and the milliseconds of each `loaded` must do: a row then is
//! one piece, and only as exact as they are.

use anyhow::{Result, bail};
use insinit::line::{self, Parsed};

/// A module's row. Times are microseconds since the kernel's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The module.
    pub name: String,
    /// What became of it: `loaded`, `failed ENOENT`.
    pub result: String,
    /// When its load began and ended; none if nothing was asked of the kernel.
    pub span: Option<(u64, u64)>,
    /// Spent on opening it and telling it apart.
    pub read: u64,
    /// Spent on inflating it in the loader.
    pub inflate: u64,
    /// The worker, from 0.
    pub worker: usize,
    /// It is a part of the critical path.
    pub critical: bool,
}

impl Row {
    /// Where it begins; what has no time comes last.
    fn start(&self) -> u64 {
        self.span.map_or(u64::MAX, |(start, _)| start)
    }

    /// How long it took.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.span.map_or(0, |(start, end)| end.saturating_sub(start))
    }

    /// The kernel's part.
    #[must_use]
    pub fn load(&self) -> u64 {
        self.length().saturating_sub(self.read + self.inflate)
    }
}

/// A boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// A row for each module, in the order of their beginning.
    pub rows: Vec<Row>,
    /// When the loader began, the first module did, the last was over, and the exec came.
    pub began: u64,
    /// See `began`.
    pub planned: u64,
    /// See `began`.
    pub loaded: u64,
    /// See `began`.
    pub exec: u64,
    /// The rows' parts are known.
    pub exact: bool,
}

impl Timeline {
    /// Reads a log.
    ///
    /// # Errors
    /// It holds no line from which a time can be told.
    pub fn of(text: &str) -> Result<Self> {
        let lines = last_boot(text);
        let said: Vec<(Option<u64>, Parsed)> =
            lines.iter().filter_map(|line| Some((stamp(line), line::parse(line)?))).collect();
        let exact = said.iter().any(|(_, line)| line.verb == "time");
        let mut rows: Vec<Row> = said
            .iter()
            .filter(|(_, line)| line.verb == "load")
            .map(|(stamp, line)| row(*stamp, line, exact, &said))
            .collect();
        rows.sort_by_key(Row::start);
        if rows.iter().all(|row| row.span.is_none()) {
            bail!(
                "no time of any module: boot with insinit.log=debug (and loglevel=8 for a console), \
                 or take a log with the kernel's time stamps"
            );
        }
        let mut timeline = Self { rows, exact, ..Self::default() };
        timeline.stages(&said);
        if !exact {
            timeline.share_out();
        }
        timeline.mark();
        Ok(timeline)
    }

    /// How many workers there were.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.rows.iter().map(|row| row.worker + 1).max().unwrap_or(1)
    }

    /// When what happened, as far as the log tells.
    fn stages(&mut self, said: &[(Option<u64>, Parsed)]) {
        let spans = || self.rows.iter().filter_map(|row| row.span);
        let first = spans().map(|(start, _)| start).min().unwrap_or_default();
        let last = spans().map(|(_, end)| end).max().unwrap_or_default();
        let stamp = |verb| {
            let found = said.iter().rfind(|(_, line)| line.verb == verb);
            found.and_then(|(stamp, _)| *stamp).map(|stamp| stamp.max(last))
        };
        let boot = said.iter().rfind(|(_, line)| line.verb == "boot").map(|(_, line)| *line);
        let figure = |word| boot.and_then(|line| line.figure(word));
        let loaded = match (figure("start"), figure("plan"), figure("load")) {
            (Some(start), Some(plan), Some(load)) => Some(start + plan + load),
            _ => None,
        };
        self.began = figure("start").unwrap_or(first).min(first);
        self.planned = first;
        self.loaded = loaded.or_else(|| stamp("done")).unwrap_or(last).max(last);
        self.exec = figure("end").or_else(|| stamp("exec")).unwrap_or(self.loaded).max(self.loaded);
    }

    /// Gives each row the first worker that is free, where the log doesn't tell.
    fn share_out(&mut self) {
        let mut free: Vec<u64> = Vec::new();
        for row in &mut self.rows {
            let Some((start, end)) = row.span else { continue };
            // Time stamps and rounded lengths: a little overlap is none.
            let lane = free.iter().position(|until| *until <= start + row_slack(end - start));
            row.worker = lane.unwrap_or(free.len());
            if row.worker == free.len() {
                free.push(0);
            }
            free[row.worker] = end;
        }
    }

    /// Marks the critical path: from the row that ended last back to the one whose end let it begin,
    /// because it was needed or because it made a worker free, and so on.
    fn mark(&mut self) {
        let ends = |row: &Row| row.span.map(|(_, end)| end);
        let last = (0..self.rows.len()).max_by_key(|at| ends(&self.rows[*at]));
        let mut next = last.filter(|at| self.rows[*at].span.is_some());
        while let Some(at) = next {
            self.rows[at].critical = true;
            let start = self.rows[at].start();
            let slack = if self.exact { 2 } else { row_slack(self.rows[at].length()) };
            let before = |other: &usize| {
                let row = &self.rows[*other];
                !row.critical && ends(row).is_some_and(|end| end <= start + slack)
            };
            next = (0..self.rows.len()).filter(before).max_by_key(|at| ends(&self.rows[*at]));
        }
    }

    /// The rows of the critical path.
    pub fn critical(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.critical)
    }
}

/// How far a time stamp may be off what it stands for.
fn row_slack(length: u64) -> u64 {
    1_000.max(length / 20)
}

/// The lines of the last boot in the text: a serial console's log may hold several.
fn last_boot(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.iter().rposition(|line| line.contains("Linux version ")).unwrap_or(0);
    lines[from..].to_vec()
}

/// A `load` line's row.
fn row(stamp: Option<u64>, load: &Parsed, exact: bool, said: &[(Option<u64>, Parsed)]) -> Row {
    let errno = load.detail.split([' ', ':']).next().filter(|_| load.result == "failed");
    let result = [Some(load.result), errno].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let row = Row { name: load.subject.into(), result, ..Row::default() };
    if !exact {
        let span = stamp.zip(millis(load)).map(|(end, took)| (end.saturating_sub(took), end));
        return Row { span, ..row };
    }
    let time = said.iter().find(|(_, line)| line.verb == "time" && line.subject == load.subject);
    let figure = |word| time.and_then(|(_, line)| line.figure(word));
    Row {
        span: figure("start").zip(figure("end")).filter(|(start, end)| start <= end),
        read: figure("read").unwrap_or_default(),
        inflate: figure("inflate").unwrap_or_default(),
        worker: figure("worker").unwrap_or_default().saturating_sub(1) as usize,
        ..row
    }
}

/// The microseconds of `loaded 1.9 ms`.
fn millis(load: &Parsed) -> Option<u64> {
    let number = load.detail.strip_suffix(" ms").filter(|_| load.result == "loaded")?;
    Some((number.parse::<f64>().ok()? * 1000.0) as u64)
}

/// The kernel's time stamp, `[    1.234567]`, in microseconds.
fn stamp(line: &str) -> Option<u64> {
    let before = &line[..line.find("insinit: ")?];
    before.match_indices('[').find_map(|(at, _)| {
        let (inside, _) = before[at + 1..].split_once(']')?;
        let (seconds, fraction) = inside.trim().split_once('.')?;
        let (seconds, micros): (u64, u64) = (seconds.parse().ok()?, fraction.parse().ok()?);
        (fraction.len() == 6).then_some(seconds * 1_000_000 + micros)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
[    0.000000] Linux version 6.12
[    1.010000] insinit: time base: start 1000000 read 10 inflate 5000 load 4990 end 1010000 worker 1
[    1.010100] insinit: load base: loaded 10.0 ms
[    1.020100] insinit: time other: start 1000100 read 0 inflate 0 load 19900 end 1020000 worker 2
[    1.020100] insinit: load other: loaded 19.9 ms
[    1.050200] insinit: time user: start 1010050 read 0 inflate 0 load 39950 end 1050000 worker 1
[    1.050200] insinit: load user: loaded 40.0 ms
[    1.050300] insinit: load gone: missing in /lib/modules/6.12
[    1.050300] insinit: load bad: failed ENOENT: unknown symbol
[    1.050400] insinit: done: 3 loaded, 1 missing, 1 failed, 50.2 ms
[    1.060000] insinit: boot: start 900000 plan 100000 load 50200 end 1060000
[    1.060000] insinit: exec /sbin/init";

    fn critical(timeline: &Timeline) -> Vec<&str> {
        timeline.critical().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn debug_lines_give_the_whole_picture() {
        let found = Timeline::of(LOG).unwrap();
        let names: Vec<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["base", "other", "user", "gone", "bad"]);
        assert_eq!((found.began, found.planned, found.loaded), (900_000, 1_000_000, 1_050_200));
        assert_eq!((found.exec, found.workers(), found.exact), (1_060_000, 2, true));
        assert_eq!((found.rows[0].inflate, found.rows[0].load()), (5000, 4990));
        assert_eq!((found.rows[3].span, found.rows[4].result.as_str()), (None, "failed ENOENT"));
        assert_eq!(critical(&found), ["base", "user"]);
    }

    #[test]
    fn every_form_of_a_prefix_gives_the_same() {
        let expected = Timeline::of(LOG).unwrap();
        let with = |prefix: &str| {
            let body = |line: &str| format!("{prefix}{}", &line[line.find("] ").unwrap() + 2..]);
            LOG.lines().map(body).collect::<Vec<_>>().join("\r\n")
        };
        for prefix in [
            "",
            "<6>",
            "<6>[    1.010000] ",
            "[    1.010000][    T1] ",
            "[Wed Nov 25 14:08:04 2026] ",
            "Nov 25 14:08:04 board kernel: ",
            "Nov 25 14:08:04 board kernel: [    1.010000] ",
            "kern  :info  : [    1.010000] ",
        ] {
            assert_eq!(Timeline::of(&with(prefix)).unwrap(), expected, "{prefix}");
        }
    }

    #[test]
    fn time_stamps_will_do() {
        let log: Vec<&str> = LOG.lines().filter(|line| !line.contains(": start ")).collect();
        let found = Timeline::of(&log.join("\n")).unwrap();
        assert!(!found.exact);
        let user = found.rows.iter().find(|row| row.name == "user").unwrap();
        assert_eq!(user.span, Some((1_010_200, 1_050_200)));
        assert_eq!((found.workers(), found.exec), (2, 1_060_000));
        assert_eq!(critical(&found), ["base", "user"]);
    }

    #[test]
    fn a_log_without_times_is_refused_with_what_to_do() {
        for log in ["", "nothing", "insinit: load a: loaded 1.0 ms\ninsinit: exec /sbin/init"] {
            let error = Timeline::of(log).unwrap_err().to_string();
            assert!(error.contains("insinit.log=debug"), "{error}");
        }
    }

    #[test]
    fn of_several_boots_the_last_is_read() {
        let other = LOG.replace("other", "older");
        let found = Timeline::of(&format!("{other}\n{LOG}")).unwrap();
        assert_eq!(found, Timeline::of(LOG).unwrap());
    }
}
