//! Holds the parts of files that are written from the code to it: `make generated`
//! writes them.

use std::fs;

/// Holds the file at `path` to what `render` makes of it, or writes that.
#[expect(clippy::disallowed_methods, reason = "a person says so by this variable")]
pub(crate) fn hold(path: &str, render: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let rendered = render(&text);
    if std::env::var_os("UPDATE_DOCS").is_some_and(|wish| wish == "1") {
        fs::write(path, rendered).expect("writable");
    } else if rendered != text {
        let lines = differing(&text, &rendered);
        panic!("{path} is not what the code says: `make generated` writes it\n{lines}");
    }
}

/// The first lines in which two texts differ, each with its number.
fn differing(old: &str, new: &str) -> String {
    const SHOWN: usize = 5;
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let first = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let shown = |mark: &str, lines: &[&str]| {
        let lines = lines.iter().enumerate().skip(first).take(SHOWN);
        lines.map(|(n, line)| format!("{mark} {}: {line}", n + 1)).collect::<Vec<_>>()
    };
    [shown("-", &old), shown("+", &new)].concat().join("\n")
}

/// A page with each of `parts` between `<!-- generated: NAME -->` and `<!-- end -->`.
pub(crate) fn page(page: &str, parts: &[(&str, String)]) -> String {
    parts.iter().fold(page.to_owned(), |page, (name, part)| {
        let begin = format!("<!-- generated: {name} -->\n\n");
        let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no part {name}"));
        let (_, after) = rest.split_once("\n<!-- end -->").expect("a part ends");
        format!("{before}{begin}{part}\n<!-- end -->{after}")
    })
}

/// A schema with each of `lists` where a line `"$comment": "generated: NAME"`
/// comes before an `enum`.
pub(crate) fn schema(schema: &str, lists: &[(&str, Vec<&str>)]) -> String {
    lists.iter().fold(schema.to_owned(), |schema, (name, values)| {
        let comment = format!("\"$comment\": \"generated: {name}\",\n");
        let mut pieces = schema.split(&comment);
        let mut rendered = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (before, rest) = piece.split_once('[').expect("an enum");
            let (_, after) = rest.split_once(']').expect("it ends");
            let indent = &before[..before.find('"').expect("a key")];
            let values: Vec<_> = values.iter().map(|value| format!("{indent}  \"{value}\"")).collect();
            let values = values.join(",\n");
            rendered.extend([&comment, before, "[\n", &values, "\n", indent, "]", after]);
        }
        assert!(rendered.contains(&comment), "no list of {name}");
        rendered
    })
}
