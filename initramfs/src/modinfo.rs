//! `.modinfo` of a module: `key=value` strings, each ended by zero bytes
//! (`include/linux/moduleparam.h`, `__MODULE_INFO`).

/// The fields of a module in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModInfo(Vec<(String, String)>);

impl ModInfo {
    /// Reads a section; strings without `=` are passed over.
    pub fn parse(section: &[u8]) -> ModInfo {
        let strings = section.split(|byte| *byte == 0);
        let fields = strings.filter_map(|string| {
            let text = String::from_utf8_lossy(string);
            let (key, value) = text.split_once('=')?;
            Some((key.to_string(), value.to_string()))
        });
        ModInfo(fields.collect())
    }

    /// Every value of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.0.iter().filter(move |(found, _)| found == key);
        fields.map(|(_, value)| value.as_str())
    }

    /// The first value of a key.
    pub fn first(&self, key: &str) -> Option<&str> {
        let field = self.0.iter().find(|(found, _)| found == key);
        field.map(|(_, value)| value.as_str())
    }

    /// The release in `vermagic`: its first word.
    pub fn release(&self) -> Option<&str> {
        self.first("vermagic")?.split(' ').next()
    }
}

#[cfg(test)]
mod tests {
    use super::ModInfo;

    #[test]
    fn fields_keep_order_and_repetition() {
        let info =
            ModInfo::parse(b"\0\0alias=a b\0depends=x,y\0alias=c=d\0junk\0vermagic=6.1 SMP\0");
        assert_eq!(info.all("alias").collect::<Vec<_>>(), ["a b", "c=d"]);
        assert_eq!(info.first("depends"), Some("x,y"));
        assert_eq!(info.release(), Some("6.1"));
        assert_eq!(info.first("junk"), None);
    }

    #[test]
    fn nothing_and_a_cut_off_string_are_no_surprise() {
        assert_eq!(ModInfo::parse(b""), ModInfo::default());
        assert_eq!(ModInfo::parse(b"name=x").first("name"), Some("x"));
    }
}
