//! The harness itself: a guest that hangs and one that ends are seen as such.

use crate::scenario::{AARCH64, Ends, PLAIN, RISCV64, Scenario};

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "harness: a guest that hangs is ended",
        on: RISCV64,
        words: "guest=hang",
        expect: &["guest: pid 1", "guest: end"],
        end: Ends::Never,
        limit: 20,
        ..PLAIN
    },
    Scenario {
        name: "harness: a guest that ends is a panic",
        on: AARCH64,
        words: "guest=exit",
        expect: &[
            "guest: pid 1",
            "guest: end",
            "kernel: Attempted to kill init! exitcode=0x00000700",
        ],
        end: Ends::Panic("Attempted to kill init"),
        ..PLAIN
    },
];
