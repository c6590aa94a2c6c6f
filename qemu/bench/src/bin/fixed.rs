//! The floor with a fixed list: open, finit_module and close for each path, execve. The list is put in when
//! it is built: `INSINIT_BENCH_LIST`, a path a line.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::ffi::CStr;
use insinit::start::Process;
use insinit::sys::Linux;
use insinit_bench::floor;

insinit_bench::guest!(run);

/// The paths, a line each.
const LINES: &str = match option_env!("INSINIT_BENCH_LIST") {
    Some(lines) => lines,
    None => "",
};

/// The paths, each with a NUL behind it.
static LIST: [u8; LINES.len()] = {
    let mut list = [0; LINES.len()];
    let mut at = 0;
    while at < list.len() {
        let byte = LINES.as_bytes()[at];
        list[at] = if byte == b'\n' { 0 } else { byte };
        at += 1;
    }
    list
};

fn run(_: Linux, process: Process) -> ! {
    let mut rest = LIST.as_slice();
    while let Ok(path) = CStr::from_bytes_until_nul(rest) {
        floor::load(path);
        rest = rest.get(path.to_bytes_with_nul().len()..).unwrap_or_default();
    }
    floor::exec(process.argv.as_ptr(), process.envp.as_ptr())
}
