//! Runs an environment of your own from a `.wgsl` file, without a rebuild, on a GPU or on software Vulkan:
//! `cargo run --release --example user_shader -- [file.wgsl] [auto | gpu | gpu:<index or name>]`

use std::path::PathBuf;

use shadergym_envs::{BatchOptions, Device, make_from_file};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/user_env.wgsl")), PathBuf::from);
    let device: Device = arguments.next().as_deref().unwrap_or("gpu").parse()?;
    let mut batch = match make_from_file(&file, &BatchOptions::new(4096).device(device)) {
        Ok(batch) => batch,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    println!("{} on {}", batch.id(), batch.describe());
    println!("actions {:?}", batch.single_action_space());
    println!("observations {:?}", batch.single_observation_space());
    batch.reset(1)?;
    let stats = batch.rollout(1000)?;
    println!(
        "random play: {} transitions, mean return {:?}, mean length {:?}",
        stats.transitions,
        stats.mean_return(),
        stats.mean_length()
    );
    Ok(())
}
