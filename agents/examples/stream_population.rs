//! Steps per second of populations of streams that learn on a GPU, all members together (an iteration is 1,000 steps, or fewer
//! if these are all, which suits software):
//! `cargo run --release --example stream_population -- [device] [steps of a member] [members,...] [environment] [option=value,...]`.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use shadergym_agents::agent::{Log, Setup};
use shadergym_agents::options::parse_settings;
use shadergym_agents::streaming::{Interface, ValueOptions};
use shadergym_agents::streams;
use shadergym_envs::Device;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default: &'static str| arguments.get(index).map_or(default, String::as_str);
    let device: Device = argument(0, "gpu").parse()?;
    let steps: u64 = argument(1, "10000").parse()?;
    let env = argument(3, "CartPole-v1");
    let facts = Arc::new(shadergym_envs::spec(env)?.clone());
    let table = parse_settings(argument(4, "").split(',').filter(|setting| !setting.is_empty()))?;
    let options = ValueOptions::checked("stream_q", &table, &Interface::from(&*facts))?;
    println!("| environment | members | device | steps/s | steps/s of a member |");
    println!("|---|---:|---|---:|---:|");
    for members in argument(2, "1,4,16,64,256,1024,4096").split(',') {
        let members: u64 = members.parse()?;
        let setup = |seed| Setup {
            env: env.to_owned(),
            facts: facts.clone(),
            seed,
            steps,
            device: device.clone(),
            num_threads: 1,
            tasks: None,
        };
        let group: Vec<_> = (0..members).map(|seed| (options.clone(), setup(seed))).collect();
        let mut abreast = streams("stream_q", &group)??;
        let mut logs = vec![Log::default(); group.len()];
        let mut failures: Vec<_> = group.iter().map(|_| None).collect();
        let begin = Instant::now();
        while abreast.clocks().env_steps < steps {
            logs.iter_mut().for_each(Log::clear);
            abreast.advance(&mut logs, &mut failures)?;
        }
        let each = steps as f64 / begin.elapsed().as_secs_f64();
        println!("| {env} | {members} | {device} | {:.0} | {each:.0} |", each * members as f64);
    }
    Ok(())
}
