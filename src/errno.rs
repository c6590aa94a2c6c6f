//! The kernel's errors: their numbers, and what they are called.

use crate::forms::FORMS;
use crate::packed::Packed;
use core::fmt;
use core::num::NonZeroI32;
use linux_raw_sys::errno as raw;

/// An error of the kernel's, below zero as a system call gives it: a result that is nothing or an error is
/// the call's own value then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub(crate) NonZeroI32);

/// The errors that the loader and its tests call by their names.
macro_rules! errors {
    ($($name:ident)*) => {
        #[allow(missing_docs, reason = "errno(3) has them")]
        impl Errno {
            $(pub const $name: Self = Self::new(raw::$name as i32);)*
        }
    };
}

errors! {
    EPERM ENOENT EINTR EIO ENXIO ENOEXEC EBADF ECHILD EAGAIN ENOMEM
    EACCES ENOTBLK EBUSY EEXIST ENODEV ENOTDIR EISDIR EINVAL ETXTBSY EFBIG
    ENOSPC EROFS ENAMETOOLONG ENOSYS ENOTEMPTY ELOOP EBADMSG EOPNOTSUPP ENOBUFS ETIMEDOUT
    EUCLEAN ENOKEY EKEYREJECTED
}

impl Errno {
    /// The error of that number, 1 to 4095 (`include/linux/err.h`, `MAX_ERRNO`).
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self::of_short(number.wrapping_neg() as i16)
    }

    /// In the two bytes that it takes.
    #[must_use]
    pub const fn short(self) -> i16 {
        self.0.get() as i16
    }

    /// The one that these bytes are.
    #[must_use]
    pub const fn of_short(short: i16) -> Self {
        match NonZeroI32::new(short as i32 | !0xfff) {
            Some(below_zero) => Self(below_zero),
            None => Self(NonZeroI32::MIN),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn into_raw(self) -> i32 {
        self.0.get().wrapping_neg()
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        syscalls::Errno::new(self.into_raw()).fmt(f)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        syscalls::Errno::new(self.into_raw()).fmt(f)
    }
}

/// `include/uapi/asm-generic/errno-base.h` and `errno.h`, a line each from 0 on; the E that all
/// begin with is left out. The three machines have the same numbers.
pub const NAMES: &str = "\n\
    PERM\nNOENT\nSRCH\nINTR\nIO\nNXIO\n2BIG\nNOEXEC\nBADF\nCHILD\nAGAIN\nNOMEM\nACCES\nFAULT\n\
    NOTBLK\nBUSY\nEXIST\nXDEV\nNODEV\nNOTDIR\nISDIR\nINVAL\nNFILE\nMFILE\nNOTTY\nTXTBSY\nFBIG\n\
    NOSPC\nSPIPE\nROFS\nMLINK\nPIPE\nDOM\nRANGE\nDEADLK\nNAMETOOLONG\nNOLCK\nNOSYS\nNOTEMPTY\n\
    LOOP\n\nNOMSG\nIDRM\nCHRNG\nL2NSYNC\nL3HLT\nL3RST\nLNRNG\nUNATCH\nNOCSI\nL2HLT\nBADE\nBADR\n\
    XFULL\nNOANO\nBADRQC\nBADSLT\n\nBFONT\nNOSTR\nNODATA\nTIME\nNOSR\nNONET\nNOPKG\nREMOTE\n\
    NOLINK\nADV\nSRMNT\nCOMM\nPROTO\nMULTIHOP\nDOTDOT\nBADMSG\nOVERFLOW\nNOTUNIQ\nBADFD\nREMCHG\n\
    LIBACC\nLIBBAD\nLIBSCN\nLIBMAX\nLIBEXEC\nILSEQ\nRESTART\nSTRPIPE\nUSERS\nNOTSOCK\n\
    DESTADDRREQ\nMSGSIZE\nPROTOTYPE\nNOPROTOOPT\nPROTONOSUPPORT\nSOCKTNOSUPPORT\nOPNOTSUPP\n\
    PFNOSUPPORT\nAFNOSUPPORT\nADDRINUSE\nADDRNOTAVAIL\nNETDOWN\nNETUNREACH\nNETRESET\n\
    CONNABORTED\nCONNRESET\nNOBUFS\nISCONN\nNOTCONN\nSHUTDOWN\nTOOMANYREFS\nTIMEDOUT\n\
    CONNREFUSED\nHOSTDOWN\nHOSTUNREACH\nALREADY\nINPROGRESS\nSTALE\nUCLEAN\nNOTNAM\nNAVAIL\n\
    ISNAM\nREMOTEIO\nDQUOT\nNOMEDIUM\nMEDIUMTYPE\nCANCELED\nNOKEY\nKEYEXPIRED\nKEYREVOKED\n\
    KEYREJECTED\nOWNERDEAD\nNOTRECOVERABLE\nRFKILL\nHWPOISON";

/// The error's name without its E, packed in capitals; empty for a number without a name (a module's init
/// may return any).
#[must_use]
pub fn name(errno: Errno) -> Packed {
    Packed::nth(usize::from(errno.into_raw() as u16).saturating_add(FORMS.len()))
}

#[cfg(test)]
impl Errno {
    /// `include/linux/errno.h`: the kernel's own, which has no name elsewhere.
    pub const EPROBE_DEFER: Self = Self::new(517);

    /// Its name, if it has one.
    pub fn name(self) -> Option<&'static str> {
        syscalls::Errno::new(self.into_raw()).name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::CAPITAL;

    fn spelt(number: i32) -> String {
        let mut name = name(Errno::new(number));
        let mut letters = || Some(name.next(CAPITAL)).filter(|letter| *letter != 0);
        let mut found = String::new();
        while let Some(letter) = letters() {
            found.push(letter.into());
        }
        found
    }

    #[test]
    fn names_are_those_of_the_header() {
        for (number, expected) in (1..=133).filter_map(|n| Some((n, Errno::new(n).name()?))) {
            let aliases = ["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"];
            assert!(
                aliases.contains(&expected) || format!("E{}", spelt(number)) == expected,
                "{number}"
            );
        }
    }

    #[test]
    fn numbers_without_a_name_have_none() {
        assert_eq!([0, 41, 58, 134, 4095, -1].map(spelt), [""; 6]);
    }
}
