//! What kmod's and BusyBox's own tests are about, as trees and files of ours: softdep order and loops,
//! modprobe.d's grammar and masking, aliases, what is built in. Each plan is the one that kmod 30's
//! `modprobe --show-depends` makes, each line once, unless the case says what is other here.

use crate::scripted::{Booted, End, Machine, RELEASE};

/// Files below the root, or of the tree where the path has no slash in front; what is asked for; and the
/// plan, `NAME PARAMS` or `builtin NAME`, `, ` between them.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const X: &str = "/etc/modprobe.d/x.conf";
const SOFTDEP: &str = "modules.softdep";
const ALIAS: &str = "modules.alias";

const CASES: &[Case] = &[
    // Hard dependencies: the last of the line first.
    ("a chain", &[], "insinit.modules=n", "a, b, n"),
    ("a name with a dash", &[], "insinit.modules=my_mod", "my-mod"),
    ("a loop of hard ones ends", &[], "insinit.modules=loop-a", "loop-b, loop-a"),
    // softdep
    ("pre and post", &[(SOFTDEP, "softdep a pre: c post: d\n")], "insinit.modules=a", "c, a, d"),
    ("a loop", &[(SOFTDEP, "softdep a pre: c\nsoftdep c pre: a\n")], "insinit.modules=a", "c, a"),
    ("of itself", &[(SOFTDEP, "softdep a pre: a post: a\n")], "insinit.modules=a", "a"),
    ("of its user", &[(SOFTDEP, "softdep a pre: b\n")], "insinit.modules=a", "a, b"),
    ("its user behind it", &[(SOFTDEP, "softdep a post: b\n")], "insinit.modules=a", "a, b"),
    (
        "around each of a chain",
        &[(SOFTDEP, "softdep b pre: c\nsoftdep a pre: d\n")],
        "insinit.modules=b",
        "d, a, c, b",
    ),
    (
        "the words may come again",
        &[(SOFTDEP, "softdep a pre: c pre: d post: e pre: my-mod\n")],
        "insinit.modules=a",
        "c, d, my-mod, a, e",
    ),
    (
        "of a soft dependency",
        &[(SOFTDEP, "softdep c pre: b post: e\nsoftdep b post: d\n")],
        "insinit.modules=c",
        "a, b, d, c, e",
    ),
    ("that isn't there", &[(SOFTDEP, "softdep a pre: nobody\n")], "insinit.modules=a", "a"),
    (
        "that is built in",
        &[(SOFTDEP, "softdep a pre: un-ix\n"), ("modules.builtin", "kernel/net/un-ix.ko\n")],
        "insinit.modules=a",
        "builtin un_ix, a",
    ),
    ("by a pattern", &[(X, "softdep ? pre: c\n")], "insinit.modules=a", "c, a"),
    ("not by an alias' name", &[(X, "alias x a\nsoftdep x pre: c\n")], "insinit.modules=x", "a"),
    (
        "words without pre: and post:",
        &[(X, "softdep a c d\nsoftdep b e pre: d\n")],
        "insinit.modules=b",
        "a, d, b",
    ),
    (
        "to an alias",
        &[(X, "softdep a pre: x\nalias x c\nalias x d\n")],
        "insinit.modules=a",
        "c, d, a",
    ),
    // modprobe uses the first line.
    (
        "more than one line",
        &[(SOFTDEP, "softdep a pre: c\nsoftdep a post: d\nsoftdep a pre: e\n")],
        "insinit.modules=a",
        "c, e, a, d",
    ),
    // options
    ("lines add up", &[(X, "options a p=1\noptions a p=2\n")], "insinit.modules=a", "a p=1 p=2"),
    ("any white space", &[(X, "\t options\ta\tp=1\t q \n")], "insinit.modules=a", "a p=1  q"),
    ("valueless and empty", &[(X, "options a p q=\n")], "insinit.modules=a", "a p q="),
    ("in quotes", &[(X, "options a p=\"x y\" 'q z'\n")], "insinit.modules=a", "a p=\"x y\" 'q z'"),
    ("no newline at the end", &[(X, "options a p=1")], "insinit.modules=a", "a p=1"),
    ("a comment is a whole line", &[(X, "options a p # q\n")], "insinit.modules=a", "a p # q"),
    ("comments", &[(X, "#options a p\n  # options a q\n")], "insinit.modules=a", "a"),
    (
        "continued",
        &[(X, "options a p=1 \\\n q=2\nopt\\\nions a r=x\\\ny\n")],
        "insinit.modules=a",
        "a p=1  q=2 r=xy",
    ),
    ("a comment is continued", &[(X, "# no \\\noptions a p\n")], "insinit.modules=a", "a"),
    ("no comment within", &[(X, "options a p \\\n# q\\\n r\n")], "insinit.modules=a", "a p # q r"),
    ("escapes", &[(X, "options a p=x\\\"y z=\\\\w\n")], "insinit.modules=a", "a p=x\"y z=\\w"),
    (
        "either spelling",
        &[(X, "options my_mod p\noptions my-mod q\n")],
        "insinit.modules=my-mod",
        "my-mod p q",
    ),
    ("names are no patterns", &[(X, "options * p\noptions ? q\n")], "insinit.modules=a", "a"),
    ("case counts", &[(X, "options A p\n")], "insinit.modules=a", "a"),
    ("of what is needed", &[(X, "options a p\noptions b q\n")], "insinit.modules=b", "a p, b q"),
    ("what is built in has none", &BUILT_IN_OPTIONS, "insinit.modules=bi", "builtin bi"),
    // alias
    ("one", &[(X, "alias x a\n")], "insinit.modules=x", "a"),
    ("several", &[(X, "alias x d\nalias x a\n")], "insinit.modules=x", "d, a"),
    ("instead of a module", &[(X, "alias a c\n")], "insinit.modules=a", "c"),
    ("no chain", &[(X, "alias a c\nalias c d\n")], "insinit.modules=a", "c"),
    ("off, but not the next", &[(X, "alias x off\nalias x c\n")], "insinit.modules=x", "c"),
    ("a set", &[(X, "alias [kb]x c\n")], "insinit.modules=bx", "c"),
    ("a range", &[(X, "alias x-[a-c]y c\nalias x-[d-f]y d\n")], "insinit.modules=x_by", "c"),
    ("one character", &[(X, "alias ?x c\nalias ??x d\n")], "insinit.modules=bx", "c"),
    ("more words", &[(X, "alias x c more\n")], "insinit.modules=x", "c"),
    ("to what is built in", &BUILT_IN_ALIAS, "insinit.modules=x", "builtin bi"),
    ("with options", &[(X, "alias x my-mod\noptions my_mod p\n")], "insinit.modules=x", "my-mod p"),
    ("all of the tree's", &[(ALIAS, "alias x* c\nalias xy d\n")], "insinit.modules=xy", "c, d"),
    ("before the tree's", &[(ALIAS, "alias x c\n"), (X, "alias x d\n")], "insinit.modules=x", "d"),
    ("names before the tree's", &[(ALIAS, "alias a c\n")], "insinit.modules=a", "a"),
    (
        "a device's",
        &[(ALIAS, "alias pci:v00008086d*sv*sd*bc02sc[0-8]*i* c\n")],
        "insinit.modules=pci:v00008086d0000100Esv1sd2bc02sc00i00",
        "c",
    ),
    (
        "with a blank",
        &[(ALIAS, "alias of:N*T*Cti-tas 2* c\n")],
        "insinit.modules=\"of:NxTyCti-tas 2552\"",
        "c",
    ),
    (
        "of what is built in",
        &[("modules.builtin.modinfo", "bi.alias=x-*\0bi.file=kernel/bi\0")],
        "insinit.modules=x_y",
        "builtin bi",
    ),
    // blacklist
    ("hides no name", &[(X, "blacklist a\n")], "insinit.modules=a", "a"),
    ("hides no need", &[(X, "blacklist a\n")], "insinit.modules=b", "a, b"),
    ("hides from aliases", &[(X, "blacklist c\nalias x c\nalias x d\n")], "insinit.modules=x", "d"),
    (
        "hides from the tree's",
        &[(X, "blacklist c\n"), (ALIAS, "alias x* c\nalias xy d\n")],
        "insinit.modules=xy",
        "d",
    ),
    // Other lines, and files.
    ("what is unknown", &[(X, "remove a x\nweakdep a c\nnonsense\n")], "insinit.modules=a", "a"),
    // modprobe shows the command.
    ("install in the way", &[(X, "install c :\nsoftdep a pre: c\n")], "insinit.modules=a", "a"),
    // modprobe runs the first command.
    ("the first install line", &[(X, "install a /bin/x\ninstall a :\n")], "insinit.modules=a", "a"),
    // modprobe runs the command.
    ("install with a command", &[(X, "install a /bin/x $OPTS\n")], "insinit.modules=a", "a"),
    ("an alias is not installed", &[(X, "install x :\nalias x a\n")], "insinit.modules=x", "a"),
    (
        "by name, whatever the folder",
        &[
            ("/usr/lib/modprobe.d/20.conf", "options a p=2\n"),
            ("/etc/modprobe.d/30.conf", "options a p=3\n"),
            ("/lib/modprobe.d/10.conf", "options a p=1\n"),
        ],
        "insinit.modules=a",
        "a p=1 p=2 p=3",
    ),
    (
        "a file hides others of its name",
        &[
            ("/run/modprobe.d/x.conf", "options a p=2\n"),
            ("/usr/local/lib/modprobe.d/x.conf", "options a p=3\n"),
            ("/usr/lib/modprobe.d/x.conf", "options a p=4\n"),
            ("/lib/modprobe.d/x.conf", "options a p=5\n"),
        ],
        "insinit.modules=a",
        "a p=2",
    ),
    (
        "only .conf",
        &[("/etc/modprobe.d/x", "options a p\n"), ("/etc/modprobe.d/x.confx", "alias a c\n")],
        "insinit.modules=a",
        "a",
    ),
];

const BUILT_IN_OPTIONS: [(&str, &str); 2] =
    [(X, "options bi p\n"), ("modules.builtin", "kernel/bi.ko\n")];

const BUILT_IN_ALIAS: [(&str, &str); 2] =
    [(X, "alias x bi\n"), ("modules.builtin", "kernel/bi.ko\n")];

/// Plans that end with status 1: nothing of that name, or it is kept away.
const FAILING: &[(&str, &str)] = &[
    ("alias x off\n", "insinit.modules=x"),
    ("alias a off\n", "insinit.modules=a"),
    ("alias x y\nalias y a\n", "insinit.modules=x"),
    ("alias [!b]x a\n", "insinit.modules=bx"),
    ("alias ?x a\n", "insinit.modules=x"),
    ("blacklist a\nalias x a\n", "insinit.modules=x"),
    ("install a /bin/true\n", "insinit.modules=b"),
    ("install [a-c] /bin/false\n", "insinit.modules=a"),
    ("", "insinit.modules=nobody"),
];

fn image() -> Machine {
    let looped = ["loop-a: loop-b", "loop-b: loop-a"];
    let modules = ["a", "b: a", "c", "d", "e", "n: b a", "my-mod"];
    Machine::new().modules(&[&modules[..], &looped].concat())
}

fn with(files: &[(&str, &str)]) -> Machine {
    files.iter().fold(image(), |machine, (path, text)| match path.starts_with('/') {
        true => machine.file(path, text),
        false => machine.tree_file(path, text),
    })
}

/// A plan, in the form of a case.
pub(super) fn plan_of(shown: &Booted) -> String {
    let place = format!("insmod /lib/modules/{RELEASE}/kernel/");
    let line = |line: &str| line.replace(&place, "").replacen(".ko ", " ", 1).trim().into();
    let lines: Vec<String> = shown.output().into_iter().map(line).collect();
    lines.join(", ")
}

#[test]
fn plans_are_those_of_modprobe() {
    for (what, files, words, plan) in CASES {
        let shown = with(files).plan(&[words]);
        assert_eq!(plan_of(&shown), *plan, "{what}: {shown}");
    }
}

#[test]
fn what_modprobe_would_not_load_is_not_planned() {
    for (conf, words) in FAILING {
        let shown = with(&[(X, conf)]).plan(&[words]);
        assert_eq!((shown.output(), shown.end.clone()), (vec![], End::Exit(1)), "{conf}{words}");
        assert!(!shown.console().is_empty(), "{conf}{words}");
    }
}
