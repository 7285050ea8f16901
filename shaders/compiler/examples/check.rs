//! Checks environment files and prints what was reflected: `cargo run -p shadergym-compiler --example check -- file.wgsl [--wgsl|--lanes|--facts]`.
use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let library = shadergym_compiler::Library::read(&shaders).unwrap();
    let mut failed = false;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for file in arguments.iter().filter(|a| !a.starts_with("--")) {
        match shadergym_compiler::compile(Path::new(file), &fs::read_to_string(file).unwrap(), &library) {
            Ok(compiled) => {
                println!("{}: ok, {} state words", compiled.facts.id, compiled.facts.state.words);
                for argument in arguments.iter().filter(|a| a.starts_with("--")) {
                    match argument.as_str() {
                        "--wgsl" => println!("{}", compiled.kernel_source),
                        "--lanes" => match compiled.lanes() {
                            Ok(code) => println!("{code}"),
                            Err(error) => eprintln!("{error}"),
                        },
                        "--facts" => println!("{}", serde_json::to_string_pretty(&compiled.facts).unwrap()),
                        _ => eprintln!("unknown option {argument}"),
                    }
                }
            }
            Err(error) => {
                eprintln!("{error}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
