//! Benches over registry x back end x batch size. One table of cases; what each stands for is told in README.md.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use shadergym_envs::{AutoresetMode, Batch, BatchOptions, Device, Elements, SampleRng, ids, make_with, spec};

/// One way of using a batch: its name, transitions of each instance per call, and the call.
struct Work {
    name: &'static str,
    /// 0: no transition; the throughput then counts instances.
    steps: usize,
    run: fn(&mut Case),
}

/// Different batches of actions that the calls of `step` take in turns.
const ACTION_SETS: usize = 16;
/// Transitions per call of `rollout` and `record`.
const ROLLOUT_STEPS: usize = 64;

/// The table.
const WORKS: [Work; 4] = [
    Work { name: "step", steps: 1, run: Case::step },
    Work { name: "rollout", steps: ROLLOUT_STEPS, run: Case::rollout },
    Work { name: "record", steps: ROLLOUT_STEPS, run: Case::record },
    Work { name: "reset", steps: 0, run: Case::reset },
];

/// Batch sizes: a call costs more than its work, all caches hold it, memory matters.
const SIZES: [usize; 3] = [64, 1024, 65_536];

/// An open batch.
struct Case {
    batch: Batch,
    actions: Vec<Elements<'static>>,
    call: usize,
    recording: Option<shadergym_envs::Recording>,
}

impl Case {
    /// In SAME_STEP every call makes exactly one transition of every instance, so that the throughput is exact.
    fn open(id: &str, device: &Device, num_envs: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let options = BatchOptions::new(num_envs).device(device.clone()).autoreset_mode(AutoresetMode::SameStep);
        let mut batch = make_with(id, &options)?;
        batch.reset(0)?;
        let (space, mut rng) = (batch.action_space(), SampleRng::new(0));
        let actions = (0..ACTION_SETS).map(|_| space.sample(&mut rng)).collect();
        Ok(Self { batch, actions, call: 0, recording: None })
    }

    fn step(&mut self) {
        self.call += 1;
        let actions = self.actions[self.call % ACTION_SETS].as_actions().expect("sampled from the action space");
        self.batch.step(actions).expect("valid actions");
    }

    fn rollout(&mut self) {
        self.batch.rollout(ROLLOUT_STEPS).expect("a started batch");
    }

    fn record(&mut self) {
        match &mut self.recording {
            Some(recording) => self.batch.record_into(ROLLOUT_STEPS, None, recording).expect("a started batch"),
            None => self.recording = Some(self.batch.record(ROLLOUT_STEPS).expect("a started batch")),
        }
    }

    fn reset(&mut self) {
        self.call += 1;
        self.batch.reset(self.call as u64).expect("a seed");
    }
}

/// The CPU, and the best GPU where there is one; a software one counts, its name is printed.
fn devices() -> Vec<(&'static str, Device)> {
    let cpu = ("cpu", Device::Cpu);
    #[cfg(feature = "gpu")]
    if let Ok(adapter) = shadergym_envs::gpu::select_adapter(None) {
        eprintln!("gpu is {adapter}");
        return vec![cpu, ("gpu", Device::Gpu(None))];
    }
    vec![cpu]
}

fn environments(criterion: &mut Criterion) {
    let devices = devices();
    for work in &WORKS {
        let mut group = criterion.benchmark_group(work.name);
        group.sampling_mode(SamplingMode::Flat);
        for id in ids() {
            let stem = spec(id).expect("ids come from the registry").slug();
            for (name, device) in &devices {
                for num_envs in SIZES {
                    // Recordings of large batches fill the memory of small machines.
                    if work.name == "record" && num_envs > 1024 {
                        continue;
                    }
                    group.throughput(Throughput::Elements((num_envs * work.steps.max(1)) as u64));
                    // Opened on first use, so that a filter costs nothing for what it leaves out.
                    let mut case = None;
                    group.bench_function(BenchmarkId::new(format!("{stem}/{name}"), num_envs), |bencher| {
                        let case = case.get_or_insert_with(|| {
                            Case::open(id, device, num_envs).unwrap_or_else(|e| panic!("{id} on {name}: {e}"))
                        });
                        bencher.iter(|| (work.run)(case));
                    });
                }
            }
        }
    }
}

criterion_group! {
    name = benches;
    // Cheap, since there are many; `--sample-size` and `--measurement-time` change it.
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = environments
}
criterion_main!(benches);
