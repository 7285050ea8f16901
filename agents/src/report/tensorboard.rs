//! TensorBoard event files of scalars.
//!
//! A file is a sequence of TFRecords: length (u64), masked CRC-32C of those 8 bytes (u32), data, masked CRC-32C of the
//! data (u32), all little-endian (`tensorflow/core/lib/io/record_writer.h`, `tensorflow/core/lib/hash/crc32c.h`). Each
//! record is a protocol buffer `Event`; field numbers are those of `tensorboard/compat/proto/event.proto` and
//! `summary.proto` of TensorBoard 2.21:
//!
//! | message | field | number | type |
//! |---|---|---|---|
//! | `Event` | `wall_time` | 1 | double, seconds since 1970 |
//! | `Event` | `step` | 2 | int64 |
//! | `Event` | `file_version` | 3 | string, `brain.Event:2` in the first record |
//! | `Event` | `summary` | 5 | `Summary` |
//! | `Event` | `session_log` | 7 | `SessionLog` |
//! | `SessionLog` | `status` | 1 | enum, 1 is START |
//! | `Summary` | `value` | 1 | repeated `Summary.Value` |
//! | `Summary.Value` | `tag` | 1 | string |
//! | `Summary.Value` | `simple_value` | 2 | float |

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::file::failed;
use crate::error::Result;

/// How the names of event files start; TensorBoard looks for it.
pub const PREFIX: &str = "events.out.tfevents.";

/// Writes one event file.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: File,
}

impl EventWriter {
    /// Starts an event file that sorts after those in the folder. With `purge`, it begins with a session start at that
    /// step: TensorBoard then forgets the events of earlier files at this and later steps.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn create(folder: &Path, purge: Option<u64>) -> Result<Self> {
        let entries = fs::read_dir(folder).map_err(|e| failed("read", folder, e))?;
        let (mut count, mut seconds) = (0, since_1970() as u64);
        for entry in entries.flatten() {
            if let Some(rest) = entry.file_name().to_string_lossy().strip_prefix(PREFIX) {
                count += 1;
                // TensorBoard reads them in the order of their names, whatever the clock did.
                seconds = rest.split('.').next().and_then(|s| s.parse().ok()).unwrap_or(0).max(seconds);
            }
        }
        let path = folder.join(format!("{PREFIX}{seconds:010}.shadergym.{count:06}"));
        let file = File::create_new(&path).map_err(|e| failed("create", &path, e))?;
        let mut writer = Self { path, file };
        let mut event = event(0);
        bytes_field(&mut event, 3, b"brain.Event:2");
        writer.write(&event)?;
        if let Some(step) = purge {
            let mut event = self::event(step);
            bytes_field(&mut event, 7, &[tag(1, VARINT), 1]);
            writer.write(&event)?;
        }
        Ok(writer)
    }

    /// Adds figures of a step, rounded to 32 bits; to disk before it returns.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn scalars(&mut self, step: u64, scalars: &BTreeMap<String, f64>) -> Result<()> {
        let mut summary = Vec::new();
        for (name, value) in scalars {
            let mut entry = Vec::new();
            bytes_field(&mut entry, 1, name.as_bytes());
            entry.push(tag(2, FIXED32));
            entry.extend((*value as f32).to_le_bytes());
            bytes_field(&mut summary, 1, &entry);
        }
        let mut event = event(step);
        bytes_field(&mut event, 5, &summary);
        self.write(&event)
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.file.write_all(&record(data)).map_err(|e| failed("write", &self.path, e))
    }
}

// Wire types of protocol buffers.
const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;

/// The key of a field; one byte, as all numbers here are below 16.
const fn tag(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

/// An event with time and step.
fn event(step: u64) -> Vec<u8> {
    let mut event = vec![tag(1, FIXED64)];
    event.extend(since_1970().to_le_bytes());
    event.push(tag(2, VARINT));
    varint(&mut event, step.min(i64::MAX as u64));
    event
}

fn bytes_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(tag(field, BYTES));
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(data.len() + 16);
    out.extend(length);
    out.extend(masked(crc32c(&length)).to_le_bytes());
    out.extend(data);
    out.extend(masked(crc32c(data)).to_le_bytes());
    out
}

/// A sum of data that may itself hold sums.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), reflected; rows are small, so a table of bytes is enough.
fn crc32c(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut value = i as u32;
            let mut bit = 0;
            while bit < 8 {
                value = (value >> 1) ^ if value & 1 == 1 { 0x82f6_3b78 } else { 0 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };
    !data.iter().fold(!0, |crc, b| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ b)])
}

fn since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::folder;

    /// A field of a message, decoded by nothing that the writer uses.
    #[derive(Debug, PartialEq)]
    enum Field {
        Number(u64),
        Double(f64),
        Bytes(Vec<u8>),
        Float(f32),
    }

    fn number(data: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = data[0];
            *data = &data[1..];
            value += u64::from(byte % 128) << shift;
            shift += 7;
            if byte < 128 {
                return value;
            }
        }
    }

    fn fields(mut data: &[u8]) -> Vec<(u64, Field)> {
        let mut found = Vec::new();
        while !data.is_empty() {
            let key = number(&mut data);
            let value = match key % 8 {
                0 => Field::Number(number(&mut data)),
                1 => {
                    let (bytes, rest) = data.split_at(8);
                    data = rest;
                    Field::Double(f64::from_le_bytes(bytes.try_into().unwrap()))
                }
                2 => {
                    let length = number(&mut data) as usize;
                    let (bytes, rest) = data.split_at(length);
                    data = rest;
                    Field::Bytes(bytes.to_vec())
                }
                5 => {
                    let (bytes, rest) = data.split_at(4);
                    data = rest;
                    Field::Float(f32::from_le_bytes(bytes.try_into().unwrap()))
                }
                wire => panic!("wire type {wire}"),
            };
            found.push((key / 8, value));
        }
        found
    }

    /// The sum bit by bit, by division of polynomials.
    fn slow_sum(data: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for bit in data.iter().flat_map(|b| (0..8).map(move |i| u32::from(b >> i & 1))) {
            let out = (crc & 1) ^ bit;
            crc = (crc >> 1) ^ (out * 0x82f6_3b78);
        }
        let crc = crc ^ u32::MAX;
        (u64::from(crc.rotate_right(15)) + 0xa282_ead8) as u32
    }

    fn records(path: &Path) -> Vec<Vec<(u64, Field)>> {
        let bytes = fs::read(path).unwrap();
        let mut rest = bytes.as_slice();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(slow_sum(&rest[..8]).to_le_bytes(), rest[8..12]);
            let data = &rest[12..12 + length];
            assert_eq!(slow_sum(data).to_le_bytes(), rest[12 + length..16 + length]);
            found.push(fields(data));
            rest = &rest[16 + length..];
        }
        found
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }

    #[test]
    fn sums_have_their_known_values() {
        // RFC 3720, B.4, and the check value of the catalogue of CRC algorithms.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked(crc32c(b"123456789")), slow_sum(b"123456789"));
    }

    #[test]
    fn events_decode() {
        let folder = folder("events");
        let mut writer = EventWriter::create(&folder, None).unwrap();
        let scalars = BTreeMap::from([("a".to_owned(), 1.5), ("loss/policy".to_owned(), f64::NAN)]);
        writer.scalars(300, &scalars).unwrap();
        let found = records(&files(&folder)[0]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0][1..], [(2, Field::Number(0)), (3, Field::Bytes(b"brain.Event:2".to_vec()))]);
        let (1, Field::Double(time)) = found[1][0] else { panic!("no time in {found:?}") };
        assert!((since_1970() - time).abs() < 60.0);
        assert_eq!(found[1][1], (2, Field::Number(300)));
        let (5, Field::Bytes(summary)) = &found[1][2] else { panic!("no summary in {found:?}") };
        let values: Vec<_> = fields(summary);
        assert_eq!(values.len(), 2);
        let value = |i: usize| match &values[i] {
            (1, Field::Bytes(bytes)) => fields(bytes),
            other => panic!("{other:?}"),
        };
        assert_eq!(value(0), [(1, Field::Bytes(b"a".to_vec())), (2, Field::Float(1.5))]);
        assert_eq!(value(1)[0], (1, Field::Bytes(b"loss/policy".to_vec())));
        assert!(matches!(value(1)[1], (2, Field::Float(v)) if v.is_nan()));
    }

    #[test]
    fn a_second_file_sorts_later_and_purges() {
        let folder = folder("purge");
        // As if the clock had been far ahead.
        fs::write(folder.join(format!("{PREFIX}9999999999.host.0")), b"").unwrap();
        EventWriter::create(&folder, None).unwrap();
        EventWriter::create(&folder, Some(21)).unwrap();
        let files = files(&folder);
        assert_eq!(files.len(), 3);
        let found = records(&files[2]);
        assert_eq!(found[1][1..], [(2, Field::Number(21)), (7, Field::Bytes(vec![8, 1]))]);
        assert_eq!(records(&files[1]).len(), 1, "the file in between is the one without a purge");
    }
}
