//! Studies with a folder: `config.toml`, `epochs.jsonl` with a row for each epoch, `checkpoint.safetensors` behind each epoch, and
//! `networks/<n>.safetensors`, the network as it was when windows of n bits were mastered.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::network::{Rnn, Shape};
use super::row::Row;
use super::settings::Settings;
use super::study::Study;
use crate::error::{Error, Result};
use crate::report::file;
use crate::state::State;
use crate::train::checkpoint::{Checkpoint, Meta};
use crate::train::lock::Lock;
use crate::train::{failed, replace};

const NAME: &str = "timescales";
const CONFIG: &str = "config.toml";
const ROWS: &str = "epochs.jsonl";
const CHECKPOINT: &str = "checkpoint.safetensors";
const NETWORKS: &str = "networks";

/// Why a study ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The longest window is mastered.
    Mastered,
    /// All epochs are made.
    Epochs,
    /// The callback broke; the same call goes on.
    Interrupted,
}

/// What a callback hears: a batch of an epoch that is under way, or the row of one that is over.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Goes on behind so many epochs.
    Resumed(u64),
    /// Epoch from 1, newest window in bits, and batches so far.
    Batch(u64, usize, usize),
    /// An epoch is over.
    Epoch(&'a Row),
}

/// Makes a study in a folder, or goes on with the one that is there; gives all its rows.
///
/// # Errors
/// Those of the study; [`Error::Checkpoint`] if the folder has one with other options, [`Error::Busy`] if another
/// process is at it, [`Error::Io`].
pub fn run(
    settings: &Settings,
    threads: usize,
    folder: &Path,
    look: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<(End, Vec<Row>)> {
    file::create_folder(&folder.join(NETWORKS))?;
    let _lock = Lock::claim(folder)?;
    let (path, rows_path) = (folder.join(CHECKPOINT), folder.join(ROWS));
    let mut study = Study::new(settings, threads)?;
    let mut rows = Vec::new();
    if path.exists() {
        let checkpoint = Checkpoint::read(&path)?;
        let shown = path.display().to_string();
        let kept = settings_of(&checkpoint, &shown)?;
        let error = |reason: String| Error::Checkpoint { path: shown.clone(), reason };
        if let Some((name, there, here)) = settings.differs(&kept) {
            let advice = "choose the same, or another folder";
            return Err(error(format!("`{name}` is {there} in it and {here} here; {advice}")));
        }
        if settings.until < kept.until {
            let advice = format!("allowed is {} or more", kept.until);
            return Err(error(format!("`until` is {} in it and {} here; {advice}", kept.until, settings.until)));
        }
        study.load(&checkpoint.agent, &checkpoint.trainer)?;
        rows = read_rows(&rows_path)?;
        rows.retain(|row| row.epoch <= study.epoch());
        if rows.len() as u64 != study.epoch() {
            return Err(error(format!("{} has {} rows, expected {}", rows_path.display(), rows.len(), study.epoch())));
        }
        if look(Event::Resumed(study.epoch())).is_break() {
            return Ok((End::Interrupted, rows));
        }
    }
    file::write(&folder.join(CONFIG), settings.to_toml().as_bytes())?;
    loop {
        if study.is_over() {
            return Ok((End::Mastered, rows));
        }
        if study.epoch() >= settings.epochs as u64 {
            return Ok((End::Epochs, rows));
        }
        let (epoch, newest) = (study.epoch() + 1, study.newest());
        let Some(row) = study.advance(&mut |batch| look(Event::Batch(epoch, newest, batch)))? else {
            return Ok((End::Interrupted, rows));
        };
        // Rows before checkpoints: those of an epoch that has none are dropped when the study goes on.
        let (mastered, flow) = (row.mastered, look(Event::Epoch(&row)));
        rows.push(row);
        let lines = rows.iter().map(|row| format!("{}\n", row.to_json())).collect::<String>();
        file::write(&rows_path, lines.as_bytes())?;
        if mastered {
            let mut network = checkpoint(settings, &study);
            study.rnn().save(study.rnn().parameters(), "", &mut network.agent);
            write(&network, &Networks(folder).path(newest))?;
        }
        let mut whole = checkpoint(settings, &study);
        study.save(&mut whole.agent, &mut whole.trainer);
        write(&whole, &path)?;
        if flow.is_break() {
            return Ok((End::Interrupted, rows));
        }
    }
}

fn checkpoint(settings: &Settings, study: &Study) -> Checkpoint {
    let meta = Meta {
        agent: NAME.to_owned(),
        env: settings.task.env().to_owned(),
        config: settings.to_toml(),
        step: study.epoch(),
        ..Meta::default()
    };
    Checkpoint { meta, agent: State::default(), trainer: State::default(), policy: State::default() }
}

fn write(checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    replace(path, |file: &mut dyn Write| checkpoint.write_to(file))
}

fn settings_of(checkpoint: &Checkpoint, path: &str) -> Result<Settings> {
    if checkpoint.meta.agent != NAME {
        let reason = format!("it belongs to `{}`, no study of timescales", checkpoint.meta.agent);
        return Err(Error::Checkpoint { path: path.to_owned(), reason });
    }
    Settings::parse(&checkpoint.meta.config, path)
}

fn read_rows(path: &Path) -> Result<Vec<Row>> {
    let text = file::read(path)?;
    let row = |(line, text): (usize, &str)| {
        Row::parse(text).ok_or_else(|| Error::Metrics {
            path: path.display().to_string(),
            line: line + 1,
            column: "any".to_owned(),
            reason: "it is no row of an epoch".to_owned(),
        })
    };
    text.lines().enumerate().map(row).collect()
}

/// Options and rows of the study in a folder, also of one that is under way.
///
/// # Errors
/// [`Error::Io`], [`Error::Metrics`], [`Error::Checkpoint`] for files that are none.
pub(super) fn read(folder: &Path) -> Result<(Settings, Vec<Row>)> {
    let path = folder.join(CONFIG);
    let settings = Settings::parse(&file::read(&path)?, &path.display().to_string())?;
    Ok((settings, read_rows(&folder.join(ROWS))?))
}

/// The networks of a study's folder.
#[derive(Debug, Clone, Copy)]
pub struct Networks<'a>(pub &'a Path);

impl Networks<'_> {
    /// Where the one is that had mastered windows of so many bits.
    pub fn path(&self, window: usize) -> PathBuf {
        self.0.join(NETWORKS).join(format!("{window:02}.safetensors"))
    }

    /// The one that had mastered windows of so many bits.
    ///
    /// # Errors
    /// [`Error::Io`] if there is none, [`Error::Checkpoint`] if it is damaged.
    pub fn read(&self, window: usize) -> Result<Rnn> {
        let path = self.path(window);
        if let Err(e) = fs::metadata(&path) {
            return Err(failed("read", &path, e));
        }
        let kept = Checkpoint::read(&path)?;
        let settings = settings_of(&kept, &path.display().to_string())?;
        let heads = kept.agent.f32("heads.bias")?.len() / 2;
        let shape = Shape { units: settings.units, heads, fixed_tau: settings.fixed_tau };
        let mut rnn = Rnn::new(shape, settings.seed);
        let mut parameters = rnn.parameters().to_vec();
        rnn.load(&mut parameters, "", &kept.agent)?;
        rnn.parameters_mut().copy_from_slice(&parameters);
        Ok(rnn)
    }
}
