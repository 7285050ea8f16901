use super::*;
use crate::common::action_values::ActionValues;
use crate::common::build::Networks;
use crate::common::task_space::TaskSpace;
use crate::network::{Activation, Init};
use crate::options::NetworkKind;
use crate::tasks::{self, TaskSet};

/// What is recorded and told must not depend on how the instances are split, which differs between CPU and GPU.
#[test]
fn logs_do_not_depend_on_shards() {
    let spec = shadergym_envs::ids().map(|id| shadergym_envs::spec(id).unwrap());
    // Infos, if any environment with choices has them, and short episodes.
    let facts = spec.filter(|f| f.agents == 1 && f.action_mask).min_by_key(|f| f.observation.flat_elements());
    let facts = Arc::new(facts.expect("shipped").clone());
    let setup =
        Setup { env: facts.id.clone(), facts, seed: 3, steps: 1000, device: Device::Cpu, num_threads: 1, tasks: None };
    let values = ActionValues::new(&setup.facts, false, Noise::new(3, "actions"));
    let networks = Networks {
        kind: NetworkKind::Mlp,
        hidden: &[8],
        activation: Activation::Relu,
        layer_norm: false,
        init: Init::Uniform,
    };
    let network = networks.build(&setup, &values.heads(), None).unwrap();
    let space = Arc::new(TaskSpace::new(&setup.facts, &toml::Table::new()).unwrap());
    let set = TaskSet { evaluated: space.of_evaluations(1), space: space.clone() };
    let source = (tasks::find("uniform").unwrap().make)(&toml::Table::new(), &space).unwrap();
    let tasks = Tasks::new(space, source, 3);
    for (set, tasks) in [(None, None), (Some(Arc::new(set)), Some(&tasks))] {
        let setup = Setup { tasks: set, ..setup.clone() };
        let logs = [1, 2, 5].map(|count| {
            let mut log = Log::default();
            let mut collector = Collector::with_shards(&setup, 23, 40, count).unwrap();
            collector.collect(&*network, &values, None, tasks, &mut log).unwrap();
            let rewards = collector.rollout.rewards.iter().map(|r| f64::from(*r)).sum::<f64>();
            (format!("{log:?}"), rewards, log)
        });
        let log = &logs[0].2;
        assert!(log.episodes.len() > 50 && log.tasks.is_empty() == tasks.is_none(), "{log:?}");
        assert!(log.episodes.iter().all(|episode| episode.task.is_some() == tasks.is_some()));
        let told = logs.each_ref().map(|(text, rewards, _)| (text, rewards));
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0], told[2]);
    }
}
