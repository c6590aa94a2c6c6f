//! The few shapes that a chart is drawn with.

use std::fmt::Write;

/// A drawing under construction; lengths are pixels.
#[derive(Debug, Default)]
pub struct Svg {
    body: String,
}

/// The width of a letter: the fonts are monospaced, and no usual one is wider than this.
pub const LETTER: f64 = 0.62;

impl Svg {
    /// A rectangle of a class, with what it tells when it is pointed at.
    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (w, h): (f64, f64), tells: &str) {
        let shape = format!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" ");
        let title = escape(tells);
        let _ = match tells.is_empty() {
            true => writeln!(self.body, "{shape}width=\"{w:.1}\" height=\"{h:.1}\"/>"),
            false => writeln!(
                self.body,
                "{shape}width=\"{w:.1}\" height=\"{h:.1}\"><title>{title}</title></rect>"
            ),
        };
    }

    /// A line of a class.
    pub fn line(&mut self, class: &str, (x, y): (f64, f64), (to_x, to_y): (f64, f64)) {
        let _ = writeln!(
            self.body,
            "<path class=\"{class}\" d=\"M{x:.1} {y:.1}L{to_x:.1} {to_y:.1}\"/>"
        );
    }

    /// A text of a class, which says where it is anchored.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let text = escape(text);
        let _ =
            writeln!(self.body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
    }

    /// The finished file.
    #[must_use]
    pub fn finish(self, (width, height): (f64, f64), title: &str, style: &str) -> String {
        let (title, body) = (escape(title), self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{title}</title>\n\
             <style>\n{style}</style>\n{body}</svg>\n"
        )
    }
}

/// Text as it may stand between tags.
fn escape(text: &str) -> String {
    let clean = text.chars().filter(|c| !c.is_control()).collect::<String>();
    clean.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As much of a text as has room, and a mark where something is left out.
#[must_use]
pub fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_string();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        let mut svg = Svg::default();
        svg.text("a", (0.0, 0.0), "<b>&\"\u{1b}");
        svg.rect("a", (0.0, 0.0), (1.0, 1.0), "<i>");
        let file = svg.finish((1.0, 1.0), "</title>", "");
        assert!(
            file.contains("&lt;b&gt;&amp;&quot;<") && file.contains("<title>&lt;i&gt;<"),
            "{file}"
        );
        assert!(file.contains("<title>&lt;/title&gt;</title>"), "{file}");
    }

    #[test]
    fn long_names_are_cut_with_a_mark() {
        assert_eq!((cut("abc", 3), cut("abcd", 3)), ("abc".into(), "ab…".into()));
    }
}
