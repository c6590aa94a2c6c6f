//! A private apt: its own lists, its own cache, one suite, one architecture, nothing installed.
//!
//! Packages of any Debian suite and architecture can be fetched with it by any user, checked against
//! the system's Debian archive keyring. The archive's address is the one the system's apt uses.

use crate::step;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// The keys that Debian's suites are signed with (package debian-archive-keyring).
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// For questions that apt answers from its lists.
const ANSWER: Duration = Duration::from_secs(120);

/// For fetching the lists.
const UPDATE: Duration = Duration::from_secs(300);

/// A private apt for one suite and one architecture.
#[derive(Debug)]
pub struct Apt {
    folder: TempDir,
    architecture: &'static str,
    /// The suite whose lists it has.
    pub suite: String,
}

impl Apt {
    /// Prepares one below `parent` and fetches the lists of the first of `suites` that can be read; a
    /// name that ends with `-security` is a suite of the security archive. (While a mirror takes over a
    /// point release its index of an architecture may not fit what was signed; that may last for days.)
    ///
    /// # Errors
    /// Of the first suite: its archive is not known, not reachable, or not signed by a key of the
    /// system's keyring.
    pub fn new(parent: &Path, suites: &[&str], architecture: &'static str) -> Result<Self> {
        ensure!(
            Path::new(KEYRING).exists(),
            "no {KEYRING} to check Debian's packages with: install debian-archive-keyring"
        );
        let archive = archive()?;
        let mut first = None;
        for suite in suites {
            match Self::of(parent, &archive_of(&archive, suite), suite, architecture) {
                Ok(apt) => return Ok(apt),
                Err(error) => {
                    eprintln!("set-up: can't read the {architecture} packages of Debian's {suite}");
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.context("no suite to look in")?)
    }

    /// Prepares one for a suite of an archive.
    fn of(parent: &Path, archive: &str, suite: &str, architecture: &'static str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("apt-").tempdir_in(parent)?;
        prepare(folder.path(), architecture, &source(archive, suite, architecture))?;
        let apt = Self { folder, architecture, suite: suite.to_string() };
        step::output(apt.command("apt-get").args(["-q", "update", "--error-on=any"]), UPDATE)
            .with_context(|| format!("can't read Debian's {suite} from {archive}"))?;
        Ok(apt)
    }

    /// The fields of `package`'s newest record, one a line.
    ///
    /// # Errors
    /// There is no such package.
    pub fn record(&self, package: &str) -> Result<String> {
        let name = self.qualified(package);
        step::output(self.command("apt-cache").args(["show", "--no-all-versions", &name]), ANSWER)
            .with_context(|| format!("no package {name}"))
    }

    /// Downloads `packages` into this apt's folder, calling `progress` with the bytes there so far;
    /// gives the files.
    ///
    /// # Errors
    /// One can't be had within `limit`.
    pub fn download(
        &self,
        packages: &[String],
        limit: Duration,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<PathBuf>> {
        let folder =
            tempfile::Builder::new().prefix("debs-").tempdir_in(self.folder.path())?.keep();
        let names = packages.iter().map(|package| self.qualified(package));
        let mut command = self.command("apt-get");
        command.args(["-q", "download"]).args(names).current_dir(&folder);
        step::watched(&mut command, limit, || progress(bytes_in(&folder)))?;
        let files: Vec<PathBuf> = paths_in(&folder);
        ensure!(
            files.len() == packages.len(),
            "{} of {} packages came",
            files.len(),
            packages.len()
        );
        Ok(files)
    }

    /// `package` with the architecture, as apt names it.
    fn qualified(&self, package: &str) -> String {
        format!("{package}:{}", self.architecture)
    }

    /// A program of apt's that uses our configuration.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.folder.path().join("apt.conf")).env("LC_ALL", "C");
        command
    }
}

/// The address of Debian's archive: `$INSINIT_MIRROR`, else the one that the system's apt uses.
///
/// # Errors
/// Neither is known.
pub fn archive() -> Result<String> {
    if let Ok(mirror) = std::env::var("INSINIT_MIRROR") {
        return Ok(mirror);
    }
    let format = "$(LABEL)|$(SITE)|$(RELEASE)|$(COMPONENT)";
    let targets =
        step::output(Command::new("apt-get").args(["indextargets", "--format", format]), ANSWER)?;
    match debian_site(&targets) {
        Some(site) => Ok(site.to_string()),
        None => bail!(
            "apt's sources name no Debian archive to take a kernel from: \
             set INSINIT_MIRROR to one, or use --kernel and --kernel-dir"
        ),
    }
}

/// The site of Debian's main archive among apt's targets.
///
/// The label is known once the lists were fetched; before that only security's are told apart.
fn debian_site(targets: &str) -> Option<&str> {
    let unlabelled =
        |row: &&Vec<&str>| row[0].is_empty() && row[1].trim_end_matches('/').ends_with("/debian");
    let rows: Vec<Vec<&str>> = targets.lines().map(|line| line.split('|').collect()).collect();
    let main = |row: &&Vec<&str>| row.len() == 4 && row[3] == "main" && !row[2].contains('-');
    let labelled = rows.iter().filter(main).find(|row| row[0] == "Debian");
    labelled.or_else(|| rows.iter().filter(main).find(unlabelled)).map(|row| row[1])
}

/// The archive that has `suite`: the main one, or that of security updates beside it.
fn archive_of(archive: &str, suite: &str) -> String {
    let archive = archive.trim_end_matches('/');
    if suite.ends_with("-security") { format!("{archive}-security") } else { archive.to_string() }
}

/// One line for sources.list.
fn source(archive: &str, suite: &str, architecture: &str) -> String {
    let options = format!("arch={architecture} target=Packages lang=none signed-by={KEYRING}");
    format!("deb [{options}] {archive} {suite} main\n")
}

/// Writes the configuration and the empty folders that apt expects.
fn prepare(folder: &Path, architecture: &str, source: &str) -> Result<()> {
    for path in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(path))?;
    }
    fs::write(folder.join("status"), "")?;
    fs::write(folder.join("sources.list"), source)?;
    let folder_text = folder.to_str().context("the cache folder's name is not UTF-8")?;
    fs::write(folder.join("apt.conf"), configuration(folder_text, architecture))?;
    Ok(())
}

/// The configuration: everything that apt keeps is below `folder`; what it may read is ours.
fn configuration(folder: &str, architecture: &str) -> String {
    format!(
        r#"Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
"#
    )
}

/// The files in `folder`.
fn paths_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

/// The bytes of the files in `folder`.
fn bytes_in(folder: &Path) -> u64 {
    paths_in(folder).iter().filter_map(|path| fs::metadata(path).ok()).map(|data| data.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_the_one_labelled_debian() {
        let targets = "Node|http://n|nodistro|main\nDebian-Security|http://s|bookworm-security|main\n\
                       Debian|http://d/debian|bookworm|main\n";
        assert_eq!(debian_site(targets), Some("http://d/debian"));
    }

    #[test]
    fn without_lists_security_and_strangers_are_passed_over() {
        let targets = "|http://n|nodistro|main\n|http://s/debian|bookworm-security|main\n\
                       |http://d/debian|bookworm|main\n";
        assert_eq!(debian_site(targets), Some("http://d/debian"));
    }

    #[test]
    fn security_updates_are_in_an_archive_beside_the_main_one() {
        assert_eq!(archive_of("http://d/debian/", "trixie"), "http://d/debian");
        assert_eq!(archive_of("http://d/debian", "trixie-security"), "http://d/debian-security");
    }

    #[test]
    fn another_distribution_is_not_taken_for_debian() {
        assert_eq!(debian_site("Ubuntu|http://u|noble|main\n"), None);
    }
}
