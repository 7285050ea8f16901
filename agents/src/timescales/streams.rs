//! Streams of bits from the environments, and what windows of them ask for.

use shadergym_envs::{AutoresetMode, Batch, BatchOptions, Device, Recording, make_with};

use crate::error::Result;
use crate::options::words;

/// The longest window that the environments know, in bits.
pub const LONGEST_WINDOW: usize = 63;

/// What is asked of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Whether its ones are odd in number.
    Parity,
    /// Whether its first and last bit are the same: delayed match to sample.
    Match,
}
words!(Task, "parity or match", { "parity" => Task::Parity, "match" => Task::Match });

impl Task {
    /// Id of the environment that its streams come from.
    pub fn env(self) -> &'static str {
        match self {
            Self::Parity => "timescales/NParityFinal-v0",
            Self::Match => "timescales/NDelayedMatchFinal-v0",
        }
    }

    /// The right answer, 0 or 1, at the end of these bits, oldest first, of which the newest `window` count.
    ///
    /// # Panics
    /// If there are fewer bits than the window has, or the window has none.
    pub fn label(self, bits: &[u8], window: usize) -> u8 {
        let newest = &bits[bits.len() - window..];
        match self {
            Self::Parity => newest.iter().fold(0, |odd, bit| odd ^ bit),
            Self::Match => 1 ^ newest[0] ^ newest[window - 1],
        }
    }
}

/// Streams of zeros and ones, each of its own length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streams {
    lengths: Vec<usize>,
    /// Bits of the room that each stream has.
    room: usize,
    bits: Vec<u8>,
}

impl Streams {
    /// From lists of bits, oldest first.
    pub fn new(streams: &[Vec<u8>]) -> Self {
        let room = streams.iter().map(Vec::len).max().unwrap_or(0);
        let mut bits = vec![0; room * streams.len()];
        for (i, stream) in streams.iter().enumerate() {
            bits[i * room..][..stream.len()].copy_from_slice(stream);
        }
        Self { lengths: streams.iter().map(Vec::len).collect(), room, bits }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The bits of one, oldest first.
    ///
    /// # Panics
    /// If there is no such stream.
    pub fn of(&self, stream: usize) -> &[u8] {
        &self.bits[stream * self.room..][..self.lengths[stream]]
    }

    /// Right answers at the ends of the streams, `[streams, windows]`.
    ///
    /// # Panics
    /// If a stream is shorter than a window.
    pub fn labels(&self, task: Task, windows: std::ops::Range<usize>) -> Vec<u8> {
        let of = |stream| windows.clone().map(move |window| task.label(self.of(stream), window));
        (0..self.len()).flat_map(of).collect()
    }
}

/// Draws streams: an environment with as many instances, played to the end whatever the answers.
pub struct Source {
    batch: Batch,
    window: usize,
    longest: usize,
    recording: Option<Recording>,
}

impl Source {
    /// For so many streams at a time, whose lengths are those of a window: window + 2 to 4 window + 1 bits, uniform.
    ///
    /// # Errors
    /// Those of the environment: windows have 2 to [`LONGEST_WINDOW`] bits.
    pub fn new(task: Task, streams: usize, window: usize) -> Result<Self> {
        let options =
            BatchOptions::new(streams).device(Device::Cpu).autoreset_mode(AutoresetMode::Disabled).num_threads(1);
        let batch = make_with(task.env(), &options)?;
        let mut source = Self { batch, window: 0, longest: 0, recording: None };
        source.set_window(window)?;
        Ok(source)
    }

    /// Another window from the next draw on.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn set_window(&mut self, window: usize) -> Result<()> {
        self.batch.set_param(.., "n", window as u32)?;
        let params = self.batch.default_params();
        let of = |name: &str| params.get(name).map(|values| values[0] as usize);
        let (extra, multiple) = (of("extra")?, of("multiple")?);
        self.longest = (window + extra).max(multiple * window + 1);
        self.window = window;
        Ok(())
    }

    /// Bits of the window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Streams that belong to a seed: the same seed gives the same ones.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn draw(&mut self, seed: u64, streams: &mut Streams) -> Result<()> {
        let count = self.batch.num_envs();
        streams.room = self.longest;
        streams.lengths.clear();
        streams.lengths.resize(count, 0);
        streams.bits.clear();
        streams.bits.resize(count * self.longest, 0);
        let mut take = |step: usize, rows: &[u32]| {
            for (i, row) in rows.chunks_exact(rows.len() / count).enumerate() {
                // The newest bit, and whether there is one.
                let (bit, there) = (f32::from_bits(row[0]), f32::from_bits(row[1]));
                if there == 1.0 {
                    streams.bits[i * streams.room + step] = u8::from(bit == 1.0);
                    streams.lengths[i] += 1;
                }
            }
        };
        take(0, self.batch.reset(seed)?.words());
        let steps = self.longest - 1;
        let recording = match self.recording.take() {
            Some(mut recording) => {
                self.batch.record_into(steps, None, &mut recording)?;
                recording
            }
            None => self.batch.record(steps)?,
        };
        let rows = recording.observations().words();
        for (step, rows) in rows.chunks_exact(rows.len() / steps).enumerate() {
            take(step + 1, rows);
        }
        self.recording = Some(recording);
        Ok(())
    }
}
