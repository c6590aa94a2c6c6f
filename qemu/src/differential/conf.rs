//! Files of modprobe.d and command lines of ours: what both make of them.

use super::index::Index;
use super::plans::{self, Around};
use anyhow::Result;

/// A file, a command line, and the names that are asked for then.
type Case = (&'static str, &'static str, &'static [&'static str]);

/// Whatever may be written there, for modules that most kernels have in one way or the other.
pub const CASES: &[Case] = &[
    ("options loop max_loop=8\noptions dummy a\noptions loop q= # r\n", "", &["loop", "dummy"]),
    ("\toptions\tloop  a=1\tb  \n options loop 'c d' e=\"f g\"\n", "", &["loop"]),
    ("options loop a \\\n  b=1 \\\n\\\nopt\\\nions loop c\\ d \\\\e", "", &["loop"]),
    ("#options loop a\n # x \\\noptions loop b\noptions * c\nOptions loop d\n", "", &["loop"]),
    ("alias my-x loop\nalias my-x dummy\noptions my_x a=1\n", "", &["my_x", "my-x", "my"]),
    ("alias a*z loop\nalias [bc]?-[!d] dummy\n", "", &["az", "a-b-z", "bx_e", "cx-d", "dx-e"]),
    ("alias my-* loop\noptions my_* a=1\noptions my_x b=2\n", "", &["my_x", "my-y"]),
    ("alias foo[[:digit:]]x loop\n", "", &["foo7x", "foodx"]),
    ("alias loop dummy\nalias dummy off\nalias one two\nalias two loop\n", "", &["loop", "one"]),
    ("alias x loop\nalias x dummy\nblacklist loop\nblacklist x\n", "", &["x", "loop"]),
    ("blacklist mbcache\nblacklist jbd2 # why\n", "", &["ext4"]),
    ("softdep loop pre: dummy tun post: nls_utf8\noptions tun p\n", "", &["loop", "tun"]),
    ("softdep loop tun pre: dummy nobody\n", "", &["loop"]),
    ("softdep loop pre: dummy\nsoftdep dummy pre: loop post: loop\n", "", &["loop", "dummy"]),
    ("softdep [kl]oop post: dummy\nsoftdep dum* post: tun\n", "", &["loop"]),
    ("softdep stp pre: loop post: dummy\nsoftdep llc pre: tun nobody\n", "", &["bridge", "stp"]),
    ("alias x loop\nsoftdep x pre: dummy\nsoftdep loop pre: y\nalias y tun\n", "", &["x"]),
    ("include /etc/x\nconfig y\nweakdep loop dummy\nremove loop z\n\nloop\n", "", &["loop"]),
    ("", "loop.a loop.b= loop.c=1 loop.c=2 dummy.d=3 quiet loop loop. .e", &["loop", "dummy"]),
    ("", "loop.a=\"b c\" \"loop.d=e f\" loop.g=\"h\" \"loop.i=j\" loop.k=\"\"", &["loop"]),
    ("", "loop.a=1.2,[3]=4 loop.b.c=1 x.loop.d=1 loops.e=1 loop.f=g=h", &["loop"]),
    ("", "loop.\"a b\" loop.\"c\"=1 \"loop.d e=1\" l\"oop.f\" loop.g=h\"i j\"k", &["loop"]),
    ("", "nls-utf8.a nls_utf8.b=1 NLS_UTF8.c", &["nls-utf8", "nls_utf8"]),
    (
        "options loop a=1\nalias x loop\n",
        "loop.a=2 loop.async_probe loop.dyndbg=+p",
        &["loop", "x"],
    ),
];

/// A line with single blanks: the kernel takes any number of them.
fn single(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What our plans have that modprobe's haven't, or the other way round.
pub fn differences(index: &Index) -> Result<Vec<String>> {
    let (mut strange, loader) = (Vec::new(), plans::own()?);
    for (conf, cmdline, asked) in CASES {
        let asked: Vec<String> = asked.iter().map(|name| name.to_string()).collect();
        let around = Around { conf, cmdline };
        let theirs = plans::modprobe(index, &asked, around)?;
        let ours = plans::insinit_with(index, &loader, &asked, around)?;
        for ((asked, ours), theirs) in asked.iter().zip(ours).zip(theirs) {
            if !ours.iter().map(|line| single(line)).eq(theirs.iter().map(|line| single(line))) {
                let what = if conf.is_empty() { cmdline } else { conf };
                strange.push(format!("{asked} with {what:?}: {ours:?}, not {theirs:?}"));
            }
        }
    }
    Ok(strange)
}
