//! The modules that are asked for: entries of the list grammar, and files of this machine.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::build::PackedModule;
use crate::coldplug;
use crate::host;
use crate::module_files::ModuleFile;
use crate::options::Options;
use crate::tree::{Tree, module_name};

/// What `--module` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Entries as the loader's list has them: names, aliases, paths, `-` marks, `:`.
    pub entries: Vec<String>,
    /// Module files of this machine that are in no tree.
    pub files: Vec<PathBuf>,
    /// What the devices of a machine ask for; nothing need answer.
    pub aliases: Vec<String>,
}

impl Request {
    /// What the options ask for.
    pub fn of(options: &Options) -> Result<Request> {
        let mut request = Request::new(&options.modules)?;
        if let Some(sysfs) = &options.coldplug_of {
            request.aliases = coldplug::aliases(sysfs)?;
        }
        Ok(request)
    }

    /// Splits comma lists; a path of this machine stands for the module in it.
    fn new(modules: &[String]) -> Result<Request> {
        let mut request = Request::default();
        for list in modules {
            let items = list.split(',').map(str::trim);
            ensure!(items.clone().any(|item| !item.is_empty()), "--module={list}: names no module");
            for item in items.filter(|item| !item.is_empty()) {
                let is_name = item != "-" && !item.contains(['"', '\n']);
                ensure!(is_name, "--module {item:?}: no module is called that");
                request.add(item)?;
            }
        }
        Ok(request)
    }

    fn add(&mut self, item: &str) -> Result<()> {
        let (mark, name) = match item.strip_prefix('-') {
            Some(name) => ("-", name),
            None => ("", item),
        };
        let file = PathBuf::from(name);
        let is_file = name.contains('/') && file.is_file();
        if is_file || is_of_a_tree(name) {
            self.entries.push(format!("{mark}{}", module_name(name)));
        } else {
            self.entries.push(item.to_string());
        }
        if !is_file && (name.starts_with("./") || name.starts_with("../")) {
            host::metadata(&file).context("--module")?;
        }
        self.files.extend(is_file.then_some(file));
        Ok(())
    }

    /// The image's own list: the entries, then what devices brought in, which nothing need have.
    pub fn list(&self, packed: &[PackedModule], weak: &BTreeSet<String>) -> Vec<String> {
        let named = |module: &&PackedModule| {
            self.entries
                .iter()
                .any(|entry| module_name(entry.trim_start_matches('-')) == module.name)
        };
        let brought = packed.iter().filter(|module| !self.aliases.is_empty() && !named(module));
        let brought = brought.filter(|module| !weak.contains(&module.name));
        let brought = brought.map(|module| format!("-{}", module.name));
        self.entries.iter().cloned().chain(brought).collect()
    }

    /// The request in the loader's words.
    pub fn words(&self) -> String {
        match self.entries.is_empty() {
            true => String::new(),
            false => format!("insinit.modules=\"{}\"", self.entries.join(",")),
        }
    }

    /// Puts the files into a tree: in `extra`, unless the tree has that very file.
    pub fn join(&self, tree: &mut Tree) -> Result<()> {
        for file in &self.files {
            let host = file.canonicalize()?;
            let name = module_name(&file.to_string_lossy());
            let known = tree.modules.get(&name);
            if known.is_some_and(|known| known.host == host) {
                continue;
            }
            let base = file.file_name().context("a module file without a name")?;
            let path = format!("extra/{}", base.to_string_lossy());
            tree.modules.insert(name, ModuleFile { path, host });
        }
        Ok(())
    }
}

/// Whether a path is one of a module tree: the module's name does as well, and keeps its
/// meaning when the compression changes.
fn is_of_a_tree(path: &str) -> bool {
    path.contains('/') && (!path.starts_with('/') || path.contains("/lib/modules/"))
}

#[cfg(test)]
mod tests {
    use super::Request;

    fn words(modules: &[&str]) -> String {
        let modules: Vec<String> = modules.iter().map(|list| list.to_string()).collect();
        Request::new(&modules).expect("a request").words()
    }

    #[test]
    fn lists_add_up_in_order() {
        assert_eq!(words(&["b,-a", ":,c ,"]), "insinit.modules=\"b,-a,:,c\"");
        assert_eq!(words(&[]), "");
    }

    #[test]
    fn paths_of_a_tree_become_names() {
        let tree = "-/lib/modules/6.1/kernel/a.ko.xz,kernel/b-b.ko";
        assert_eq!(words(&[tree]), "insinit.modules=\"-a,b_b\"");
        assert_eq!(words(&["/opt/c.ko"]), "insinit.modules=\"/opt/c.ko\"");
    }

    #[test]
    fn a_file_of_this_machine_has_to_be_there() {
        let error = Request::new(&["./none.ko".to_string()]).expect_err("no file");
        assert!(format!("{error:#}").starts_with("--module: ./none.ko: No such file"), "{error:#}");
    }

    #[test]
    fn a_list_names_something() {
        let error = |list: &str| Request::new(&[list.to_string()]).expect_err(list).to_string();
        assert_eq!(error(""), "--module=: names no module");
        assert_eq!(error(" ,"), "--module= ,: names no module");
        assert_eq!(error("a,-"), "--module \"-\": no module is called that");
    }

    #[test]
    fn quotes_cannot_leave_the_word() {
        assert!(Request::new(&["a\" root=/dev/sda".to_string()]).is_err());
    }
}
