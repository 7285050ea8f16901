//! Every environment of the registry x every back end x every property: one named test each, `environment::device::property`.
//! The bodies know neither the environment nor the back end. GPU tests are ignored, never passed, where there is no adapter.

mod case;
mod episodes;
#[path = "../common/large.rs"]
mod large;
mod parity;
mod pipelines;
mod repeat;
mod told;
mod values;

use libtest_mimic::{Arguments, Trial};
use shadergym_envs::{ActionSpace, Device};
use shadergym_selftest::selftests;
use shadergym_shaders::{Environment, environments};

use case::Case;

/// A property: its name and the body that panics where it does not hold.
type Property = (&'static str, fn(&Case));

const PROPERTIES: &[Property] = &[
    ("spaces_contain_what_comes_out", values::spaces_contain_what_comes_out),
    ("spaces_hold_for_all_params", values::spaces_hold_for_all_params),
    ("long_random_play_stays_finite", values::random_play_stays_finite),
    ("pictures_show_something", values::pictures_show_something),
    ("bad_input_is_refused", values::bad_input_is_refused),
    ("random_play_is_uniform_among_legal_actions", values::random_play_is_legal),
    ("same_seed_same_run", repeat::same_seed_same_run),
    ("batch_size_does_not_matter", repeat::batch_size_does_not_matter),
    ("instance_equals_single", repeat::instance_equals_single),
    ("recording_equals_single_steps", repeat::recording_equals_single_steps),
    ("long_rollouts_make_every_transition", repeat::long_rollouts_make_every_transition),
    ("snapshot_resumes", repeat::snapshot_resumes),
    ("state_round_trip", repeat::state_round_trip),
    ("autoreset_modes_agree_under_a_time_limit", episodes::modes_agree_under_a_time_limit),
    ("autoreset_modes_agree_on_natural_ends", episodes::modes_agree_on_natural_ends),
    ("params_wait_for_the_next_start", episodes::params_wait_for_the_next_start),
    ("starts_and_steps_tell_where_episodes_begin", told::starts_and_steps_tell_where_episodes_begin),
    ("infos_add_up", told::infos_add_up),
    ("agents_stay_out", told::agents_stay_out),
];

/// Properties of the self-tests whose outcomes tell what no shipped environment tells.
const SELFTEST_PROPERTIES: &[Property] = &[
    ("spaces_contain_what_comes_out", values::spaces_contain_what_comes_out),
    ("recording_equals_single_steps", repeat::recording_equals_single_steps),
    ("snapshot_resumes", repeat::snapshot_resumes),
    ("autoreset_modes_agree_under_a_time_limit", episodes::modes_agree_under_a_time_limit),
    ("autoreset_modes_agree_on_natural_ends", episodes::modes_agree_on_natural_ends),
    ("params_wait_for_the_next_start", episodes::params_wait_for_the_next_start),
    ("starts_and_steps_tell_where_episodes_begin", told::starts_and_steps_tell_where_episodes_begin),
    ("infos_add_up", told::infos_add_up),
    ("agents_stay_out", told::agents_stay_out),
];

/// Properties of the lanes and threads of the CPU back end.
const CPU_PROPERTIES: &[Property] = &[
    ("levels_equal_the_plain_reference", repeat::levels_equal_the_plain_reference),
    ("thread_count_does_not_matter", repeat::thread_count_does_not_matter),
];

/// Where actions are real numbers.
const BOX_PROPERTIES: &[Property] =
    &[("actions_far_outside_leave_all_finite", values::actions_far_outside_leave_all_finite)];

/// Where rigid bodies may get out of hand.
const RIGID_PROPERTIES: &[Property] = &[("blow_ups_stay_alone", told::blow_ups_stay_alone)];

/// What files compiled at run time owe the environments of the build.
const FILE_PROPERTIES: &[Property] = &[
    ("levels_equal_the_plain_reference", repeat::levels_equal_the_plain_reference),
    ("thread_count_does_not_matter", repeat::thread_count_does_not_matter),
    ("the_interpreter_equals_the_lanes", parity::interpreter_equals_the_lanes),
];

/// What the GPU back end owes the CPU's, where all numbers are integers and where some are floats.
const INTEGER_PARITY: &[Property] =
    &[("integer_environments_equal_the_cpu", parity::integer_environments_equal_the_cpu)];
const FLOAT_PARITY: &[Property] =
    &[("float_environments_equal_the_cpu_step_by_step", parity::float_environments_equal_the_cpu_step_by_step)];

/// What is asked of the GPU back end in a browser, where all takes longer: that every pipeline works there, and parity.
const BROWSER_PROPERTIES: &[Property] = &[
    ("every_pipeline_works", pipelines::every_pipeline_works),
    ("pictures_show_something", values::pictures_show_something),
];

/// What a large kernel owes on a software GPU, beside parity: a picture after a rollout with starts in it, and one without.
const LARGE_PROPERTIES: &[&str] = &["pictures_show_something", "blow_ups_stay_alone"];

/// What a variant owes on the GPU, beside parity, and interpreted, beside [`FILE_PROPERTIES`]: it differs from the file's own id,
/// which owes all, in parameters and constants. On the lanes it owes all too. Interpreted, files owe no more than that either, but
/// for one of each family: what they come to is that of the lanes bit for bit, and how batches go about it is the same for all.
const VARIANT_PROPERTIES: &[&str] =
    &["spaces_contain_what_comes_out", "long_rollouts_make_every_transition", "autoreset_modes_agree_on_natural_ends"];

/// A kind of device: its name, whether it is there, what it has to have.
struct Column {
    name: &'static str,
    device: Device,
    missing: Option<String>,
    /// CI sets this variable, so that it cannot pass without having run these tests.
    required_by: &'static str,
}

fn main() {
    let arguments = Arguments::from_args();
    let columns = [
        Column { name: "cpu", device: Device::Cpu, missing: None, required_by: "" },
        Column { name: "interpreter", device: Device::Cpu, missing: None, required_by: "" },
        Column { name: "gpu", device: Device::Gpu(None), missing: gpu_missing(), required_by: "SHADERGYM_REQUIRE_GPU" },
        Column {
            name: "browser",
            device: "gpu:browser".parse().expect("a name of an adapter"),
            missing: browser_missing(),
            required_by: "SHADERGYM_REQUIRE_BROWSER",
        },
    ];
    let software = large::gpu_is_software();
    let mut trials = Vec::new();
    for Column { name, device, missing, required_by } in columns {
        let tells = |environment: &&Environment| {
            let facts = environment.facts();
            facts.agent_done || facts.truncates || facts.global_state.is_some()
        };
        let shipped = environments().iter().map(|environment| (environment, PROPERTIES));
        let told = selftests().iter().filter(tells).map(|environment| (environment, SELFTEST_PROPERTIES));
        for (environment, own) in shipped.chain(told) {
            // Variants differ in constants, whose kernels a browser takes as long to compile again: half a minute for a game of
            // MinAtar. They are tested on the other devices, that it accepts their text is told by `tests/browser`, and that
            // sharing works in a browser too by the self-test `torture_variants`.
            let shipped = own.len() == PROPERTIES.len();
            let variant = environment.shares_code() || shipped && environment.facts().variant_of.is_some();
            if name == "browser" && variant {
                continue;
            }
            let parity = match environment.facts().integer {
                true => INTEGER_PARITY,
                false if own.len() == PROPERTIES.len() => FLOAT_PARITY,
                // Its float observations are whole numbers, and infos are compared by `selftest`.
                false => &[],
            };
            let real = matches!(environment.facts().action, ActionSpace::Box { .. });
            let of_space = if real { BOX_PROPERTIES } else { &[] };
            let large = large::is_large(environment);
            // A browser takes more than eight minutes for the pipelines of the smallest of them: that it accepts their text is
            // told by `tests/browser`. Their variants are of the same code, which lanes run in all properties.
            if large && (name == "browser" || name != "cpu" && environment.shares_code()) {
                continue;
            }
            let rigid = Case::new(environment, device.clone(), false).is_rigid();
            let of_bodies = if rigid { RIGID_PROPERTIES } else { &[] };
            let properties = match name {
                "cpu" => [own, CPU_PROPERTIES, of_space, of_bodies],
                // All properties take it four minutes for BipedalWalker, the lanes 40 s: equal to them bit for bit in all modes,
                // it owes nothing else. LunarLander owes all.
                "interpreter" if large::is_huge(environment) => [&[], FILE_PROPERTIES, &[], of_bodies],
                "interpreter" if own.len() == PROPERTIES.len() => [own, FILE_PROPERTIES, of_space, of_bodies],
                "interpreter" => [own, &[], of_space, of_bodies],
                "gpu" => [own, parity, of_space, of_bodies],
                _ => [BROWSER_PROPERTIES, parity, of_space, of_bodies],
            };
            let stands_back = name == "gpu" && software && large::is_huge(environment);
            let of_family = |other: &&Environment| other.facts().family == environment.facts().family;
            let first_of_family = environments().iter().find(of_family).is_some_and(|first| first.id == environment.id);
            let variant = environment.facts().variant_of.is_some();
            let narrow = shipped && name != "cpu" && (variant || name == "interpreter" && !first_of_family);
            let of_file = FILE_PROPERTIES.iter().chain(parity).map(|(name, _)| *name);
            let narrowly: Vec<&str> = of_file.chain(VARIANT_PROPERTIES.iter().copied()).collect();
            let asked = |property: &str| {
                if narrow && !narrowly.contains(&property) {
                    return false;
                }
                // Thirty pipelines, which differ in what is around the functions of an environment: one of each family in a
                // browser, which takes a second for each. Parity runs the functions of all.
                if name == "browser" && shipped && !first_of_family && property == "every_pipeline_works" {
                    return false;
                }
                !(large && name == "gpu" && software)
                    || LARGE_PROPERTIES.contains(&property)
                    || parity.iter().any(|(name, _)| *name == property)
            };
            for &(property, body) in properties.into_iter().flatten().filter(|(property, _)| asked(property)) {
                let case = Case::new(environment, device.clone(), name == "interpreter");
                let trial = Trial::test(format!("{}::{name}::{property}", case.spec().slug()), move || {
                    body(&case);
                    Ok(())
                });
                trials.push(trial.with_ignored_flag(missing.is_some() || stands_back));
            }
        }
        if device == Device::Cpu {
            continue;
        }
        let ignored = missing.is_some() && std::env::var_os(required_by).is_none();
        let there = move || missing.map_or(Ok(()), |missing| Err(missing.into()));
        trials.push(Trial::test(format!("{name}_is_there"), there).with_ignored_flag(ignored));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

#[cfg(feature = "gpu")]
fn gpu_missing() -> Option<String> {
    let missing = shadergym_envs::gpu::adapters().is_empty();
    missing.then(|| "no adapter: install mesa-vulkan-drivers and libvulkan1".to_owned())
}

#[cfg(not(feature = "gpu"))]
fn gpu_missing() -> Option<String> {
    Some("built without the feature `gpu`".to_owned())
}

/// What a browser needs that is not there; otherwise makes the browser an adapter.
#[cfg(feature = "gpu")]
fn browser_missing() -> Option<String> {
    let missing = shadergym_browser::missing();
    if missing.is_none() {
        shadergym_envs::gpu::add_instance(shadergym_browser::instance);
    }
    missing
}

#[cfg(not(feature = "gpu"))]
fn browser_missing() -> Option<String> {
    gpu_missing()
}
