//! Everything of a batch at one moment, so that a run can go on from there bit by bit.

use super::Batch;
use crate::backend::{Outputs, Part};
use crate::error::{Error, Result};

/// A batch at one moment: generators, states, parameters in force and pending, episode bookkeeping, outputs.
/// Made by [`Batch::snapshot`], put back by [`Batch::restore`] into any batch of the same environment and size, on the
/// same kind of device bit by bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    id: String,
    num_envs: usize,
    seeds: Vec<u64>,
    /// Episode, State, Params, Pending.
    parts: [Vec<u32>; 4],
    out: Outputs,
}

const PARTS: [Part; 4] = [Part::Episode, Part::State, Part::Params, Part::Pending];

/// First bytes of a saved snapshot; the number changes with the layout.
const MAGIC: &[u8] = b"shadergym snapshot 4\n";

impl Batch {
    /// Everything of this batch, to be put back with [`Self::restore`].
    ///
    /// # Errors
    /// [`Error::ResetNeeded`] before the first reset, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        self.open_and_started("snapshot")?;
        let all: Vec<usize> = (0..self.num_envs).collect();
        let mut parts: [Vec<u32>; 4] = Default::default();
        for (part, words) in PARTS.into_iter().zip(&mut parts) {
            *words = self.read(part, &all)?;
        }
        Ok(Snapshot {
            id: self.facts.id.clone(),
            num_envs: self.num_envs,
            seeds: self.seeds.clone(),
            parts,
            out: self.out.clone(),
        })
    }

    /// Puts everything back as it was. The options of this batch (auto-reset mode, time limit, sticky actions) stay.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the snapshot is of another environment or size, [`Error::Closed`], [`Error::DeviceFailed`].
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.open()?;
        let fits = PARTS
            .iter()
            .zip(&snapshot.parts)
            .all(|(part, words)| words.len() == self.num_envs * part.words(&self.facts));
        let mut expected = Outputs::default();
        expected.resize(&self.facts, self.num_envs, 1, false);
        if snapshot.id != self.facts.id
            || snapshot.num_envs != self.num_envs
            || !fits
            || lengths(&snapshot.out) != lengths(&expected)
        {
            return Err(Error::InvalidOption {
                option: "snapshot",
                value: format!("of {} instances of {}", snapshot.num_envs, snapshot.id),
                allowed: format!("one of {} instances of this version of {}", self.num_envs, self.facts.id),
            });
        }
        let all: Vec<usize> = (0..self.num_envs).collect();
        for (part, words) in PARTS.into_iter().zip(&snapshot.parts) {
            self.open()?.write(part, &all, words)?;
        }
        self.out.copy_from(&snapshot.out);
        self.seeds.clone_from(&snapshot.seeds);
        self.started = true;
        Ok(())
    }
}

impl Snapshot {
    /// The snapshot as bytes, little-endian, for a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let put = |bytes: &mut Vec<u8>, words: &[u32]| {
            bytes.extend((words.len() as u64).to_le_bytes());
            bytes.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        };
        bytes.extend((self.id.len() as u64).to_le_bytes());
        bytes.extend(self.id.as_bytes());
        put(&mut bytes, &[self.num_envs as u32]);
        put(&mut bytes, &self.seeds.iter().flat_map(|s| [*s as u32, (*s >> 32) as u32]).collect::<Vec<_>>());
        for part in &self.parts {
            put(&mut bytes, part);
        }
        let (flags, words) = (flags(&self.out), words(&self.out));
        put(&mut bytes, &flags);
        put(&mut bytes, &self.out.agent_done.iter().map(|done| u32::from(*done)).collect::<Vec<_>>());
        for array in words {
            put(&mut bytes, array);
        }
        bytes
    }

    /// A snapshot from the bytes of [`Self::to_bytes`]. Whether it fits is seen by [`Batch::restore`].
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the bytes are not a whole snapshot of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).ok_or_else(|| Error::InvalidOption {
            option: "snapshot",
            value: format!("{} bytes that cannot be read", bytes.len()),
            allowed: "the bytes of Snapshot::to_bytes of this version".to_owned(),
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let length = take_length(&mut rest)?;
        let id = String::from_utf8(take(&mut rest, length)?.to_vec()).ok()?;
        let num_envs = *take_words(&mut rest)?.first()? as usize;
        let seeds = take_words(&mut rest)?.chunks_exact(2).map(|w| u64::from(w[0]) | u64::from(w[1]) << 32).collect();
        let mut parts: [Vec<u32>; 4] = Default::default();
        for part in &mut parts {
            *part = take_words(&mut rest)?;
        }
        let (flags, agent_done) = (take_words(&mut rest)?, take_words(&mut rest)?);
        let mut arrays = (0..16).map(|_| take_words(&mut rest)).collect::<Option<Vec<_>>>()?.into_iter();
        let mut next = || arrays.next().unwrap_or_default();
        let floats = |words: Vec<u32>| words.into_iter().map(f32::from_bits).collect();
        let out = Outputs {
            terminated: flags.iter().map(|f| f & 1 != 0).collect(),
            truncated: flags.iter().map(|f| f & 2 != 0).collect(),
            starts: flags.iter().map(|f| f & 4 != 0).collect(),
            agent_done: agent_done.iter().map(|f| *f != 0).collect(),
            observations: next(),
            global_states: next(),
            masks: next(),
            infos: next(),
            rewards: floats(next()),
            final_observations: next(),
            final_global_states: next(),
            actions: next(),
            finished_return: floats(next()),
            finished_length: next(),
            finished_info: floats(next()),
            transitions: next(),
            episodes: next(),
            length_sum: next(),
            return_sum: next().as_chunks::<2>().0.iter().map(|&words| bytemuck::cast(words)).collect(),
            info_sum: next().as_chunks::<2>().0.iter().map(|&words| bytemuck::cast(words)).collect(),
        };
        let seeds: Vec<u64> = seeds;
        (rest.is_empty() && seeds.len() == num_envs).then_some(Self { id, num_envs, seeds, parts, out })
    }
}

fn flags(out: &Outputs) -> Vec<u32> {
    let flags = out.terminated.iter().zip(&out.truncated).zip(&out.starts);
    flags.map(|((a, b), c)| u32::from(*a) | u32::from(*b) << 1 | u32::from(*c) << 2).collect()
}

/// All arrays of words, in the order in which they are saved.
fn words(out: &Outputs) -> [&[u32]; 16] {
    [
        &out.observations,
        &out.global_states,
        &out.masks,
        &out.infos,
        bytemuck::cast_slice(&out.rewards),
        &out.final_observations,
        &out.final_global_states,
        &out.actions,
        bytemuck::cast_slice(&out.finished_return),
        &out.finished_length,
        bytemuck::cast_slice(&out.finished_info),
        &out.transitions,
        &out.episodes,
        &out.length_sum,
        bytemuck::cast_slice(&out.return_sum),
        bytemuck::cast_slice(&out.info_sum),
    ]
}

fn lengths(out: &Outputs) -> Vec<usize> {
    let mut lengths: Vec<usize> = words(out).iter().map(|w| w.len()).collect();
    lengths.extend([out.terminated.len(), out.truncated.len(), out.starts.len(), out.agent_done.len()]);
    lengths
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?)).ok()
}

fn take_words(rest: &mut &[u8]) -> Option<Vec<u32>> {
    let length = take_length(rest)?.checked_mul(4)?;
    let bytes = take(rest, length)?;
    Some(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}
