//! At most 256 colours for all frames: exact where there are so few, else by median cut.

use std::collections::HashMap;

type Colour = [u8; 3];
/// Colours that may become one entry, with their numbers of pixels.
type Group = Vec<(Colour, u64)>;

/// How often each colour occurs.
#[derive(Debug, Default)]
pub struct Histogram(HashMap<Colour, u64>);

impl Histogram {
    /// Counts the pixels of a picture of RGB bytes.
    pub fn add(&mut self, rgb: &[u8]) {
        // Pictures are mostly flat: neighbours are counted together.
        for run in rgb.as_chunks::<3>().0.chunk_by(|a, b| a == b) {
            *self.0.entry(run[0]).or_default() += run.len() as u64;
        }
    }
}

/// The colours of an animation, and one index for transparent pixels.
#[derive(Debug)]
pub struct Palette {
    colours: Vec<Colour>,
    nearest: HashMap<Colour, u8>,
}

impl Palette {
    /// At most `size` colours, fewer than 256. Each is a colour that occurs, the most frequent one of its group, so flat
    /// areas keep their exact colour and only the blends at edges are approximated.
    pub fn new(histogram: Histogram, size: usize) -> Self {
        let mut all: Group = histogram.0.into_iter().collect();
        // The order of a hash map must not decide anything.
        all.sort_unstable();
        let mut boxes = vec![all];
        while boxes.len() < size {
            let widest = boxes
                .iter()
                .enumerate()
                .filter(|(_, b)| b.len() > 1)
                .max_by_key(|(i, b)| (priority(b), usize::MAX - i));
            let Some((index, _)) = widest else { break };
            let group = boxes.swap_remove(index);
            let (low, high) = cut(group);
            boxes.push(low);
            boxes.push(high);
        }
        let mut colours: Vec<Colour> =
            boxes.iter().filter_map(|b| b.iter().max_by_key(|(_, n)| *n)).map(|(c, _)| *c).collect();
        colours.sort_unstable();
        let nearest = colours.iter().zip(0..).map(|(c, i)| (*c, i)).collect();
        Self { colours, nearest }
    }

    /// The index of the nearest colour.
    pub fn index(&mut self, colour: Colour) -> u8 {
        let colours = &self.colours;
        *self.nearest.entry(colour).or_insert_with(|| {
            let distance = |other: &Colour| -> u32 {
                other.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
            };
            let best = colours.iter().enumerate().min_by_key(|(_, c)| distance(c));
            best.map_or(0, |(i, _)| i as u8)
        })
    }

    /// The index behind the last colour.
    pub fn transparent(&self) -> u8 {
        self.colours.len() as u8
    }

    /// RGB bytes, the transparent entry included.
    pub fn bytes(&self) -> Vec<u8> {
        self.colours.iter().chain([&[0, 0, 0]]).flatten().copied().collect()
    }
}

/// Range of the widest channel of a group.
fn extent(group: &[(Colour, u64)]) -> (u8, usize) {
    let range = |channel: usize| {
        let values = group.iter().map(|(c, _)| c[channel]);
        values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
    };
    (0..3).map(|channel| (range(channel), channel)).max().unwrap_or((0, 0))
}

/// Which group to cut next: the error it causes, roughly. The square root keeps large flat areas from taking all entries.
fn priority(group: &[(Colour, u64)]) -> u64 {
    let pixels: u64 = group.iter().map(|(_, n)| n).sum();
    let width = u64::from(extent(group).0);
    width * width * pixels.isqrt()
}

/// Cuts a group of two or more colours in the middle of its widest channel.
fn cut(mut group: Group) -> (Group, Group) {
    let (_, channel) = extent(&group);
    group.sort_unstable_by_key(|(c, _)| (c[channel], *c));
    let (first, last) = (group[0].0[channel], group[group.len() - 1].0[channel]);
    let middle = (u16::from(first) + u16::from(last)).div_ceil(2);
    let at = group.partition_point(|(c, _)| u16::from(c[channel]) < middle).clamp(1, group.len() - 1);
    let high = group.split_off(at);
    (group, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_exact_and_many_are_near() {
        let mut histogram = Histogram::default();
        histogram.add(&[1, 2, 3, 1, 2, 3, 200, 0, 0]);
        let mut palette = Palette::new(histogram, 255);
        assert_eq!((palette.transparent(), palette.bytes()), (2, vec![1, 2, 3, 200, 0, 0, 0, 0, 0]));
        assert_eq!([palette.index([1, 2, 3]), palette.index([190, 9, 9])], [0, 1]);

        let mut histogram = Histogram::default();
        let gradient: Vec<u8> = (0..16u8)
            .flat_map(|r| (0..16u8).flat_map(move |g| (0..4u8).flat_map(move |b| [r * 17, g * 17, b * 85])))
            .collect();
        histogram.add(&gradient);
        histogram.add(&[250, 100, 100].repeat(10_000));
        let mut palette = Palette::new(histogram, 255);
        assert_eq!(palette.transparent(), 255);
        let colours = palette.bytes();
        for colour in gradient.as_chunks::<3>().0 {
            let near = &colours[3 * usize::from(palette.index(*colour))..][..3];
            assert!(colour.iter().zip(near).all(|(a, b)| a.abs_diff(*b) <= 64), "{colour:?} {near:?}");
        }
        let flat = palette.index([250, 100, 100]);
        assert_eq!(colours[3 * usize::from(flat)..][..3], [250, 100, 100]);
    }
}
