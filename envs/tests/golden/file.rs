//! The golden file format: one line of JSON, then raw little-endian columns, each row-major [rows, width].

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shadergym_envs::{Facts, ids, spec};

/// Bounds of a uniformly drawn start value.
pub struct Start {
    pub field: String,
    pub low: f64,
    pub high: f64,
}

/// One golden file.
pub struct Golden {
    stem: String,
    /// Id of the variant whose transitions these are, where the file names one.
    id: Option<String>,
    /// Program and version that made it.
    pub origin: String,
    /// Transitions.
    pub rows: usize,
    /// Bounds of the reference's starts.
    pub starts: Vec<Start>,
    /// Largest difference of a float, where the file says another than the usual one.
    pub tolerance: Option<f64>,
    /// Share of the rows that may be further off: where a solver that has not settled decides.
    pub outliers: f64,
    /// Whether rows that end an episode tell what the state and the observation become.
    pub final_states: bool,
    uncompared: Vec<String>,
    columns: Vec<(String, Vec<u32>)>,
}

impl Golden {
    /// All golden files, sorted.
    pub fn files() -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .expect("the folder of this test")
            .map(|e| e.expect("readable").path())
            .filter(|p| p.extension().is_some_and(|e| e == "golden"))
            // A file whose environment was deleted is no error: the shader is the environment.
            .filter(|p| ids().any(|id| spec(id).is_ok_and(|f| f.stem == stem(p))))
            .collect();
        files.sort();
        files
    }

    /// Reads a file and checks it against the layout of the environment.
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).expect("listed a moment ago");
        let end = bytes.iter().position(|b| *b == b'\n').expect("a header line");
        let header: Value = serde_json::from_slice(&bytes[..end]).expect("a JSON header");
        let rows = header["rows"].as_u64().expect("rows") as usize;
        let mut words = bytes[end + 1..].chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let columns = header["columns"]
            .as_array()
            .expect("columns")
            .iter()
            .map(|c| {
                let width = c["width"].as_u64().expect("width") as usize;
                let name = c["name"].as_str().expect("name").to_owned();
                (name, words.by_ref().take(rows * width).collect::<Vec<u32>>())
            })
            .collect();
        let starts = header["start"].as_array().map_or(Vec::new(), |all| {
            all.iter()
                .map(|s| Start {
                    field: s["field"].as_str().expect("field").to_owned(),
                    low: s["low"].as_f64().expect("low"),
                    high: s["high"].as_f64().expect("high"),
                })
                .collect()
        });
        let origin = header["origin"].as_str().expect("origin").to_owned();
        let golden = Self {
            stem: stem(path),
            id: header["id"].as_str().map(str::to_owned),
            origin,
            rows,
            starts,
            tolerance: header["tolerance"].as_f64(),
            outliers: header["outliers"].as_f64().unwrap_or(0.0),
            final_states: header["final_states"].as_bool().unwrap_or(true),
            uncompared: header["uncompared"]
                .as_array()
                .map_or(Vec::new(), |all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            columns,
        };
        let facts = golden.facts();
        let fields =
            |name: &str| header[name].as_array().map(|f| f.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        assert_eq!(fields("state_fields").expect("state_fields").len(), facts.state.words, "state words changed");
        for (name, field) in fields("state_fields").expect("state_fields").iter().zip(flat(facts)) {
            assert_eq!(*name, field, "the order of the state's fields changed: make the golden file anew");
        }
        golden
    }

    /// The environment of this file: the one that its header names, else the first of the stem.
    pub fn facts(&self) -> &'static Facts {
        let of_stem = ids().map(|id| spec(id).expect("listed")).filter(|f| f.stem == self.stem);
        let mut named = of_stem.filter(|f| self.id.as_ref().is_none_or(|id| f.id == *id));
        named.next().expect("filtered by `files`, and the header's id is one of the stem's")
    }

    /// Position of a state word by its flat name.
    pub fn word(&self, name: &str) -> Option<usize> {
        flat(self.facts()).iter().position(|n| n == name)
    }

    /// Which words of the state can be compared behind a step: the file names fields that no reference tells.
    pub fn compared(&self) -> Vec<bool> {
        let field = |name: &String| name.split('.').next().is_some_and(|f| self.uncompared.iter().any(|u| u == f));
        flat(self.facts()).iter().map(|name| !field(name)).collect()
    }

    /// The words of a column.
    pub fn column(&self, name: &str) -> Option<&[u32]> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, words)| &words[..])
    }

    /// True if the rows of a column are not all the same.
    pub fn varies(&self, name: &str) -> bool {
        let words = self.column(name).unwrap_or(&[]);
        let width = words.len() / self.rows;
        words.chunks_exact(width.max(1)).any(|row| row != &words[..width])
    }
}

fn stem(path: &Path) -> String {
    let name = path.file_name().expect("a file").to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Names of the state's words as the scripts write them: `walls.0`, `position.0.x`.
fn flat(facts: &Facts) -> Vec<String> {
    const AXES: [&str; 4] = ["x", "y", "z", "w"];
    let mut names = Vec::new();
    for field in &facts.state.fields {
        let name = field.name.replace('[', ".").replace(']', "");
        match field.shape[..] {
            [] => names.push(name),
            [n] => names.extend((0..n).map(|i| format!("{name}.{i}"))),
            [n, m] => names.extend((0..n).flat_map(|i| {
                (0..m).map({
                    let name = name.clone();
                    move |j| format!("{name}.{i}.{}", AXES[j])
                })
            })),
            _ => panic!("no golden file has such a field: {field:?}"),
        }
    }
    names
}
