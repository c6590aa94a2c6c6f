//! The names of the kernel's error numbers.

use syscalls::Errno;

/// `include/uapi/asm-generic/errno-base.h` and `errno.h`, in order from 1; a space ends each. The
/// three machines have the same numbers. Packed, because 133 pointers would cost 2 KiB.
const NAMES: &[u8] =
    b"EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM \
EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY \
EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY \
ELOOP E41 ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR \
EXFULL ENOANO EBADRQC EBADSLT E58 EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK \
EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC \
ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE \
EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT \
EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN \
ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS \
ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY \
EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON ";

/// The error's name; none for a number without one (a module's init may return any).
#[must_use]
pub fn name(errno: Errno) -> Option<&'static [u8]> {
    let before = usize::try_from(errno.into_raw()).ok()?.checked_sub(1)?;
    NAMES.split(|byte| *byte == b' ').nth(before).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_header() {
        for (number, expected) in (1..=133).filter_map(|n| Some((n, Errno::new(n).name()?))) {
            let found = name(Errno::new(number)).map(|name| String::from_utf8_lossy(name));
            let aliases = ["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"];
            assert!(aliases.contains(&expected) || found.as_deref() == Some(expected), "{number}");
        }
    }

    #[test]
    fn numbers_without_a_name_have_none() {
        assert_eq!([0, 134, 4095, -1].map(|n| name(Errno::new(n))), [None; 4]);
    }
}
