//! GIF: one palette for all frames, and of each frame only what changed.

mod palette;

use std::io::{self, Write};

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};

use palette::{Histogram, Palette};

/// Frames are kept until they hold this many bytes; the palette is made from those, the rest is written as it comes.
const LOOKED_AT: usize = 96 << 20;

/// An animation that is being written.
pub struct Animation<W: Write> {
    width: usize,
    height: usize,
    /// Hundredths of a second per frame.
    delay: u16,
    state: State<W>,
}

enum State<W: Write> {
    /// Looking for colours.
    Kept { to: W, histogram: Histogram, frames: Vec<Vec<u8>> },
    /// Writing.
    Open { encoder: Encoder<W>, palette: Palette, shown: Vec<u8> },
    /// After an error.
    Failed,
}

impl<W: Write> Animation<W> {
    /// Frames of `width` x `height` pixels, endlessly repeated.
    pub fn new(to: W, width: usize, height: usize, fps: u16) -> Self {
        let delay = (100.0 / f32::from(fps)).round() as u16;
        Self { width, height, delay, state: State::Kept { to, histogram: Histogram::default(), frames: Vec::new() } }
    }

    /// Adds a frame of RGB bytes.
    pub fn add(&mut self, rgb: &[u8]) -> io::Result<()> {
        if let State::Kept { histogram, frames, .. } = &mut self.state {
            histogram.add(rgb);
            frames.push(rgb.to_vec());
            if (frames.len() + 1) * rgb.len() <= LOOKED_AT {
                return Ok(());
            }
            return self.open();
        }
        self.write(rgb)
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        self.open()?;
        match self.state {
            // Writes the trailer.
            State::Open { encoder, .. } => encoder.into_inner().map(drop).map_err(error),
            _ => Ok(()),
        }
    }

    /// Makes the palette and writes the frames seen so far.
    fn open(&mut self) -> io::Result<()> {
        let (to, histogram, frames) = match std::mem::replace(&mut self.state, State::Failed) {
            State::Kept { to, histogram, frames } => (to, histogram, frames),
            other => {
                self.state = other;
                return Ok(());
            }
        };
        // One entry is for "as before".
        let palette = Palette::new(histogram, 255);
        let mut encoder = Encoder::new(to, self.width as u16, self.height as u16, &palette.bytes()).map_err(error)?;
        encoder.set_repeat(Repeat::Infinite).map_err(error)?;
        self.state = State::Open { encoder, palette, shown: Vec::new() };
        frames.iter().try_for_each(|rgb| self.write(rgb))
    }

    fn write(&mut self, rgb: &[u8]) -> io::Result<()> {
        let State::Open { encoder, palette, shown } = &mut self.state else { return Ok(()) };
        let indices: Vec<u8> = rgb.as_chunks::<3>().0.iter().map(|colour| palette.index(*colour)).collect();
        let mut frame = if shown.is_empty() {
            Frame {
                width: self.width as u16,
                height: self.height as u16,
                buffer: indices.clone().into(),
                ..Frame::default()
            }
        } else {
            changed(&indices, shown, self.width, palette.transparent())
        };
        frame.delay = self.delay;
        frame.dispose = DisposalMethod::Keep;
        encoder.write_frame(&frame).map_err(error)?;
        *shown = indices;
        Ok(())
    }
}

/// The smallest rectangle that holds all changes; pixels in it that did not change are transparent, which packs well.
fn changed(new: &[u8], old: &[u8], width: usize, transparent: u8) -> Frame<'static> {
    let (mut left, mut right, mut top, mut bottom) = (width, 0, usize::MAX, 0);
    for (y, (a, b)) in new.chunks_exact(width).zip(old.chunks_exact(width)).enumerate() {
        if let Some(first) = a.iter().zip(b).position(|(a, b)| a != b) {
            let last = a.iter().zip(b).rposition(|(a, b)| a != b).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last));
            (top, bottom) = (top.min(y), y);
        }
    }
    if top == usize::MAX {
        // Nothing changed; a frame still takes its time.
        (left, right, top) = (0, 0, 0);
    }
    let mut buffer = Vec::with_capacity((right - left + 1) * (bottom - top + 1));
    for y in top..=bottom {
        let at = y * width + left..=y * width + right;
        buffer.extend(new[at.clone()].iter().zip(&old[at]).map(|(a, b)| if a == b { transparent } else { *a }));
    }
    Frame {
        left: left as u16,
        top: top as u16,
        width: (right - left + 1) as u16,
        height: (bottom - top + 1) as u16,
        transparent: Some(transparent),
        buffer: buffer.into(),
        ..Frame::default()
    }
}

fn error(error: EncodingError) -> io::Error {
    match error {
        EncodingError::Io(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were() {
        let (width, height) = (16, 8);
        let frames: Vec<Vec<u8>> = (0..5)
            .map(|t| {
                (0..width * height)
                    .flat_map(|p| if p / 3 % 16 == t { [255, 10, 0] } else { [9, 9, (p % 4) as u8] })
                    .collect()
            })
            .collect();
        let mut bytes = Vec::new();
        let mut animation = Animation::new(&mut bytes, width, height, 25);
        for frame in frames.iter().chain([&frames[4]]) {
            animation.add(frame).unwrap();
        }
        animation.finish().unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes.as_slice()).unwrap();
        let mut canvas = vec![0; width * height * 3];
        let mut count = 0;
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!(frame.delay, 4);
            for (i, pixel) in frame.buffer.as_chunks::<4>().0.iter().enumerate() {
                let (x, y) = (i % usize::from(frame.width), i / usize::from(frame.width));
                let at = 3 * ((y + usize::from(frame.top)) * width + x + usize::from(frame.left));
                if pixel[3] > 0 {
                    canvas[at..at + 3].copy_from_slice(&pixel[..3]);
                }
            }
            assert_eq!(canvas, frames[count.min(4)], "frame {count}");
            count += 1;
        }
        assert_eq!(count, 6);
    }
}
