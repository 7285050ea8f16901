use shadergym_agents::agent::*;
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (agent, env, steps, seed) =
        (&args[0], &args[1], args[2].parse::<f64>().unwrap() as u64, args[3].parse::<u64>().unwrap());
    let facts = Arc::new(shadergym_envs::spec(env).unwrap().clone());
    let entry = shadergym_agents::algorithms::find(agent).unwrap();
    let mut table = shadergym_agents::presets::preset(agent, &facts);
    table.remove("steps");
    table.extend(shadergym_agents::options::parse_settings(args[4..].iter().map(|s| s.as_str())).unwrap());
    let setup = Setup { env: env.clone(), facts, seed, steps, device: shadergym_envs::Device::Cpu, num_threads: 1 };
    let mut a = (entry.make)(&table, &setup).unwrap_or_else(|e| panic!("{e}"));
    let mut recent = std::collections::VecDeque::new();
    let (t0, mut next) = (std::time::Instant::now(), 0);
    while a.env_steps() < steps {
        let mut log = Log::default();
        a.iterate(&mut log).unwrap();
        for e in &log.episodes {
            recent.push_back(e.episode_return);
            if recent.len() > 100 {
                recent.pop_front();
            }
        }
        if a.env_steps() >= next || a.env_steps() >= steps {
            next += steps / 20;
            let m = recent.iter().sum::<f32>() / recent.len() as f32;
            let s: Vec<String> =
                log.scalars.iter().map(|(k, v)| format!("{}={v:.4}", k.split('/').next_back().unwrap())).collect();
            println!("{:>9} {:>6.1}s ret {m:8.2}  {}", a.env_steps(), t0.elapsed().as_secs_f64(), s.join(" "));
        }
    }
}
