//! `metrics.csv` of a run: one row per report, one column per figure; and the same figures as TensorBoard events.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::file::{self, failed};
use super::tensorboard::EventWriter;
use crate::error::{Error, Result};

/// Name of the file in the folder of a run.
pub const FILE: &str = "metrics.csv";

/// Where a file goes that cannot be read when its run goes on.
pub const UNREADABLE: &str = "metrics.csv.unreadable";

/// The first two columns: environment steps so far, and wall-clock seconds since the run began.
const FIXED: [&str; 2] = ["step", "seconds"];

/// Writes the figures of a run, each row to disk before [`Self::write`] returns.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    /// Figures with a column, sorted.
    names: Vec<String>,
    csv: File,
    events: EventWriter,
    note: Option<String>,
}

impl MetricsWriter {
    /// Starts metrics in an existing folder, in the place of those that an earlier attempt may have left there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        remove(folder)?;
        let mut csv = File::create(&path).map_err(|e| failed("create", &path, e))?;
        csv.write_all(header(&[]).as_bytes()).map_err(|e| failed("write", &path, e))?;
        Ok(Self { path, names: Vec::new(), csv, events: EventWriter::create(folder, None)?, note: None })
    }

    /// Goes on where a checkpoint of `step` was written: rows after it are dropped, and a further event file tells
    /// TensorBoard, by a session start at `step + 1`, to forget what it has from there on. Rows that cannot be read are
    /// no reason to lose what was learned: their file is kept as [`UNREADABLE`] and a new one started, as [`Self::note`]
    /// says.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn resume(folder: &Path, step: u64) -> Result<Self> {
        let path = folder.join(FILE);
        let (mut table, note) = match read(&path) {
            Ok(table) => (table, None),
            Err(e) => (Table { columns: FIXED.map(str::to_owned).to_vec(), rows: Vec::new() }, Some(e)),
        };
        let note = note.map(|e| set_aside(folder, &path, &e)).transpose()?;
        table.rows.retain(|row| row[0] <= step as f64);
        let names = table.columns[FIXED.len()..].to_vec();
        file::write(&path, table.to_csv().as_bytes())?;
        let csv = append(&path)?;
        Ok(Self { path, names, csv, events: EventWriter::create(folder, Some(step.saturating_add(1)))?, note })
    }

    /// What people should know: that the rows so far could not be read.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Forces the rows to the disk, so that they outlast a power cut.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sync(&self) -> Result<()> {
        self.csv.sync_data().map_err(|e| failed("write", &self.path, e))
    }

    /// Adds a row: environment steps so far, seconds since the run began, and any figures. A name that was not there
    /// before gets a column, for which the file is written anew; figures that are missing stay empty.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Metrics`] for a name that no column can have.
    pub fn write(&mut self, step: u64, seconds: f64, scalars: &BTreeMap<String, f64>) -> Result<()> {
        if scalars.keys().any(|name| self.names.binary_search(name).is_err()) {
            self.add_columns(scalars)?;
        }
        let mut row = format!("{step},{}", number(seconds));
        for name in &self.names {
            row.push(',');
            row.extend(scalars.get(name).map(|v| number(*v)));
        }
        row.push('\n');
        // One call, so that readers and a crash see whole rows.
        self.csv.write_all(row.as_bytes()).map_err(|e| failed("write", &self.path, e))?;
        self.events.scalars(step, scalars)
    }

    fn add_columns(&mut self, scalars: &BTreeMap<String, f64>) -> Result<()> {
        for name in scalars.keys() {
            if name.is_empty() || name.contains([',', '"', '\n', '\r']) || FIXED.contains(&name.as_str()) {
                return Err(Error::Metrics {
                    path: self.path.display().to_string(),
                    line: 1,
                    column: name.clone(),
                    reason: "names of figures are not empty, hold no comma, quote or line end, and are neither \
                             `step` nor `seconds`; rename the figure"
                        .to_owned(),
                });
            }
            if let Err(at) = self.names.binary_search(name) {
                self.names.insert(at, name.clone());
            }
        }
        let old = read(&self.path)?;
        let mut columns: Vec<String> = FIXED.map(str::to_owned).to_vec();
        columns.extend(self.names.iter().cloned());
        let sources: Vec<Option<usize>> = columns.iter().map(|c| old.column(c)).collect();
        let rows = old.rows.iter().map(|row| sources.iter().map(|s| s.map_or(EMPTY, |s| row[s])).collect()).collect();
        file::write(&self.path, Table { columns, rows }.to_csv().as_bytes())?;
        self.csv = append(&self.path)?;
        Ok(())
    }
}

/// Keeps a metrics file that cannot be read under another name. What to tell people.
fn set_aside(folder: &Path, path: &Path, error: &Error) -> Result<String> {
    match fs::rename(path, folder.join(UNREADABLE)) {
        Ok(()) => Ok(format!("{error}; it is now {UNREADABLE}, and a new {FILE} begins")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(format!("{error}; a new one begins")),
        Err(e) => Err(failed("rename", path, e)),
    }
}

/// Stands for a figure that a row does not have: a NaN with a payload of its own, so that it is not taken for a figure
/// that was NaN.
pub const EMPTY: f64 = f64::from_bits(0x7ff8_0000_0000_e399);

/// Whether a value is [`EMPTY`] rather than a figure that is not a number.
pub fn is_empty(value: f64) -> bool {
    value.to_bits() == EMPTY.to_bits()
}

/// What a metrics file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// `step`, `seconds` and the names of the figures.
    pub columns: Vec<String>,
    /// One value per column; [`EMPTY`] where the file has none.
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    /// Where a column is.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }

    /// Points (step, figure) of the rows that have a finite figure of this name; none if there is no such column.
    pub fn points(&self, name: &str) -> Vec<(f64, f64)> {
        let Some(column) = self.column(name) else { return Vec::new() };
        self.rows.iter().map(|r| (r[0], r[column])).filter(|p| p.1.is_finite()).collect()
    }

    fn to_csv(&self) -> String {
        let mut text = self.columns.join(",") + "\n";
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().map(|v| if is_empty(*v) { String::new() } else { number(*v) }).collect();
            text += &(cells.join(",") + "\n");
        }
        text
    }
}

/// Reads a metrics file. A last line without its end is left out: the run is, or was, being written.
///
/// # Errors
/// [`Error::Io`]; [`Error::Metrics`] with line and column.
pub fn read(path: &Path) -> Result<Table> {
    parse(path, &file::read(path)?)
}

fn parse(path: &Path, text: &str) -> Result<Table> {
    let error = |line: usize, column: &str, reason: String| Error::Metrics {
        path: path.display().to_string(),
        line,
        column: column.to_owned(),
        reason,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut lines = whole.lines();
    let columns: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    for (i, name) in FIXED.iter().enumerate() {
        let found = columns.get(i).map_or("", String::as_str);
        if found != *name {
            return Err(error(1, name, format!("column {} is `{found}`; is this a metrics file?", i + 1)));
        }
    }
    for (i, name) in columns.iter().enumerate() {
        if columns[..i].contains(name) {
            return Err(error(1, name, "the name is there twice".to_owned()));
        }
    }
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for (i, line) in lines.enumerate() {
        let at = i + 2;
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != columns.len() {
            let missing = columns.get(cells.len()).map_or("after the last", String::as_str);
            let reason = format!("the line has {} values, the header {}", cells.len(), columns.len());
            return Err(error(at, missing, reason));
        }
        let mut row = Vec::with_capacity(cells.len());
        for (name, cell) in columns.iter().zip(&cells) {
            let value = match *cell {
                "" if !FIXED.contains(&name.as_str()) => EMPTY,
                text => text.parse::<f64>().map_err(|_| error(at, name, format!("`{text}` is not a number")))?,
            };
            row.push(value);
        }
        if !row[0].is_finite() || row[0] < 0.0 || row[0].fract() != 0.0 {
            return Err(error(at, "step", format!("`{}` is not a number of steps", cells[0])));
        }
        if rows.last().is_some_and(|last| last[0] > row[0]) {
            return Err(error(at, "step", format!("step {} comes after a later one; steps never go back", cells[0])));
        }
        rows.push(row);
    }
    Ok(Table { columns, rows })
}

fn header(names: &[String]) -> String {
    let mut columns: Vec<&str> = FIXED.to_vec();
    columns.extend(names.iter().map(String::as_str));
    columns.join(",") + "\n"
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new().append(true).open(path).map_err(|e| failed("write", path, e))
}

/// The shortest text that reads back as the same number.
fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "nan".to_owned(),
        v if v != 0.0 && !(1e-5..1e16).contains(&v.abs()) && v.is_finite() => format!("{v:e}"),
        v => v.to_string(),
    }
}

/// Removes the metrics of a folder, event files included.
fn remove(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|e| failed("read", folder, e))?;
    for path in entries.flatten().map(|e| e.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == FILE || name.starts_with(super::tensorboard::PREFIX) {
            fs::remove_file(&path).map_err(|e| failed("remove", &path, e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::folder;

    fn scalars(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect()
    }

    fn text(folder: &Path) -> String {
        fs::read_to_string(folder.join(FILE)).unwrap()
    }

    #[test]
    fn rows_are_there_at_once_and_late_names_get_a_column() {
        let folder = folder("rows");
        let mut metrics = MetricsWriter::create(&folder).unwrap();
        assert_eq!(text(&folder), "step,seconds\n");
        metrics.write(10, 0.5, &scalars(&[("loss/value", 1.25), ("a", f64::NAN)])).unwrap();
        assert_eq!(text(&folder), "step,seconds,a,loss/value\n10,0.5,nan,1.25\n");
        metrics.write(20, 1.0, &scalars(&[("a", 1e-9), ("b", -3.0)])).unwrap();
        metrics.write(30, 1.5, &scalars(&[("loss/value", f64::INFINITY)])).unwrap();
        let expected = "step,seconds,a,b,loss/value\n10,0.5,nan,,1.25\n20,1,1e-9,-3,\n30,1.5,,,inf\n";
        assert_eq!(text(&folder), expected);

        let table = read(&folder.join(FILE)).unwrap();
        assert_eq!(table.columns, ["step", "seconds", "a", "b", "loss/value"]);
        assert!(table.rows[0][2].is_nan() && !is_empty(table.rows[0][2]) && is_empty(table.rows[0][3]));
        assert_eq!(table.rows[2][4], f64::INFINITY);
        assert_eq!(table.points("b"), [(20.0, -3.0)]);
        assert_eq!(table.points("loss/value"), [(10.0, 1.25)]);
        assert!(table.points("none").is_empty());
        assert_eq!(table.to_csv(), expected);
    }

    #[test]
    fn create_starts_anew() {
        let folder = folder("anew");
        MetricsWriter::create(&folder).unwrap().write(1, 1.0, &scalars(&[("a", 1.0)])).unwrap();
        fs::write(folder.join("config.toml"), "kept").unwrap();
        MetricsWriter::create(&folder).unwrap();
        assert_eq!(text(&folder), "step,seconds\n");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "one event file, and what is not ours stays");
        let missing = MetricsWriter::create(&folder.join("none")).unwrap_err().to_string();
        assert!(missing.contains("cannot read") && missing.contains("none"), "{missing}");
    }

    #[test]
    fn resume_drops_rows_after_the_step() {
        let folder = folder("resume");
        let mut metrics = MetricsWriter::create(&folder).unwrap();
        for step in [10, 20, 30] {
            metrics.write(step, step as f64, &scalars(&[("a", step as f64)])).unwrap();
        }
        drop(metrics);
        // A crash in the middle of a row.
        OpenOptions::new().append(true).open(folder.join(FILE)).unwrap().write_all(b"40,4").unwrap();
        let mut metrics = MetricsWriter::resume(&folder, 20).unwrap();
        assert_eq!(text(&folder), "step,seconds,a\n10,10,10\n20,20,20\n");
        metrics.write(25, 21.0, &scalars(&[("a", 7.0)])).unwrap();
        assert_eq!(read(&folder.join(FILE)).unwrap().points("a"), [(10.0, 10.0), (20.0, 20.0), (25.0, 7.0)]);
        let missing = MetricsWriter::resume(&folder.join("none"), 0).unwrap_err().to_string();
        assert!(missing.contains("cannot write") && missing.contains("none"), "{missing}");
    }

    #[test]
    fn resume_keeps_rows_aside_that_cannot_be_read() {
        let folder = folder("aside");
        for bytes in [&b""[..], b"step,seconds,a\n1,x,2\n", b"\0\0\xff\n"] {
            fs::write(folder.join(FILE), bytes).unwrap();
            let mut metrics = MetricsWriter::resume(&folder, 20).unwrap();
            assert!(metrics.note().unwrap().contains("now metrics.csv.unreadable"), "{:?}", metrics.note());
            assert_eq!(fs::read(folder.join(UNREADABLE)).unwrap(), bytes);
            metrics.write(25, 1.0, &scalars(&[("a", 7.0)])).unwrap();
            metrics.sync().unwrap();
            assert_eq!(text(&folder), "step,seconds,a\n25,1,7\n");
            assert_eq!(MetricsWriter::resume(&folder, 25).unwrap().note(), None);
        }
        fs::remove_file(folder.join(FILE)).unwrap();
        let note = MetricsWriter::resume(&folder, 25).unwrap().note().unwrap().to_owned();
        assert!(note.contains("a new one begins") && text(&folder) == "step,seconds\n", "{note}");
    }

    #[test]
    fn bad_files_say_where() {
        let error = |text: &str| parse(Path::new("m.csv"), text).unwrap_err().to_string();
        for (text, words) in [
            ("", &["line 1", "`step`"][..]),
            ("a,b\n", &["line 1", "`step`", "`a`"]),
            ("step,seconds,x,x\n", &["line 1", "`x`", "twice"]),
            ("step,seconds,x\n1,2,3\n2,2\n", &["line 3", "`x`", "2 values", "3"]),
            ("step,seconds,x\n1,2,3,4\n", &["line 2", "4 values"]),
            ("step,seconds,x\n1,2,three\n", &["m.csv", "line 2", "`x`", "`three` is not a number"]),
            ("step,seconds\n,2\n", &["line 2", "`step`"]),
            ("step,seconds\n-1,2\n", &["line 2", "-1", "not a number of steps"]),
            ("step,seconds\n5,2\n4,2\n", &["line 3", "step 4"]),
        ] {
            for word in words {
                assert!(error(text).contains(word), "{word} is missing in: {}", error(text));
            }
        }
    }

    #[test]
    fn names_that_no_column_can_have() {
        let folder = folder("names");
        let mut metrics = MetricsWriter::create(&folder).unwrap();
        for name in ["a,b", "", "step", "a\nb"] {
            let error = metrics.write(1, 1.0, &scalars(&[(name, 1.0)])).unwrap_err();
            assert!(matches!(&error, Error::Metrics { column, .. } if column == name), "{error}");
        }
        assert_eq!(text(&folder), "step,seconds\n");
    }
}
