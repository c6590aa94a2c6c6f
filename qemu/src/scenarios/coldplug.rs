//! What the devices of the machine ask for.

use crate::scenario::{Image, NOTHING, PLAIN, Scenario, X86_64};

/// Boards whose virtio devices come only once the driver of their slots is there.
const SLOTS: &[&str] = &["6.12-aarch64", "6.12-riscv64"];

const IMAGE: Image = Image { modules: &["virtio_mmio", "virtio_rng", "dummy"], ..NOTHING };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "coldplug: a device, and the one that comes with its module",
        on: SLOTS,
        image: IMAGE,
        qemu: &["-device", "virtio-rng-device"],
        words: "insinit.coldplug insinit.modules=dummy guest=fds,mounts",
        expect: &[
            "load dummy: loaded",
            "load virtio_mmio: loaded",
            "load virtio_rng: loaded",
            "done: 3 loaded,",
            "exec /sbin/init",
            "guest: modules *",
        ],
        forbid: &["guest: fd 3*", "load virtio_rng: failed"],
        ..PLAIN
    },
    Scenario {
        name: "coldplug: a device that is there from the start",
        on: X86_64,
        image: IMAGE,
        qemu: &["-device", "virtio-rng-pci"],
        words: "insinit.coldplug",
        expect: &["load virtio_rng: loaded", "done: 1 loaded,", "exec /sbin/init"],
        forbid: &["load virtio_mmio: *", "load dummy: *"],
        ..PLAIN
    },
    Scenario {
        name: "coldplug: a blocked module is no reason to stop",
        on: SLOTS,
        image: IMAGE,
        qemu: &["-device", "virtio-rng-device"],
        words: "insinit.coldplug module_blacklist=virtio_rng insinit.fail=poweroff",
        expect: &[
            "load virtio_mmio: loaded",
            "load virtio_rng: blocked by module_blacklist",
            "exec /sbin/init",
            "guest: modules *",
        ],
        forbid: &["stop poweroff: *"],
        ..PLAIN
    },
    Scenario {
        name: "coldplug: only where it is asked for",
        on: X86_64,
        image: IMAGE,
        qemu: &["-device", "virtio-rng-pci"],
        words: "insinit.modules=dummy",
        expect: &["load dummy: loaded", "guest: modules 1"],
        forbid: &["load virtio_rng: *"],
        ..PLAIN
    },
];
