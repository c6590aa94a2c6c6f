//! Which modules are packed, and with which index.

mod common;

use common::{Ko, RELEASE, World, error, index, names, paths, text};
use insinit_initramfs::{Arch, Compression, Options, build, image_plan};

fn plan(options: &Options, words: &str) -> Vec<String> {
    let plan = image_plan(&options.output, None, words).expect("a plan");
    assert_eq!(plan.errors, [""; 0]);
    plan.lines
}

#[test]
fn a_module_brings_all_that_it_needs() {
    let world = World::with_modules();
    let options = world.options(&["a"]);
    let built = build(&options).expect("an image");
    assert_eq!(names(&built), ["c", "b", "a"]);
    assert_eq!(built.release.as_deref(), Some(RELEASE));
    assert_eq!(built.modules[2].guest_path, format!("/lib/modules/{RELEASE}/kernel/fs/a.ko"));
    let dep = "kernel/fs/a.ko: kernel/lib/b.ko kernel/lib/c.ko\n\
               kernel/lib/c.ko:\n\
               kernel/lib/b.ko: kernel/lib/c.ko\n";
    assert_eq!(index(&options.output, "modules.dep"), dep);
    let alias = "# Aliases extracted from modules themselves.\nalias fs-a a\n";
    assert_eq!(index(&options.output, "modules.alias"), alias);
    assert_eq!(index(&options.output, "modules.builtin"), "kernel/fs/ext4.ko\n");
}

#[test]
fn what_is_packed_is_what_will_be_loaded() {
    let world = World::with_modules();
    let options = world.options(&["a,f"]);
    let built = build(&options).expect("an image");
    let expected: Vec<String> =
        built.modules.iter().map(|module| format!("insmod {} ", module.guest_path)).collect();
    assert_eq!(plan(&options, "insinit.modules=a,f"), expected);
}

#[test]
fn soft_dependencies_are_followed_through_aliases() {
    let world = World::with_modules();
    let options = world.options(&["d-d"]);
    let built = build(&options).expect("an image");
    assert_eq!(names(&built), ["e", "d_d"]);
    let softdep = "# Soft dependencies extracted from modules themselves.\nsoftdep d_d pre: crc\n";
    assert_eq!(index(&options.output, "modules.softdep"), softdep);
}

#[test]
fn an_alias_stands_for_its_module() {
    let world = World::with_modules();
    let built = build(&world.options(&["fs-a"])).expect("an image");
    assert_eq!(names(&built), ["c", "b", "a"]);
}

#[test]
fn a_built_in_module_needs_no_file() {
    let world = World::with_modules();
    let options = world.options(&["ext4,f"]);
    assert_eq!(names(&build(&options).expect("an image")), ["f"]);
    let f = format!("insmod /lib/modules/{RELEASE}/kernel/lib/f.ko ");
    assert_eq!(plan(&options, "insinit.modules=ext4,f"), ["builtin ext4", f.as_str()]);
}

#[test]
fn depmods_own_files_are_used_where_they_are_whole() {
    let world = World::with_modules();
    world.kernel_file("modules.softdep", "softdep a post: f\n");
    world.kernel_file("modules.alias", "alias fs-a a\nalias other f\n");
    let lines = ["fs/a.ko: kernel/lib/c.ko", "lib/b.ko:", "lib/c.ko:", "lib/e.ko:", "lib/f.ko:"];
    let dep: String = lines.iter().map(|line| format!("kernel/{line}\n")).collect();
    world.kernel_file("modules.dep", &dep);
    assert_eq!(names(&build(&world.options(&["a"])).expect("stale")), ["c", "b", "a"]);
    world.kernel_file("modules.dep", dep + "kernel/net/d-d.ko:\n");
    let options = world.options(&["a"]);
    assert_eq!(names(&build(&options).expect("whole")), ["c", "a", "f"]);
    let expected = "# Aliases extracted from modules themselves.\nalias fs-a a\nalias other f\n";
    assert_eq!(index(&options.output, "modules.alias"), expected);
}

#[test]
fn symbols_count_for_modules_from_outside_the_kernel() {
    let world = World::with_modules();
    let ko = Ko::new("mine").needs(&["b_2"], "").field("intree", "N");
    let mine = world.write("mine.ko", ko.bytes());
    let options = world.options(&[mine.to_str().expect("text")]);
    let built = build(&Options { list: true, ..options.clone() }).expect("an image");
    assert_eq!(names(&built), ["c", "b", "mine"]);
    assert_eq!(built.modules[2].guest_path, format!("/lib/modules/{RELEASE}/extra/mine.ko"));
    assert_eq!(text(&options.output, "etc/modules"), "mine\n");
}

#[test]
fn exports_without_modversions_and_modules_from_updates_are_found() {
    let world = World::with_modules();
    let b = Ko::new("b").exports(&["b_1"]).without_crcs();
    world.kernel_file("updates/b.ko", b.field("intree", "N").bytes());
    let built = build(&world.options(&["a"])).expect("an image");
    assert_eq!(names(&built), ["b", "a"]);
    assert!(built.modules[0].guest_path.ends_with("/updates/b.ko"));
}

#[test]
fn packages_that_were_split_are_taken_together() {
    let world = World::with_modules();
    let extra = Ko::new("g").needs(&["b_2"], "b").bytes();
    world.write(&format!("more/usr/lib/modules/{RELEASE}/kernel/g.ko"), extra);
    let mut options = world.options(&["g"]);
    options.kernel_dirs.push(world.path("more"));
    assert_eq!(names(&build(&options).expect("an image")), ["c", "b", "g"]);
}

#[test]
fn one_path_with_two_contents_is_an_error() {
    let world = World::with_modules();
    let mut options = world.options(&["f"]);
    let other = format!("more/lib/modules/{RELEASE}/kernel/lib/f.ko");
    options.kernel_dirs.push(world.path("more"));
    world.write(&other, Ko::new("f").bytes());
    build(&options).expect("the same module twice");
    world.write(&other, Ko::new("f").debug().bytes());
    let error = error(&options);
    assert!(error.contains("different modules with one path"), "{error}");
}

#[test]
fn every_compression_is_read_and_written() {
    let world = World::new();
    let forms = [Compression::Gzip, Compression::Xz, Compression::Zstd];
    for (form, (name, need)) in forms.into_iter().zip([("g", "x_1"), ("x", "z_1"), ("z", "p")]) {
        let ko = Ko::new(name).exports(&[&format!("{name}_1")]).needs(&[need], "");
        world.packed_module(&format!("{name}.ko{}", form.suffix()), ko.field("intree", "N"), form);
    }
    for (to, suffix) in [(None, ".gz"), (Some(Compression::None), ""), (Some(forms[2]), ".zst")] {
        let options = Options { module_compress: to, ..world.options(&["g"]) };
        let built = build(&options).expect("an image");
        assert_eq!(names(&built), ["z", "x", "g"]);
        let path = format!("/lib/modules/{RELEASE}/kernel/g.ko{suffix}");
        assert_eq!(built.modules[2].guest_path, path);
        assert_eq!(plan(&options, "modules=g")[2], format!("insmod {path} "));
    }
}

#[test]
fn the_images_own_list_and_words_are_packed_too() {
    let world = World::with_modules();
    let tree = world.write("tree/etc/modules", "# mine\nf debug=1\n-nothing\n");
    let options = Options {
        trees: vec![tree.parent().and_then(|etc| etc.parent()).expect("a tree").into()],
        conf_words: vec!["insinit.modules=e e.x=\"1 2\"".into()],
        ..world.options(&["c"])
    };
    let built = build(&options).expect("an image");
    assert_eq!(names(&built), ["f", "e", "c"]);
    assert_eq!(built.warnings.len(), 1, "{:?}", built.warnings);
    assert!(built.warnings[0].starts_with("nothing: no such module"));
    let expected = ["f.ko debug=1", "e.ko x=\"1 2\""];
    let expected = expected.map(|end| format!("insmod /lib/modules/{RELEASE}/kernel/lib/{end}"));
    assert_eq!(plan(&options, ""), expected);
}

#[test]
fn the_list_may_be_anywhere_and_behind_a_link() {
    let world = World::with_modules();
    world.write("tree/opt/list", "f\n");
    std::os::unix::fs::symlink("list", world.path("tree/opt/link")).expect("a link");
    let options = Options {
        trees: vec![world.path("tree")],
        conf_words: vec!["insinit.list=/opt/link".into()],
        ..world.options(&[])
    };
    assert_eq!(names(&build(&options).expect("an image")), ["f"]);
    assert_eq!(plan(&options, "").len(), 1);
    let words = "insinit.list=/opt/link insinit.dir=/opt";
    let options = Options { conf_words: vec![words.into()], ..options };
    assert!(error(&options).contains("insinit.dir="));
}

#[test]
fn optional_and_blocked_modules_may_be_left_out() {
    let world = World::with_modules();
    let options = Options {
        conf_words: vec!["module_blacklist=b".into()],
        ..world.options(&["-nothing,a,:,f"])
    };
    let built = build(&options).expect("an image");
    assert_eq!(names(&built), ["c", "a", "f"]);
    assert!(built.warnings.iter().any(|text| text.contains("b: not packed, module_blacklist")));
}

#[test]
fn an_unknown_module_is_answered_with_the_nearest() {
    let world = World::with_modules();
    world.module("net/virtio_net.ko", Ko::new("virtio_net"));
    let error = error(&world.options(&["virtio-nett"]));
    let expected =
        format!("virtio-nett: no such module in the tree of {RELEASE}; did you mean virtio_net?");
    assert_eq!(error, expected);
}

#[test]
fn the_release_must_be_clear() {
    let world = World::with_modules();
    world.write("k/lib/modules/6.2.0/kernel/x.ko", Ko::new("x").release("6.2.0").bytes());
    world.write("k/lib/modules/5.0/build/Makefile", "headers only");
    let options = world.options(&["x"]);
    let found = error(&options);
    assert!(found.contains(&format!("{RELEASE}, 6.2.0; name one with --release")), "{found}");
    assert!(!found.contains("5.0"));
    let options = Options { release: Some("6.2".into()), ..options };
    let found = error(&options);
    assert!(found.ends_with("did you mean 6.2.0?"), "{found}");
    let options = Options { release: Some("6.2.0".into()), ..options };
    assert_eq!(names(&build(&options).expect("an image")), ["x"]);
}

#[test]
fn modules_of_another_machine_or_release_are_errors() {
    let world = World::with_modules();
    world.module("x.ko", Ko::new("x").arch(Arch::Riscv64));
    let found = error(&world.options(&["x"]));
    assert!(found.contains("x.ko: is for riscv64, and the image is for x86_64"), "{found}");
    world.module("y.ko", Ko::new("y").release("6.9"));
    let found = error(&world.options(&["y"]));
    assert!(found.contains("y.ko: is for 6.9, and the tree is of"), "{found}");
}

#[test]
fn damaged_modules_are_named() {
    let world = World::with_modules();
    world.kernel_file("kernel/x.ko.xz", b"\xfd7zXZ\0damaged");
    let found = error(&world.options(&["x"]));
    assert!(found.contains("kernel/x.ko.xz: damaged"), "{found}");
    world.kernel_file("kernel/x.ko.xz", b"#!/bin/sh");
    let found = error(&world.options(&["x"]));
    assert!(found.contains("kernel/x.ko.xz: not a kernel module: not an ELF file"), "{found}");
}

#[test]
fn modules_without_a_tree_are_an_error() {
    let world = World::new();
    let options = Options { modules: vec!["loop".into()], ..world.plain() };
    assert!(error(&options).contains("--kernel-dir"));
    let options = world.options(&["loop"]);
    assert!(error(&options).contains("No such file"));
    world.write("k/boot/vmlinuz", "");
    assert!(error(&options).contains("neither lib/modules/RELEASE nor usr/lib/modules/RELEASE"));
}

#[test]
fn stripped_modules_warn_of_their_signature() {
    let world = World::new();
    world.module("s.ko", Ko::new("s").debug().signed());
    let options = Options { strip_debug: true, ..world.options(&["s"]) };
    let built = build(&options).expect("an image");
    assert!(built.warnings[0].contains("1 modules lose their signature (s"));
    assert!(built.bytes < 9000, "{}", built.bytes);
}

#[test]
fn missing_files_of_an_image_are_errors_of_its_plan() {
    let world = World::with_modules();
    let options = world.options(&["a"]);
    build(&options).expect("an image");
    let plan = image_plan(&options.output, None, "modules=a,f,-g").expect("a plan");
    assert_eq!(plan.errors, ["f: no such module in the image"]);
    assert_eq!(plan.notes, ["g: no such module in the image"]);
    assert_eq!(plan.lines.len(), 3);
    assert!(paths(&options.output).contains(&"init".to_string()));
}

#[test]
fn devices_bring_their_modules() {
    let world = World::with_modules();
    world.module("uart.ko", Ko::new("uart").field("alias", "of:N*T*Cacme,uart*"));
    world.write("sys/devices/soc/uart/modalias", "of:NuartT(null)Cacme,uart\n");
    world.write("sys/devices/pci/modalias", "pci:v0000d0001\n");
    let options = Options { coldplug_of: Some(world.path("sys")), ..world.options(&["f"]) };
    let built = build(&options).expect("an image");
    assert_eq!((names(&built), built.warnings.len()), (vec!["f", "uart"], 0));
    assert_eq!(plan(&options, "modules=f").len(), 1);
    build(&Options { list: true, ..options.clone() }).expect("an image");
    assert_eq!(text(&options.output, "etc/modules"), "f\n-uart\n");
    assert_eq!(plan(&options, "").len(), 2);
}

#[test]
fn words_that_the_loader_ignores_are_warned_of() {
    let world = World::with_modules();
    let conf_words = vec!["insinit.lst=/x".to_string(), "insinit.log=loud".to_string()];
    let options = Options { conf_words, ..world.options(&["f"]) };
    let expected = [
        "insinit.lst: ignored: not a word that this build knows",
        "insinit.log: ignored: not error, warn, info or debug",
    ];
    let built = build(&options).expect("an image");
    assert_eq!(built.warnings[..2], expected.map(|text| format!("--conf-words: {text}")));
    let plan = image_plan(&options.output, None, "insinit.fail=x").expect("a plan");
    assert_eq!((&plan.warnings[..2], plan.warnings.len()), (&expected.map(String::from)[..], 3));
}

#[test]
fn firmware_is_packed_or_named() {
    let world = World::new();
    let ko = Ko::new("w").field("firmware", "acme/a.bin").field("firmware", "acme/b.bin");
    world.module("w.ko", ko);
    let options = world.options(&["w"]);
    let built = build(&options).expect("an image");
    let expected = "firmware that modules name: 2 files (w: acme/a.bin, ...) not packed";
    assert!(built.warnings[0].starts_with(expected), "{:?}", built.warnings);
    world.write("k/usr/lib/firmware/updates/acme/a.bin.xz", "A");
    world.write("k/lib/firmware/acme/a.bin.xz", "older");
    let built = build(&Options { firmware: true, ..options.clone() }).expect("an image");
    let expected = "firmware that modules name: 1 files (w: acme/b.bin) in no --kernel-dir";
    assert_eq!(built.warnings, [expected]);
    assert_eq!(text(&options.output, "lib/firmware/updates/acme/a.bin.xz"), "A");
}

#[test]
fn signatures_can_be_stripped() {
    let world = World::new();
    world.packed_module("s.ko.xz", Ko::new("s").signed(), Compression::Xz);
    let options = Options { strip_signature: true, ..world.options(&["s"]) };
    let options = Options { module_compress: Some(Compression::None), ..options };
    let built = build(&options).expect("an image");
    assert!(built.warnings[0].contains("1 modules lose their signature (s"));
    let packed = common::entry(&options.output, &built.modules[0].guest_path[1..]);
    let expected = insinit_initramfs::Node::File(Ko::new("s").bytes());
    assert!(packed.expect("the module").node == expected);
}

#[test]
fn a_path_that_is_nowhere_is_no_such_file() {
    let world = World::with_modules();
    let found = error(&world.options(&["/nope/x.ko"]));
    assert!(found.contains("/nope/x.ko: No such file"), "{found}");
}

#[test]
fn an_alias_of_what_is_built_in_is_known_in_the_image() {
    let world = World::with_modules();
    let modinfo = "ext4.license=GPL\0ext4.alias=fs-ext2\0";
    world.kernel_file("modules.builtin.modinfo", modinfo);
    let options = world.options(&["fs-ext2"]);
    build(&options).expect("an image");
    assert_eq!(index(&options.output, "modules.builtin.modinfo"), "ext4.alias=fs-ext2\0");
    assert_eq!(plan(&options, "insinit.modules=fs-ext2"), ["builtin ext4"]);
}

#[test]
fn the_images_modprobe_d_counts() {
    let world = World::with_modules();
    let mut options = world.options(&["mine"]);
    let rules = "alias mine f\noptions f x=1\n";
    world.write("over/usr/local/lib/modprobe.d/x.conf", rules);
    options.trees.push(world.path("over"));
    let built = build(&options).expect("an image");
    assert_eq!(names(&built), ["f"]);
    let line = format!("insmod {} x=1", built.modules[0].guest_path);
    assert_eq!(plan(&options, "insinit.modules=mine"), [line]);
}

#[test]
fn modules_that_the_images_files_bring_are_indexed() {
    let world = World::with_modules();
    let mine = Ko::new("mine").needs(&["b_2"], "").field("intree", "N").field("alias", "x:*");
    world.write(&format!("over/lib/modules/{RELEASE}/extra/mine.ko"), mine.bytes());
    let over = |options: Options| Options { trees: vec![world.path("over")], ..options };
    let options = over(world.options(&["f"]));
    assert_eq!(names(&build(&options).expect("an image")), ["f"]);
    let dep = index(&options.output, "modules.dep");
    assert!(dep.contains("extra/mine.ko: kernel/lib/b.ko kernel/lib/c.ko\n"), "{dep}");
    assert!(index(&options.output, "modules.alias").contains("alias x:* mine\n"));
    let options = over(Options { list: true, ..world.options(&["mine"]) });
    let options = Options { module_compress: Some(Compression::Gzip), ..options };
    assert_eq!(names(&build(&options).expect("an image")), ["c", "b"]);
    let dep = index(&options.output, "modules.dep");
    assert!(dep.contains("extra/mine.ko: kernel/lib/b.ko.gz kernel/lib/c.ko.gz\n"), "{dep}");
    let last = format!("insmod /lib/modules/{RELEASE}/extra/mine.ko ");
    assert_eq!(plan(&options, "").last(), Some(&last));
}

#[test]
fn weak_dependencies_are_packed_and_not_loaded() {
    let world = World::with_modules();
    let user = Ko::new("user").field("weakdep", "d_d nobody").field("softdep", "post: e");
    world.module("user.ko", user.field("weakdep", "f"));
    world.module("net/d-d.ko", Ko::new("d_d").field("weakdep", "c"));
    let options = Options { list: true, ..world.options(&["user"]) };
    let built = build(&options).expect("an image");
    assert_eq!((names(&built), built.warnings.len()), (vec!["user", "e", "c", "d_d", "f"], 0));
    assert_eq!(plan(&options, "").len(), 2);
    assert_eq!(text(&options.output, "etc/modules"), "user\n");
    let weak = index(&options.output, "modules.weakdep");
    for line in ["weakdep user d_d nobody", "weakdep user f", "weakdep d_d c"] {
        assert!(weak.contains(line), "{weak}");
    }
}

#[test]
fn softdep_words_without_a_mark_are_weak() {
    let world = World::with_modules();
    world.module("user.ko", Ko::new("user").field("softdep", "f nobody pre: e"));
    let options = Options { list: true, ..world.options(&["user"]) };
    let built = build(&options).expect("an image");
    assert_eq!((names(&built), built.warnings.len()), (vec!["e", "user", "f"], 0));
    assert_eq!(plan(&options, "").len(), 2);
}
