//! What else is in an image, and with which modes.

mod common;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use common::{RELEASE, World, elves, entry, error, paths, text};
use insinit_initramfs::{Arch, Entry, FileSpec, Node, Options, build, entries, write_archive};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("a mode");
}

fn file(host: &Path, guest: &str) -> FileSpec {
    FileSpec { host: host.into(), guest: guest.into() }
}

#[test]
fn the_smallest_image_has_a_loader_and_mount_points() {
    let world = World::new();
    let options = world.plain();
    let built = build(&options).expect("an image");
    assert_eq!(paths(&options.output), ["dev", "init", "proc", "sys"]);
    assert_eq!(entry(&options.output, "init").expect("/init").mode, 0o755);
    let on_disk = std::fs::metadata(&built.path).expect("the image").len();
    assert_eq!(built.bytes, on_disk);
}

#[test]
fn modes_are_fixed_and_parents_are_made() {
    let world = World::new();
    let (data, run) = (world.write("data", "1"), world.write("run", "2"));
    let (secret, setuid) = (world.write("secret", "3"), world.write("su", "4"));
    [(&data, 0o666), (&run, 0o700), (&secret, 0o400), (&setuid, 0o4711)]
        .iter()
        .for_each(|(path, mode)| chmod(path, *mode));
    let files = vec![
        file(&data, "/opt/x/data"),
        file(&run, "bin/./run"),
        file(&secret, "/etc/secret"),
        file(&setuid, "/bin/su"),
    ];
    let options = Options { files, ..world.plain() };
    let built = build(&options).expect("an image");
    let mode = |path| entry(&options.output, path).expect(path).mode;
    let modes = ["opt/x/data", "bin/run", "etc/secret", "bin/su", "opt/x"].map(mode);
    assert_eq!(modes, [0o644, 0o755, 0o644, 0o755, 0o755]);
    assert_eq!(built.warnings.len(), 2);
    assert!(built.warnings[0].contains("/su: set-user-ID"), "{:?}", built.warnings);
}

#[test]
fn a_tree_is_laid_over_the_root() {
    let world = World::new();
    world.write("tree/usr/lib/x", "x");
    std::fs::create_dir(world.path("tree/tmp")).expect("a directory");
    chmod(&world.path("tree/tmp"), 0o1777);
    symlink("usr/lib", world.path("tree/lib")).expect("a link");
    let options = Options {
        trees: vec![world.path("tree")],
        files: vec![file(&world.write("y", "y"), "/lib/y")],
        ..world.plain()
    };
    build(&options).expect("an image");
    let lib = entry(&options.output, "lib").expect("lib");
    assert_eq!(lib.node, Node::Link(b"usr/lib".to_vec()));
    assert_eq!(entry(&options.output, "tmp").expect("tmp").mode, 0o1777);
    assert_eq!(text(&options.output, "usr/lib/y"), "y");
}

#[test]
fn what_only_a_kernel_can_make_is_refused() {
    let world = World::new();
    let options = Options { files: vec![file(Path::new("/dev/null"), "/x")], ..world.plain() };
    let found = error(&options);
    assert!(found.contains("/dev/null is a device node"), "{found}");
    let null = vec![file(Path::new("/dev/null"), "/dev/null")];
    let options = Options { files: null, ..world.plain() };
    build(&options).expect("a node that is the same everywhere");
    let null = entry(&options.output, "dev/null").expect("dev/null");
    assert_eq!((null.node, null.mode), (Node::Char { major: 1, minor: 3 }, 0o666));
    world.write("tree/x", "");
    let _socket = UnixListener::bind(world.path("tree/s")).expect("a socket");
    let options = Options { trees: vec![world.path("tree")], ..world.plain() };
    assert!(error(&options).contains("tree/s is a pipe or a socket"));
}

#[test]
fn paths_stay_in_the_image_and_files_must_be_there() {
    let world = World::new();
    let data = world.write("data", "1");
    let with = |host: &Path, guest| Options { files: vec![file(host, guest)], ..world.plain() };
    assert!(error(&with(&data, "/a/../../b")).contains("`..` has no meaning"));
    assert!(error(&with(&world.path("dat"), "/a")).ends_with("did you mean data?"));
    assert!(error(&with(&world.path("."), "/a")).contains("is a directory; give one with --tree"));
    let mut both = with(&data, "/a");
    both.files.push(file(&world.write("other", "2"), "a"));
    let found = error(&both);
    assert!(found.contains("/a is wanted twice") && found.contains("/other"), "{found}");
}

#[test]
fn a_tree_must_be_a_directory() {
    let world = World::new();
    world.write("trees/etc/x", "1");
    let with = |tree: &str| {
        let tree = world.path(tree);
        (error(&Options { trees: vec![tree.clone()], ..world.plain() }), tree)
    };
    let (found, tree) = with("tree");
    let expected = "No such file or directory (os error 2); did you mean trees?";
    assert_eq!(found, format!("--tree: {}: {expected}", tree.display()));
    let (found, tree) = with("trees/etc/x");
    let expected = "is no directory; give a file with --file";
    assert_eq!(found, format!("--tree: {} {expected}", tree.display()));
}

#[test]
fn the_real_init_must_be_able_to_start() {
    let world = World::new();
    let init = world.write("my-init", elves::program(Arch::X86_64, None));
    let options = Options { init: Some(init.clone()), ..world.plain() };
    build(&options).expect("an image");
    assert_eq!(entry(&options.output, "sbin/init").expect("init").mode, 0o755);
    std::fs::write(&init, elves::program(Arch::X86_64, Some("/lib/ld.so"))).expect("written");
    let found = error(&options);
    assert!(found.contains("asks for /lib/ld.so, which is not in the image"), "{found}");
    std::fs::write(&init, "#!/bin/sh\n").expect("written");
    assert!(error(&options).contains("asks for /bin/sh"));
    std::fs::write(&init, elves::program(Arch::Aarch64, None)).expect("written");
    assert!(error(&options).contains("is for aarch64, and the image is for x86_64"));
}

#[test]
fn the_loader_must_be_a_static_program_of_the_machine() {
    let world = World::new();
    let with = |bytes: Vec<u8>| {
        world.write("loader", bytes);
        error(&world.plain())
    };
    assert!(with(elves::program(Arch::Riscv64, None)).contains("is for riscv64"));
    assert!(with(elves::program(Arch::X86_64, Some("/ld"))).contains("is dynamic"));
    assert!(with(elves::Ko::new("x").bytes()).contains("object file"));
    assert!(with(b"#!/bin/sh".to_vec()).contains("not an ELF file"));
}

#[test]
fn words_and_list_land_where_the_loader_reads_them() {
    let world = World::with_modules();
    let options = Options {
        conf_words: vec!["quiet".into(), "loop.max_loop=4 x.y=\"a b\"".into()],
        list: true,
        ..world.options(&["c,:", "-f"])
    };
    build(&options).expect("an image");
    assert_eq!(text(&options.output, "etc/insinit.conf"), "quiet\nloop.max_loop=4 x.y=\"a b\"\n");
    assert_eq!(text(&options.output, "etc/modules"), "c\n:\n-f\n");
}

#[test]
fn a_failed_build_leaves_everything_as_it_was() {
    let world = World::new();
    let options = Options { init: Some(world.path("nothing")), ..world.plain() };
    world.write("out.cpio", "precious");
    error(&options);
    assert_eq!(std::fs::read(&options.output).expect("read"), b"precious");
    let left = std::fs::read_dir(world.path(".")).expect("a directory").count();
    assert_eq!(left, 3);
    let options = Options { output: world.path("."), ..world.plain() };
    assert!(error(&options).contains("is a directory"));
    let options = Options { output: world.path("nope/x.img"), ..world.plain() };
    let expected = format!("{}: no such directory", world.path("nope").display());
    assert_eq!(error(&options), expected);
}

#[test]
fn what_goes_into_an_image_is_never_written_over() {
    let world = World::with_modules();
    let data = world.write("data", "1");
    let inner = world.write("tree/etc/x", "1");
    symlink("init", world.path("link")).expect("a link");
    let options = Options {
        files: vec![file(&data, "/data")],
        trees: vec![world.path("tree")],
        ..world.options(&["f"])
    };
    let module = world.path(&format!("k/lib/modules/{RELEASE}/kernel/lib/f.ko"));
    let named = ["init", "loader", "link"].map(|name| world.path(name));
    for output in named.into_iter().chain([data, inner, module]) {
        let before = std::fs::read(&output).expect("a file");
        let found = error(&Options { output: output.clone(), ..options.clone() });
        let expected = "goes into the image and is never changed; name another file with -o";
        assert_eq!(found, format!("{}: {expected}", output.display()));
        assert_eq!(std::fs::read(&output).expect("a file"), before);
    }
}

#[test]
fn hand_made_images_are_sorted_and_complete() {
    let world = World::new();
    let path = world.path("hand.cpio");
    let entries_in = vec![
        Entry::link("sbin/init", "/bin/x"),
        Entry::char_device("dev/console", 5, 1),
        Entry::program("bin/x", b"x".as_slice()),
    ];
    write_archive(entries_in, insinit_initramfs::Compression::Zstd, &path).expect("written");
    assert_eq!(paths(&path), ["bin", "bin/x", "dev", "dev/console", "sbin", "sbin/init"]);
    let console = &entries(&path).expect("an image")[3];
    assert_eq!((console.mode, &console.node), (0o600, &Node::Char { major: 5, minor: 1 }));
}

#[test]
fn an_image_without_a_real_init_is_warned_of() {
    let world = World::new();
    let warnings = |options: &Options| build(options).expect("an image").warnings;
    let plain = world.plain();
    let warned = warnings(&plain);
    assert!(warned[0].starts_with("no real init: neither /sbin/init"), "{warned:?}");
    assert!(warned[0].ends_with(", unless root= names where it is"), "{warned:?}");
    assert_eq!(warnings(&Options { no_loader: true, ..plain.clone() }), [""; 0]);
    for words in ["insinit.init=/x", "root=/dev/vda"] {
        let conf_words = vec![words.to_string()];
        assert_eq!(warnings(&Options { conf_words, ..plain.clone() }), [""; 0], "{words}");
    }
    let files = vec![file(&world.write("conf", "root=LABEL=x\n"), "/etc/insinit.conf")];
    assert_eq!(warnings(&Options { files, ..plain.clone() }), [""; 0]);
    let init = vec![file(&world.write("data", "1"), "/etc/init")];
    assert_eq!(warnings(&Options { files: init, ..plain.clone() }), [""; 0]);
    let list = warnings(&Options { list: true, no_loader: true, ..plain });
    assert!(list[0].contains("/etc/modules is empty"), "{list:?}");
}

#[test]
fn the_loader_is_no_real_init() {
    let world = World::new();
    let found = error(&Options { init: Some(world.path("loader")), ..world.plain() });
    assert!(found.starts_with("--init: that is the loader itself"), "{found}");
}

#[test]
fn the_loader_may_be_modprobe_too() {
    let world = World::new();
    let mut options = world.plain();
    build(&options).expect("an image");
    assert!(entry(&options.output, "sbin/modprobe").is_none());
    options.modprobe = true;
    build(&options).expect("an image");
    let link = entry(&options.output, "sbin/modprobe").expect("the link");
    assert_eq!(link.node, Node::Link(b"/init".to_vec()));
    options.files.push(file(&world.write("modprobe", "kmod"), "/sbin/modprobe"));
    let error = build(&options).expect_err("two of them").to_string();
    assert!(error.contains("sbin/modprobe is wanted twice"), "{error}");
}
