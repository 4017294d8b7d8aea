//! Text of others: labels, messages of servers, files that someone else wrote.
//!
//! Takes any text, hands on text that neither ends a tag, nor moves a terminal's cursor, nor
//! reorders its neighbours, nor fills the page.

use std::fmt::Write as _;

/// Where longer text is cut. The examples of errors may quote what a server sent.
const LONGEST: usize = 400;

/// For a terminal: control characters and invisible ones are written as `\u{1b}`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (place, c) in text.chars().enumerate() {
        if place == LONGEST {
            out.push('…');
            break;
        }
        match harmless(c) {
            true => out.push(c),
            // Writing to a String can't fail.
            false => write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default(),
        }
    }
    out
}

/// For HTML, between tags and in quoted attributes.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

fn harmless(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_not_become_markup() {
        assert_eq!(
            html("<script>alert(\"1\" & '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;"
        );
        assert_eq!(html("Grüße, 日本"), "Grüße, 日本");
    }

    #[test]
    fn text_can_not_move_the_cursor_or_hide() {
        assert_eq!(
            visible("a\n\u{1b}[31m\u{202e}z\0"),
            r"a\u{a}\u{1b}[31m\u{202e}z\u{0}"
        );
    }

    #[test]
    fn text_can_not_fill_the_page() {
        let long = "ä".repeat(100_000);
        assert_eq!(visible(&long).chars().count(), LONGEST + 1);
        assert!(html(&long).ends_with('…'));
    }
}
