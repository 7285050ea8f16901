//! Curves with intervals as SVG.
//!
//! Written here rather than with `plotters`: shaded bands, wrapped legends and colours that do on a light and on a dark
//! page are a few lines of SVG, and the crate would cost a build of its own for axes that look worse.

use std::fmt::Write;

/// Width of a panel in pixels.
pub const WIDTH: f64 = 800.0;
/// Height of a panel in pixels.
pub const HEIGHT: f64 = 500.0;

/// A line, and a shaded interval around it where one is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What the legend calls it.
    pub label: String,
    /// Points (x, y) by ascending x; the line has a gap where one is not finite.
    pub points: Vec<(f64, f64)>,
    /// Interval (x, low, high) by ascending x; may be empty.
    pub band: Vec<(f64, f64, f64)>,
}

/// One pair of axes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// Above the axes.
    pub title: String,
    /// Below the horizontal axis, with its unit.
    pub x_label: String,
    /// Beside the vertical axis, with its unit.
    pub y_label: String,
    /// Lines.
    pub series: Vec<Series>,
}

/// An SVG of 800 x 500 pixels with these lines; readable on light and dark pages, with colours that colour-blind
/// people tell apart (and dashes from the seventh line on).
pub fn curves(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> String {
    let panel = Panel {
        title: title.to_owned(),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        series: series.to_vec(),
    };
    panels(&[panel])
}

/// An SVG with several panels, in two columns if there is more than one.
pub fn panels(panels: &[Panel]) -> String {
    let columns = panels.len().clamp(1, 2);
    let (width, height) = (WIDTH * columns as f64, HEIGHT * panels.len().div_ceil(columns).max(1) as f64);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"system-ui, Helvetica, Arial, DejaVu Sans, sans-serif\" \
         font-size=\"14\" fill=\"{INK}\">\n"
    );
    let titles: Vec<&str> = panels.iter().map(|p| p.title.as_str()).collect();
    let _ = writeln!(out, "<title>{}</title>", escaped(&titles.join("; ")));
    for (i, panel) in panels.iter().enumerate() {
        let (x, y) = (WIDTH * (i % columns) as f64, HEIGHT * (i / columns) as f64);
        let _ = writeln!(out, "<g transform=\"translate({x} {y})\">\n{}</g>", draw(panel));
    }
    out + "</svg>\n"
}

/// Grey with a contrast above 4 to white and to black, for texts.
const INK: &str = "#7b7f85";
/// For the frame.
const FRAME: &str = "#8d9197";
/// Okabe and Ito's colours less black and yellow, which do not do on both kinds of pages.
const COLOURS: [&str; 6] = ["#0079bd", "#d55e00", "#009e73", "#c76aa0", "#d99400", "#4aa8de"];
/// One more kind of line each time the colours are used up.
const DASHES: [&str; 4] = ["", "8 4", "2 4", "10 4 2 4"];
/// Mean advance of a character, over the size of the font.
const ADVANCE: f64 = 0.56;

const LEFT: f64 = 84.0;
const RIGHT: f64 = 24.0;
const TITLE_LINE: f64 = 30.0;
const LEGEND_LINE: f64 = 21.0;
const LEGEND_LINES: usize = 6;
const BOTTOM: f64 = 58.0;

fn draw(panel: &Panel) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"26\" text-anchor=\"middle\" font-size=\"18\" font-weight=\"600\">{}</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        escaped(&cut(&panel.title, (WIDTH - 40.0) / (18.0 * ADVANCE)))
    );
    let (legend, lines) = legend(&panel.series);
    let top = TITLE_LINE + 14.0 + LEGEND_LINE * lines as f64;
    out += &legend;
    let usable = |v: &f64| v.is_finite() && v.abs() < 1e100;
    let points = || panel.series.iter().flat_map(|s| &s.points).filter(|p| usable(&p.0) && usable(&p.1));
    let bands = || panel.series.iter().flat_map(|s| &s.band).filter(|b| usable(&b.0) && usable(&b.1) && usable(&b.2));
    let x = Axis::new(points().map(|p| p.0).chain(bands().map(|b| b.0)), LEFT, WIDTH - RIGHT, false, 8);
    let ys = points().map(|p| p.1).chain(bands().flat_map(|b| [b.1, b.2]));
    let y = Axis::new(ys, HEIGHT - BOTTOM, top, true, 6);
    grid(&mut out, panel, &x, &y);
    for (i, series) in panel.series.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let band = series.band.iter().map(|b| (usable(&b.0) && usable(&b.1) && usable(&b.2)).then_some(*b));
        for part in parts(band).iter().filter(|p| p.len() > 1) {
            let upper = part.iter().map(|b| (b.0, b.2));
            let outline = path(upper.chain(part.iter().rev().map(|b| (b.0, b.1))), &x, &y);
            let _ = writeln!(out, "<path d=\"{outline}Z\" fill=\"{colour}\" fill-opacity=\"0.2\"/>");
        }
    }
    for (i, series) in panel.series.iter().enumerate() {
        let line = series.points.iter().map(|p| (usable(&p.0) && usable(&p.1)).then_some(*p));
        for part in parts(line) {
            match part[..] {
                [(px, py)] => {
                    let colour = COLOURS[i % COLOURS.len()];
                    let _ = writeln!(
                        out,
                        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                        x.place(px),
                        y.place(py)
                    );
                }
                _ => {
                    let line = path(part.iter().copied(), &x, &y);
                    let _ = writeln!(out, "<path d=\"{line}\" {}/>", stroke(i));
                }
            }
        }
    }
    if points().next().is_none() {
        let (cx, cy) = ((LEFT + WIDTH - RIGHT) / 2.0, (top + HEIGHT - BOTTOM) / 2.0);
        let _ = writeln!(out, "<text x=\"{cx:.1}\" y=\"{cy:.1}\" text-anchor=\"middle\">no finite values</text>");
    }
    out
}

/// Frame, grid, ticks and labels of the axes.
fn grid(out: &mut String, panel: &Panel, x: &Axis, y: &Axis) {
    for (value, text) in &x.ticks {
        let at = x.place(*value);
        let _ = writeln!(
            out,
            "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"{INK}\" stroke-opacity=\"0.22\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
            y.from,
            y.to,
            y.from + 20.0
        );
    }
    for (value, text) in &y.ticks {
        let at = y.place(*value);
        let _ = writeln!(
            out,
            "<path d=\"M{:.1} {at:.1}H{:.1}\" stroke=\"{INK}\" stroke-opacity=\"0.22\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            x.from,
            x.to,
            x.from - 8.0,
            at + 5.0
        );
    }
    let _ = writeln!(
        out,
        "<path d=\"M{:.1} {:.1}V{:.1}H{:.1}\" fill=\"none\" stroke=\"{FRAME}\" stroke-width=\"1.2\"/>",
        x.from, y.to, y.from, x.to
    );
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        (x.from + x.to) / 2.0,
        HEIGHT - 14.0,
        escaped(&cut(&panel.x_label, (x.to - x.from) / (14.0 * ADVANCE)))
    );
    let middle = (y.from + y.to) / 2.0;
    let _ = writeln!(
        out,
        "<text x=\"20\" y=\"{middle:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 20 {middle:.1})\">{}</text>",
        escaped(&cut(&panel.y_label, (y.from - y.to) / (14.0 * ADVANCE)))
    );
}

/// The legend, wrapped over lines below the title, and how many lines that is.
fn legend(series: &[Series]) -> (String, usize) {
    let width = WIDTH - LEFT - RIGHT;
    let entry = |label: &str| 34.0 + label.chars().count() as f64 * 14.0 * ADVANCE + 22.0;
    let mut lines: Vec<Vec<(usize, String)>> = Vec::new();
    let mut used = f64::INFINITY;
    for (i, one) in series.iter().enumerate().filter(|(_, s)| !s.label.is_empty()) {
        let label = cut(&one.label, (width - 60.0) / (14.0 * ADVANCE));
        let needed = entry(&label);
        if used + needed > width + 22.0 {
            if lines.len() == LEGEND_LINES {
                let end = lines.last_mut().expect("there are lines");
                // In the place of the last entry if the line has others, so that it fits.
                let first = if end.len() > 1 { end.pop().map_or(i, |(last, _)| last) } else { i };
                end.push((usize::MAX, format!("and {} more", series.len() - first)));
                break;
            }
            lines.push(Vec::new());
            used = 0.0;
        }
        used += needed;
        lines.last_mut().expect("just pushed").push((i, label));
    }
    let mut out = String::new();
    for (row, line) in lines.iter().enumerate() {
        let total: f64 = line.iter().map(|(_, label)| entry(label)).sum::<f64>() - 22.0;
        let mut x = LEFT + (width - total) / 2.0;
        let y = TITLE_LINE + 12.0 + LEGEND_LINE * row as f64;
        for (i, label) in line {
            if *i != usize::MAX {
                let _ = write!(out, "<path d=\"M{x:.1} {y:.1}h26\" {}/>", stroke(*i));
            }
            let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 34.0, y + 5.0, escaped(label));
            x += entry(label);
        }
    }
    (out, lines.len())
}

/// How the line of a series looks.
fn stroke(i: usize) -> String {
    let dash = DASHES[i / COLOURS.len() % DASHES.len()];
    let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
    let colour = COLOURS[i % COLOURS.len()];
    format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\" stroke-linejoin=\"round\"{dash}")
}

/// Stretches without a gap.
fn parts<T>(values: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut parts = vec![Vec::new()];
    for value in values {
        match value {
            Some(value) => parts.last_mut().expect("never empty").push(value),
            None => parts.push(Vec::new()),
        }
    }
    parts.retain(|p| !p.is_empty());
    parts
}

fn path(points: impl Iterator<Item = (f64, f64)>, x: &Axis, y: &Axis) -> String {
    let mut out = String::new();
    for (i, (px, py)) in points.enumerate() {
        let _ = write!(out, "{}{:.1} {:.1}", if i == 0 { "M" } else { "L" }, x.place(px), y.place(py));
    }
    out
}

/// A range of values on a stretch of pixels.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis over values, from one pixel to another, with about so many ticks; `padded` leaves a little room.
    fn new(values: impl Iterator<Item = f64>, from: f64, to: f64, padded: bool, ticks: u32) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let size = low.abs().max(high.abs());
        if high - low <= 1e-9 * size || high == low {
            let room = if size == 0.0 { 1.0 } else { 0.1 * size };
            (low, high) = (low - room, high + room);
        } else if padded {
            let room = 0.04 * (high - low);
            (low, high) = (low - room, high + room);
        }
        let step = nice_step((high - low) / f64::from(ticks));
        let first = (low / step - 1e-9).ceil();
        let count = ((high / step + 1e-9).floor() - first).clamp(0.0, 50.0) as u32;
        let values = (0..=count).map(|i| (first + f64::from(i)) * step);
        Self { low, high, from, to, ticks: values.map(|v| (v, tick(v, step, size))).collect() }
    }

    fn place(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

/// 1, 2 or 5 times a power of ten, not below a step.
fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// A value of an axis with ticks `step` apart and values up to `size`: `0.25`, `1500`, `200k`, `1.5M`.
fn tick(value: f64, step: f64, size: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    let (unit, suffix) = match value.abs() * (1.0 + 1e-9) {
        v if !(1e-4..1e12).contains(&v) => return format!("{:e}", rounded(value)).replace('-', "\u{2212}"),
        v if v >= 1e9 => (1e9, "G"),
        v if v >= 1e6 => (1e6, "M"),
        // Returns of a few thousand read better as they are.
        v if v >= 1e3 && size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = (-(step / unit).log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{:.decimals$}", value / unit);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{suffix}").replace('-', "\u{2212}")
}

/// To six significant digits, for exponents.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// At most so many characters.
fn cut(text: &str, characters: f64) -> String {
    let most = characters as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).collect::<String>() + "…"
}

/// A text inside XML; characters that XML cannot have become a replacement character.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "curve_tests.rs"]
mod tests;
