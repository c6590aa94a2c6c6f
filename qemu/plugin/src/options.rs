//! The words behind the plugin's name.

/// What QEMU was told.
#[derive(Default)]
pub struct Options {
    /// Where the counts go.
    pub out: String,
    /// Where the profile goes.
    pub profile: Option<String>,
    /// Where the kernel's load calls begin.
    pub loads: Vec<u64>,
    /// Where the kernel's page fault handler begins.
    pub fault: Option<u64>,
    /// Where the kernel's call begins from which on nothing counts.
    pub skip: Option<u64>,
    /// Where the kernel's call begins that counts again.
    pub until: Option<u64>,
}

/// Reads `KEY=VALUE` words.
pub fn of(words: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    for word in words {
        match word.split_once('=') {
            Some(("out", file)) => options.out = file.into(),
            Some(("profile", file)) => options.profile = Some(file.into()),
            Some(("load", address)) => options.loads.push(hex(address)?),
            Some(("fault", address)) => options.fault = Some(hex(address)?),
            Some(("skip", address)) => options.skip = Some(hex(address)?),
            Some(("until", address)) => options.until = Some(hex(address)?),
            _ => return Err(format!("{word} is none of out, profile, load, fault, skip, until")),
        }
    }
    if options.out.is_empty() { Err("needs out=FILE".into()) } else { Ok(options) }
}

fn hex(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|_| format!("{text} is not an address in hexadecimal"))
}
