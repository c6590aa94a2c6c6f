//! Modules of our own: each does on every kernel what the other tests want of it.

use crate::scenario::{Ends, Image, Made, NOTHING, PLAIN, Scenario, X86_64};

/// Kernels with headers of another kind.
const OTHERS: &[&str] =
    &["6.1-x86_64", "7.2-x86_64", "small-x86_64-gzip", "small-aarch64-gzip", "small-riscv64-gzip"];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "test modules: parameters, a dash, an import, an error",
        long: OTHERS,
        image: Image { modules: &["tm_param", "tm-dash", "tm_user", "-tm_err"], ..NOTHING },
        words: "insinit.modules=tm_param,tm-dash,tm_user,-tm_err tm_param.number=7 \
                tm_param.text=\"a b\" tm_param.list=1,2 tm_param.flag tm_param.fixed=abc \
                tm-dash.value=3 tm_err.err=5 tm_err.ms=20",
        expect: &[
            "kernel: tm_param: number [7]",
            "kernel: tm_param: text [a b]",
            "kernel: tm_param: flag [1]",
            "kernel: tm_param: list 1 [2]",
            "kernel: tm_param: fixed [abc]",
            "load tm_param: loaded",
            "kernel: tm_dash: value [3]",
            "load tm_base: loaded",
            "kernel: tm_user: 42",
            "load tm_user: loaded",
            "load tm_err: failed EIO",
            "guest: modules 4",
        ],
        ..PLAIN
    },
    Scenario {
        name: "test modules: an init that oopses",
        on: X86_64,
        image: Image { files: &[(Made::Plain("tm_oops"), "/tm_oops.ko")], ..NOTHING },
        words: "insinit.modules=/tm_oops.ko oops=panic",
        expect: &["kernel: tm_oops: init"],
        forbid: &["load tm_oops: loaded"],
        end: Ends::Panic("Fatal exception"),
        ..PLAIN
    },
];
