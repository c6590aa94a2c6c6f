//! The words behind the plugin's name.

/// What QEMU was told.
pub struct Options {
    /// Where the counts go.
    pub out: String,
    /// Where the profile goes.
    pub profile: Option<String>,
    /// Where the kernel's load calls begin.
    pub loads: Vec<u64>,
    /// Where the kernel's page fault handler begins.
    pub fault: Option<u64>,
}

/// Reads `KEY=VALUE` words.
pub fn of(words: &[String]) -> Result<Options, String> {
    let mut options = Options { out: String::new(), profile: None, loads: vec![], fault: None };
    for word in words {
        match word.split_once('=') {
            Some(("out", file)) => options.out = file.into(),
            Some(("profile", file)) => options.profile = Some(file.into()),
            Some(("load", address)) => options.loads.push(hex(address)?),
            Some(("fault", address)) => options.fault = Some(hex(address)?),
            _ => return Err(format!("{word} is not out=, profile=, load= or fault=")),
        }
    }
    if options.out.is_empty() { Err("needs out=FILE".into()) } else { Ok(options) }
}

fn hex(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|_| format!("{text} is not an address in hexadecimal"))
}
