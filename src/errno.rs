//! The names of the kernel's error numbers.

use syscalls::Errno;

/// `include/uapi/asm-generic/errno-base.h` and `errno.h`, in order from 1; a space ends each, and the E
/// that all begin with is left out. The three machines have the same numbers.
const NAMES: &str = "PERM NOENT SRCH INTR IO NXIO 2BIG NOEXEC BADF CHILD AGAIN NOMEM ACCES FAULT NOTBLK BUSY \
    EXIST XDEV NODEV NOTDIR ISDIR INVAL NFILE MFILE NOTTY TXTBSY FBIG NOSPC SPIPE ROFS MLINK PIPE \
    DOM RANGE DEADLK NAMETOOLONG NOLCK NOSYS NOTEMPTY LOOP  NOMSG IDRM CHRNG L2NSYNC L3HLT L3RST \
    LNRNG UNATCH NOCSI L2HLT BADE BADR XFULL NOANO BADRQC BADSLT  BFONT NOSTR NODATA TIME NOSR \
    NONET NOPKG REMOTE NOLINK ADV SRMNT COMM PROTO MULTIHOP DOTDOT BADMSG OVERFLOW NOTUNIQ BADFD \
    REMCHG LIBACC LIBBAD LIBSCN LIBMAX LIBEXEC ILSEQ RESTART STRPIPE USERS NOTSOCK DESTADDRREQ \
    MSGSIZE PROTOTYPE NOPROTOOPT PROTONOSUPPORT SOCKTNOSUPPORT OPNOTSUPP PFNOSUPPORT AFNOSUPPORT \
    ADDRINUSE ADDRNOTAVAIL NETDOWN NETUNREACH NETRESET CONNABORTED CONNRESET NOBUFS ISCONN \
    NOTCONN SHUTDOWN TOOMANYREFS TIMEDOUT CONNREFUSED HOSTDOWN HOSTUNREACH ALREADY INPROGRESS \
    STALE UCLEAN NOTNAM NAVAIL ISNAM REMOTEIO DQUOT NOMEDIUM MEDIUMTYPE CANCELED NOKEY KEYEXPIRED \
    KEYREVOKED KEYREJECTED OWNERDEAD NOTRECOVERABLE RFKILL HWPOISON ";

/// The names, three letters in two bytes: half of what they would take, and a quarter of a table.
static PACKED: [u16; NAMES.len().div_ceil(3)] = packed();

const fn packed() -> [u16; NAMES.len().div_ceil(3)] {
    let mut words = [0; NAMES.len().div_ceil(3)];
    let mut at = 0;
    while at < NAMES.len() {
        words[at / 3] |= code(NAMES.as_bytes()[at]) << (at % 3 * 5);
        at += 1;
    }
    words
}

/// A letter's code: 1 to 26, then the digits 2 and 3; 0 ends a name.
const fn code(letter: u8) -> u16 {
    match letter {
        b' ' => 0,
        b'2' | b'3' => letter as u16 - b'2' as u16 + 27,
        _ => letter as u16 - b'A' as u16 + 1,
    }
}

/// Shows `each` the letters of the error's name; none for a number without a name (a module's init may
/// return any).
pub fn spell(errno: Errno, mut each: impl FnMut(u8)) {
    let (mut left, mut first) = (errno.into_raw(), true);
    for packed in &PACKED {
        let mut letters = *packed;
        for _ in 0..3 {
            let code = letters as u8 & 31;
            letters >>= 5;
            if code == 0 {
                left = left.wrapping_sub(1);
            } else if left == 1 {
                if core::mem::take(&mut first) {
                    each(b'E');
                }
                let before = if code > 26 { b'2' - 27 } else { b'A' - 1 };
                each(before.wrapping_add(code));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: i32) -> String {
        let mut name = String::new();
        spell(Errno::new(number), |letter| name.push(letter.into()));
        name
    }

    #[test]
    fn names_are_those_of_the_header() {
        for (number, expected) in (1..=133).filter_map(|n| Some((n, Errno::new(n).name()?))) {
            let aliases = ["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"];
            assert!(aliases.contains(&expected) || name(number) == expected, "{number}");
        }
    }

    #[test]
    fn numbers_without_a_name_have_none() {
        assert_eq!([0, 41, 58, 134, 4095, -1].map(name), [""; 6]);
    }
}
