//! The names of the kernel's error numbers.

use crate::forms::FORMS;
use crate::packed::Packed;
use syscalls::Errno;

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
