//! Runs the built program.
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub mod folder;
pub mod tasks;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

// Outside the repository: `new-env` looks for one above the folder it is called in.
#[allow(unused_imports, reason = "every test binary uses a part of it")]
pub use folder::{Folder, folder};

/// What a run of the program gave.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `shadergym` with these arguments in an own empty folder.
pub fn run(args: &[&str]) -> Run {
    run_in(&folder("here"), args)
}

/// Runs `shadergym` in a folder.
pub fn run_in(folder: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shadergym"));
    command.current_dir(folder).args(args).env_remove("NO_COLOR");
    // As on a server: drivers must not write to the error output there, where adapters are listed.
    command.env_remove("XDG_RUNTIME_DIR").env_remove("NODEVICE_SELECT");
    finished(command.output().expect("the program starts"))
}

fn finished(output: Output) -> Run {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("texts are UTF-8");
    // A crash has no code.
    Run { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Run {
    /// The output of a run that worked.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        assert!(!self.out.contains('\x1b') && !self.err.contains('\x1b'), "colours only on terminals");
        self.out
    }

    /// The error text of a run that failed with this code and these words.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing in: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// An environment with a picture; which one does not matter, any of them may be removed.
pub fn any_id() -> &'static str {
    let drawn = |id: &&str| shadergym_envs::spec(id).is_ok_and(|facts| facts.pixel_aspect.is_some());
    shadergym_envs::ids().find(drawn).expect("an environment with a picture is shipped")
}

/// Pixels of its picture with this width.
pub fn height(id: &str, width: u16) -> u16 {
    let aspect = shadergym_envs::spec(id).unwrap().pixel_aspect.unwrap();
    (f32::from(width) / aspect).round() as u16
}

/// Width, height and number of frames of a GIF that decodes without an error.
pub fn gif_size(path: &Path) -> (u16, u16, usize) {
    let file = std::fs::File::open(path).expect("the GIF exists");
    let mut decoder = gif::DecodeOptions::new().read_info(std::io::BufReader::new(file)).expect("it is a GIF");
    let mut frames = 0;
    while decoder.read_next_frame().expect("frames decode").is_some() {
        frames += 1;
    }
    (decoder.width(), decoder.height(), frames)
}

/// An environment that any file of a user may hold, made by `new-env`.
pub fn user_file(folder: &Path) -> PathBuf {
    run_in(folder, &["new-env", "point_mass", "--path", "."]).ok();
    folder.join("point_mass.wgsl")
}
