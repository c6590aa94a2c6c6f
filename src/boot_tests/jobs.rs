//! Loading side by side: the same as a serial boot, sooner.

use crate::kernel::{Errno, Stop};
use crate::scripted::{Booted, End, Machine, elf, elf_of, gzip};

const MIB: usize = 1 << 20;

/// The lines about modules in alphabetical order, without times.
fn results(booted: &Booted) -> Vec<String> {
    let about = |line: &&&str| ["load ", "force "].iter().any(|verb| line[12..].starts_with(verb));
    let timeless = |line: &&str| match line.split_once(": loaded ") {
        Some((head, _)) => format!("{head}: loaded"),
        None => line.to_string(),
    };
    let mut lines: Vec<String> = booted.lines().iter().filter(about).map(timeless).collect();
    lines.sort();
    lines
}

/// The results in the sum, without its time.
fn sum(booted: &Booted) -> String {
    let line = booted.line("insinit: done: ");
    line.rsplit_once(", ").map_or(line, |(counts, _)| counts).into()
}

/// Boots serially and with so many workers: the results have to be the same. Gives the second boot.
fn both(machine: impl Fn() -> Machine, jobs: usize, words: &str) -> Booted {
    let serial = machine().words(words).boot();
    let booted = machine().words(format!("insinit.jobs={jobs} {words}")).boot();
    assert_eq!(results(&booted), results(&serial), "{booted}\nserial: {serial}");
    assert_eq!(sum(&booted), sum(&serial));
    assert_eq!(booted.end, serial.end);
    assert_eq!((serial.workers(), booted.workers_left()), (0, 0), "{booted}");
    assert!(booted.workers() <= jobs, "{booted}");
    booted
}

#[test]
fn independent_modules_load_side_by_side() {
    let names = ["a", "b", "c", "d", "e"];
    let machine = || names.iter().fold(Machine::new().modules(&names), |m, name| m.takes(name, 50));
    let booted = both(machine, 4, "insinit.modules=a,b,c,d,e");
    assert_eq!((booted.workers(), booted.order()), (4, names.to_vec()));
    assert!(booted.line("done: ").ends_with("5 loaded, 100.0 ms"), "{booted}");
    assert_eq!(booted.result("a"), "loaded 50.0 ms");
}

#[test]
fn a_module_starts_as_soon_as_what_it_needs_is_there_and_no_later() {
    let modules = ["slow", "base", "user: base", "top: user"];
    let machine = || {
        let machine = Machine::new().modules(&modules).takes("slow", 300).takes("base", 50);
        machine.takes("user", 50).takes("top", 50)
    };
    let booted = both(machine, 2, "insinit.modules=slow,top");
    assert_eq!(booted.order(), ["slow", "base", "user", "top"]);
    assert!(booted.line("done: ").ends_with("4 loaded, 300.0 ms"), "{booted}");
}

#[test]
fn one_worker_is_no_worker() {
    let machine = || Machine::new().modules(&["a", "b"]).cpus(4);
    for words in ["insinit.jobs=1", "insinit.jobs=0", "insinit.jobs=", "insinit.jobs=x", ""] {
        let booted = machine().words(format!("{words} insinit.modules=a,b")).boot();
        assert_eq!((booted.workers(), booted.count("fork"), booted.count("share")), (0, 0, 0));
        assert_eq!((booted.count("wait4"), booted.order()), (0, vec!["a", "b"]));
    }
}

#[test]
fn a_serial_boot_makes_the_calls_that_it_made_before() {
    let boot = |words: &str| {
        let machine = Machine::new().modules(&["a", "b: a"]).cpus(1);
        let booted = machine.words(format!("{words} insinit.modules=b")).boot();
        let mut counts = booted.counts();
        counts.remove("sched_getaffinity");
        counts
    };
    assert_eq!(boot("insinit.jobs=auto"), boot(""));
}

#[test]
fn auto_is_a_worker_for_each_cpu_up_to_eight() {
    let names: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let words = format!("insinit.jobs=auto insinit.modules={}", names.join(","));
    for (cpus, workers) in [(1, 0), (2, 2), (3, 3), (8, 8), (64, 8)] {
        let booted = Machine::new().modules(&names).cpus(cpus).words(&words).boot();
        assert_eq!((booted.workers(), booted.order().len()), (workers, 20), "{cpus} CPUs");
    }
}

#[test]
fn a_barrier_is_waited_for() {
    let machine = || Machine::new().modules(&["a", "b", "c"]).takes("a", 200).takes("b", 10);
    let booted = both(machine, 4, "insinit.modules=a,b,:,c");
    assert!(booted.line("done: ").ends_with("3 loaded, 201.9 ms"), "{booted}");
    let without = both(machine, 4, "insinit.modules=a,b,c");
    assert!(without.line("done: ").ends_with("3 loaded, 200.0 ms"), "{without}");
}

#[test]
fn a_module_that_is_to_be_alone_has_nothing_beside_it() {
    let machine = || {
        let machine = Machine::new().modules(&["a", "snd-b", "c"]).takes("a", 100);
        machine.takes("snd_b", 50).takes("c", 100)
    };
    let booted = both(machine, 3, "insinit.alone=snd_b,x insinit.modules=a,snd-b,c");
    assert!(booted.line("done: ").ends_with("3 loaded, 250.0 ms"), "{booted}");
}

#[test]
fn soft_dependencies_are_waited_for_and_may_fail() {
    let machine = || {
        let machine = Machine::new().modules(&["x", "soft"]).takes("soft", 90);
        let machine = machine.tree_file("modules.softdep", "softdep x pre: soft\n");
        machine.answer("soft", Errno::EIO)
    };
    let booted = both(machine, 4, "insinit.modules=x");
    assert_eq!(booted.order(), ["soft", "x"]);
    assert_eq!(booted.workers(), 1);
}

#[test]
fn what_fails_is_said_as_in_a_serial_boot() {
    let machine = || {
        let machine = Machine::new().modules(&["a", "b: a", "c", "d", "e", "f"]).live("d");
        let machine = machine.answer("a", Errno::ENOENT).answer("c", Errno::ENODEV);
        let mut cut = gzip(&elf("g"));
        cut.truncate(cut.len() / 2);
        let machine = machine.file("/g.ko", cut).file("/h.ko", "text").file("/i.ko", "");
        machine.built_in("k").answer("e", Errno::EKEYREJECTED)
    };
    let words = "module_blacklist=f insinit.modules=b,c,d,e,f,/g.ko,/h.ko,/i.ko,-j,k";
    for jobs in [2, 3, 8] {
        let booted = both(machine, jobs, words);
        assert!(booted.result("g").starts_with("failed EBADMSG: gzip ends too early"), "{booted}");
        assert_eq!(booted.result("b"), "skipped needs a (failed ENOENT)");
    }
}

#[test]
fn inflating_happens_in_the_worker() {
    let machine = || {
        let machine = Machine::new().tree_file("a.ko", gzip(&elf("a")));
        machine.tree_file("b.ko", gzip(&elf("b"))).takes("a", 10).takes("b", 10)
    };
    let booted = both(machine, 2, "insinit.modules=a,b");
    assert_eq!((booted.workers(), booted.count("init_module")), (2, 2));
    let calls: Vec<String> = (1..=booted.calls()).map(|n| booted.call(n)).collect();
    let place = |call: &str| calls.iter().position(|made| made.starts_with(call)).unwrap();
    assert!(place("fork") < place("munmap") && place("munmap") < place("leave"));
}

#[test]
fn sixty_large_modules_do_not_break_the_memory_bound() {
    let names: Vec<String> = (0..60).map(|n| format!("m{n}")).collect();
    let files: Vec<Vec<u8>> = names.iter().map(|name| gzip(&elf_of(name, MIB))).collect();
    let machine = || {
        names.iter().zip(&files).fold(Machine::new().free(90), |machine, (name, file)| {
            machine.takes(name, 100).tree_file(&format!("{name}.ko"), file)
        })
    };
    // A quarter of the 90 MiB, less a reserve, holds seven times a little more than 3 MiB.
    for (memory, workers) in [("", 7), ("insinit.memory=7M", 2), ("insinit.memory=1K", 1)] {
        let booted = both(machine, 8, &format!("{memory} insinit.modules={}", names.join(",")));
        assert_eq!(booted.workers(), workers, "{memory}");
        assert!(booted.loads().iter().all(|load| load.result.is_ok()));
    }
}

#[test]
fn files_that_lie_about_their_length_get_what_a_serial_boot_gives() {
    let machine = || {
        let mut machine = Machine::new().free(100);
        for name in ["a", "b", "c", "d"] {
            let mut file = gzip(&elf_of(name, 9 * MIB));
            if name != "d" {
                // Of several members the last tells its own length only.
                file.extend(gzip(b""));
            }
            machine = machine.tree_file(&format!("{name}.ko"), file).takes(name, 100);
        }
        machine
    };
    let booted = both(machine, 4, "insinit.modules=a,b,c,d");
    assert_eq!(booted.loads().iter().filter(|load| load.result.is_ok()).count(), 4);
}

#[test]
fn a_required_module_that_fails_stops_new_starts_and_lets_running_ones_finish() {
    let machine = || {
        let machine = Machine::new().modules(&["bad", "slow", "later: bad", "last"]);
        machine.answer("bad", Errno::EIO).takes("bad", 10).takes("slow", 500)
    };
    let words = "insinit.jobs=2 insinit.fail=halt insinit.required=bad insinit.modules=slow,last";
    let booted = machine().words(words).boot();
    assert_eq!((&booted.end, booted.workers_left()), (&End::Stop(Stop::Halt), 0));
    assert_eq!(booted.order(), ["bad", "slow"]);
    assert_eq!(booted.result("slow"), "loaded 500.0 ms");
    assert!(booted.loud(2)[0].ends_with("required bad failed; next was load last"), "{booted}");
}

#[test]
fn after_a_shell_the_rest_is_loaded() {
    let machine = || {
        let machine = Machine::new().modules(&["bad", "b", "c", "d"]).program("/bin/sh");
        machine.answer("bad", Errno::EIO).takes("b", 40)
    };
    for action in ["shell", "continue"] {
        let words = format!("insinit.fail={action} insinit.required=bad insinit.modules=b,c,d");
        let booted = both(machine, 2, &words);
        assert_eq!((booted.order().len(), booted.init()), (4, "/sbin/init"));
    }
}

#[test]
fn a_worker_that_dies_is_reported_with_its_module_and_the_others_go_on() {
    let machine = Machine::new().modules(&["bad", "b: bad", "c", "d"]).deadly("bad");
    let booted = machine.words("insinit.jobs=2 insinit.modules=b,c,d").boot();
    assert_eq!(booted.result("bad"), "failed ECHILD: its worker died, signal 9");
    assert_eq!(booted.result("b"), "skipped needs bad (failed ECHILD)");
    assert_eq!(booted.order(), ["bad", "c", "d"]);
    assert_eq!((booted.init(), booted.workers_left()), ("/sbin/init", 0));
}

#[test]
fn a_long_load_is_named_every_ten_seconds() {
    let machine = Machine::new().modules(&["a", "b"]).takes("a", 35_100);
    let booted = machine.words("quiet insinit.jobs=2 insinit.modules=a,b").boot();
    let named: Vec<&str> = booted.log().into_iter().filter(|line| line.contains("wait")).collect();
    let line = |seconds| format!("<3>insinit: wait a: loading for {seconds} s");
    assert_eq!(named, [line(10), line(20), line(30)]);
    assert_eq!(booted.end, Machine::new().boot().end);
}

#[test]
fn a_load_that_outlasts_the_timeout_is_left_behind_and_named() {
    let machine = Machine::new().modules(&["slow", "b: slow", "c", "d"]).takes("slow", 100_000);
    let words = "insinit.jobs=2 insinit.timeout=3 insinit.modules=b,c,d";
    let booted = machine.words(words).boot();
    assert_eq!(booted.result("slow"), "failed ETIMEDOUT: still loading after 3 s");
    assert_eq!(booted.result("b"), "skipped needs slow (failed ETIMEDOUT)");
    assert_eq!(sum(&booted), "<6>insinit: done: 2 loaded, 1 skipped, 1 failed");
    assert!(booted.says("<6>insinit: exec /sbin/init: leaves slow"), "{booted}");
    assert_eq!((booted.count("kill"), booted.workers_left()), (1, 1));
}

#[test]
fn a_load_that_ends_when_it_is_killed_is_not_left_behind() {
    let machine = Machine::new().modules(&["slow", "c"]).takes("slow", 3_500).takes("c", 5_000);
    let words = "insinit.jobs=2 insinit.timeout=4 insinit.modules=slow,c";
    let booted = machine.words(words).boot();
    assert_eq!(booted.result("slow"), "loaded 3500.0 ms");
    let machine = Machine::new().modules(&["slow", "c"]).takes("slow", 3_500).takes("c", 3_600);
    let words = "insinit.jobs=2 insinit.timeout=3 insinit.modules=slow,c insinit.fail=continue";
    let booted = machine.words(words).boot();
    assert!(booted.says("exec /sbin/init: leaves slow, c"), "{booted}");
}

#[test]
fn a_timeout_without_workers_is_said_to_be_of_no_use() {
    let booted = Machine::new().modules(&["a"]).words("insinit.timeout=3 insinit.modules=a").boot();
    let line = "<4>insinit: word insinit.timeout: ignored: no worker loads anything";
    assert_eq!(booted.loud(4), [line]);
}

#[test]
fn without_a_process_to_fork_the_load_is_done_here() {
    let plain = Machine::new().modules(&["a", "b"]).words("insinit.jobs=2 insinit.modules=a,b");
    let booted = plain.boot();
    let fork = (1..=booted.calls()).find(|n| booted.call(*n).starts_with("fork")).unwrap();
    let machine = Machine::new().modules(&["a", "b"]).words("insinit.jobs=2 insinit.modules=a,b");
    let booted = machine.fault(fork, Errno::EAGAIN).boot();
    assert_eq!((booted.order(), booted.workers()), (vec!["a", "b"], 1));
    assert_eq!(sum(&booted), "<6>insinit: done: 2 loaded");
}

#[test]
#[cfg(feature = "ways")]
fn what_the_kernel_is_told_to_ignore_is_said_once_for_each_module() {
    let machine = || {
        let machine = Machine::new().tree_file("a.ko", elf("a")).tree_file("c.ko", "no module");
        machine.tree_file("b.ko", gzip(&elf("b")))
    };
    let booted = both(machine, 3, "insinit.force=all insinit.modules=a,b,c");
    let force: Vec<&str> = booted.log().into_iter().filter(|l| l.contains("force")).collect();
    assert_eq!((force.len(), booted.workers()), (2, 2), "{booted}");
    let machine = Machine::new().modules(&["bad", "b"]).deadly("bad");
    let booted = machine.words("insinit.jobs=2 insinit.force=all insinit.modules=bad,b").boot();
    assert!(booted.says("force bad: ignores"), "{booted}");
}

#[test]
fn a_file_that_the_kernel_has_seen_is_not_tried_again_for_lack_of_memory() {
    let mut file = gzip(&elf_of("a", 20 * MIB));
    let end = file.len();
    file[end - 4..].copy_from_slice(&1000u32.to_le_bytes());
    let machine = || {
        let machine = Machine::new().inflates("gzip").answer("a", Errno::EINVAL).free(100);
        machine.tree_file("a.ko", &file).tree_file("b.ko", elf("b"))
    };
    let booted = both(machine, 2, "insinit.modules=a,b");
    assert_eq!(booted.order().len(), 2, "{booted}");
}

#[test]
fn the_timeline_tells_where_the_time_went() {
    let machine = || {
        let machine =
            Machine::new().modules(&["a", "b: a", "c", "d"]).takes("a", 20).takes("c", 30);
        machine.takes("b", 5).takes("d", 1).without("/lib/modules/6.12.107/kernel/d.ko")
    };
    let words = "insinit.log=debug insinit.modules=b,c,d";
    let time = |booted: &Booted| -> Vec<String> {
        let is_time = |line: &&str| line.contains(" time ") || line.contains(": boot: ");
        let lines = booted.log().into_iter().filter(is_time);
        lines.map(|line| line.trim_start_matches("<7>insinit: ").into()).collect()
    };
    assert_eq!(
        time(&machine().words(words).boot()),
        [
            "time a: start 1000000 read 0 inflate 0 load 20000 end 1020000 worker 1",
            "time b: start 1020000 read 0 inflate 0 load 5000 end 1025000 worker 1",
            "time c: start 1025000 read 0 inflate 0 load 30000 end 1055000 worker 1",
            "boot: start 1000000 plan 0 load 55000 end 1055000",
        ]
    );
    assert_eq!(
        time(&machine().words(format!("insinit.jobs=2 {words}")).boot()),
        [
            "time a: start 1000000 read 0 inflate 0 load 20000 end 1020000 worker 1",
            "time b: start 1020000 read 0 inflate 0 load 5000 end 1025000 worker 1",
            "time c: start 1000000 read 0 inflate 0 load 30000 end 1030000 worker 2",
            "boot: start 1000000 plan 0 load 30000 end 1030000",
        ]
    );
    assert_eq!(time(&machine().words("insinit.modules=b,c,d").boot()), [""; 0]);
}

#[test]
fn what_was_loaded_while_no_worker_could_be_had_is_not_loaded_again() {
    let machine = || {
        let machine = Machine::new().modules(&["a", "b", "c"]).plugged("x", "x:1");
        let machine = machine.tree_file("modules.alias", "alias x:* c\n");
        machine.words("insinit.jobs=2 insinit.modules=a,b insinit.coldplug")
    };
    let good = machine().boot();
    let share = (1..=good.calls()).find(|n| good.call(*n).starts_with("share ")).unwrap();
    let booted = machine().fault(share, Errno::ENOMEM).boot();
    assert_eq!((booted.order(), booted.init()), (vec!["a", "b", "c"], "/sbin/init"), "{booted}");
}

/// Knuth's MMIX generator; the high bits are the random ones.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A machine with a random graph of modules, loads of random length and random failures.
fn random(seed: u64) -> (Machine, String) {
    let mut random = Random(seed);
    let count = 2 + random.below(12);
    let mut lines = vec![];
    for n in 0..count {
        let needs: Vec<u64> = (0..n).filter(|_| random.below(4) == 0).collect();
        let needs: String = needs.iter().map(|n| format!(" m{n}")).collect();
        lines.push(format!("m{n}:{needs}"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut machine = Machine::new().modules(&lines);
    let mut list = String::new();
    for n in 0..count {
        let name = format!("m{n}");
        machine = machine.takes(&name, 1 + random.below(300));
        match random.below(10) {
            0 => machine = machine.answer(&name, Errno::EIO),
            1 => machine = machine.answer(&name, Errno::ENODEV),
            2 => machine = machine.answer_to_a_rival(&name, Errno::EEXIST),
            3 => machine = machine.tree_file(&format!("kernel/{name}.ko"), "no module"),
            4 => machine = machine.without(&format!("/lib/modules/6.12.107/kernel/{name}.ko")),
            5 => list.push_str(":,"),
            _ => {}
        }
        let mark = if random.below(3) == 0 { "-" } else { "" };
        list.push_str(&format!("{mark}m{},", random.below(count)));
    }
    let alone = random.below(count);
    (machine, format!("insinit.alone=m{alone} insinit.modules={list}"))
}

#[test]
fn a_thousand_random_boots_give_what_serial_ones_give() {
    for seed in 0..1000 {
        let words = random(seed).1;
        both(|| random(seed).0, 2 + seed as usize % 4, &words);
    }
}
