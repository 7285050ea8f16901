//! Groups of streams on a GPU, for tests.

use std::sync::Arc;

use libtest_mimic::Failed;
use shadergym_agents::abreast::Abreast;
use shadergym_agents::agent::{Log, Setup};
use shadergym_agents::options::parse_settings;
use shadergym_agents::state::{State, Values};
use shadergym_agents::streaming::{Interface, ValueOptions};
use shadergym_agents::{Error, Result, streams};
use shadergym_envs::Device;

/// A member's run, if it has these settings.
pub fn setup(env: &str, seed: u64, steps: u64, device: &Device) -> Result<Setup> {
    let facts = match shadergym_envs::is_file(env) {
        true => shadergym_envs::compile_file(env.as_ref())?.1.facts,
        false => shadergym_envs::spec(env)?.clone(),
    };
    let (env, facts, device) = (env.to_owned(), Arc::new(facts), device.clone());
    Ok(Setup { env, facts, seed, steps, device, num_threads: 1, tasks: None })
}

/// Options and runs of a group.
pub type Members = Vec<(ValueOptions, Setup)>;

/// Members with these settings and seeds.
///
/// # Errors
/// Those of options and environments.
pub fn members(agent: &str, env: &str, each: &[(&str, u64)], steps: u64, device: &Device) -> Result<Members> {
    let of = |(settings, seed): &(&str, u64)| {
        let setup = setup(env, *seed, steps, device)?;
        let table = parse_settings(settings.split_whitespace())?;
        Ok((ValueOptions::checked(agent, &table, &Interface::from(&*setup.facts))?, setup))
    };
    each.iter().map(of).collect()
}

/// Members of a group on the device, with their logs.
pub struct Group {
    pub abreast: Box<dyn Abreast>,
    pub logs: Vec<Log>,
    pub failures: Vec<Option<Error>>,
}

impl Group {
    pub fn new(
        agent: &'static str,
        env: &str,
        each: &[(&str, u64)],
        steps: u64,
        device: &Device,
    ) -> Result<Self, Failed> {
        let abreast = streams(agent, &members(agent, env, each, steps, device)?)??;
        assert!(abreast.learns_on_gpu());
        let (logs, failures) = (vec![Log::default(); each.len()], each.iter().map(|_| None).collect());
        Ok(Self { abreast, logs, failures })
    }

    pub fn step(&self) -> u64 {
        self.abreast.clocks().env_steps
    }

    pub fn run(&mut self, steps: u64) -> Result<(), Failed> {
        while self.step() < steps {
            self.abreast.advance(&mut self.logs, &mut self.failures)?;
        }
        Ok(())
    }

    pub fn saved(&mut self, member: usize) -> Result<State> {
        let mut state = State::default();
        self.abreast.save(member, &mut state)?;
        Ok(state)
    }

    pub fn policy(&self, member: usize) -> State {
        let mut state = State::default();
        self.abreast.policy(member).save(&mut state);
        state
    }
}

/// Fails with the name of the first array that differs.
pub fn same(a: &State, b: &State) -> Result<(), Failed> {
    for ((name, _, a), (_, _, b)) in a.arrays().zip(b.arrays()) {
        if !bits(a, b) {
            return Err(format!("{name} differs").into());
        }
    }
    assert_eq!(a.arrays().count(), b.arrays().count());
    Ok(())
}

/// Whether numbers have the same bits.
fn bits(a: &Values, b: &Values) -> bool {
    match (a, b) {
        (Values::F32(a), Values::F32(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        (Values::F64(a), Values::F64(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        (a, b) => a == b,
    }
}
