//! Indents JSON without touching it otherwise: the fields stay in the order in
//! which they were sent.

/// JSON over several lines, each field's name passed through `paint`.
pub(super) fn indent(json: &str, paint: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut rest = json.trim();
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '"' => string_length(rest),
            _ => letter.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let after = after.trim_start();
        match letter {
            '{' | '[' if after.starts_with(['}', ']']) => out.push(letter),
            '{' | '[' => {
                depth = depth.saturating_add(1);
                out.push(letter);
                new_line(&mut out, depth);
            }
            '}' | ']' if out.ends_with(['{', '[']) => out.push(letter),
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' if after.starts_with(':') => out.push_str(&paint(token)),
            _ => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// The length of the string that `text` begins with, its quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at.saturating_add(1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn fields_keep_their_order_and_strings_their_text() {
        let json = r#"{"z":1,"a":{"b":[],"c":"x, {\"y\": [1]} \\"},"l":[1,{"m":null}],"e":{}}"#;
        let expected = r#"{
  Z: 1,
  A: {
    B: [],
    C: "x, {\"y\": [1]} \\"
  },
  L: [
    1,
    {
      M: null
    }
  ],
  E: {}
}"#;
        let paint = |name: &str| name.trim_matches('"').to_uppercase();
        assert_eq!(indent(json, paint), expected);
    }

    #[test]
    fn what_is_no_json_is_shown_as_it_is() {
        assert_eq!(indent("\"never closed", str::to_owned), "\"never closed");
    }
}
