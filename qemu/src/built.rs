//! Small kernels, built from the kernel's source as Debian has it.
//!
//! A build is `tinyconfig` and fragments of `qemu/kernels`. Kept are the image, the modules, the
//! configuration, and what modules of others are built against (`headers`); the tree and its objects go.

use crate::debian::into_place;
use crate::kernel::Kernel;
use crate::kernels::{MARKER, complete};
use crate::machine::Machine;
use crate::programs::workspace;
use crate::progress::Steps;
use crate::source::{self, Tree};
use crate::step;
use crate::tools;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// For each step but the long one.
const STEP: Duration = Duration::from_secs(600);

/// For compiling: five CPU minutes, on a host that may be slow and busy.
const COMPILE: Duration = Duration::from_secs(7200);

/// The lines a build says, roughly.
const LINES: u64 = 1650;

/// The fragment that all of them have.
const COMMON: &str = "common";

/// What the kernel was made from, in a file beside it.
const RECIPE: &str = "recipe";

/// A kernel to be built.
#[derive(Debug)]
pub struct Recipe {
    /// Fragments of the configuration besides the common one, by name.
    pub fragments: &'static [&'static str],
}

/// A build under way.
struct Build<'a> {
    machine: &'static Machine,
    tree: &'a Tree,
    /// The objects' folder.
    objects: PathBuf,
    /// What make says.
    log: PathBuf,
}

impl Recipe {
    /// Whether the kernel in `place` was built from this.
    #[must_use]
    pub fn is_of(&self, place: &Path, machine: &Machine) -> bool {
        let made = fs::read_to_string(place.join(RECIPE)).ok();
        made.is_some_and(|made| self.text(machine).is_ok_and(|text| text == made))
    }

    /// Builds it beside its place and moves it there when it is complete.
    ///
    /// # Errors
    /// Something that is needed can't be had, or a step fails; the error has its last lines.
    pub fn build(&self, name: &str, machine: &'static Machine, kernels: &Path) -> Result<Kernel> {
        tools::for_kernel(machine)?;
        let work = tempfile::Builder::new().prefix("build-").tempdir_in(kernels)?;
        let tree = source::unpack(name, kernels, work.path())?;
        let (objects, log) = (work.path().join("objects"), work.path().join("log"));
        fs::create_dir(&objects)?;
        let build = Build { machine, tree: &tree, objects, log };
        let new = work.path().join("new");
        let made = || {
            build.configure(&self.config(name)?)?;
            build.compile(name)?;
            build.install(&new)?;
            fs::write(new.join(RECIPE), self.text(machine)?)?;
            fs::write(new.join(MARKER), format!("{}\n", tree.package))?;
            into_place(work.path(), &kernels.join(name))
        };
        made().with_context(|| format!("can't build {name}"))?;
        complete(&kernels.join(name)).context("the build left no kernel with modules")
    }

    /// The whole configuration; the release's end says which kernel it is.
    fn config(&self, name: &str) -> Result<String> {
        let kind = name.rsplit('-').next().unwrap_or_default();
        let mut text = format!("CONFIG_LOCALVERSION=\"-{kind}\"\n");
        for fragment in std::iter::once(&COMMON).chain(self.fragments) {
            let path = workspace().join("qemu/kernels").join(format!("{fragment}.config"));
            let part = fs::read_to_string(&path);
            text += &part.with_context(|| format!("can't read {}", path.display()))?;
        }
        Ok(text)
    }

    /// All that decides what is built, but the source's version: a newer one is no reason to build anew.
    fn text(&self, machine: &Machine) -> Result<String> {
        Ok(format!("# {} for {}\n{}", source::PACKAGE, machine.linux, self.config("")?))
    }
}

impl Build<'_> {
    /// make, for this machine and in the objects' folder.
    fn make(&self) -> Command {
        let mut make = Command::new("make");
        make.arg("-C").arg(&self.tree.path).arg(format!("O={}", self.objects.display()));
        make.arg(format!("ARCH={}", self.machine.linux));
        make.arg(format!("CROSS_COMPILE={}", tools::prefix(self.machine)));
        make.args(["KBUILD_BUILD_USER=insinit", "KBUILD_BUILD_HOST=insinit"]);
        make.env("LC_ALL", "C").env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        make
    }

    /// Runs make with `words` and keeps what it says for an error.
    fn run(&self, words: &[&str], limit: Duration, glance: impl FnMut(u64)) -> Result<()> {
        step::logged(self.make().args(words), &self.log, limit, glance)
    }

    /// The smallest configuration, then ours; all of ours has to be in force.
    fn configure(&self, config: &str) -> Result<()> {
        self.run(&["tinyconfig"], STEP, |_| ())?;
        let path = self.objects.join(".config");
        let tiny = fs::read_to_string(&path)?;
        fs::write(&path, tiny + config)?;
        self.run(&["olddefconfig"], STEP, |_| ())?;
        match refused(config, &fs::read_to_string(&path)?).as_slice() {
            [] => Ok(()),
            refused => bail!("the kernel's configuration refuses {}", refused.join(", ")),
        }
    }

    /// The image and the modules.
    fn compile(&self, name: &str) -> Result<()> {
        let jobs = thread::available_parallelism().map_or(1, usize::from);
        let steps = Steps::new(name, "compiling", LINES);
        self.run(&[&format!("-j{jobs}")], COMPILE, |lines| steps.at(lines))?;
        steps.done();
        Ok(())
    }

    /// Moves what is kept to `new`.
    fn install(&self, new: &Path) -> Result<()> {
        let boot = new.join("boot");
        fs::create_dir_all(&boot)?;
        let release = fs::read_to_string(self.objects.join("include/config/kernel.release"))?;
        let release = release.trim();
        let image = self.objects.join(self.machine.built_image);
        fs::copy(&image, boot.join(format!("vmlinuz-{release}")))?;
        fs::copy(self.objects.join(".config"), boot.join(format!("config-{release}")))?;
        let root = format!("INSTALL_MOD_PATH={}", new.display());
        self.run(&[&root, "INSTALL_MOD_STRIP=1", "DEPMOD=true", "modules_install"], STEP, |_| ())?;
        let build = new.join("lib/modules").join(release).join("build");
        fs::remove_file(&build).with_context(|| format!("no {}", build.display()))?;
        self.headers(&new.join("headers"))
    }

    /// What modules are built against, as the kernel's own packages collect it. It would build its
    /// helpers anew for another machine; ours stay on this one.
    fn headers(&self, folder: &Path) -> Result<()> {
        let mut collect = Command::new("sh");
        collect.arg(self.tree.path.join("scripts/package/install-extmod-build")).arg(folder);
        collect.current_dir(&self.objects).env("srctree", &self.tree.path).env("objtree", ".");
        collect.envs([("SRCARCH", self.source_arch()), ("CC", "cc"), ("HOSTCC", "cc")]);
        step::output(&mut collect, STEP)?;
        self.signing_key(folder)
    }

    /// The key that the kernel trusts, if it asks for signatures.
    fn signing_key(&self, folder: &Path) -> Result<()> {
        let certs = self.objects.join("certs");
        for key in ["signing_key.pem", "signing_key.x509"] {
            if certs.join(key).is_file() {
                fs::create_dir_all(folder.join("certs"))?;
                fs::copy(certs.join(key), folder.join("certs").join(key))?;
            }
        }
        Ok(())
    }

    /// The architecture's folder below `arch`.
    fn source_arch(&self) -> &'static str {
        if self.machine.linux == "x86_64" { "x86" } else { self.machine.linux }
    }
}

/// The lines of `wanted` that are not in force in `config`.
fn refused<'a>(wanted: &'a str, config: &str) -> Vec<&'a str> {
    let settings = wanted.lines().filter(|line| line.starts_with("CONFIG_"));
    let there = |line: &str| config.lines().any(|found| found == line);
    let unset = |name: &str| !config.lines().any(|line| line.starts_with(&format!("{name}=")));
    let in_force = |line: &&str| match line.strip_suffix("=n") {
        Some(name) => unset(name),
        None => there(line),
    };
    settings.filter(|line| !in_force(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Origin, SOURCES};

    #[test]
    fn a_setting_that_is_not_in_force_is_named() {
        let config = "CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\n";
        assert_eq!(refused("# note\nCONFIG_A=y\nCONFIG_C=n\nCONFIG_D=n\n", config), [""; 0]);
        let wanted = "CONFIG_A=m\nCONFIG_B=n\nCONFIG_C=y\n";
        assert_eq!(refused(wanted, config), ["CONFIG_A=m", "CONFIG_B=n", "CONFIG_C=y"]);
    }

    #[test]
    fn every_fragment_is_there_and_no_two_kernels_are_the_same() {
        let mut texts = Vec::new();
        for source in &SOURCES {
            if let Origin::Built(recipe) = &source.from {
                let text = recipe.text(source.machine()).unwrap();
                assert!(!texts.contains(&text), "{} is there twice", source.name);
                texts.push(text);
            }
        }
        assert!(!texts.is_empty());
    }

    #[test]
    fn another_configuration_is_another_kernel() {
        let place = tempfile::tempdir().unwrap();
        let machine = crate::machine::named("x86_64").unwrap();
        let recipe = Recipe { fragments: &["x86_64"] };
        assert!(!recipe.is_of(place.path(), machine));
        fs::write(place.path().join(RECIPE), recipe.text(machine).unwrap()).unwrap();
        assert!(recipe.is_of(place.path(), machine));
        assert!(!Recipe { fragments: &["x86_64", "mod-gzip"] }.is_of(place.path(), machine));
    }
}
