//! Prints how much code the CPU kernels of each environment are, or the code itself:
//! `cargo run --release -p shadergym-shaders --example lanes [-- <stem>]`

use std::process::ExitCode;

use shadergym_shaders::{Environment, environments};

fn main() -> ExitCode {
    let Some(stem) = std::env::args().nth(1) else {
        println!(
            "{:28} {:>10} {:>12} {:>12} {:>9}",
            "environment", "WGSL lines", "lanes lines", "lanes bytes", "functions"
        );
        for environment in environments() {
            let Environment { id, source, lanes_source, .. } = environment;
            println!(
                "{id:28} {:>10} {:>12} {:>12} {:>9}",
                source.lines().count(),
                lanes_source.lines().count(),
                lanes_source.len(),
                lanes_source.lines().filter(|l| l.starts_with("fn ")).count()
            );
        }
        return ExitCode::SUCCESS;
    };
    match environments().iter().find(|e| e.stem == stem) {
        Some(environment) => {
            println!("{}", environment.lanes_source);
            ExitCode::SUCCESS
        }
        None => {
            let all: Vec<&str> = environments().iter().map(|e| e.stem).collect();
            eprintln!("no environment `{stem}`, there are: {}", all.join(", "));
            ExitCode::FAILURE
        }
    }
}
