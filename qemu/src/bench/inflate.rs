//! Inflating alone, on the host: the largest module of each machine, our decoders as the loader has them
//! against the usual programs, by user CPU time.

use super::packages;
use super::programs::Programs;
use super::sets::Form;
use crate::image;
use crate::kernel::Kernel;
use crate::kernels;
use crate::machine::MACHINES;
use crate::made;
use crate::setup;
use crate::step;
use anyhow::{Context, Result, ensure};
use insinit_initramfs::Compression;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For all runs of one program with one file.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs of each; the cheapest counts.
const TIMES: &str = "5";

/// The packages of the programs and of libraries that the host may lack.
const PACKAGES: &[&str] = &[
    "gzip",
    "xz-utils",
    "liblzma5",
    "zstd",
    "liblz4-1",
    "zlib1g",
    "libdeflate-tools",
    "libdeflate0",
];

/// A program for a form, and the most of its time that ours may take, if that is a goal.
const PEERS: [(Compression, &str, &str, Option<f64>); 4] = [
    (Compression::Gzip, "gzip", "-dc", Some(0.9)),
    (Compression::Gzip, "libdeflate-gunzip", "-c", None),
    (Compression::Xz, "xz", "-dc", Some(1.8)),
    (Compression::Zstd, "zstd", "-dc", Some(6.0)),
];

/// A file inflated by us and by a peer.
struct Duel {
    machine: &'static str,
    module: String,
    form: &'static str,
    bytes: usize,
    peer: &'static str,
    /// User CPU time in microseconds: ours, the peer's.
    times: [u64; 2],
    most: Option<f64>,
}

impl Duel {
    fn ratio(&self) -> f64 {
        self.times[0] as f64 / self.times[1].max(1) as f64
    }
}

/// Measures, prints a table, writes JSON; gives whether the goals are met.
///
/// # Errors
/// A kernel or a program can't be had, or one of them can't inflate.
pub fn run(programs: &Programs, folder: &Path, json: Option<&Path>) -> Result<bool> {
    ensure!(setup::which("dpkg-deb").is_some(), "no dpkg-deb to unpack the peers with");
    let tools = packages::get("inflate", PACKAGES)?;
    let place = folder.join("inflate");
    fs::create_dir_all(&place)?;
    let mut duels = Vec::new();
    println!(
        "{:9}{:12}{:6}{:>12}  {:20}{:>10}{:>10}{:>8}",
        "machine", "module", "form", "bytes", "peer", "ours ms", "its ms", "ratio"
    );
    for machine in &MACHINES {
        let kernel = kernels::named(machine.kernel).context("no kernel of that name")?.get()?;
        let module = largest(&kernel)?;
        for form in [Compression::Gzip, Compression::Xz, Compression::Zstd] {
            let (file, bytes) = packed(&kernel, &module, form, &place, machine.name)?;
            let ours = cpu(programs, &tools, &programs.guest("inflate"), &[], &file)?;
            for (_, peer, word, most) in PEERS.iter().filter(|(its, ..)| *its == form) {
                let its = cpu(programs, &tools, &program(&tools, peer)?, &[word], &file)?;
                let duel = Duel {
                    machine: machine.name,
                    module: module.clone(),
                    form: Form::Packed(form).name(),
                    bytes,
                    peer,
                    times: [ours, its],
                    most: *most,
                };
                println!("{}", line(&duel));
                duels.push(duel);
            }
        }
    }
    if let Some(file) = json {
        fs::write(file, of(&duels)).with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(duels.iter().all(|duel| duel.most.is_none_or(|most| duel.ratio() <= most)))
}

/// The largest module of a kernel, by its file's length.
fn largest(kernel: &Kernel) -> Result<String> {
    let mut found: Option<(u64, String)> = None;
    for tree in kernel.trees() {
        let order = fs::read_to_string(tree.join("modules.order"))?;
        for path in order.lines() {
            let files = ["", ".xz"].map(|suffix| tree.join(format!("{path}{suffix}")));
            let size =
                files.iter().find_map(|file| fs::metadata(file).ok()).map_or(0, |data| data.len());
            if found.as_ref().is_none_or(|(most, _)| size > *most) {
                found = image::name(path).map(|name| (size, name));
            }
        }
    }
    Ok(found.with_context(|| format!("{} has no modules", kernel.release))?.1)
}

/// The module's file in this form, made once, and its length inflated.
fn packed(
    kernel: &Kernel,
    module: &str,
    form: Compression,
    place: &Path,
    machine: &str,
) -> Result<(PathBuf, usize)> {
    let plain = place.join(format!("{machine}-{}-{module}.ko", kernel.release));
    if !plain.is_file() {
        fs::write(&plain, made::plain(kernel, module)?)?;
    }
    let bytes = fs::read(&plain)?;
    let file = PathBuf::from(format!("{}{}", plain.display(), form.suffix()));
    if !file.is_file() {
        fs::write(&file, form.pack(&bytes)?)?;
    }
    Ok((file, bytes.len()))
}

/// Where a peer is.
fn program(tools: &Path, name: &str) -> Result<PathBuf> {
    let places = ["usr/bin", "bin"].map(|folder| tools.join(folder).join(name));
    places
        .into_iter()
        .find(|file| file.is_file())
        .with_context(|| format!("its package has no {name}"))
}

/// The user CPU time of `program WORDS FILE`, in microseconds.
fn cpu(
    programs: &Programs,
    tools: &Path,
    program: &Path,
    words: &[&str],
    file: &Path,
) -> Result<u64> {
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]
        .map(|folder| tools.join(folder).display().to_string());
    let mut command = Command::new(programs.guest("cpu"));
    command.arg(TIMES).arg(program).args(words).arg(file);
    let said = step::output(command.env("LD_LIBRARY_PATH", libraries.join(":")), LIMIT)?;
    let number = said.split_whitespace().nth(1).and_then(|user| user.parse().ok());
    number.with_context(|| format!("{} can't inflate {}", program.display(), file.display()))
}

/// A duel for people.
fn line(duel: &Duel) -> String {
    let [ours, its] = duel.times.map(|micros| micros as f64 / 1000.0);
    let mut text = format!(
        "{:9}{:12}{:6}{:>12}  {:20}{ours:>10.1}{its:>10.1}{:>8.2}",
        duel.machine,
        duel.module,
        duel.form,
        super::table::grouped(duel.bytes as u64),
        duel.peer,
        duel.ratio()
    );
    if let Some(most) = duel.most {
        let mark = if duel.ratio() <= most { "ok" } else { "FAIL" };
        let _ = write!(text, "  {mark}, at most {most}");
    }
    text
}

/// The duels for programs.
fn of(duels: &[Duel]) -> String {
    let one = |duel: &Duel| {
        format!(
            "  {{\"machine\": \"{}\", \"module\": \"{}\", \"form\": \"{}\", \"bytes\": {}, \"peer\": \"{}\", \
             \"user_us\": {}, \"peer_user_us\": {}, \"ratio\": {:.4}}}",
            duel.machine,
            duel.module,
            duel.form,
            duel.bytes,
            duel.peer,
            duel.times[0],
            duel.times[1],
            duel.ratio()
        )
    };
    format!("{{\"inflate\": [\n{}\n]}}\n", duels.iter().map(one).collect::<Vec<_>>().join(",\n"))
}
