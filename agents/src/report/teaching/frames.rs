//! The tasks of a run over time as an animation: a window of an eighth of the run moves over it.

use std::io;

use super::{CELLS, Teaching};
use crate::animation::Animation;

const FRAMES: u64 = 60;
const FPS: u16 = 10;
/// Share of the run that a frame looks back on.
const WINDOW: u64 = 8;
/// Rows below the picture that show how far the run is.
const BAR: usize = 8;

type Rgb = [f64; 3];
const PAPER: Rgb = [255.0, 255.0, 255.0];
const PLAYED: Rgb = [0.0, 121.0, 189.0];
const THOUGHT: Rgb = [213.0, 94.0, 0.0];
const INK: Rgb = [123.0, 127.0, 133.0];

pub fn gif(teaching: &Teaching, width: usize) -> io::Result<Vec<u8>> {
    let (width, height) = (width, width + BAR);
    let mut bytes = Vec::new();
    let mut animation = Animation::new(&mut bytes, width, height, FPS);
    for frame in 1..=FRAMES {
        let now = teaching.steps * frame / FRAMES;
        let from = now.saturating_sub(teaching.steps.div_ceil(WINDOW));
        let last = frame == FRAMES;
        let mut canvas = Canvas { width, pixels: vec![PAPER; width * height] };
        canvas.cells(&teaching.density(from, if last { u64::MAX } else { now }));
        for (shape, like) in teaching.thought(now) {
            let corners = shape.outline().into_iter().map(|at| [0, 1].map(|d| teaching.axes[d].share(at[d])));
            canvas.line(&corners.collect::<Vec<_>>(), 0.2 + 0.8 * like.clamp(0.0, 1.0));
        }
        canvas.bar(frame as f64 / FRAMES as f64);
        animation.add(&canvas.rgb())?;
    }
    animation.finish()?;
    Ok(bytes)
}

/// A square with a bar below.
struct Canvas {
    width: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    fn blend(&mut self, pixel: usize, colour: Rgb, share: f64) {
        let old = self.pixels[pixel];
        self.pixels[pixel] = [0, 1, 2].map(|c| old[c] + (colour[c] - old[c]) * share);
    }

    fn cells(&mut self, density: &[f64]) {
        for y in 0..self.width {
            for x in 0..self.width {
                let cell = |v: usize| v * CELLS / self.width;
                let share = density[(CELLS - 1 - cell(y)) * CELLS + cell(x)];
                if share > 0.0 {
                    self.blend(y * self.width + x, PLAYED, 0.08 + 0.72 * share);
                }
            }
        }
    }

    /// A line two pixels thick through points of the unit square.
    fn line(&mut self, corners: &[[f64; 2]], strength: f64) {
        let size = self.width as f64 - 2.0;
        let place = |[x, y]: [f64; 2]| [x.clamp(0.0, 1.0) * size, (1.0 - y.clamp(0.0, 1.0)) * size];
        let mut covered = vec![false; self.width * self.width];
        for pair in corners.windows(2) {
            let (a, b) = (place(pair[0]), place(pair[1]));
            let count = ((b[0] - a[0]).hypot(b[1] - a[1]).ceil() as usize).max(1);
            for i in 0..=count {
                let at = |d: usize| (a[d] + (b[d] - a[d]) * i as f64 / count as f64) as usize;
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    covered[(at(1) + dy) * self.width + at(0) + dx] = true;
                }
            }
        }
        (0..covered.len()).filter(|&pixel| covered[pixel]).for_each(|pixel| self.blend(pixel, THOUGHT, strength));
    }

    fn bar(&mut self, share: f64) {
        let filled = (share * self.width as f64).round() as usize;
        for row in self.width + BAR / 2..self.width + BAR {
            (0..filled).for_each(|x| self.blend(row * self.width + x, INK, 1.0));
        }
    }

    fn rgb(&self) -> Vec<u8> {
        self.pixels.iter().flatten().map(|value| value.round() as u8).collect()
    }
}
