//! modprobe.d: which files count, and what their lines do.

use crate::kernel::Errno;
use crate::scripted::{Booted, Machine};

fn image() -> Machine {
    Machine::new().modules(&["a", "b", "c: b", "my-mod"])
}

/// Boots with one file of modprobe.d.
fn rules(text: &str, words: &str) -> Booted {
    image().file("/etc/modprobe.d/x.conf", text).words(words).boot()
}

#[test]
fn options_come_before_the_lists_and_the_command_lines() {
    let machine = image().file("/etc/modprobe.d/x.conf", "options a x=1 y=\"p  q\"\noptions a z\n");
    let booted = machine.file("/etc/modules", "a x=2\n").words("a.x=3").boot();
    assert_eq!(booted.params("a"), "x=1 y=\"p  q\" z x=2 x=3");
}

#[test]
fn options_are_for_their_module_in_any_spelling() {
    let booted = rules("options my_mod x=1\noptions b y=1", "insinit.modules=my-mod,c");
    assert_eq!((booted.params("my_mod"), booted.params("b")), ("x=1", "y=1"));
    assert_eq!(booted.params("c"), "");
}

#[test]
fn a_line_without_a_name_is_about_nothing() {
    let text = "options\nalias\nalias a\nblacklist\nsoftdep\ninstall\nsoftdep a\noptions b\n";
    let booted = rules(text, "insinit.modules=b");
    assert_eq!((booted.order(), booted.params("b")), (vec!["b"], ""));
    assert_eq!(rules("alias a\n", "insinit.modules=a").order(), ["a"]);
}

#[test]
fn options_of_an_alias_are_for_what_it_finds() {
    let text = "alias net-pf-9 a\noptions net_pf_9 x=1\n";
    assert_eq!(rules(text, "insinit.modules=net-pf-9").params("a"), "x=1");
    assert_eq!(rules(text, "insinit.modules=a").params("a"), "");
}

#[test]
fn an_alias_comes_before_a_module_of_that_name() {
    assert_eq!(rules("alias a b", "insinit.modules=a").order(), ["b"]);
    assert_eq!(rules("alias b* a # why", "insinit.modules=b,bx").order(), ["a"]);
}

#[test]
fn an_alias_may_stand_for_several() {
    assert_eq!(rules("alias x b\nalias x a\n", "insinit.modules=x").order(), ["b", "a"]);
}

#[test]
fn an_alias_that_is_off_stands_for_nothing() {
    let booted = rules("alias x off", "insinit.modules=x");
    assert_eq!(booted.result("x"), "blocked by /etc/modprobe.d/x.conf");
    let machine = image().file("/etc/modprobe.d/x.conf", "alias y off\nsoftdep a pre: y");
    let booted =
        machine.tree_file("modules.alias", "alias y b\n").words("insinit.modules=a").boot();
    assert_eq!((booted.order(), booted.loud(5)), (vec!["a"], vec![]));
}

#[test]
fn a_blacklist_hides_a_module_from_aliases_only() {
    let machine = |words: &str| {
        let machine = image().file("/etc/modprobe.d/x.conf", "blacklist b");
        machine.tree_file("modules.alias", "alias x* b\nalias xy a\n").words(words).boot()
    };
    assert_eq!(machine("insinit.modules=b").order(), ["b"]);
    assert_eq!(machine("insinit.modules=c").order(), ["b", "c"]);
    assert_eq!(machine("insinit.modules=xy").order(), ["a"]);
    assert_eq!(machine("insinit.modules=xz").result("xz"), "blocked by /etc/modprobe.d/x.conf");
}

#[test]
fn softdep_lines_add_to_the_trees_own() {
    let machine = image().file("/etc/modprobe.d/x.conf", "softdep a pre: b\n");
    let machine = machine.tree_file("modules.softdep", "softdep a post: my-mod\n");
    assert_eq!(machine.words("insinit.modules=a").boot().order(), ["b", "a", "my_mod"]);
}

#[test]
fn softdep_lines_may_name_a_pattern() {
    assert_eq!(
        rules("softdep my[-_]m* post: a", "insinit.modules=my_mod").order(),
        ["my_mod", "a"]
    );
}

#[test]
fn an_install_command_that_does_nothing_blocks() {
    for command in ["/bin/true", "/bin/false", "/usr/bin/true", "/usr/bin/false # no", ":"] {
        let booted = rules(&format!("install b {command}\n"), "insinit.modules=c");
        assert_eq!(booted.result("b"), "blocked by /etc/modprobe.d/x.conf", "{command}");
        assert_eq!(
            (booted.order(), booted.result("c").as_str()),
            (vec![], "skipped needs b (blocked)")
        );
        assert_eq!(booted.loud(4).len(), 2, "{booted}");
    }
}

#[test]
fn any_other_install_command_is_a_warning() {
    let text = "# x\ninstall a /sbin/modprobe --ignore-install a && y\n";
    let booted = rules(text, "insinit.modules=a");
    let line = "<4>insinit: read /etc/modprobe.d/x.conf:2: ignored: install a /sbin/modprobe --ignore-install a && y";
    assert_eq!((booted.loud(4), booted.order()), (vec![line], vec!["a"]));
    assert_eq!(rules("install a /bin/true; x", "insinit.modules=a").order(), ["a"]);
}

#[test]
fn what_else_there_is_is_said_once_at_debug_level() {
    let text = "remove a /bin/x\nweakdep a b\nnonsense\n\n#\n  # c\n";
    assert_eq!(rules(text, "insinit.modules=a").loud(5), [""; 0]);
    let booted = rules(text, "insinit.modules=a,b insinit.log=debug");
    for (number, word) in [(1, "remove"), (2, "weakdep"), (3, "nonsense")] {
        booted.line(&format!("<7>insinit: read /etc/modprobe.d/x.conf:{number}: ignored: {word}"));
    }
}

#[test]
fn a_backslash_joins_lines_and_is_gone_elsewhere() {
    let text = "options a x=1 \\\n y=2\\\n3 z=c\\d\n# no \\\noptions a hidden\noptions a w\\";
    assert_eq!(rules(text, "insinit.modules=a").params("a"), "x=1  y=23 z=cd w");
}

#[test]
fn lines_may_end_as_on_other_systems() {
    let text = "options a x=1 \\\r\n y=2\r\nalias c b\r\nsoftdep b pre: a\r\n";
    let booted = rules(text, "insinit.modules=c");
    assert_eq!((booted.order(), booted.params("a")), (vec!["a", "b"], "x=1  y=2"));
}

#[test]
fn joined_lines_are_counted() {
    let booted = rules("options a \\\n\n\nremove x\n", "insinit.modules=a insinit.log=debug");
    assert!(booted.says("x.conf:4: ignored: remove x"), "{booted}");
}

#[test]
fn files_are_read_by_the_order_of_their_names() {
    let file = |machine: Machine, path: &str| {
        machine.file(path, format!("options a {}=1", path.rsplit('/').next().unwrap()))
    };
    let paths = ["/etc/modprobe.d/20.conf", "/lib/modprobe.d/10.conf", "/run/modprobe.d/30.conf"];
    let booted = paths.into_iter().fold(image(), file).words("insinit.modules=a").boot();
    assert_eq!(booted.params("a"), "10.conf=1 20.conf=1 30.conf=1");
}

#[test]
fn a_file_hides_those_of_its_name_in_later_folders() {
    let folders = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"];
    for first in 0..folders.len() {
        let file = |machine: Machine, folder: &&str| {
            machine.file(&format!("{folder}/modprobe.d/x.conf"), format!("options a in={folder}"))
        };
        let booted = folders[first..].iter().fold(image(), file).words("insinit.modules=a").boot();
        assert_eq!(booted.params("a"), format!("in={}", folders[first]));
    }
}

#[test]
fn an_empty_file_or_a_link_to_null_hides_as_well() {
    let machine = || image().file("/lib/modprobe.d/x.conf", "install a :");
    let machine = [
        machine().file("/etc/modprobe.d/x.conf", ""),
        machine().device("/dev/null", 1, 3).symlink("/etc/modprobe.d/x.conf", "/dev/null"),
    ];
    for machine in machine {
        assert_eq!(machine.words("insinit.modules=a").boot().order(), ["a"]);
    }
}

#[test]
fn only_files_of_that_ending_count() {
    let names = ["x", "x.conf~", ".x.conf", "x.conf.bak", "x.alias"];
    let file = |machine: Machine, name: &&str| {
        machine.file(&format!("/etc/modprobe.d/{name}"), "install a :")
    };
    assert_eq!(names.iter().fold(image(), file).words("insinit.modules=a").boot().order(), ["a"]);
}

#[test]
fn without_a_list_no_file_is_read() {
    let booted = rules("install a nonsense", "");
    assert_eq!(booted.loud(4), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let machine =
        || image().file("/etc/modprobe.d/x.conf", "install a :").words("insinit.modules=a");
    let booted = machine().boot();
    let open = (1..).find(|n| booted.call(*n) == "open /etc/modprobe.d/x.conf").unwrap();
    let booted = machine().fault(open, Errno::EIO).boot();
    assert_eq!(booted.loud(4), ["<4>insinit: read /etc/modprobe.d/x.conf: failed EIO"]);
}
