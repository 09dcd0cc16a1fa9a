//! The colours of a picture, its marks and its legend.

use std::fmt::Write;

pub(super) const BAR: f64 = 9.0;

/// The classes of bars, with what they mean, as in the legend.
const LEGEND: [(&str, &str); 8] = [
    ("interface", "interface in use"),
    ("named", "in DNS"),
    ("initial", "target initial"),
    ("healthy", "target healthy"),
    ("unhealthy", "target unhealthy"),
    ("other", "draining or unused"),
    ("connects", "probe connects"),
    ("fails", "probe fails"),
];

/// Styles that are the same on light and dark backgrounds.
const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif}.dim{font-size:9px}.small{font-size:11px}\
.title{font-size:15px;font-weight:600}.redtext{font-weight:600}.red{fill-opacity:.3}.veil{fill-opacity:.8}.hole{fill:url(#hole)}\
.hatch{stroke-width:1.5}.fails{fill:none;stroke-width:1}";

/// The colours of each class on light and on dark, without CSS variables: not
/// every viewer of SVG knows them.
const COLOURS: [(&str, &str, &str, &str); 14] = [
    (".paper,.veil", "fill", "#ffffff", "#0d1117"),
    ("text,.mark", "fill", "#1f2328", "#e6edf3"),
    (".dim,.small", "fill", "#656d76", "#9198a1"),
    (".line", "stroke", "#d8dee4", "#30363d"),
    (".hatch", "stroke", "#8c959f", "#6e7681"),
    (".red,.redtext", "fill", "#cf222e", "#f85149"),
    (".interface", "fill", "#6e7781", "#8b949e"),
    (".named", "fill", "#0969da", "#58a6ff"),
    (".initial", "fill", "#d4a72c", "#e3b341"),
    (".healthy", "fill", "#2da44e", "#3fb950"),
    (".unhealthy", "fill", "#e16f24", "#f0883e"),
    (".other", "fill", "#a475f9", "#bc8cff"),
    (".connects", "fill", "#1b7c83", "#39c5cf"),
    (".fails", "stroke", "#cf222e", "#f85149"),
];

pub(super) fn style() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for (class, property, on_light, on_dark) in COLOURS {
        _ = write!(light, "{class}{{{property}:{on_light}}}");
        _ = write!(dark, "{class}{{{property}:{on_dark}}}");
    }
    format!("{STYLE}{light}@media(prefers-color-scheme:dark){{{dark}}}")
}

/// What the classes and marks mean.
pub(super) fn legend(y: f64, has_holes: bool) -> String {
    let mut text = String::new();
    let mut x = 16.0;
    let mut entry = |shape: &str, words: &str, width: f64| {
        _ = write!(
            text,
            "<g transform=\"translate({x} {y})\">{shape}<text class=\"small\" x=\"18\" y=\"9\">{words}</text></g>"
        );
        x += width;
    };
    for (class, words) in LEGEND {
        let shape = format!("<rect class=\"{class}\" width=\"13\" height=\"{BAR}\"/>");
        entry(&shape, words, 28.0 + 5.6 * f64::from(u8::try_from(words.len()).unwrap_or(u8::MAX)));
    }
    entry(&up(6.0, 9.0), "registered", 82.0);
    entry(&down(6.0, 0.0), "deregistered", 92.0);
    entry(&format!("<rect class=\"red\" width=\"13\" height=\"{BAR}\"/>"), "unserved", 76.0);
    if has_holes {
        entry(&format!("<rect class=\"hole\" width=\"13\" height=\"{BAR}\"/>"), "not recorded", 90.0);
    }
    text
}

/// Triangles whose tip, or base, is at the bar.
pub(super) fn up(x: f64, y: f64) -> String {
    format!("<path class=\"mark\" d=\"M{x:.1} {:.1}l4 8h-8z\"/>", y - 8.0)
}

pub(super) fn down(x: f64, y: f64) -> String {
    format!("<path class=\"mark\" d=\"M{x:.1} {:.1}l4 -8h-8z\"/>", y + 8.0)
}
