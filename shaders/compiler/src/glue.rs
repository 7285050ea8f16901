//! Generates the WGSL that joins one environment to the kernel: word counts, loads, stores, random actions.

use std::fmt::Write;

use naga::{Module, TypeInner};

use crate::actions;
use crate::facts::{Facts, Kind};
use crate::records::Records;
use crate::reflect::Reflect;
use crate::rows::{row, stages};
use crate::words::{Word, from_bits, to_bits, type_words};

/// Storage buffers that every WebGPU device offers to one stage.
const MAX_STORAGE_BUFFERS: usize = 8;

/// The constants that the kernel's records are declared with.
pub(crate) fn counts(reflect: &Reflect, facts: &Facts) -> String {
    let mut out = String::new();
    if reflect.constant("AGENTS").is_none() {
        out.push_str("const AGENTS: u32 = 1u;\n");
    }
    if let Some(info) = &facts.info {
        let _ = writeln!(out, "const KERNEL_INFO_WORDS: u32 = {}u;", info.words);
    }
    if facts.agent_done {
        let _ = writeln!(out, "const KERNEL_DONE_WORDS: u32 = {}u;", facts.done_words());
    }
    out
}

/// The glue for an environment whose facts are known.
pub(crate) fn glue(reflect: &Reflect, facts: &Facts, records: &Records) -> String {
    let mut out = counts(reflect, facts);
    let module = reflect.module;
    let line = |out: &mut String, text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    for (name, words) in [
        ("EPISODE", facts.episode_words),
        ("STATE", facts.state.words),
        ("PARAMS", facts.params.words),
        ("ACTION", facts.action.words()),
        ("OBSERVATION", facts.observation.words),
        ("GLOBAL", facts.global_words()),
        ("FINISHED", facts.finished.words),
        ("TOTALS", facts.totals.words),
        ("MASK", facts.action.mask_words()),
        ("STAGE", stages(facts).stride()),
    ] {
        line(&mut out, format!("const KERNEL_{name}_WORDS: u32 = {words}u;"));
    }
    let (mask_at, global_at) = (facts.observation_words(), facts.observation_words() + facts.mask_words());
    line(&mut out, format!("const KERNEL_STAGE_MASK: u32 = {mask_at}u;"));
    line(&mut out, format!("const KERNEL_STAGE_GLOBAL: u32 = {global_at}u;"));
    line(&mut out, initial(reflect));
    line(&mut out, step(reflect, facts));
    line(&mut out, observe(reflect, facts));
    if facts.global_state.is_some() {
        line(&mut out, global_state(reflect));
    }
    if facts.pixel_aspect.is_some() {
        line(&mut out, pixel(reflect, facts));
    }
    if facts.action_mask {
        line(&mut out, masks(reflect, facts));
    }
    line(&mut out, actions::draw(facts));

    // Words of the structs in memory order.
    let state = reflect.ty("State").expect("checked by facts");
    let params = reflect.ty("Params").expect("checked by facts");
    let (e, s) = (facts.episode_words, facts.state.words);
    for (name, ty, words, buffer, first, writable) in [
        ("episode", "KernelEpisode", records.episode.clone(), "kernel_instances", 0, true),
        // A large state is not moved: these functions vanish with its rewriting.
        (
            "state",
            "State",
            if facts.state.is_large() { Vec::new() } else { type_words(module, state) },
            "kernel_instances",
            e,
            true,
        ),
        ("params", "Params", type_words(module, params), "kernel_instances", e + s, true),
        ("pending", "Params", type_words(module, params), "kernel_pending", 0, false),
    ] {
        let _ = writeln!(
            out,
            "fn kernel_load_{name}(i: u32) -> {ty} {{\n    let n = kernel_control.instances;\n    var v: {ty};"
        );
        for (w, (path, kind)) in words.iter().enumerate() {
            let load = from_bits(*kind, &format!("{buffer}[{}u * n + i]", first + w));
            let _ = writeln!(out, "    v{path} = {load};");
        }
        let _ = writeln!(out, "    return v;\n}}");
        if writable {
            let _ = writeln!(
                out,
                "fn kernel_store_{name}(i: u32, v: ptr<function, {ty}>) {{\n    let n = kernel_control.instances;"
            );
            for (w, (path, kind)) in words.iter().enumerate() {
                let store = format!("{buffer}[{}u * n + i] = {};", first + w, to_bits(*kind, &format!("(*v){path}")));
                // Given actions leave the generator of random play as it is.
                let _ = match path.starts_with(".action_rng") {
                    true => writeln!(out, "    if (!KERNEL_ACTIONS_GIVEN) {{ {store} }}"),
                    false => writeln!(out, "    {store}"),
                };
            }
            let _ = writeln!(out, "}}");
        }
    }
    out.push_str(&records.moves());
    let result_words = |function: &str| {
        let result = reflect.function(function).and_then(|f| f.result.as_ref());
        result.map(|result| type_words(module, result.ty)).unwrap_or_default()
    };
    out.push_str(&row("observation", "Observation", &result_words("observe"), stages(facts).observation));
    if facts.action_mask {
        let words: Vec<Word> = (0..facts.action.mask_words()).map(|w| (format!("[{w}]"), Kind::U32)).collect();
        out.push_str(&row("mask", "KernelMask", &words, stages(facts).mask));
    }
    if facts.global_state.is_some() {
        out.push_str(&row("global_state", "GlobalState", &result_words("global_state"), stages(facts).global_state));
    }
    out.push_str(&actions::load(facts));
    out.push_str(&actions::store(facts));
    out
}

/// `kernel_initial`: the first state in its place, whichever of its two forms `initial` has.
fn initial(reflect: &Reflect) -> String {
    let head = "fn kernel_initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {\n    ";
    match reflect.function("initial").is_some_and(|f| f.arguments.len() == 3) {
        // Zeros first: what an episode starts from must not depend on the one before.
        true => format!("{head}*state = State();\n    initial(params, state, rng);\n}}"),
        false => format!("{head}*state = initial(params, rng);\n}}"),
    }
}

/// `kernel_step`: the environment's step with rewards and actions as arrays over agents.
fn step(reflect: &Reflect, facts: &Facts) -> String {
    let (actions, reward) =
        if facts.agents > 1 { ("actions", "outcome.reward") } else { ("actions[0]", "KernelRewards(outcome.reward)") };
    let params = argument(reflect, "step", 0, "params");
    let elapsed = elapsed(reflect, "step");
    let mut members = vec![reward.to_owned(), "outcome.terminated".to_owned()];
    let mut before = String::new();
    if facts.truncates {
        members.push("outcome.truncated".to_owned());
    }
    if facts.agent_done {
        before.push_str(
            "    var done = KernelDone();\n    for (var agent = 0u; agent < AGENTS; agent++) {\n        \
             done[agent / 32u] |= select(0u, 1u << (agent % 32u), outcome.done[agent]);\n    }\n",
        );
        members.push("done".to_owned());
    }
    if facts.info.is_some() {
        let info = reflect.ty("Info").expect("checked by facts");
        let words = type_words(reflect.module, info);
        let list = |value: &dyn Fn(Kind, &str) -> String| {
            let values = words.iter().map(|(path, kind)| value(*kind, &format!("outcome.info{path}")));
            values.collect::<Vec<_>>().join(", ")
        };
        members.push(format!("KernelInfo({})", list(&to_bits)));
        let number =
            |kind: Kind, value: &str| if kind == Kind::F32 { value.to_owned() } else { format!("f32({value})") };
        members.push(format!("KernelInfoValues({})", list(&number)));
    }
    format!(
        "fn kernel_step(params: Params, state: ptr<function, State>, actions: KernelActions, elapsed: u32, rng: ptr<function, Rng>) -> KernelTransition {{\n    \
         let outcome = step({params}, state, {actions}, rng{elapsed});\n{before}    \
         return KernelTransition({});\n}}",
        members.join(", ")
    )
}

/// What is kept of the kernel: see its records.
pub(crate) fn features(facts: &Facts) -> Vec<&'static str> {
    let all = [
        ("truncates", facts.truncates),
        ("agent_done", facts.agent_done),
        ("info", facts.info.is_some()),
        ("global_state", facts.global_state.is_some()),
        ("action_mask", facts.action_mask),
        ("staged", stages(facts).observation),
        ("staged_mask", stages(facts).mask),
        ("staged_global_state", stages(facts).global_state),
    ];
    all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// The last argument of a call of one of the environment's functions, if it takes the steps so far.
fn elapsed(reflect: &Reflect, function: &str) -> &'static str {
    if reflect.takes_elapsed(function) { ", elapsed" } else { "" }
}

fn observe(reflect: &Reflect, facts: &Facts) -> String {
    let state = argument(reflect, "observe", 1, "state");
    let agent = if facts.agents > 1 { ", agent" } else { "" };
    let elapsed = elapsed(reflect, "observe");
    format!(
        "fn kernel_observe(params: Params, state: ptr<function, State>, elapsed: u32, agent: u32) -> Observation {{\n    return observe(params, {state}{agent}{elapsed});\n}}"
    )
}

fn global_state(reflect: &Reflect) -> String {
    let state = argument(reflect, "global_state", 1, "state");
    let elapsed = elapsed(reflect, "global_state");
    format!(
        "fn kernel_global_state(params: Params, state: ptr<function, State>, elapsed: u32) -> GlobalState {{\n    return global_state(params, {state}{elapsed});\n}}"
    )
}

/// `kernel_action_mask`: the environment's mask of one agent as an array of words; and what draws among its bits.
fn masks(reflect: &Reflect, facts: &Facts) -> String {
    let words = facts.action.mask_words();
    let head = format!(
        "alias KernelMask = array<u32, {words}>;\n\
         fn kernel_action_mask(params: Params, state: ptr<function, State>, elapsed: u32, agent: u32) -> KernelMask {{\n    "
    );
    let Some(result) = reflect.function("action_mask").and_then(|f| f.result.as_ref()).map(|r| r.ty) else {
        // What an agent does not have is illegal at all times.
        return format!(
            "{head}var counts = AGENT_ACTION_COUNTS;\n    var mask: KernelMask;\n    \
             for (var w = 0u; w < {words}u; w++) {{\n        \
             let bits = clamp(counts[agent], 32u * w, 32u * w + 32u) - 32u * w;\n        \
             mask[w] = select((1u << (bits & 31u)) - 1u, 0xffffffffu, bits == 32u);\n    }}\n    return mask;\n}}\n{DRAW_LEGAL}"
        );
    };
    let state = argument(reflect, "action_mask", 1, "state");
    let agent = if facts.agents > 1 { ", agent" } else { "" };
    let call = format!("action_mask(params, {state}{agent}{})", elapsed(reflect, "action_mask"));
    let mask = if matches!(reflect.inner(result), TypeInner::Scalar(_)) { format!("KernelMask({call})") } else { call };
    format!("{head}return {mask};\n}}\n{DRAW_LEGAL}")
}

/// Draws one choice among the bits first..end of a mask, first = 0 of it. Without any it is 0, with one draw all the same.
const DRAW_LEGAL: &str = "\
fn kernel_choice_bits(word: u32, w: u32, first: u32, end: u32) -> u32 {
    let low = max(first, w * 32u) - w * 32u;
    let high = min(end, w * 32u + 32u) - w * 32u;
    return word & (0xffffffffu << low) & (0xffffffffu >> (32u - high));
}
fn kernel_bit_of_rank(word: u32, rank: u32) -> u32 {
    var index = 0u;
    var left = rank;
    var bits = word;
    for (var half = 16u; half > 0u; half >>= 1u) {
        let below = countOneBits(bits & ((1u << half) - 1u));
        let up = left >= below;
        left -= select(0u, below, up);
        index += select(0u, half, up);
        bits = select(bits, bits >> half, up);
    }
    return index;
}
fn kernel_draw_legal(rng: ptr<function, Rng>, mask: KernelMask, first: u32, end: u32) -> u32 {
    var words = mask;
    var count = 0u;
    for (var w = first / 32u; w * 32u < end; w++) {
        count += countOneBits(kernel_choice_bits(words[w], w, first, end));
    }
    var rank = rng_range(rng, count);
    var found = first;
    var sought = count > 0u;
    for (var w = first / 32u; w * 32u < end; w++) {
        let word = kernel_choice_bits(words[w], w, first, end);
        let ones = countOneBits(word);
        let here = sought && rank < ones;
        found = select(found, w * 32u + kernel_bit_of_rank(word, rank), here);
        rank -= select(ones, 0u, here || !sought);
        sought = sought && !here;
    }
    return found - first;
}";

fn pixel(reflect: &Reflect, facts: &Facts) -> String {
    let state = argument(reflect, "pixel", 1, "state");
    let (elapsed, at) = (elapsed(reflect, "pixel"), facts.elapsed_word);
    format!(
        "fn kernel_pixel(params: Params, state: ptr<function, State>, elapsed: u32, uv: vec2<f32>) -> vec3<f32> {{\n    return pixel(params, {state}, uv{elapsed});\n}}\n\
         /// Draws one instance into kernel_outputs [height, width], one RGBA8 word a pixel, red in the lowest byte; alpha 0 where the driver cut a loop.\n\
         @compute @workgroup_size(8, 8)\n\
         fn render(@builtin(global_invocation_id) id: vec3<u32>) {{\n    \
         if (id.x >= kernel_control.width || id.y >= kernel_control.height) {{ return; }}\n    \
         kernel_instance = kernel_control.instance;\n    \
         let params = kernel_load_params(kernel_control.instance);\n    \
         var state = kernel_load_state(kernel_control.instance);\n    \
         let elapsed = kernel_instances[{at}u * kernel_control.instances + kernel_control.instance];\n    \
         let size = vec2<f32>(f32(kernel_control.width), f32(kernel_control.height));\n    \
         let uv = (vec2<f32>(id.xy) + 0.5) / size;\n    \
         let rgb = vec3<u32>(clamp(kernel_pixel(params, &state, elapsed, uv), vec3<f32>(0.0), vec3<f32>(1.0)) * 255.0 + 0.5);\n    \
         let alpha = select(0xff000000u, 0u, kernel_loops_cut());\n    \
         kernel_outputs[id.y * kernel_control.width + id.x] = rgb.x | (rgb.y << 8u) | (rgb.z << 16u) | alpha;\n}}"
    )
}

/// Passes a pointer on, or loads it where the environment takes the value.
fn argument(reflect: &Reflect, function: &str, index: usize, name: &str) -> String {
    let ty = reflect.function(function).map(|f| f.arguments[index].ty);
    match ty.map(|ty| reflect.inner(ty)) {
        Some(TypeInner::Pointer { .. }) => name.to_owned(),
        _ if name == "params" => name.to_owned(),
        _ => format!("*{name}"),
    }
}

/// Checks that the kernel binds no more buffers than every device has.
pub(crate) fn check(module: &Module) -> Result<(), String> {
    let storage = |space: naga::AddressSpace| matches!(space, naga::AddressSpace::Storage { .. });
    let buffers = module.global_variables.iter().filter(|(_, v)| storage(v.space)).count();
    if buffers > MAX_STORAGE_BUFFERS {
        return Err(format!("{buffers} storage buffers, allowed are {MAX_STORAGE_BUFFERS}"));
    }
    Ok(())
}
