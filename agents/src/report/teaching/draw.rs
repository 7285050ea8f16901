//! The picture of a run's tasks as SVG.

use std::fmt::Write;

use super::{Axis, CELLS, Shape, Teaching};
use crate::report::curve::escaped;

/// Parts of the run with a panel of their own.
const PARTS: u64 = 6;
/// Panels side by side.
const COLUMNS: usize = 4;
const PANEL: f64 = 230.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 34.0;
const WIDTH: f64 = LEFT + PANEL + 16.0;
const HEIGHT: f64 = TOP + PANEL + 48.0;
const HEAD: f64 = 40.0;
const FOOT: f64 = 12.0;
/// Of the legend.
const LINE: f64 = 20.0;
/// Titles and legends need as much.
const NARROWEST: f64 = 620.0;

/// Colours that do on light and dark pages, as those of curves.
const INK: &str = "#7b7f85";
const PLAYED: &str = "#0079bd";
const THOUGHT: &str = "#d55e00";
const MASTERED: &str = "#009e73";

pub fn svg(teaching: &Teaching) -> String {
    // Where steps are an axis, one panel shows the whole run, with what is mastered at its end.
    let over_time = teaching.over_time;
    let parts = if over_time { 1 } else { PARTS };
    let panels = parts as usize + usize::from(!teaching.tested.is_empty() && !over_time);
    let columns = panels.min(COLUMNS);
    let legend = [
        (true, "blue: how often tasks were played"),
        (!teaching.thoughts.is_empty(), "orange: what the teacher tells apart, fainter where it likes it less"),
        (!teaching.tested.is_empty(), "green discs: tasks of the evaluation that are mastered, rings: others"),
    ];
    let legend: Vec<&str> = legend.into_iter().filter(|(there, _)| *there).map(|(_, text)| text).collect();
    let foot = FOOT + LINE * legend.len() as f64;
    let width = (WIDTH * columns as f64).max(NARROWEST);
    let (margin, height) =
        ((width - WIDTH * columns as f64) / 2.0, HEAD + HEIGHT * panels.div_ceil(COLUMNS) as f64 + foot);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" font-family=\"system-ui, Helvetica, Arial, DejaVu Sans, sans-serif\" font-size=\"13\" fill=\"{INK}\">\n\
         <title>{0}</title>\n<text x=\"{1:.1}\" y=\"26\" text-anchor=\"middle\" font-size=\"17\" font-weight=\"600\">{0}</text>\n",
        escaped(&teaching.title),
        width / 2.0
    );
    for panel in 0..panels {
        let (x, y) = (margin + WIDTH * (panel % COLUMNS) as f64 + LEFT, HEAD + HEIGHT * (panel / COLUMNS) as f64 + TOP);
        let _ = writeln!(out, "<g transform=\"translate({x:.1} {y:.1})\">");
        if panel < parts as usize {
            let end = |part: u64| teaching.steps * part / parts;
            let (from, to) = (end(panel as u64), end(panel as u64 + 1));
            let last = panel as u64 + 1 == parts;
            frame(&mut out, &teaching.axes, &format!("steps {} to {}", short(from), short(to)));
            cells(&mut out, &teaching.density(from, if last { u64::MAX } else { to }));
            teaching.thought(to).iter().for_each(|(shape, like)| outline(&mut out, &teaching.axes, shape, *like));
            if over_time {
                tested(&mut out, teaching);
            }
        } else {
            let share = teaching.threshold.map(|threshold| {
                let above = teaching.tested.iter().filter(|t| t.episode_return > threshold).count();
                format!("mastered: {above} of {}", teaching.tested.len())
            });
            frame(&mut out, &teaching.axes, share.as_deref().unwrap_or("tested"));
            tested(&mut out, teaching);
        }
        out += "</g>\n";
    }
    for (line, text) in legend.iter().enumerate() {
        let y = height - foot + LINE * (line + 1) as f64;
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>", width / 2.0);
    }
    out + "</svg>\n"
}

/// Frame, title, names of the axes and the ends of their ranges.
fn frame(out: &mut String, axes: &[Axis; 2], title: &str) {
    let [x, y] = axes;
    let _ = writeln!(
        out,
        "<text x=\"{0:.1}\" y=\"-10\" text-anchor=\"middle\" font-weight=\"600\">{title}</text>\
         <rect width=\"{PANEL}\" height=\"{PANEL}\" fill=\"none\" stroke=\"{INK}\"/>\
         <text x=\"0\" y=\"{1:.1}\">{2}</text><text x=\"{PANEL}\" y=\"{1:.1}\" text-anchor=\"end\">{3}</text>\
         <text x=\"{0:.1}\" y=\"{1:.1}\" text-anchor=\"middle\">{4}</text>\
         <text x=\"-6\" y=\"{PANEL}\" text-anchor=\"end\">{5}</text><text x=\"-6\" y=\"12\" text-anchor=\"end\">{6}</text>\
         <text transform=\"translate(-24 {0:.1}) rotate(-90)\" text-anchor=\"middle\">{7}</text>",
        PANEL / 2.0,
        PANEL + 18.0,
        number(x.low),
        number(x.high),
        escaped(&x.label),
        number(y.low),
        number(y.high),
        escaped(&y.label)
    );
}

fn cells(out: &mut String, density: &[f64]) {
    let size = PANEL / CELLS as f64;
    for (i, share) in density.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let (x, y) = ((i % CELLS) as f64 * size, PANEL - (i / CELLS + 1) as f64 * size);
        let _ = writeln!(
            out,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{size:.2}\" height=\"{size:.2}\" fill=\"{PLAYED}\" fill-opacity=\"{:.2}\"/>",
            0.08 + 0.72 * share
        );
    }
}

/// Where a point of the box is in a panel; what lies outside is at its edge.
fn place(axes: &[Axis; 2], at: [f64; 2]) -> (f64, f64) {
    let [x, y] = [0, 1].map(|d| axes[d].share(at[d]).clamp(0.0, 1.0) * PANEL);
    (x, PANEL - y)
}

fn outline(out: &mut String, axes: &[Axis; 2], shape: &Shape, like: f64) {
    let points = shape.outline().into_iter().map(|at| place(axes, at));
    let path: Vec<String> = points.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let _ = writeln!(
        out,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{THOUGHT}\" stroke-width=\"2\" stroke-opacity=\"{:.2}\"/>",
        path.join("L"),
        0.2 + 0.8 * like.clamp(0.0, 1.0)
    );
}

fn tested(out: &mut String, teaching: &Teaching) {
    for task in &teaching.tested {
        let (x, y) = place(&teaching.axes, task.at);
        let mastered = teaching.threshold.is_some_and(|threshold| task.episode_return > threshold);
        let fill = if mastered { MASTERED } else { "none" };
        let stroke = if mastered { MASTERED } else { INK };
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"1.5\"><title>{}</title></circle>",
            number(task.episode_return)
        );
    }
}

/// A number with at most three digits behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "\u{2212}")
}

/// Steps in thousands or millions.
fn short(steps: u64) -> String {
    match steps {
        s if s >= 1_000_000 => format!("{:.1} M", s as f64 / 1e6),
        s if s >= 1000 => format!("{:.0} k", s as f64 / 1e3),
        s => s.to_string(),
    }
}
