//! From the modules that are asked for to the files that the loader will load.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use insinit::name;

use crate::closure::{self, Closure, Outcome, Planned};
use crate::entry::Node;
use crate::fileset::FileSet;
use crate::index::Index;
use crate::module_files::ModuleFile;
use crate::options::Options;
use crate::packed::{self, Modules};
use crate::progress::Progress;
use crate::request::Request;
use crate::stage::Stage;
use crate::tree::{Tree, module_name};
use crate::{index_reader, packed_index, scan, suggest};

/// Finds, reads and changes everything that the request, and the image's own list, lead to.
pub fn modules(options: &Options, request: &Request, files: &FileSet) -> Result<Modules> {
    if options.kernel_dirs.is_empty() {
        return without_tree(request);
    }
    let progress = Progress::new(options.progress);
    let mut tree = Tree::find(&options.kernel_dirs, options.release.as_deref())?;
    request.join(&mut tree)?;
    let brought = brought(&mut tree, files);
    let stage = stage_for(&tree, files, request)?;
    let index = index(&tree, &stage, request, &brought, &progress)?;
    let mut weak = BTreeSet::new();
    let closure = loop {
        let closure = plan(&tree, &stage, request, &weak)?;
        let known = weak.len();
        weak.extend(index.weak(&closure));
        if weak.len() == known {
            break closure;
        }
    };
    let dir = format!("/lib/modules/{}", tree.release);
    let elsewhere = closure.in_tree && closure.dir != dir;
    ensure!(!elsewhere, "insinit.dir= in the image's words: its modules are in {dir}");
    let (mut wanted, warnings) = wanted(&tree, files, &closure, request, &weak)?;
    wanted.retain(|file| !brought.contains(&file.path));
    let mut modules = packed::pack(&tree, &wanted, options, &progress)?;
    let packed = packed_index::Packed { wanted: &wanted, brought: &brought };
    modules.entries.extend(packed_index::entries(&tree, &index, &packed, options, files)?);
    modules.warnings.extend(warnings);
    modules.weak = weak;
    Ok(modules)
}

/// Adds the modules that the image's own files bring to the tree: their paths in it.
fn brought(tree: &mut Tree, files: &FileSet) -> BTreeSet<String> {
    let dir = files.place_of(&tree.guest(""));
    let mut paths = BTreeSet::new();
    for entry in files.iter().filter(|entry| matches!(entry.node, Node::File(_))) {
        let below =
            entry.path.strip_prefix(dir.as_slice()).and_then(|path| path.strip_prefix(b"/"));
        let Some(path) = below.filter(|path| name::of_file(path).is_some()) else { continue };
        let path = String::from_utf8_lossy(path).into_owned();
        let file = ModuleFile { path: path.clone(), host: PathBuf::from(&entry.source) };
        tree.modules.insert(module_name(&path), file);
        paths.insert(path);
    }
    paths
}

/// The loader's plan for the request and for weak dependencies, with what is staged by now.
fn plan(tree: &Tree, stage: &Stage, request: &Request, weak: &BTreeSet<String>) -> Result<Closure> {
    let also: Vec<String> = request.aliases.iter().chain(weak).cloned().collect();
    closure::plan(stage.root(), &tree.release, &request.words(), &also)
}

/// Without a tree there can be no modules; not asking for any is fine.
fn without_tree(request: &Request) -> Result<Modules> {
    match request.entries.iter().chain(&request.aliases).next() {
        Some(first) => bail!("module {first}: which kernel's? name its tree with --kernel-dir"),
        None => Ok(Modules::default()),
    }
}

/// A root with what the plan depends on besides the index: words, list, built-in modules.
fn stage_for(tree: &Tree, files: &FileSet, request: &Request) -> Result<Stage> {
    let stage = Stage::new()?;
    stage.configure(files, files.iter(), &request.words())?;
    stage.write(&tree.guest("modules.builtin"), &tree.bytes("modules.builtin")?)?;
    stage.write(&tree.guest("modules.builtin.modinfo"), &tree.builtin_aliases()?)?;
    Ok(stage)
}

/// The tree's index, its own or a new one, laid out for the plan.
fn index(
    tree: &Tree,
    stage: &Stage,
    request: &Request,
    brought: &BTreeSet<String>,
    progress: &Progress,
) -> Result<Index> {
    let mut names = unresolved(tree, &plan(tree, stage, request, &BTreeSet::new())?);
    names.extend(brought.iter().map(|path| module_name(path)));
    let index = match index_reader::read(tree)? {
        Some(index) => index,
        None => Index::make(&scan::modules(tree, &names, progress)?, &tree.order()?),
    };
    for (file, text) in index.files() {
        stage.write(&tree.guest(file), text.as_bytes())?;
    }
    Ok(index)
}

/// The names in a plan that was made without any module: all that the list asks for.
fn unresolved(tree: &Tree, listed: &Closure) -> Vec<String> {
    let names = listed.steps.iter().filter(|step| {
        step.task != Outcome::Builtin || tree.modules.contains_key(&module_name(&step.name))
    });
    names.map(|step| module_name(&step.name)).collect()
}

/// The files of a plan in its order, and a word on what it leaves out.
fn wanted<'a>(
    tree: &'a Tree,
    files: &FileSet,
    closure: &Closure,
    request: &Request,
    weak: &BTreeSet<String>,
) -> Result<(Vec<&'a ModuleFile>, Vec<String>)> {
    let (mut wanted, mut warnings) = (Vec::new(), Vec::new());
    for step in &closure.steps {
        match &step.task {
            Outcome::Load { path, .. } => match tree.file(path) {
                Some(file) => wanted.push(file),
                None if files.find(path.as_bytes()).is_some() => {}
                None if path.starts_with('/') => {
                    bail!("{path}: No such file, here or in the image")
                }
                None => bail!(missing(tree, step)),
            },
            Outcome::Missing if request.aliases.contains(&step.name) => {}
            Outcome::Missing if weak.contains(&step.name) => {}
            Outcome::Missing if step.optional => warnings.push(missing(tree, step)),
            Outcome::Missing => bail!(missing(tree, step)),
            Outcome::Blocked(by) => {
                warnings.push(format!("{}: not packed, {by} blocks it", step.name))
            }
            Outcome::Builtin => {}
        }
    }
    Ok((wanted, warnings))
}

fn missing(tree: &Tree, step: &Planned) -> String {
    let known = tree.modules.keys().map(String::as_str);
    let near = suggest::nearest(&module_name(&step.name), known);
    format!("{}: no such module in the tree of {}{near}", step.name, tree.release)
}
