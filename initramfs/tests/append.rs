//! Appending to an image that is there, and listing images of several parts.

mod common;

use std::path::PathBuf;

use common::{World, elves, error, paths, text};
use insinit_initramfs::{
    Arch, Compression, Entry, FileSpec, Options, build, listing, write_archive,
};

/// A distribution's image: an early archive, then a compressed one.
fn distribution(world: &World) -> PathBuf {
    let (early, main) = (world.path("early"), world.path("main"));
    let microcode = Entry::file("kernel/x86/microcode/GenuineIntel.bin", [1, 2, 3]);
    write_archive(vec![microcode], Compression::None, &early).expect("early");
    let files = vec![
        Entry::link("init", "usr/bin/init"),
        Entry::link("lib", "usr/lib"),
        Entry::dir("usr/lib"),
        Entry::program("usr/bin/init", elves::program(Arch::X86_64, None)),
        Entry::program("usr/lib/ld.so", elves::program(Arch::X86_64, None)),
    ];
    write_archive(files, Compression::Gzip, &main).expect("main");
    let mut bytes = std::fs::read(early).expect("early");
    bytes.extend(std::fs::read(main).expect("main"));
    world.write("initrd.img", bytes)
}

#[test]
fn the_new_archive_follows_the_old_bytes() {
    let world = World::with_modules();
    let old = distribution(&world);
    let before = std::fs::read(&old).expect("the image");
    let options = Options {
        append_to: Some(old.clone()),
        compress: Compression::Zstd,
        ..world.options(&["f"])
    };
    build(&options).expect("an image");
    assert_eq!(std::fs::read(&old).expect("the image"), before);
    let after = std::fs::read(&options.output).expect("the new image");
    let padded = before.len().next_multiple_of(4);
    assert_eq!(after[..before.len()], before);
    assert!(after[before.len()..padded].iter().all(|byte| *byte == 0));
    assert_eq!(after[padded..][..4], [0x28, 0xb5, 0x2f, 0xfd]);
}

/// The kernel would replace the link `lib` by a directory of that name
/// (`init/initramfs.c`, `clean_path`), and the old image would be broken.
#[test]
fn links_of_the_old_image_are_respected() {
    let world = World::with_modules();
    let options = Options { append_to: Some(distribution(&world)), ..world.options(&["f"]) };
    build(&options).expect("an image");
    let all = paths(&options.output);
    let new = &all[all.iter().position(|path| path == "dev").expect("dev")..];
    assert!(!new.contains(&"lib".to_string()), "{new:?}");
    assert!(new.iter().any(|path| path.starts_with("usr/lib/modules/") && path.ends_with("f.ko")));
    assert!(new.contains(&"init".to_string()));
    let plan = insinit_initramfs::image_plan(&options.output, None, "modules=f").expect("a plan");
    assert_eq!((plan.lines.len(), plan.errors.len()), (1, 0), "{plan:?}");
}

#[test]
fn the_old_image_may_hold_the_interpreter() {
    let world = World::new();
    let init = world.write("dynamic", elves::program(Arch::X86_64, Some("/lib/ld.so")));
    let options = Options { init: Some(init), ..world.plain() };
    assert!(error(&options).contains("/lib/ld.so"));
    build(&Options { append_to: Some(distribution(&world)), ..options }).expect("an image");
}

#[test]
fn the_old_image_is_never_the_new_one() {
    let world = World::new();
    let old = distribution(&world);
    let link = world.path("link.img");
    std::fs::hard_link(&old, &link).expect("a link");
    for output in [old.clone(), link] {
        let options = Options { append_to: Some(old.clone()), output, ..world.plain() };
        assert!(error(&options).contains("is never changed; name another file with -o"));
    }
}

#[test]
fn what_is_no_image_is_not_appended_to() {
    let world = World::new();
    let options = Options { append_to: Some(world.write("old", "hello")), ..world.plain() };
    let found = error(&options);
    assert!(found.contains("old: not an initramfs image"), "{found}");
    assert!(!options.output.exists());
}

#[test]
fn only_modules_can_be_appended() {
    let world = World::with_modules();
    let options = Options {
        append_to: Some(distribution(&world)),
        no_loader: true,
        loader: None,
        ..world.options(&["f"])
    };
    build(&options).expect("an image");
    assert_eq!(paths(&options.output).iter().filter(|path| *path == "init").count(), 1);
}

#[test]
fn a_listing_shows_every_part() {
    let world = World::new();
    let file = FileSpec { host: world.write("x", "12345"), guest: "/etc/x".into() };
    let options = Options {
        append_to: Some(distribution(&world)),
        files: vec![file],
        no_loader: true,
        ..world.plain()
    };
    build(&options).expect("an image");
    let text = listing(&options.output).expect("a listing");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "# segment 1: cpio");
    assert!(lines.contains(&"# segment 2: gzip"));
    assert!(lines.contains(&"# segment 3: cpio"));
    assert!(lines.contains(&"lrwxrwxrwx          7 lib -> usr/lib"));
    assert!(lines.contains(&"-rw-r--r--          5 etc/x"), "{text}");
    assert_eq!(common::text(&options.output, "etc/x"), "12345");
}

#[test]
fn later_archives_replace_earlier_ones() {
    let world = World::with_modules();
    let list = |name: &str, output: &str, base: Option<PathBuf>| {
        let host = world.write(name, format!("{name}\n"));
        let files = vec![FileSpec { host, guest: "/etc/modules".into() }];
        let output = world.path(output);
        let options = Options { files, output, append_to: base, ..world.options(&["a,f"]) };
        build(&options).expect("an image").path
    };
    let both = list("f", "two", Some(list("c", "one", None)));
    assert_eq!(text(&both, "etc/modules"), "f\n");
    let plan = insinit_initramfs::image_plan(&both, None, "").expect("a plan");
    assert_eq!(plan.lines.len(), 1);
    assert!(plan.lines[0].contains("/f.ko"), "{:?}", plan.lines);
}

#[test]
fn the_older_images_modules_stay_known() {
    let world = World::with_modules();
    build(&Options { output: world.path("one"), ..world.options(&["a,d-d"]) }).expect("one");
    let options = Options { append_to: Some(world.path("one")), ..world.options(&["f,b"]) };
    build(&options).expect("two");
    let plan = insinit_initramfs::image_plan(&options.output, None, "modules=a,d_d,f");
    let plan = plan.expect("a plan");
    assert_eq!((plan.lines.len(), plan.errors.len()), (6, 0), "{plan:?}");
    let dep = common::index(&options.output, "modules.dep");
    assert_eq!(dep.matches("kernel/lib/b.ko:").count(), 1, "{dep}");
}

#[test]
fn an_older_image_without_an_index_gets_one() {
    let world = World::with_modules();
    let path = format!("lib/modules/{}/kernel/old.ko", common::RELEASE);
    let entries = vec![Entry::file(path, common::Ko::new("old").bytes())];
    write_archive(entries, Compression::None, &world.path("one")).expect("one");
    let options = Options { append_to: Some(world.path("one")), ..world.options(&["f"]) };
    build(&options).expect("two");
    let plan = insinit_initramfs::image_plan(&options.output, None, "modules=old,f");
    let plan = plan.expect("a plan");
    assert_eq!((plan.lines.len(), plan.errors.len()), (2, 0), "{plan:?}");
}
