//! Random projections: every environment of one agent becomes a file that compiles; wrong sizes are refused with what is allowed.

mod common;

use std::path::Path;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use shadergym_compiler::{ActionSpace, Facts, Library, Projection, ProjectionError, compile, random_projection};

/// Words of the environment's own facts that must come out unchanged, and those that follow from the sizes.
fn check(base: &Facts, projected: &Facts) {
    let added = ["task_first", "task_count", "task_mix", "task_trials", "task_trial_steps"];
    let names = |facts: &Facts| facts.params.fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(projected), [names(base), added.map(str::to_owned).to_vec()].concat());
    assert_eq!(projected.default_params[..base.params.words], base.default_params[..]);
    assert_eq!(projected.params_bounds.0[..base.params.words], base.params_bounds.0[..]);
    assert_eq!(projected.params_bounds.1[..base.params.words], base.params_bounds.1[..]);
    let seen = base.observation.flat_elements().max(2);
    let last = match (&base.action, &projected.action) {
        (ActionSpace::Box { low, .. }, ActionSpace::Box { low: own, .. }) => {
            assert_eq!(own.len(), low.len().max(2));
            own.len()
        }
        (base, projected) => {
            assert_eq!(base, projected);
            base.mask_bits()
        }
    };
    assert_eq!(projected.observation.flat_elements(), seen + last + 2);
    assert_eq!(projected.action_mask, base.action_mask);
    assert_eq!(projected.pixel_aspect, base.pixel_aspect);
    assert_eq!(projected.sticky_action_probability, base.sticky_action_probability);
    assert_eq!(projected.max_episode_steps, 0);
    for field in base.info.iter().flat_map(|info| &info.fields) {
        let info = projected.info.as_ref().unwrap();
        assert!(info.fields.iter().any(|f| (&f.name, f.kind, &f.shape) == (&field.name, field.kind, &field.shape)));
    }
    let state = |name: &str| projected.state.field(name).is_some();
    assert!(base.state.fields.iter().all(|f| state(&format!("base.{}", f.name))));
}

/// What came of an environment.
enum Made {
    Projected,
    SeveralAgents,
    TrialsAlready,
}

fn project(path: &Path, source: &str, library: &Library) -> Result<Made, String> {
    let base = compile(path, source, library).unwrap().facts;
    let text = match random_projection(path, source, library, None, Projection::default()) {
        Err(ProjectionError::Agents { agents, .. }) if agents == base.agents && agents > 1 => {
            return Ok(Made::SeveralAgents);
        }
        Err(ProjectionError::Taken { what: "an info", ref name, .. }) if name == "trial_return" => {
            assert!(base.info.is_some_and(|info| info.field(name).is_some()));
            return Ok(Made::TrialsAlready);
        }
        other => other.map_err(|error| format!("{}: {error}", base.id))?,
    };
    let compiled =
        compile(Path::new("projected.wgsl"), &text, library).map_err(|error| format!("{}: {error}", base.id))?;
    check(&base, &compiled.facts);
    Ok(Made::Projected)
}

#[test]
fn every_environment_of_one_agent_is_projected() {
    let (library, shipped) = (common::library(), common::shipped());
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((path, source)) = shipped.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = project(path, source, &library);
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let refused: Vec<&String> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let others = results.iter().filter(|result| !matches!(result, Ok(Made::Projected))).count();
    assert_eq!(results.len(), shipped.len());
    assert!(others > 0 && results.len() > 10 * others, "{others} of {} are not projected", results.len());
}

#[test]
fn variants_are_projected_by_their_ids() {
    let library = common::library();
    let (path, source) = common::shipped().into_iter().find(|(path, _)| path.ends_with("cart_pole.wgsl")).unwrap();
    let text = random_projection(&path, &source, &library, Some("CartPole-v0"), Projection::default()).unwrap();
    let facts = compile(Path::new("projected.wgsl"), &text, &library).unwrap().facts;
    assert_eq!(facts.id, "CartPoleProjected-v0");
    let limit = facts.params.field("task_trial_steps").unwrap().offset;
    assert_eq!(facts.default_params[limit], 200);
    let unknown = random_projection(&path, &source, &library, Some("CartPole-v9"), Projection::default());
    assert!(matches!(unknown, Err(ProjectionError::Compile(_))));
}

#[test]
fn what_does_not_fit_is_refused_with_what_does() {
    let library = common::library();
    let shipped = common::shipped();
    let refusal = |stem: &str, options: Projection| {
        let (path, source) = shipped.iter().find(|(path, _)| path.ends_with(format!("{stem}.wgsl"))).unwrap();
        random_projection(path, source, &library, None, options).unwrap_err().to_string()
    };
    let sized = |size| Projection { observation_size: Some(size), ..Projection::default() };
    let acted = |size| Projection { action_size: Some(size), ..Projection::default() };
    for (stem, options, says) in [
        ("cart_pole", sized(3), "observation_size 3: CartPole-v1 has 4 elements there; allowed are 4 to 1020"),
        ("cart_pole", sized(1021), "allowed are 4 to 1020"),
        ("cart_pole", acted(2), "the actions of CartPole-v1 are numbered"),
        ("cart_pole", Projection { trials: Some(0), ..Projection::default() }, "trials 0: allowed are 1 to"),
        ("pendulum", acted(0), "action_size 0: Pendulum-v1 has 1 elements there; allowed are 1 to 1019"),
    ] {
        let error = refusal(stem, options);
        assert!(error.contains(says), "{error}");
    }
    let (path, source) = shipped.iter().find(|(path, _)| path.ends_with("cart_pole.wgsl")).unwrap();
    let once = random_projection(path, source, &library, None, Projection::default()).unwrap();
    let twice = random_projection(Path::new("once.wgsl"), &once, &library, None, Projection::default()).unwrap_err();
    assert!(matches!(twice, ProjectionError::Taken { ref name, .. } if name == "task_first"), "{twice}");
}
