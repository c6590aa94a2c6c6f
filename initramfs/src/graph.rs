//! Dependencies from symbols, in depmod's order (kmod `tools/depmod.c`,
//! `depmod_load_dependencies` and `depmod_calculate_dependencies`).

use std::collections::HashMap;

use crate::module::Module;

/// For each module the modules it needs, itself left out: those that others need come later.
pub fn dependencies(modules: &[&Module]) -> Vec<Vec<usize>> {
    let direct = direct(modules);
    let ranks = ranks(&direct);
    let all = (0..modules.len()).map(|module| transitive(module, &direct));
    let sorted = all.map(|mut needs| {
        needs.sort_by_key(|need| ranks[*need]);
        needs
    });
    sorted.collect()
}

/// The owners of the symbols that each module needs, in the order of its symbols.
fn direct(modules: &[&Module]) -> Vec<Vec<usize>> {
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (owner, module) in modules.iter().enumerate() {
        owners.extend(module.exports.iter().map(|name| (name.as_str(), owner)));
    }
    let needs = modules.iter().enumerate().map(|(own, module)| {
        let found = module.needs.iter().filter_map(|name| owners.get(name.as_str()));
        unique(found.copied().filter(|owner| *owner != own))
    });
    needs.collect()
}

fn unique(items: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

/// The place of each module in an order that has users before what they use.
///
/// Modules in a circle come last.
fn ranks(direct: &[Vec<usize>]) -> Vec<usize> {
    let mut users = vec![0; direct.len()];
    direct.iter().flatten().for_each(|need| users[*need] += 1);
    let mut ready: Vec<usize> = (0..direct.len()).filter(|own| users[*own] == 0).collect();
    let mut ranks = vec![usize::MAX; direct.len()];
    let mut next = 0;
    while let Some(module) = ready.pop() {
        ranks[module] = next;
        next += 1;
        for need in &direct[module] {
            users[*need] -= 1;
            if users[*need] == 0 {
                ready.push(*need);
            }
        }
    }
    ranks
}

/// Everything a module leads to, once each.
fn transitive(module: usize, direct: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; direct.len()];
    seen[module] = true;
    let mut found = Vec::new();
    let mut open = vec![module];
    while let Some(next) = open.pop() {
        for need in &direct[next] {
            if !std::mem::replace(&mut seen[*need], true) {
                found.push(*need);
                open.push(*need);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(exports: &[&str], needs: &[&str]) -> Module {
        let texts = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        Module { exports: texts(exports), needs: texts(needs), ..Module::default() }
    }

    fn needs(modules: &[Module]) -> Vec<Vec<usize>> {
        dependencies(&modules.iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_is_needed_through_others_comes_after_them() {
        let found = needs(&[
            module(&["ring"], &["printk"]),
            module(&["virtio"], &["ring", "kfree"]),
            module(&[], &["ring", "virtio"]),
        ]);
        assert_eq!(found, [vec![], vec![0], vec![1, 0]]);
    }

    #[test]
    fn the_last_owner_of_a_symbol_counts() {
        let found = needs(&[module(&["a"], &[]), module(&["a"], &[]), module(&[], &["a"])]);
        assert_eq!(found[2], [1]);
    }

    #[test]
    fn circles_end() {
        let found = needs(&[module(&["a"], &["b"]), module(&["b"], &["a"])]);
        assert_eq!(found, [vec![1], vec![0]]);
    }

    #[test]
    fn a_module_does_not_need_itself() {
        assert_eq!(needs(&[module(&["a"], &["a"])]), [Vec::<usize>::new()]);
    }
}
