//! Starts the program between pipes and follows it to its end.

use crate::calls::{self, Poll};
use crate::end::End;
use crate::job::Job;
use crate::ports::Ports;
use crate::pump::{self, Stream};
use insinit::kernel::{Fd, Kernel};
use insinit::start::Strings;

/// Milliseconds between looks at a child, on kernels that can't be asked to tell (before 5.3).
const LOOK: i64 = 20;

/// The environment.
const ENVIRONMENT: [&core::ffi::CStr; 3] = [
    c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    c"HOME=/",
    c"TERM=linux",
];

/// There is no descriptor or no memory for a pipe.
const NO_PIPE: End = End::Never("can't make a pipe", 0);

/// The program's ends of the pipes: its input, its output, its errors, and one that tells why it could
/// not be started.
struct Ends {
    three: [Fd; 3],
    why: Fd,
}

/// Runs the program to its end. (Pipes, because a port can be opened once only, and a program may open
/// /dev/stdout.)
pub fn run<K: Kernel>(k: &mut K, job: &Job, ports: &Ports) -> End {
    let Ok(input) = calls::pipe() else { return NO_PIPE };
    pump::feed(k, ports[0], input); // before there are pipes that it would keep open
    let (Ok(output), Ok(errors), Ok(why)) = (calls::pipe(), calls::pipe(), calls::pipe()) else {
        return NO_PIPE;
    };
    let ends = Ends { three: [input.0, output.1, errors.1], why: why.1 };
    let child = match calls::fork() {
        Ok(0) => become_program(k, job, &ends),
        Ok(child) => child,
        Err(error) => return End::Never("can't fork, errno", error.into_raw()),
    };
    for end in [input.0, output.1, errors.1, why.1] {
        k.close(end);
    }
    if let Some(error) = refused(k, why.0) {
        return End::Never("can't be run, errno", error);
    }
    let mut streams = [Stream::new(output.0, ports[1]), Stream::new(errors.0, ports[2])];
    follow(k, child, &mut streams)
}

/// In the child: the three descriptors, then the program.
fn become_program<K: Kernel>(k: &mut K, job: &Job, ends: &Ends) -> ! {
    calls::new_session();
    calls::enter(c"/");
    for (to, from) in ends.three.iter().enumerate() {
        let _ = calls::become_fd(*from, to as i32);
    }
    let arguments = Strings::of(k, job.arguments);
    let environment = Strings::of(k, &ENVIRONMENT);
    let error = k.exec(job.program, arguments, environment);
    let _ = k.write(ends.why, &error.into_raw().to_ne_bytes());
    k.exit(127)
}

/// The errno of an exec that failed; the pipe is closed by one that succeeded.
fn refused<K: Kernel>(k: &mut K, why: Fd) -> Option<i32> {
    let mut errno = [0; 4];
    let told = k.read(why, &mut errno) == Ok(errno.len());
    k.close(why);
    told.then(|| i32::from_ne_bytes(errno))
}

/// Passes its output on until it has ended and nothing is left in the pipes.
fn follow<K: Kernel>(k: &mut K, child: usize, streams: &mut [Stream; 2]) -> End {
    let watch = calls::pidfd(child);
    let pause = if watch.is_some() { -1 } else { LOOK };
    let mut ended = None;
    loop {
        let [output, errors] = streams;
        let mut files = [output.poll(), errors.poll(), Poll::of(watch.unwrap_or(Fd(-1)))];
        if ended.is_some() {
            files[2].drop_it();
        }
        calls::poll(&mut files, if ended.is_some() { 0 } else { pause });
        let passed = [output.pass(k, &files[0]), errors.pass(k, &files[1])];
        match ended {
            Some(end) if passed == [false; 2] => return end,
            Some(_) => {}
            None => ended = reap(child),
        }
    }
}

/// Takes in all children that have ended; gives the program's end if it is among them.
fn reap(child: usize) -> Option<End> {
    let mut end = None;
    while let Some((pid, status)) = calls::ended() {
        if pid == child {
            end = Some(End::of(status));
        }
    }
    end
}
