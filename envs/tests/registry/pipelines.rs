//! The pipelines that the host makes: entry points times the overrides of the kernel. Pictures are drawn in `values`.

use shadergym_envs::{Actions, AutoresetMode, Batch, SampleRng};

use crate::case::{Case, random_params};

/// Calls that have pipelines of their own: actions given or drawn, one step or several, recorded or not. The actions are
/// those of one step of the batch.
const CALLS: &[fn(&mut Batch, Actions<'_>)] = &[
    |batch, actions| {
        batch.step(actions).expect("steps");
    },
    |batch, _| drop(batch.rollout(1).expect("steps")),
    |batch, actions| drop(batch.rollout_with(1, actions).expect("steps")),
    |batch, _| drop(batch.rollout(2).expect("rolls out")),
    |batch, _| drop(batch.record(1).expect("records")),
    |batch, actions| drop(batch.record_with(1, actions).expect("records")),
];

/// All calls in all modes; sticky actions and instances with parameters of their own, which any mode may have, in one each.
pub fn every_pipeline_works(case: &Case) {
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled] {
        let mut batch = case.open(3, |o| o.autoreset_mode(mode));
        let actions = batch.action_space().sample(&mut SampleRng::new(6));
        let actions = actions.as_actions().expect("integers or floats");
        let all_calls = |batch: &mut Batch| {
            for call in CALLS {
                batch.reset(5).expect("starts");
                call(batch, actions);
            }
        };
        all_calls(&mut batch);
        if mode == AutoresetMode::NextStep {
            batch.set_sticky_action_probability(0.25).expect("a probability");
            all_calls(&mut batch);
        }
        if mode == AutoresetMode::SameStep {
            let params = random_params(case.spec(), 3, &mut SampleRng::new(4));
            batch.set_params_words(.., &params).expect("inside the box");
            all_calls(&mut batch);
        }
    }
}
