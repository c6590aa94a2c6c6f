//! From the entry point to a program's `main`: the process' arguments and environment.
//!
//! The kernel leaves argc, argv, envp and the auxiliary vector on the stack
//! (`fs/binfmt_elf.c`: `create_elf_tables`); they live as long as the process.
#![allow(unsafe_code)]

use crate::kernel::Kernel;
use crate::mem::Table;
use core::ffi::{CStr, c_char};

/// A null-terminated vector of C strings that lives as long as the process: argv or envp.
#[derive(Clone, Copy, Debug)]
pub struct Strings(*mut *const c_char);

impl Strings {
    /// The vector that starts at `first`.
    ///
    /// # Safety
    /// `first` points at writable memory that holds pointers to C strings and, last, a null
    /// pointer; all of it lives as long as the process.
    #[must_use]
    pub unsafe fn from_raw(first: *mut *const c_char) -> Self {
        Self(first)
    }

    /// The vector of these texts, for a program whose own start isn't ours.
    pub fn of<K: Kernel>(k: &mut K, texts: &[&'static CStr]) -> Self {
        let mut vector = Table::new();
        for text in texts {
            vector.push(k, text.as_ptr());
        }
        vector.push(k, core::ptr::null());
        // Ends with a null pointer; both the vector and its texts stay for ever.
        Self(vector.into_slice().as_mut_ptr())
    }

    /// The strings in order.
    pub fn iter(self) -> impl Iterator<Item = &'static CStr> {
        (0..).map_while(move |at| self.get(at))
    }

    /// The string at `at`, or none past the end. Only for `at` at most one past the last string.
    fn get(self, at: usize) -> Option<&'static CStr> {
        // SAFETY: the vector is null-terminated and `iter` stops at the null.
        let text = unsafe { *self.0.add(at) };
        // SAFETY: a pointer of the vector that isn't null is a C string that is never freed.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
    }

    /// Takes the first string; none at the end, however often it is asked.
    pub fn take(&mut self) -> Option<&'static CStr> {
        let first = self.get(0)?;
        // SAFETY: the first pointer isn't the null, so another one follows.
        self.0 = unsafe { self.0.add(1) };
        Some(first)
    }

    /// Puts `text` in the place of the first string; an empty vector stays empty.
    pub fn set_first(self, text: &'static CStr) {
        if self.get(0).is_some() {
            // SAFETY: the first slot exists, is writable (it lies on the stack) and holds a string.
            unsafe { *self.0 = text.as_ptr() }
        }
    }

    /// The vector as execve(2) takes it.
    #[must_use]
    pub fn as_ptr(self) -> *const *const c_char {
        self.0
    }
}

/// What a program is given when it starts.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// The arguments; the first is the path that was executed.
    pub argv: Strings,
    /// The environment, `NAME=value` each.
    pub envp: Strings,
    /// The path that was executed, whatever the arguments say; none if the kernel doesn't tell.
    pub path: Option<&'static CStr>,
}

/// The auxiliary vector's key of the path that was executed (`include/uapi/linux/auxvec.h`).
const AT_EXECFN: usize = 31;

impl Process {
    /// Reads the stack as the kernel left it.
    ///
    /// # Safety
    /// `stack` is the stack pointer at the process' entry point and what it points at is unchanged.
    #[must_use]
    pub unsafe fn from_stack(stack: *mut usize) -> Self {
        // SAFETY: argc is there, then argc pointers and a null, then the environment and a null.
        unsafe {
            let argc = *stack;
            let argv = stack.add(1).cast::<*const c_char>();
            let envp = argv.add(argc).add(1);
            Self { argv: Strings(argv), envp: Strings(envp), path: path(envp) }
        }
    }
}

/// The path that was executed.
///
/// # Safety
/// `envp` is the environment as the kernel left it: behind its null stands the auxiliary vector, pairs up
/// to one whose key is 0.
unsafe fn path(mut envp: *mut *const c_char) -> Option<&'static CStr> {
    // SAFETY: the function's; the path is a C string on the stack.
    unsafe {
        while !(*envp).is_null() {
            envp = envp.add(1);
        }
        let mut pair = envp.add(1).cast::<[usize; 2]>();
        loop {
            match *pair {
                [0, _] => return None,
                [AT_EXECFN, path] => return Some(CStr::from_ptr(path as *const c_char)),
                _ => pair = pair.add(1),
            }
        }
    }
}

/// Makes `$main`, a `fn(Linux, Process) -> !`, the program that the kernel starts.
///
/// Gives the entry's other half and the panic handler. The handler says one fixed line (formatting
/// the place costs 4 KiB) and ends the process; for PID 1 the kernel's `panic=` then decides.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        /// Called by `_start` with the stack pointer at entry.
        ///
        /// # Safety
        /// Only `_start` may call it, once.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn insinit_start(stack: *mut usize) -> ! {
            // SAFETY: `_start` calls this once, with the stack pointer that the kernel set.
            let (kernel, process) =
                unsafe { ($crate::sys::Linux::only(), $crate::start::Process::from_stack(stack)) };
            $main(kernel, process)
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            $crate::sys::die()
        }
    };
}
