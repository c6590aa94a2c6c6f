//! The program from outside: same bytes everywhere, what it prints, how it ends.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{Ko, RELEASE, World};

/// The program below a shell that has set its umask and time zone.
fn run_under(umask: &str, dir: &Path, args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_insinit-initramfs");
    let script = format!("umask {umask} && exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, program]).args(args).current_dir(dir);
    command.output().expect("the program runs")
}

fn run(dir: &Path, args: &[&str]) -> Output {
    run_under("022", dir, args)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A world that is filled under a umask: its files have the modes that it leaves.
fn filled(umask: &str) -> World {
    let world = World::with_modules();
    let script = "umask $0; mkdir -p tree/bin tree/etc; echo 1 >tree/etc/a; echo 2 >tree/bin/b; \
                  chmod u+x tree/bin/b; ln -s b tree/bin/c";
    let mut command = Command::new("sh");
    let status = command.args(["-c", script, umask]).current_dir(world.path(".")).status();
    assert!(status.expect("a shell").success());
    world
}

#[test]
fn two_runs_give_the_same_bytes() {
    let forms = ["none", "gzip", "xz", "zstd"];
    for (compress, modules) in forms.into_iter().zip(["keep", "gzip", "xz", "zstd"]) {
        let image = |umask: &str, dir: &str, up: &str| {
            let world = filled(umask);
            std::fs::create_dir_all(world.path(dir)).expect("a directory");
            let args = ["build", "--arch", "x86_64", "--module", "a,d_d", "--list"];
            let args = args.map(String::from).into_iter().chain([
                format!("--kernel-dir={up}k"),
                format!("--loader={up}loader"),
                format!("--tree={up}tree"),
                format!("--compress={compress}"),
                format!("--module-compress={modules}"),
                String::from("-oout.cpio"),
            ]);
            let args: Vec<String> = args.collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let output = run_under(umask, &world.path(dir), &args);
            assert!(output.status.success(), "{}", stderr(&output));
            std::fs::read(world.path(dir).join("out.cpio")).expect("the image")
        };
        let (one, two) = (image("022", ".", ""), image("077", "deep/er", "../../"));
        assert!(one == two, "{compress}: {} and {} bytes", one.len(), two.len());
    }
}

#[test]
fn build_says_what_it_made() {
    let world = World::with_modules();
    let args = ["--arch=x86_64", "--kernel-dir=k", "--loader=loader", "--init=init"];
    let args = [&args[..], &["--module=a", "-oout"]].concat();
    let output = run(&world.path("."), &[&["build"], args.as_slice()].concat());
    let size = std::fs::metadata(world.path("out")).expect("the image").len();
    assert_eq!(stdout(&output), format!("out: {size} bytes, 3 modules of {RELEASE}\n"));
    assert_eq!((stderr(&output).as_str(), output.status.code()), ("", Some(0)));
    let one = run(&world.path("."), &[&["build", "--module=c"], &args[..4], &["-oone"]].concat());
    assert!(stdout(&one).ends_with(&format!(" bytes, 1 module of {RELEASE}\n")));
    let output = run(&world.path("."), &[&["build", "-q"], args.as_slice()].concat());
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn an_error_is_one_line_with_status_1() {
    let world = World::with_modules();
    world.module("virtio_blk.ko", Ko::new("virtio_blk"));
    let args = ["build", "--arch=x86_64", "--kernel-dir=k", "--no-loader", "-oout"];
    let output = run(&world.path("."), &[args.as_slice(), &["--module=virtio-blc"]].concat());
    let expected = format!(
        "insinit-initramfs: virtio-blc: no such module in the tree of {RELEASE}; \
         did you mean virtio_blk?\n"
    );
    assert_eq!((stderr(&output), output.status.code()), (expected, Some(1)));
    assert!(!world.path("out").exists());
}

#[test]
fn a_loader_that_is_not_built_is_answered_with_the_command() {
    let world = World::new();
    let program = world.path("insinit-initramfs");
    std::fs::copy(env!("CARGO_BIN_EXE_insinit-initramfs"), &program).expect("a copy");
    let mut command = Command::new(program);
    command.args(["build", "--arch=riscv64", "-oout"]).current_dir(world.path("."));
    let output = command.env_remove("CARGO_TARGET_DIR").output().expect("the program runs");
    let found = stderr(&output);
    let expected = "cargo build --release --target riscv64gc-unknown-none-elf";
    assert!(found.contains(expected) && found.contains("--loader"), "{found}");
}

#[test]
fn a_loader_that_cargo_built_is_found() {
    let world = World::new();
    let target = world.write("target/x86_64-unknown-none/release/insinit", "");
    std::fs::copy(world.path("loader"), &target).expect("a copy");
    std::fs::create_dir(world.path("below")).expect("a directory");
    let program = world.path("insinit-initramfs");
    std::fs::copy(env!("CARGO_BIN_EXE_insinit-initramfs"), &program).expect("a copy");
    let mut command = Command::new(program);
    command.args(["build", "--arch=x86_64", "-oout"]).current_dir(world.path("below"));
    let output = command.env_remove("CARGO_TARGET_DIR").output().expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_plan_with_something_missing_ends_with_status_1() {
    let world = World::with_modules();
    let args = ["--arch=x86_64", "--kernel-dir=k", "--loader=loader", "--module=a", "-oout"];
    assert!(run(&world.path("."), &[&["build"], args.as_slice()].concat()).status.success());
    let plan = |words: &str| run(&world.path("."), &["list", "out", "--plan", words]);
    let good = plan("insinit.modules=a a.x=1 b.y");
    let insmod = |path: &str| format!("insmod /lib/modules/{RELEASE}/kernel/{path}\n");
    let expected = [insmod("lib/c.ko"), insmod("lib/b.ko y"), insmod("fs/a.ko x=1")].concat();
    assert_eq!((stdout(&good), good.status.code()), (expected, Some(0)));
    let bad = plan("insinit.modules=f");
    assert_eq!(stderr(&bad), "insinit-initramfs: error: f: no such module in the image\n");
    assert_eq!((stdout(&bad).as_str(), bad.status.code()), ("", Some(1)));
}

#[test]
fn an_output_that_takes_no_more_is_named() {
    let world = World::with_modules();
    let program = env!("CARGO_BIN_EXE_insinit-initramfs");
    let under = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script, program]).current_dir(world.path("."));
        command.output().expect("a shell")
    };
    let build = "\"$0\" build --arch=x86_64 --kernel-dir=k --loader=loader --module=a -oout";
    let limited = under(&format!("trap '' XFSZ; ulimit -f 1; exec {build}"));
    let expected = "insinit-initramfs: out: cannot be written: File too large (os error 27)\n";
    assert_eq!((stderr(&limited).as_str(), limited.status.code()), (expected, Some(1)));
    assert!(under(&format!("{build} 2>&-")).status.success());
    let full = under("exec \"$0\" list out >/dev/full");
    let expected = "insinit-initramfs: standard output: No space left on device (os error 28)\n";
    assert_eq!((stderr(&full).as_str(), full.status.code()), (expected, Some(1)));
}

#[test]
fn nobody_need_listen_to_an_error() {
    let program = env!("CARGO_BIN_EXE_insinit-initramfs");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(program);
    let status = command.args(["list", "/nowhere"]).stderr(writer).status();
    assert_eq!(status.expect("the program runs").code(), Some(1));
}

#[test]
fn help_is_the_manual() {
    let world = World::new();
    let help = stdout(&run(&world.path("."), &["build", "--help"]));
    for word in ["--kernel-dir", "--append-to", "Example:", "--init ./busybox-static"] {
        assert!(help.contains(word), "{word}");
    }
    assert_eq!(run(&world.path("."), &["build", "--nonsense"]).status.code(), Some(2));
}
