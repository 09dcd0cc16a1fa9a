//! Draws a picture as SVG, for light and dark backgrounds.

mod style;

use std::fmt::{Display, Write};
use std::time::Duration;

use style::{BAR, down, legend, style, up};

use super::bars::Bars;
use super::picture::{Picture, Row};
use crate::trace::{Header, Span, Time, in_words, total};

/// Pixels: the picture, the names at its left, and a row of four bars.
const WIDTH: f64 = 1200.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 34.0;
const TOP: f64 = 74.0;
const PITCH: f64 = 11.0;
const GAP: f64 = 10.0;

/// The most time labels on the axis.
const TICKS: u64 = 8;

/// The whole document.
pub(super) fn draw(header: &Header, picture: &Picture, holes: &[Span]) -> String {
    let mut canvas = Canvas { text: String::new(), span: picture.span, y: TOP };
    for (zone, row) in &picture.zones {
        canvas.zone(zone, row, picture.unserved.get(zone).map(Vec::as_slice).unwrap_or_default());
    }
    // Zones that were neither resolved nor probed, and yet had no server.
    for (zone, spans) in picture.unserved.iter().filter(|(zone, _)| !picture.zones.contains_key(*zone)) {
        canvas.zone(zone, &Row::default(), spans);
    }
    for (address, row) in &picture.rows {
        let writes = picture.writes.iter().filter(|write| write.address == *address);
        let writes: Vec<_> = writes.map(|write| (write.at, write.is_registration)).collect();
        canvas.address(&address.to_string(), row, &writes);
    }
    let bottom = canvas.y;
    let mut below = Canvas { text: String::new(), span: picture.span, y: TOP };
    below.axis(bottom);
    for outage in &picture.outages {
        below.band("red", *outage, bottom, "no client could have connected");
    }
    // A bar across a hole would claim a state that is unknown.
    for hole in holes {
        canvas.band("veil", *hole, bottom, "nothing was recorded");
        canvas.band("hole", *hole, bottom, "nothing was recorded");
    }
    let height = bottom + 58.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\
         <style>{}</style>\
         <defs><pattern id=\"hole\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"8\"/></pattern></defs>\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>",
        style()
    );
    svg += &title(header, picture, holes);
    svg += &below.text;
    svg += &canvas.text;
    svg += &legend(bottom + 34.0, !holes.is_empty());
    svg + "</svg>\n"
}

fn title(header: &Header, picture: &Picture, holes: &[Span]) -> String {
    let mut verdicts = Vec::new();
    if !picture.outages.is_empty() {
        verdicts.push(format!("no client could have connected for {}", in_words(total(&picture.outages))));
    }
    verdicts.extend(
        picture
            .unserved
            .iter()
            .map(|(zone, spans)| format!("no client of {} for {}", escaped(zone), in_words(total(spans)))),
    );
    let (class, verdict) = if verdicts.is_empty() {
        ("small", "at every moment clients of every zone could have connected".to_owned())
    } else {
        ("redtext", verdicts.join(", "))
    };
    let unknown = match total(holes) {
        Duration::ZERO => String::new(),
        unknown => format!("; nothing is known of {}", in_words(unknown)),
    };
    let length = in_words(picture.span.length());
    format!(
        "<text class=\"title\" x=\"16\" y=\"24\">{} in {}, {length} from {}</text>\
         <text class=\"{class}\" x=\"16\" y=\"43\">{verdict}{unknown}</text>",
        escaped(&header.cluster),
        escaped(&header.region),
        picture.span.from
    )
}

struct Canvas {
    text: String,
    span: Span,
    y: f64,
}

impl Canvas {
    #[expect(clippy::cast_precision_loss, reason = "a position in pixels")]
    fn x(&self, at: Time) -> f64 {
        let whole = self.span.to.0.saturating_sub(self.span.from.0).max(1) as f64;
        let share = at.0.saturating_sub(self.span.from.0) as f64 / whole;
        LEFT + share.min(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn address(&mut self, address: &str, row: &Row, writes: &[(Time, bool)]) {
        let top = self.y;
        let subject = [address, &row.zone].join(" ");
        _ = write!(
            self.text,
            "<text x=\"16\" y=\"{:.1}\">{}</text><text class=\"small\" x=\"16\" y=\"{:.1}\">{}</text>",
            top + 16.0,
            escaped(address),
            top + 30.0,
            escaped(&row.zone)
        );
        self.bars("interface", &subject, &row.interface, |_| "interface");
        self.bars("DNS", &subject, &row.names, |_| "named");
        let y = self.y;
        self.bars("target", &subject, &row.target, class_of_target);
        for (at, is_registration) in writes {
            let x = self.x(*at);
            let mark = if *is_registration { up(x, y + BAR) } else { down(x, y) };
            self.text += &mark;
        }
        if !row.probe.is_empty() {
            self.bars("probe", &subject, &row.probe, class_of_probe);
        }
        self.y = self.y.max(top + 3.0 * PITCH) + GAP;
    }

    fn zone(&mut self, zone: &str, row: &Row, unserved: &[Span]) {
        let top = self.y;
        _ = write!(
            self.text,
            "<text x=\"16\" y=\"{:.1}\">{}</text><text class=\"small\" x=\"16\" y=\"{:.1}\">load balancer</text>",
            top + 10.0,
            escaped(zone),
            top + 23.0
        );
        let subject = format!("load balancer in {zone}");
        self.bars("DNS", &subject, &row.names, |_| "named");
        self.bars("probe", &subject, &row.probe, class_of_probe);
        for span in unserved {
            let words = format!("no client of {zone} could have connected");
            self.rect("red", *span, top - 3.0, format_args!("{:.1}", 2.0 * PITCH + 4.0), &words);
        }
        self.y = top + 2.0 * PITCH + GAP;
    }

    /// The bars of one source, with its name.
    fn bars(&mut self, source: &str, subject: &str, bars: &Bars, class: fn(&str) -> &'static str) {
        _ = write!(
            self.text,
            "<text class=\"dim\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{source}</text>",
            LEFT - 8.0,
            self.y + BAR - 1.0
        );
        for bar in bars {
            let words = format!("{subject}: {source} {}", bar.state);
            self.rect(class(&bar.state), bar.span, self.y, BAR, &words);
        }
        self.y += PITCH;
    }

    /// A rectangle of a top and a height, wide enough to be seen, with its words.
    fn rect(&mut self, class: &str, span: Span, y: f64, height: impl Display, words: &str) {
        let x = self.x(span.from);
        let (width, words, clock) = ((self.x(span.to) - x).max(1.0), escaped(words), span.clock());
        _ = write!(
            self.text,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\">\
             <title>{words}, {clock}</title></rect>"
        );
    }

    fn band(&mut self, class: &str, span: Span, bottom: f64, words: &str) {
        self.rect(class, span, TOP - 8.0, format_args!("{:.1}", bottom - TOP + 8.0), words);
    }

    fn axis(&mut self, bottom: f64) {
        let length = self.span.length().as_secs().max(1);
        let step = tick(length);
        let mut at = (self.span.from.0 / 1000).next_multiple_of(step);
        while at * 1000 <= self.span.to.0 {
            let (x, words) = (self.x(Time(at * 1000)), Time(at * 1000).clock());
            _ = write!(
                self.text,
                "<line class=\"line\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{words}</text>",
                TOP - 8.0,
                TOP - 13.0
            );
            at += step;
        }
    }
}

/// A round number of seconds, so that there are not many ticks.
fn tick(length: u64) -> u64 {
    const ROUND: [u64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 10_800];
    ROUND
        .into_iter()
        .find(|step| length / step <= TICKS)
        .unwrap_or(length.div_ceil(TICKS).next_multiple_of(21_600))
}

fn class_of_target(state: &str) -> &'static str {
    match state {
        "initial" => "initial",
        "healthy" => "healthy",
        "unhealthy" | "unhealthy.draining" => "unhealthy",
        _ => "other",
    }
}

fn class_of_probe(state: &str) -> &'static str {
    if state == "connects" { "connects" } else { "fails" }
}

/// A trace may come from anywhere.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
