// Generated from cart_pole.wgsl and the kernel by shadergym-compiler. Edit the shader, not this file.
use shadergym_shaders::lanes::prelude as l;
use shadergym_shaders::lanes::prelude::{Float as _, Int as _, Mask as _, Signed as _, Uint as _, W};

shadergym_shaders::lane_struct! {
    pub struct Params<Simd> {
        gravity: Simd::F,
        mass_cart: Simd::F,
        mass_pole: Simd::F,
        half_length: Simd::F,
        force: Simd::F,
        tau: Simd::F,
        x_threshold: Simd::F,
        theta_threshold: Simd::F,
        start_spread: Simd::F,
    }
}

shadergym_shaders::lane_struct! {
    pub struct State<Simd> {
        x: Simd::F,
        x_dot: Simd::F,
        theta: Simd::F,
        theta_dot: Simd::F,
    }
}

shadergym_shaders::lane_struct! {
    pub struct Observation<Simd> {
        x: Simd::F,
        x_dot: Simd::F,
        theta: Simd::F,
        theta_dot: Simd::F,
    }
}

shadergym_shaders::lane_struct! {
    pub struct Rng<Simd> {
        low: Simd::U,
        high: Simd::U,
    }
}

shadergym_shaders::lane_struct! {
    pub struct Outcome<Simd> {
        reward: Simd::F,
        terminated: Simd::M,
    }
}

shadergym_shaders::lane_struct! {
    pub struct KernelTransition<Simd> {
        reward: [Simd::F; 1],
        terminated: Simd::M,
    }
}

shadergym_shaders::lane_struct! {
    pub struct KernelControl<Simd> {
        instances: Simd::U,
        steps: Simd::U,
        max_episode_steps: Simd::U,
        autoreset: Simd::U,
        sticky_probability: Simd::F,
        width: Simd::U,
        height: Simd::U,
        instance: Simd::U,
        at_reward: Simd::U,
        at_flags: Simd::U,
        at_finished: Simd::U,
        at_observation: Simd::U,
        at_final: Simd::U,
        at_actions: Simd::U,
        at_totals: Simd::U,
        final_stride: Simd::U,
        continued: Simd::U,
        at_mask: Simd::U,
        at_info: Simd::U,
        at_done: Simd::U,
        at_global: Simd::U,
        at_final_global: Simd::U,
        zero: Simd::U,
    }
}

shadergym_shaders::lane_struct! {
    pub struct KernelSum<Simd> {
        value: Simd::F,
        rest: Simd::F,
    }
}

shadergym_shaders::lane_struct! {
    pub struct KernelEpisode<Simd> {
        rng: Rng<Simd>,
        action_rng: Rng<Simd>,
        last_actions: [Simd::U; 1],
        elapsed: Simd::U,
        ended: Simd::U,
        episode_return: [KernelSum<Simd>; 1],
    }
}

shadergym_shaders::lane_struct! {
    pub struct KernelTotals<Simd> {
        transitions: Simd::U,
        episodes: Simd::U,
        length_sum: Simd::U,
        return_sum: [KernelSum<Simd>; 1],
        finished_length: Simd::U,
        finished_return: [Simd::F; 1],
    }
}
const RNG_MULTIPLIER_LOW: W<u32> = W(1284865837u32);
const RNG_INCREMENT_LOW: W<u32> = W(4150755663u32);
const RNG_INCREMENT_HIGH: W<u32> = W(335903614u32);
const RNG_MULTIPLIER_HIGH: W<u32> = W(1481765933u32);
const MATH_SHIFTER: f32 = 12582912.0f32;
const DRAW_PAPER: [f32; 3] = [0.969f32, 0.961f32, 0.937f32];
const DRAW_MIST: [f32; 3] = [0.867f32, 0.859f32, 0.835f32];
const DRAW_GREY: [f32; 3] = [0.545f32, 0.557f32, 0.573f32];
const DRAW_INK: [f32; 3] = [0.133f32, 0.153f32, 0.188f32];
const DRAW_ORANGE: [f32; 3] = [0.902f32, 0.624f32, 0.0f32];
const DRAW_BLUE: [f32; 3] = [0.0f32, 0.447f32, 0.698f32];
const AGENTS: W<u32> = W(1u32);
const KERNEL_TERMINATED: W<u32> = W(1u32);
const KERNEL_TRUNCATED: W<u32> = W(2u32);
const KERNEL_NEXT_STEP: W<u32> = W(0u32);
const KERNEL_SAME_STEP: W<u32> = W(1u32);

#[inline(always)]
fn rng_sum_lu<Simd: l::Lanes>(s: Simd, a0_a: Rng<Simd>, a1_b: Rng<l::Plain>) -> Rng<Simd> {
    let e2 = a0_a.low;
    let e3 = a1_b.low;
    let e4 = e2 + l::splat::<Simd, Simd::U>(s, e3);
    let e5 = a0_a.high;
    let e6 = a1_b.high;
    let e7 = e5 + l::splat::<Simd, Simd::U>(s, e6);
    let e10 = a1_b.low;
    let e11 = e4.less(l::splat::<Simd, Simd::U>(s, e10));
    let e12 = l::blend::<Simd, Simd::U>(s, e11, l::splat::<Simd, Simd::U>(s, W(1u32)), l::splat::<Simd, Simd::U>(s, W(0u32)));
    let e13 = e7 + e12;
    Rng::<Simd> { low: e4, high: e13 }
}

#[inline(always)]
fn math_mul_high_lu<Simd: l::Lanes>(s: Simd, a0: Simd::U, a1: W<u32>) -> Simd::U {
    a0.mul_high(l::splat::<Simd, Simd::U>(s, a1))
}

#[inline(always)]
fn rng_product_lu<Simd: l::Lanes>(s: Simd, a0_a: Rng<Simd>, a1_b: Rng<l::Plain>) -> Rng<Simd> {
    let e2 = a0_a.low;
    let e3 = a1_b.low;
    let e4 = e2 * l::splat::<Simd, Simd::U>(s, e3);
    let e5 = a0_a.low;
    let e6 = a1_b.low;
    let e7 = math_mul_high_lu(s, e5, e6);
    let e8 = a0_a.low;
    let e9 = a1_b.high;
    let e10 = e8 * l::splat::<Simd, Simd::U>(s, e9);
    let e11 = e7 + e10;
    let e12 = a0_a.high;
    let e13 = a1_b.low;
    let e14 = e12 * l::splat::<Simd, Simd::U>(s, e13);
    let e15 = e11 + e14;
    Rng::<Simd> { low: e4, high: e15 }
}

#[inline(always)]
fn rng_new<Simd: l::Lanes>(s: Simd, a0_low: Simd::U, a1_high: Simd::U) -> Rng<Simd> {
    let e4 = Rng::<l::Plain> { low: W(4150755663u32), high: W(335903614u32) };
    let e5 = Rng::<Simd> { low: a0_low, high: a1_high };
    let e6 = rng_sum_lu(s, e5, e4);
    let e9 = Rng::<l::Plain> { low: W(1284865837u32), high: W(1481765933u32) };
    let e10 = rng_product_lu(s, e6, e9);
    rng_sum_lu(s, e10, e4)
}

#[inline(always)]
fn rng_seed<Simd: l::Lanes>(s: Simd, a0_seed_low: Simd::U, a1_seed_high: Simd::U) -> Rng<Simd> {
    let mut v0_z = l::splat::<Simd, Rng<Simd>>(s, Rng::<l::Plain> { low: W(0u32), high: W(0u32) });
    let e2 = Rng::<Simd> { low: a0_seed_low, high: a1_seed_high };
    let e5 = Rng::<l::Plain> { low: W(2135587861u32), high: W(2654435769u32) };
    let e6 = rng_sum_lu(s, e2, e5);
    v0_z = e6;
    let e9 = v0_z.low;
    let e11 = v0_z.low;
    let e13 = e11.shift_right_by(W(30u32));
    let e15 = v0_z.high;
    let e17 = e15.shift_left_by(W(2u32));
    let e18 = e13 | e17;
    let e19 = e9 ^ e18;
    let e21 = v0_z.high;
    let e23 = v0_z.high;
    let e25 = e23.shift_right_by(W(30u32));
    let e26 = e21 ^ e25;
    let e27 = Rng::<Simd> { low: e19, high: e26 };
    v0_z = e27;
    let e28 = v0_z;
    let e31 = Rng::<l::Plain> { low: W(484763065u32), high: W(3210233709u32) };
    let e32 = rng_product_lu(s, e28, e31);
    v0_z = e32;
    let e34 = v0_z.low;
    let e36 = v0_z.low;
    let e38 = e36.shift_right_by(W(27u32));
    let e40 = v0_z.high;
    let e42 = e40.shift_left_by(W(5u32));
    let e43 = e38 | e42;
    let e44 = e34 ^ e43;
    let e46 = v0_z.high;
    let e48 = v0_z.high;
    let e50 = e48.shift_right_by(W(27u32));
    let e51 = e46 ^ e50;
    let e52 = Rng::<Simd> { low: e44, high: e51 };
    v0_z = e52;
    let e53 = v0_z;
    let e56 = Rng::<l::Plain> { low: W(321982955u32), high: W(2496678331u32) };
    let e57 = rng_product_lu(s, e53, e56);
    v0_z = e57;
    let e59 = v0_z.low;
    let e61 = v0_z.low;
    let e63 = e61.shift_right_by(W(31u32));
    let e65 = v0_z.high;
    let e67 = e65.shift_left_by(W(1u32));
    let e68 = e63 | e67;
    let e69 = e59 ^ e68;
    let e71 = v0_z.high;
    let e73 = v0_z.high;
    let e75 = e73.shift_right_by(W(31u32));
    let e76 = e71 ^ e75;
    let e77 = Rng::<Simd> { low: e69, high: e76 };
    v0_z = e77;
    let e79 = v0_z.low;
    let e81 = v0_z.high;
    rng_new(s, e79, e81)
}

#[inline(always)]
fn kernel_seed_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_episode: &mut KernelEpisode<Simd>, a1_seed_low: Simd::U, a2_seed_high: Simd::U) {
    let e4 = rng_seed(s, a1_seed_low, a2_seed_high);
    a0_episode.rng = l::blend(s, mask0, e4, a0_episode.rng);
    let e7 = a1_seed_low ^ l::splat::<Simd, Simd::U>(s, W(1284865837u32));
    let e9 = a2_seed_high ^ l::splat::<Simd, Simd::U>(s, W(1481765933u32));
    let e10 = rng_seed(s, e7, e9);
    a0_episode.action_rng = l::blend(s, mask0, e10, a0_episode.action_rng);
    a0_episode.last_actions = l::blend(s, mask0, l::splat::<Simd, [Simd::U; 1]>(s, [W(0u32); 1]), a0_episode.last_actions);
}

#[inline(always)]
fn rng_next_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_rng: &mut Rng<Simd>) -> Simd::U {
    let e2 = a0_rng.low;
    let e4 = a0_rng.high;
    let e6 = e2 * l::splat::<Simd, Simd::U>(s, RNG_MULTIPLIER_LOW);
    let e8 = e6 + l::splat::<Simd, Simd::U>(s, RNG_INCREMENT_LOW);
    let e12 = e8.less(l::splat::<Simd, Simd::U>(s, RNG_INCREMENT_LOW));
    let e13 = l::blend::<Simd, Simd::U>(s, e12, l::splat::<Simd, Simd::U>(s, W(335903615u32)), l::splat::<Simd, Simd::U>(s, RNG_INCREMENT_HIGH));
    let e15 = e2 * l::splat::<Simd, Simd::U>(s, RNG_MULTIPLIER_HIGH);
    let e17 = e4 * l::splat::<Simd, Simd::U>(s, RNG_MULTIPLIER_LOW);
    let e18 = e15 + e17;
    let e21 = math_mul_high_lu(s, e2, RNG_MULTIPLIER_LOW);
    let e22 = e21 + e18;
    let e23 = e22 + e13;
    a0_rng.high = l::blend(s, mask0, e23, a0_rng.high);
    a0_rng.low = l::blend(s, mask0, e8, a0_rng.low);
    let e26 = e4.shift_right_by(W(13u32));
    let e28 = e4.shift_left_by(W(5u32));
    let e30 = e2.shift_right_by(W(27u32));
    let e31 = e28 | e30;
    let e32 = e26 ^ e31;
    let e34 = e4.shift_right_by(W(27u32));
    let e35 = e32.shift_right(e34);
    let e37 = l::splat::<Simd, Simd::U>(s, W(32u32)) - e34;
    let e39 = e37 & l::splat::<Simd, Simd::U>(s, W(31u32));
    let e40 = e32.shift_left(e39);
    e35 | e40
}

#[inline(always)]
fn rng_uniform_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_rng: &mut Rng<Simd>) -> Simd::F {
    let e1 = rng_next_masked(s, mask0, a0_rng);
    let e3 = e1.shift_right_by(W(8u32));
    let e4 = l::Uint::to_i(e3);
    let e5 = e4.to_f();
    e5 * l::splat::<Simd, Simd::F>(s, 5.9604645e-8f32)
}

#[inline(always)]
fn rng_between_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_rng: &mut Rng<Simd>, a1_low: Simd::F, a2_high: Simd::F) -> Simd::F {
    let e3 = a2_high - a1_low;
    let e4 = rng_uniform_masked(s, mask0, a0_rng);
    let e5 = e3 * e4;
    a1_low + e5
}

#[inline(always)]
fn cart_pole_start_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_state: &mut State<Simd>, a2_rng: &mut Rng<Simd>) {
    let e3 = a0_params.start_spread;
    let e5 = -e3;
    let e6 = rng_between_masked(s, mask0, a2_rng, e5, e3);
    a1_state.x = l::blend(s, mask0, e6, a1_state.x);
    let e8 = -e3;
    let e9 = rng_between_masked(s, mask0, a2_rng, e8, e3);
    a1_state.x_dot = l::blend(s, mask0, e9, a1_state.x_dot);
    let e11 = -e3;
    let e12 = rng_between_masked(s, mask0, a2_rng, e11, e3);
    a1_state.theta = l::blend(s, mask0, e12, a1_state.theta);
    let e14 = -e3;
    let e15 = rng_between_masked(s, mask0, a2_rng, e14, e3);
    a1_state.theta_dot = l::blend(s, mask0, e15, a1_state.theta_dot);
}

#[inline(always)]
fn initial_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_rng: &mut Rng<Simd>) -> State<Simd> {
    let mut v0_state = l::splat::<Simd, State<Simd>>(s, State::<l::Plain> { x: 0.0f32, x_dot: 0.0f32, theta: 0.0f32, theta_dot: 0.0f32 });
    cart_pole_start_masked(s, mask0, a0_params, &mut v0_state, a1_rng);
    v0_state
}

#[inline(always)]
fn kernel_initial_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_state: &mut State<Simd>, a2_rng: &mut Rng<Simd>) {
    let e3 = initial_masked(s, mask0, a0_params, a2_rng);
    *a1_state = l::blend(s, mask0, e3, *a1_state);
}

#[inline(always)]
fn kernel_start_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_pending: &mut Params<Simd>, a1_params: &mut Params<Simd>, a2_state: &mut State<Simd>, a3_episode: &mut KernelEpisode<Simd>) {
    let mut v0_rng = l::splat::<Simd, Rng<Simd>>(s, Rng::<l::Plain> { low: W(0u32), high: W(0u32) });
    let e4 = *a0_pending;
    *a1_params = l::blend(s, mask0, e4, *a1_params);
    let e6 = a3_episode.rng;
    v0_rng = e6;
    let e8 = *a1_params;
    kernel_initial_masked(s, mask0, e8, a2_state, &mut v0_rng);
    let e10 = v0_rng;
    a3_episode.rng = l::blend(s, mask0, e10, a3_episode.rng);
    a3_episode.elapsed = l::blend(s, mask0, l::splat::<Simd, Simd::U>(s, W(0u32)), a3_episode.elapsed);
    a3_episode.ended = l::blend(s, mask0, l::splat::<Simd, Simd::U>(s, W(0u32)), a3_episode.ended);
    a3_episode.episode_return = l::blend(s, mask0, l::splat::<Simd, [KernelSum<Simd>; 1]>(s, [KernelSum::<l::Plain> { value: 0.0f32, rest: 0.0f32 }; 1]), a3_episode.episode_return);
}

#[inline(always)]
fn rng_next<Simd: l::Lanes>(s: Simd, a0_rng: &mut Rng<Simd>) -> Simd::U {
    let e2 = a0_rng.low;
    let e4 = a0_rng.high;
    let e6 = e2 * l::splat::<Simd, Simd::U>(s, RNG_MULTIPLIER_LOW);
    let e8 = e6 + l::splat::<Simd, Simd::U>(s, RNG_INCREMENT_LOW);
    let e12 = e8.less(l::splat::<Simd, Simd::U>(s, RNG_INCREMENT_LOW));
    let e13 = l::blend::<Simd, Simd::U>(s, e12, l::splat::<Simd, Simd::U>(s, W(335903615u32)), l::splat::<Simd, Simd::U>(s, RNG_INCREMENT_HIGH));
    let e15 = e2 * l::splat::<Simd, Simd::U>(s, RNG_MULTIPLIER_HIGH);
    let e17 = e4 * l::splat::<Simd, Simd::U>(s, RNG_MULTIPLIER_LOW);
    let e18 = e15 + e17;
    let e21 = math_mul_high_lu(s, e2, RNG_MULTIPLIER_LOW);
    let e22 = e21 + e18;
    let e23 = e22 + e13;
    a0_rng.high = e23;
    a0_rng.low = e8;
    let e26 = e4.shift_right_by(W(13u32));
    let e28 = e4.shift_left_by(W(5u32));
    let e30 = e2.shift_right_by(W(27u32));
    let e31 = e28 | e30;
    let e32 = e26 ^ e31;
    let e34 = e4.shift_right_by(W(27u32));
    let e35 = e32.shift_right(e34);
    let e37 = l::splat::<Simd, Simd::U>(s, W(32u32)) - e34;
    let e39 = e37 & l::splat::<Simd, Simd::U>(s, W(31u32));
    let e40 = e32.shift_left(e39);
    e35 | e40
}

#[inline(always)]
fn rng_range_lu<Simd: l::Lanes>(s: Simd, a0_rng: &mut Rng<Simd>, a1_n: W<u32>) -> Simd::U {
    let mut v0_bits = l::splat::<Simd, Simd::U>(s, W(0u32));
    let mut v1_low = l::splat::<Simd, Simd::U>(s, W(0u32));
    let e2 = rng_next(s, a0_rng);
    v0_bits = e2;
    let e4 = v0_bits;
    let e5 = e4 * l::splat::<Simd, Simd::U>(s, a1_n);
    v1_low = e5;
    let e7 = v1_low;
    let e8 = e7.less(l::splat::<Simd, Simd::U>(s, a1_n));
    let then1 = e8;
    if then1.any() {
        let e10 = W(0u32) - a1_n;
        let e11 = e10.remainder(a1_n);
        let mut active2 = then1;
        loop {
            let mut mask2 = active2;
            let e12 = v1_low;
            let e13 = e12.less(l::splat::<Simd, Simd::U>(s, e11));
            let mut else3 = mask2 & !e13;
            if else3.any() {
                active2 = active2 & !else3;
                else3 = l::splat::<Simd, Simd::M>(s, false);
            }
            mask2 = mask2 & active2;
            if mask2.any() {
                {
                    let e14 = rng_next_masked(s, mask2, a0_rng);
                    v0_bits = l::blend(s, mask2, e14, v0_bits);
                    let e15 = v0_bits;
                    let e16 = e15 * l::splat::<Simd, Simd::U>(s, a1_n);
                    v1_low = l::blend(s, mask2, e16, v1_low);
                }
            }
            if !active2.any() {
                break;
            }
        }
    }
    let e17 = v0_bits;
    math_mul_high_lu(s, e17, a1_n)
}

#[inline(always)]
fn kernel_draw_actions<Simd: l::Lanes>(s: Simd, _: &mut Params<Simd>, _: &mut State<Simd>, _: Simd::U, a3_rng: &mut Rng<Simd>) -> [Simd::U; 1] {
    let mut v0_v = l::splat::<Simd, [Simd::U; 1]>(s, [W(0u32); 1]);
    let e7 = rng_range_lu(s, a3_rng, W(2u32));
    v0_v[0] = e7;
    v0_v
}

#[inline(always)]
fn kernel_random_actions<Simd: l::Lanes>(s: Simd, a0_params: &mut Params<Simd>, a1_state: &mut State<Simd>, a2_episode: &mut KernelEpisode<Simd>) -> [Simd::U; 1] {
    let mut v0_rng = l::splat::<Simd, Rng<Simd>>(s, Rng::<l::Plain> { low: W(0u32), high: W(0u32) });
    let e4 = a2_episode.action_rng;
    v0_rng = e4;
    let e7 = a2_episode.elapsed;
    let e8 = kernel_draw_actions(s, a0_params, a1_state, e7, &mut v0_rng);
    let e10 = v0_rng;
    a2_episode.action_rng = e10;
    e8
}

#[inline(always)]
fn kernel_stands_still<Simd: l::Lanes>(s: Simd, a0_ended: Simd::U) -> Simd::M {
    a0_ended.differs(l::splat::<Simd, Simd::U>(s, W(0u32)))
}

#[inline(always)]
fn kernel_stand_still_masked<Simd: l::Lanes>(_: Simd, _: Simd::M, _: &mut KernelTotals<Simd>) -> [f32; 1] {
    [0.0f32; 1]
}

#[inline(always)]
fn math_half_turns<Simd: l::Lanes>(s: Simd, a0_x: Simd::F) -> Simd::F {
    let e2 = a0_x * l::splat::<Simd, Simd::F>(s, 0.31830987f32);
    e2.round_nearest()
}

#[inline(always)]
fn math_reduced<Simd: l::Lanes>(s: Simd, a0_x: Simd::F, a1_k: Simd::F) -> Simd::F {
    let e3 = a1_k * l::splat::<Simd, Simd::F>(s, 3.1416016f32);
    let e4 = a0_x - e3;
    let e6 = a1_k * l::splat::<Simd, Simd::F>(s, -8.90891e-6f32);
    let e7 = e4 - e6;
    e7.higher_of(l::splat::<Simd, Simd::F>(s, -1.5725f32)).lower_of(l::splat::<Simd, Simd::F>(s, 1.5725f32))
}

#[inline(always)]
fn math_sin_core<Simd: l::Lanes>(s: Simd, a0_r: Simd::F) -> Simd::F {
    let e1 = a0_r * a0_r;
    let e3 = l::splat::<Simd, Simd::F>(s, 2.6060468e-6f32) * e1;
    let e5 = e3 - l::splat::<Simd, Simd::F>(s, 0.00019809767f32);
    let e6 = e5 * e1;
    let e8 = e6 + l::splat::<Simd, Simd::F>(s, 0.008333069f32);
    let e9 = e8 * e1;
    let e11 = e9 - l::splat::<Simd, Simd::F>(s, 0.1666666f32);
    let e12 = e1 * e11;
    let e13 = a0_r * e12;
    a0_r + e13
}

#[inline(always)]
fn math_alternate<Simd: l::Lanes>(s: Simd, a0_value: Simd::F, a1_k: Simd::F) -> Simd::F {
    let e2 = a0_value.bits_u();
    let e4 = a1_k + l::splat::<Simd, Simd::F>(s, MATH_SHIFTER);
    let e5 = e4.bits_u();
    let e7 = e5.shift_left_by(W(31u32));
    let e8 = e2 ^ e7;
    e8.bits_f()
}

#[inline(always)]
fn math_cos_core<Simd: l::Lanes>(s: Simd, a0_r: Simd::F) -> Simd::F {
    let e1 = a0_r * a0_r;
    let e3 = l::splat::<Simd, Simd::F>(s, -2.620893e-7f32) * e1;
    let e5 = e3 + l::splat::<Simd, Simd::F>(s, 2.4770177e-5f32);
    let e6 = e5 * e1;
    let e8 = e6 - l::splat::<Simd, Simd::F>(s, 0.0013888585f32);
    let e9 = e8 * e1;
    let e11 = e9 + l::splat::<Simd, Simd::F>(s, 0.041666657f32);
    let e12 = e11 * e1;
    let e14 = e12 - l::splat::<Simd, Simd::F>(s, 0.5f32);
    let e15 = e14 * e1;
    e15 + l::splat::<Simd, Simd::F>(s, 1.0f32)
}

#[inline(always)]
fn math_sincos<Simd: l::Lanes>(s: Simd, a0_x: Simd::F) -> [Simd::F; 2] {
    let e1 = math_half_turns(s, a0_x);
    let e2 = math_reduced(s, a0_x, e1);
    let e3 = math_sin_core(s, e2);
    let e4 = math_alternate(s, e3, e1);
    let e5 = math_cos_core(s, e2);
    let e6 = math_alternate(s, e5, e1);
    [e4, e6]
}

#[inline(always)]
fn cart_pole_step_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_state: &mut State<Simd>, a2_right: Simd::M) -> Simd::M {
    let e4 = a1_state.x_dot;
    let e6 = a1_state.theta_dot;
    let e8 = a1_state.theta;
    let e9 = math_sincos(s, e8);
    let e10 = a0_params.mass_cart;
    let e11 = a0_params.mass_pole;
    let e12 = e10 + e11;
    let e13 = a0_params.mass_pole;
    let e14 = a0_params.half_length;
    let e15 = e13 * e14;
    let e16 = a0_params.force;
    let e17 = -e16;
    let e18 = a0_params.force;
    let e19 = l::blend::<Simd, Simd::F>(s, a2_right, e18, e17);
    let e20 = e6 * e6;
    let e21 = e15 * e20;
    let e22 = e9[0];
    let e23 = e21 * e22;
    let e24 = e19 + e23;
    let e25 = a0_params.half_length;
    let e27 = e12 * l::splat::<Simd, Simd::F>(s, 1.3333334f32);
    let e28 = a0_params.mass_pole;
    let e29 = e9[1];
    let e30 = e9[1];
    let e31 = e29 * e30;
    let e32 = e28 * e31;
    let e33 = e27 - e32;
    let e34 = e25 * e33;
    let e35 = e12 * e34;
    let e37 = l::splat::<Simd, Simd::F>(s, 1.0f32) / e35;
    let e38 = a0_params.gravity;
    let e39 = e12 * e38;
    let e40 = e9[0];
    let e41 = e39 * e40;
    let e42 = e9[1];
    let e43 = e42 * e24;
    let e44 = e41 - e43;
    let e45 = e12 * e37;
    let e46 = e44 * e45;
    let e47 = e9[1];
    let e48 = e15 * e47;
    let e49 = e48 * e46;
    let e50 = e24 - e49;
    let e51 = e34 * e37;
    let e52 = e50 * e51;
    let e54 = a1_state.x;
    let e55 = a0_params.tau;
    let e56 = e55 * e4;
    let e57 = e54 + e56;
    let e59 = a1_state.theta;
    let e60 = a0_params.tau;
    let e61 = e60 * e6;
    let e62 = e59 + e61;
    a1_state.x = l::blend(s, mask0, e57, a1_state.x);
    let e65 = a0_params.tau;
    let e66 = e65 * e52;
    let e67 = e4 + e66;
    a1_state.x_dot = l::blend(s, mask0, e67, a1_state.x_dot);
    a1_state.theta = l::blend(s, mask0, e62, a1_state.theta);
    let e70 = a0_params.tau;
    let e71 = e70 * e46;
    let e72 = e6 + e71;
    a1_state.theta_dot = l::blend(s, mask0, e72, a1_state.theta_dot);
    let e73 = e57.magnitude();
    let e74 = a0_params.x_threshold;
    let e75 = e74.less(e73);
    let e76 = e62.magnitude();
    let e77 = a0_params.theta_threshold;
    let e78 = e77.less(e76);
    e75 | e78
}

#[inline(always)]
fn step_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_state: &mut State<Simd>, a2_action: Simd::U, _: &mut Rng<Simd>) -> Outcome<Simd> {
    let e5 = a2_action.same(l::splat::<Simd, Simd::U>(s, W(1u32)));
    let e6 = cart_pole_step_masked(s, mask0, a0_params, a1_state, e5);
    Outcome::<Simd> { reward: l::splat::<Simd, Simd::F>(s, 1.0f32), terminated: e6 }
}

#[inline(always)]
fn kernel_step_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_state: &mut State<Simd>, a2_actions: [Simd::U; 1], _: Simd::U, a4_rng: &mut Rng<Simd>) -> KernelTransition<Simd> {
    let e5 = a2_actions[0];
    let e6 = step_masked(s, mask0, a0_params, a1_state, e5, a4_rng);
    let e7 = e6.reward;
    let e8 = [e7];
    let e9 = e6.terminated;
    KernelTransition::<Simd> { reward: e8, terminated: e9 }
}

#[inline(always)]
fn kernel_add_ull<Simd: l::Lanes>(s: Simd, a0_zero: W<u32>, a1_sum: KernelSum<Simd>, a2_x: Simd::F) -> KernelSum<Simd> {
    let e3 = a1_sum.value;
    let e4 = e3 + a2_x;
    let e5 = e4.bits_u();
    let e6 = e5 ^ l::splat::<Simd, Simd::U>(s, a0_zero);
    let e7 = e6.bits_f();
    let e8 = a1_sum.value;
    let e9 = e7 - e8;
    let e10 = e9.bits_u();
    let e11 = e10 ^ l::splat::<Simd, Simd::U>(s, a0_zero);
    let e12 = e11.bits_f();
    let e13 = a1_sum.value;
    let e14 = e7 - e12;
    let e15 = e13 - e14;
    let e16 = a2_x - e12;
    let e17 = e15 + e16;
    let e18 = a1_sum.rest;
    let e19 = e17 + e18;
    let e20 = e7 + e19;
    let e21 = e20.bits_u();
    let e22 = e21 ^ l::splat::<Simd, Simd::U>(s, a0_zero);
    let e23 = e22.bits_f();
    let e24 = e23 - e7;
    let e25 = e19 - e24;
    KernelSum::<Simd> { value: e23, rest: e25 }
}

#[allow(clippy::too_many_arguments, reason = "as many as the WGSL function has, and the lanes")]
#[inline(always)]
fn kernel_transition_ulllll_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_control: KernelControl<l::Plain>, a1_params: &mut Params<Simd>, a2_state: &mut State<Simd>, a3_episode: &mut KernelEpisode<Simd>, a4_totals: &mut KernelTotals<Simd>, a5_given: [Simd::U; 1]) -> [Simd::F; 1] {
    let mut v0_rng = l::splat::<Simd, Rng<Simd>>(s, Rng::<l::Plain> { low: W(0u32), high: W(0u32) });
    let mut v1_actions = l::splat::<Simd, [Simd::U; 1]>(s, [W(0u32); 1]);
    let mut v2 = l::splat::<Simd, Simd::M>(s, false);
    let mut v3_agent: W<u32> = W(0u32);
    let mut v4_agent: W<u32> = W(0u32);
    let e7 = a3_episode.rng;
    v0_rng = e7;
    v1_actions = a5_given;
    let e10 = a0_control.sticky_probability;
    let e12 = 0.0f32.less(e10);
    if e12 {
        let e13 = rng_uniform_masked(s, mask0, &mut v0_rng);
        let e14 = a0_control.sticky_probability;
        let e15 = e13.less(l::splat::<Simd, Simd::F>(s, e14));
        let then1 = mask0 & e15;
        {
            let e17 = a3_episode.last_actions;
            v1_actions = l::blend(s, then1, e17, v1_actions);
        }
    }
    let e19 = a3_episode.elapsed;
    let e20 = *a1_params;
    let e21 = v1_actions;
    let e22 = kernel_step_masked(s, mask0, e20, a2_state, e21, e19, &mut v0_rng);
    let e24 = v0_rng;
    a3_episode.rng = l::blend(s, mask0, e24, a3_episode.rng);
    let e26 = v1_actions;
    a3_episode.last_actions = l::blend(s, mask0, e26, a3_episode.last_actions);
    let e28 = e19.lower_of(l::splat::<Simd, Simd::U>(s, W(2147483647u32)));
    let e30 = e28 + l::splat::<Simd, Simd::U>(s, W(1u32));
    a3_episode.elapsed = l::blend(s, mask0, e30, a3_episode.elapsed);
    let e32 = a0_control.max_episode_steps;
    let e34 = W(0u32).less(e32);
    if e34 {
        let e37 = a0_control.max_episode_steps;
        let e38 = l::splat::<Simd, Simd::U>(s, e37).less_equal(e30);
        v2 = e38;
    } else {
        v2 = l::splat::<Simd, Simd::M>(s, false);
    }
    let e40 = v2;
    let e43 = e22.terminated;
    let e44 = l::blend::<Simd, Simd::U>(s, e43, l::splat::<Simd, Simd::U>(s, KERNEL_TERMINATED), l::splat::<Simd, Simd::U>(s, W(0u32)));
    let e47 = l::blend::<Simd, Simd::U>(s, e40, l::splat::<Simd, Simd::U>(s, KERNEL_TRUNCATED), l::splat::<Simd, Simd::U>(s, W(0u32)));
    let e48 = e44 | e47;
    a3_episode.ended = l::blend(s, mask0, e48, a3_episode.ended);
    let e51 = a4_totals.transitions;
    let e53 = e51 + l::splat::<Simd, Simd::U>(s, W(1u32));
    a4_totals.transitions = l::blend(s, mask0, e53, a4_totals.transitions);
    'loop2: loop {
        let e56 = v3_agent;
        let e58 = e56.less(AGENTS);
        if !e58 {
            break 'loop2;
        }
        {
            let e62 = a0_control.zero;
            let e66 = a3_episode.episode_return[0];
            let e67 = e22.reward;
            let e69 = e67[0];
            let e70 = kernel_add_ull(s, e62, e66, e69);
            a3_episode.episode_return[0] = l::blend(s, mask0, e70, a3_episode.episode_return[0]);
        }
        let e72 = v3_agent;
        let e73 = e72 + W(1u32);
        v3_agent = e73;
    }
    let e75 = e48.differs(l::splat::<Simd, Simd::U>(s, W(0u32)));
    let e77 = a4_totals.episodes;
    let e80 = l::blend::<Simd, Simd::U>(s, e75, l::splat::<Simd, Simd::U>(s, W(1u32)), l::splat::<Simd, Simd::U>(s, W(0u32)));
    let e81 = e77 + e80;
    a4_totals.episodes = l::blend(s, mask0, e81, a4_totals.episodes);
    let e83 = a4_totals.length_sum;
    let e85 = l::blend::<Simd, Simd::U>(s, e75, e30, l::splat::<Simd, Simd::U>(s, W(0u32)));
    let e86 = e83 + e85;
    a4_totals.length_sum = l::blend(s, mask0, e86, a4_totals.length_sum);
    let e89 = a4_totals.finished_length;
    let e90 = l::blend::<Simd, Simd::U>(s, e75, e30, e89);
    a4_totals.finished_length = l::blend(s, mask0, e90, a4_totals.finished_length);
    'loop3: loop {
        let e93 = v4_agent;
        let e95 = e93.less(AGENTS);
        if !e95 {
            break 'loop3;
        }
        {
            let e100 = a3_episode.episode_return[0].value;
            let e104 = a0_control.zero;
            let e108 = a4_totals.return_sum[0];
            let e110 = l::blend::<Simd, Simd::F>(s, e75, e100, l::splat::<Simd, Simd::F>(s, 0.0f32));
            let e111 = kernel_add_ull(s, e104, e108, e110);
            a4_totals.return_sum[0] = l::blend(s, mask0, e111, a4_totals.return_sum[0]);
            let e118 = a4_totals.finished_return[0];
            let e119 = l::blend::<Simd, Simd::F>(s, e75, e100, e118);
            a4_totals.finished_return[0] = l::blend(s, mask0, e119, a4_totals.finished_return[0]);
        }
        let e121 = v4_agent;
        let e122 = e121 + W(1u32);
        v4_agent = e122;
    }
    e22.reward
}

#[inline(always)]
fn kernel_advance_ulllll<Simd: l::Lanes>(s: Simd, a0_control: KernelControl<l::Plain>, a1_params: &mut Params<Simd>, a2_state: &mut State<Simd>, a3_episode: &mut KernelEpisode<Simd>, a4_totals: &mut KernelTotals<Simd>, a5_given: [Simd::U; 1]) -> [Simd::F; 1] {
    let mut v0_reward = l::splat::<Simd, [Simd::F; 1]>(s, [0.0f32; 1]);
    let e9 = a3_episode.ended;
    let e10 = kernel_stands_still(s, e9);
    let then1 = e10;
    if then1.any() {
        let e11 = kernel_stand_still_masked(s, then1, a4_totals);
        v0_reward = l::blend(s, then1, l::splat::<Simd, [Simd::F; 1]>(s, e11), v0_reward);
    }
    let else1 = !e10;
    if else1.any() {
        let e12 = kernel_transition_ulllll_masked(s, else1, a0_control, a1_params, a2_state, a3_episode, a4_totals, a5_given);
        v0_reward = l::blend(s, else1, e12, v0_reward);
    }
    v0_reward
}

#[inline(always)]
fn kernel_starts_instead_ul<Simd: l::Lanes>(s: Simd, a0_autoreset: W<u32>, a1_ended: Simd::U) -> Simd::M {
    let e3 = a0_autoreset.same(KERNEL_NEXT_STEP);
    let e5 = a1_ended.differs(l::splat::<Simd, Simd::U>(s, W(0u32)));
    l::splat::<Simd, Simd::M>(s, e3) & e5
}

#[inline(always)]
fn kernel_starts_behind_ul<Simd: l::Lanes>(s: Simd, a0_autoreset: W<u32>, a1_ended: Simd::U) -> Simd::M {
    let e3 = a0_autoreset.same(KERNEL_SAME_STEP);
    let e5 = a1_ended.differs(l::splat::<Simd, Simd::U>(s, W(0u32)));
    l::splat::<Simd, Simd::M>(s, e3) & e5
}

#[inline(always)]
fn observe<Simd: l::Lanes>(_: Simd, _: Params<Simd>, a1_state: State<Simd>) -> Observation<Simd> {
    let e2 = a1_state.x;
    let e3 = a1_state.x_dot;
    let e4 = a1_state.theta;
    let e5 = a1_state.theta_dot;
    Observation::<Simd> { x: e2, x_dot: e3, theta: e4, theta_dot: e5 }
}

#[inline(always)]
fn kernel_observe_lllu<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>, a1_state: &mut State<Simd>, _: Simd::U, _: W<u32>) -> Observation<Simd> {
    let e4 = *a1_state;
    observe(s, a0_params, e4)
}

#[inline(always)]
fn cart_pole_unit<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>) -> Simd::F {
    let e1 = a0_params.x_threshold;
    e1 / l::splat::<Simd, Simd::F>(s, 2.4f32)
}

#[inline(always)]
fn draw_world<Simd: l::Lanes>(s: Simd, a0_uv: [Simd::F; 2], a1_centre: [Simd::F; 2], a2_size: [Simd::F; 2]) -> [Simd::F; 2] {
    let e4 = [0.5f32; 2];
    let e5 = [a0_uv[0] - l::splat::<Simd, Simd::F>(s, e4[0]), a0_uv[1] - l::splat::<Simd, Simd::F>(s, e4[1])];
    let e6 = a2_size[0];
    let e7 = a2_size[1];
    let e8 = -e7;
    let e9 = [e6, e8];
    let e10 = [e5[0] * e9[0], e5[1] * e9[1]];
    [a1_centre[0] + e10[0], a1_centre[1] + e10[1]]
}

#[inline(always)]
fn cart_pole_point<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>, a1_uv: [Simd::F; 2]) -> [Simd::F; 2] {
    let e2 = cart_pole_unit(s, a0_params);
    let e4 = l::splat::<Simd, Simd::F>(s, 0.75f32) * e2;
    let e6 = [l::splat::<Simd, Simd::F>(s, 0.0f32), e4];
    let e9 = [4.8f32, 3.2f32];
    let e10 = [l::splat::<Simd, Simd::F>(s, e9[0]) * e2, l::splat::<Simd, Simd::F>(s, e9[1]) * e2];
    draw_world(s, a1_uv, e6, e10)
}

#[inline(always)]
fn draw_cover<Simd: l::Lanes>(s: Simd, a0_distance: Simd::F, a1_width: Simd::F) -> Simd::F {
    let e2 = a0_distance / a1_width;
    let e4 = l::splat::<Simd, Simd::F>(s, 0.5f32) - e2;
    e4.higher_of(l::splat::<Simd, Simd::F>(s, 0.0f32)).lower_of(l::splat::<Simd, Simd::F>(s, 1.0f32))
}

#[inline(always)]
fn draw_over_uul<Simd: l::Lanes>(s: Simd, a0_background: [f32; 3], a1_colour: [f32; 3], a2_cover: Simd::F) -> [Simd::F; 3] {
    let e3 = [a1_colour[0] - a0_background[0], a1_colour[1] - a0_background[1], a1_colour[2] - a0_background[2]];
    let e4 = [l::splat::<Simd, Simd::F>(s, e3[0]) * a2_cover, l::splat::<Simd, Simd::F>(s, e3[1]) * a2_cover, l::splat::<Simd, Simd::F>(s, e3[2]) * a2_cover];
    [l::splat::<Simd, Simd::F>(s, a0_background[0]) + e4[0], l::splat::<Simd, Simd::F>(s, a0_background[1]) + e4[1], l::splat::<Simd, Simd::F>(s, a0_background[2]) + e4[2]]
}

#[inline(always)]
fn math_sqrt<Simd: l::Lanes>(s: Simd, a0_x: Simd::F) -> Simd::F {
    let e2 = a0_x.higher_of(l::splat::<Simd, Simd::F>(s, 0.0f32));
    e2.root()
}

#[inline(always)]
fn math_length<Simd: l::Lanes>(s: Simd, a0_v: [Simd::F; 2]) -> Simd::F {
    let e1 = a0_v[0];
    let e2 = a0_v[0];
    let e3 = e1 * e2;
    let e4 = a0_v[1];
    let e5 = a0_v[1];
    let e6 = e4 * e5;
    let e7 = e3 + e6;
    math_sqrt(s, e7)
}

#[inline(always)]
fn draw_box<Simd: l::Lanes>(s: Simd, a0_p: [Simd::F; 2], a1_centre: [Simd::F; 2], a2_half_size: [Simd::F; 2]) -> Simd::F {
    let e3 = [a0_p[0] - a1_centre[0], a0_p[1] - a1_centre[1]];
    let e4 = [e3[0].magnitude(), e3[1].magnitude()];
    let e5 = [e4[0] - a2_half_size[0], e4[1] - a2_half_size[1]];
    let e7 = [0.0f32; 2];
    let e8 = [e5[0].higher_of(l::splat::<Simd, Simd::F>(s, e7[0])), e5[1].higher_of(l::splat::<Simd, Simd::F>(s, e7[1]))];
    let e9 = math_length(s, e8);
    let e10 = e5[0];
    let e11 = e5[1];
    let e12 = e10.higher_of(e11);
    let e14 = e12.lower_of(l::splat::<Simd, Simd::F>(s, 0.0f32));
    e9 + e14
}

#[inline(always)]
fn draw_over_lul<Simd: l::Lanes>(s: Simd, a0_background: [Simd::F; 3], a1_colour: [f32; 3], a2_cover: Simd::F) -> [Simd::F; 3] {
    let e3 = [l::splat::<Simd, Simd::F>(s, a1_colour[0]) - a0_background[0], l::splat::<Simd, Simd::F>(s, a1_colour[1]) - a0_background[1], l::splat::<Simd, Simd::F>(s, a1_colour[2]) - a0_background[2]];
    let e4 = [e3[0] * a2_cover, e3[1] * a2_cover, e3[2] * a2_cover];
    [a0_background[0] + e4[0], a0_background[1] + e4[1], a0_background[2] + e4[2]]
}

#[inline(always)]
fn draw_circle<Simd: l::Lanes>(s: Simd, a0_p: [Simd::F; 2], a1_centre: [Simd::F; 2], a2_radius: Simd::F) -> Simd::F {
    let e3 = [a0_p[0] - a1_centre[0], a0_p[1] - a1_centre[1]];
    let e4 = math_length(s, e3);
    e4 - a2_radius
}

#[inline(always)]
fn draw_capsule<Simd: l::Lanes>(s: Simd, a0_p: [Simd::F; 2], a1_a: [Simd::F; 2], a2_b: [Simd::F; 2], a3_radius: Simd::F) -> Simd::F {
    let e4 = [a0_p[0] - a1_a[0], a0_p[1] - a1_a[1]];
    let e5 = [a2_b[0] - a1_a[0], a2_b[1] - a1_a[1]];
    let e6 = e4[0] * e5[0] + e4[1] * e5[1];
    let e7 = e5[0] * e5[0] + e5[1] * e5[1];
    let e9 = e7.higher_of(l::splat::<Simd, Simd::F>(s, 1e-12f32));
    let e10 = e6 / e9;
    let e11 = e10.higher_of(l::splat::<Simd, Simd::F>(s, 0.0f32)).lower_of(l::splat::<Simd, Simd::F>(s, 1.0f32));
    let e12 = [e5[0] * e11, e5[1] * e11];
    let e13 = [e4[0] - e12[0], e4[1] - e12[1]];
    let e14 = math_length(s, e13);
    e14 - a3_radius
}

#[inline(always)]
fn cart_pole_rod<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>, a1_p: [Simd::F; 2], a2_x: Simd::F, a3_theta: Simd::F) -> Simd::F {
    let e5 = [a2_x, l::splat::<Simd, Simd::F>(s, 0.0f32)];
    let e6 = math_sincos(s, a3_theta);
    let e7 = e6[0];
    let e8 = e6[1];
    let e9 = [e7, e8];
    let e10 = a0_params.half_length;
    let e12 = l::splat::<Simd, Simd::F>(s, 2.0f32) * e10;
    let e13 = [e9[0] * e12, e9[1] * e12];
    let e14 = [e5[0] + e13[0], e5[1] + e13[1]];
    let e15 = cart_pole_unit(s, a0_params);
    let e17 = l::splat::<Simd, Simd::F>(s, 0.04f32) * e15;
    draw_capsule(s, a1_p, e5, e14, e17)
}

#[inline(always)]
fn cart_pole_picture<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>, a1_state: State<Simd>, a2_uv: [Simd::F; 2]) -> [Simd::F; 3] {
    let mut v0_color = l::splat::<Simd, [Simd::F; 3]>(s, [0.0f32; 3]);
    let e3 = cart_pole_unit(s, a0_params);
    let e4 = cart_pole_point(s, a0_params, a2_uv);
    let e6 = l::splat::<Simd, Simd::F>(s, 0.016f32) * e3;
    let e7 = a1_state.x;
    let e9 = [e7, l::splat::<Simd, Simd::F>(s, 0.0f32)];
    let e10 = e4[0];
    let e11 = a1_state.x;
    let e12 = e10 - e11;
    let e13 = e12.magnitude();
    let e14 = e4[1];
    let e15 = [e13, e14];
    let e17 = l::splat::<Simd, Simd::F>(s, -0.32f32) * e3;
    let e19 = [l::splat::<Simd, Simd::F>(s, 0.0f32), e17];
    let e22 = e4[1];
    let e23 = e19[1];
    let e24 = e22 - e23;
    let e25 = draw_cover(s, e24, e6);
    let e26 = draw_over_uul(s, DRAW_PAPER, DRAW_MIST, e25);
    v0_color = e26;
    let e28 = v0_color;
    let e32 = [3.0f32, 0.015f32];
    let e33 = [l::splat::<Simd, Simd::F>(s, e32[0]) * e3, l::splat::<Simd, Simd::F>(s, e32[1]) * e3];
    let e34 = draw_box(s, e4, e19, e33);
    let e35 = draw_cover(s, e34, e6);
    let e36 = draw_over_lul(s, e28, DRAW_GREY, e35);
    v0_color = e36;
    let e37 = v0_color;
    let e41 = [0.01f32, 0.07f32];
    let e42 = [l::splat::<Simd, Simd::F>(s, e41[0]) * e3, l::splat::<Simd, Simd::F>(s, e41[1]) * e3];
    let e43 = draw_box(s, e4, e19, e42);
    let e44 = draw_cover(s, e43, e6);
    let e45 = draw_over_lul(s, e37, DRAW_GREY, e44);
    v0_color = e45;
    let e47 = l::splat::<Simd, Simd::F>(s, 0.09f32) * e3;
    let e49 = [l::splat::<Simd, Simd::F>(s, 0.0f32), e47];
    let e50 = [e9[0] - e49[0], e9[1] - e49[1]];
    let e53 = [0.26f32, 0.13f32];
    let e54 = [l::splat::<Simd, Simd::F>(s, e53[0]) * e3, l::splat::<Simd, Simd::F>(s, e53[1]) * e3];
    let e55 = draw_box(s, e4, e50, e54);
    let e56 = v0_color;
    let e59 = l::splat::<Simd, Simd::F>(s, 0.02f32) * e3;
    let e60 = e55 - e59;
    let e61 = draw_cover(s, e60, e6);
    let e62 = draw_over_lul(s, e56, DRAW_INK, e61);
    v0_color = e62;
    let e65 = [0.15f32, -0.24f32];
    let e66 = [l::splat::<Simd, Simd::F>(s, e65[0]) * e3, l::splat::<Simd, Simd::F>(s, e65[1]) * e3];
    let e68 = l::splat::<Simd, Simd::F>(s, 0.065f32) * e3;
    let e69 = draw_circle(s, e15, e66, e68);
    let e70 = v0_color;
    let e72 = draw_cover(s, e69, e6);
    let e73 = draw_over_lul(s, e70, DRAW_GREY, e72);
    v0_color = e73;
    let e74 = v0_color;
    let e76 = a1_state.x;
    let e77 = a1_state.theta;
    let e78 = cart_pole_rod(s, a0_params, e4, e76, e77);
    let e79 = draw_cover(s, e78, e6);
    let e80 = draw_over_lul(s, e74, DRAW_ORANGE, e79);
    v0_color = e80;
    let e81 = v0_color;
    let e84 = l::splat::<Simd, Simd::F>(s, 0.045f32) * e3;
    let e85 = draw_circle(s, e4, e9, e84);
    let e86 = draw_cover(s, e85, e6);
    draw_over_lul(s, e81, DRAW_BLUE, e86)
}

#[inline(always)]
fn pixel<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>, a1_state: State<Simd>, a2_uv: [Simd::F; 2]) -> [Simd::F; 3] {
    cart_pole_picture(s, a0_params, a1_state, a2_uv)
}

#[inline(always)]
fn kernel_pixel_llul<Simd: l::Lanes>(s: Simd, a0_params: Params<Simd>, a1_state: &mut State<Simd>, _: W<u32>, a3_uv: [Simd::F; 2]) -> [Simd::F; 3] {
    let e4 = *a1_state;
    pixel(s, a0_params, e4, a3_uv)
}

/// The environment for the driver.
pub struct Environment;

impl l::Program for Environment {
    const AGENTS: usize = 1;
    const START_COST: usize = 254;
    const TOTALS: l::TotalsAt = l::TotalsAt { transitions: core::mem::offset_of!(KernelTotals<l::Plain>, transitions) / 4, episodes: core::mem::offset_of!(KernelTotals<l::Plain>, episodes) / 4, length_sum: core::mem::offset_of!(KernelTotals<l::Plain>, length_sum) / 4, return_sum: core::mem::offset_of!(KernelTotals<l::Plain>, return_sum) / 4, info_sum: 0, finished_length: core::mem::offset_of!(KernelTotals<l::Plain>, finished_length) / 4, finished_return: core::mem::offset_of!(KernelTotals<l::Plain>, finished_return) / 4, finished_info: 0 };
    type Episode<Simd: l::Lanes> = KernelEpisode<Simd>;
    type State<Simd: l::Lanes> = State<Simd>;
    type Params<Simd: l::Lanes> = Params<Simd>;
    type Actions<Simd: l::Lanes> = [Simd::U; 1];
    type Observation<Simd: l::Lanes> = Observation<Simd>;
    type GlobalState<Simd: l::Lanes> = [Simd::U; 0];
    type Mask<Simd: l::Lanes> = [Simd::U; 0];
    type Info<Simd: l::Lanes> = [Simd::U; 0];
    type Done<Simd: l::Lanes> = [Simd::U; 0];
    type Rewards<Simd: l::Lanes> = [Simd::F; 1];
    type Totals<Simd: l::Lanes> = KernelTotals<Simd>;
    type Control = KernelControl<l::Plain>;
    type Constants = ();

    fn control(control: &l::Control) -> Self::Control {
        KernelControl::<l::Plain> { instances: W(0u32), steps: W(0u32), max_episode_steps: W(control.max_episode_steps), autoreset: W(control.autoreset), sticky_probability: control.sticky_probability, width: W(0u32), height: W(0u32), instance: W(0u32), at_reward: W(0u32), at_flags: W(0u32), at_finished: W(0u32), at_observation: W(0u32), at_final: W(0u32), at_actions: W(0u32), at_totals: W(0u32), final_stride: W(0u32), continued: W(0u32), at_mask: W(0u32), at_info: W(0u32), at_done: W(0u32), at_global: W(0u32), at_final_global: W(0u32), zero: W(0u32) }
    }
    fn constants(_: &[u32]) -> Self::Constants {}
    #[inline(always)]
    fn totals<Simd: l::Lanes>(s: Simd) -> KernelTotals<Simd> {
        l::splat(s, KernelTotals::<l::Plain> { transitions: W(0u32), episodes: W(0u32), length_sum: W(0u32), return_sum: [KernelSum::<l::Plain> { value: 0.0f32, rest: 0.0f32 }; 1], finished_length: W(0u32), finished_return: [0.0f32; 1] })
    }
    #[inline(always)]
    fn ended<Simd: l::Lanes>(episode: &KernelEpisode<Simd>) -> Simd::U {
        episode.ended
    }
    #[inline(always)]
    fn elapsed<Simd: l::Lanes>(episode: &KernelEpisode<Simd>) -> Simd::U {
        episode.elapsed
    }
    #[inline(always)]
    fn info<Simd: l::Lanes>(_: &KernelTotals<Simd>) -> Self::Info<Simd> {
        []
    }
    #[inline(always)]
    fn done<Simd: l::Lanes>(_: &KernelTotals<Simd>) -> Self::Done<Simd> {
        []
    }
    #[inline(always)]
    fn seed<Simd: l::Lanes>(s: Simd, mask: Simd::M, episode: &mut KernelEpisode<Simd>, low: Simd::U, high: Simd::U) {
        kernel_seed_masked(s, mask, episode, low, high)
    }
    #[inline(always)]
    fn start<Simd: l::Lanes>(s: Simd, _: &Self::Constants, mask: Simd::M, pending: &mut Params<Simd>, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>) {
        kernel_start_masked(s, mask, pending, params, state, episode)
    }
    #[inline(always)]
    fn random_actions<Simd: l::Lanes>(s: Simd, _: &Self::Constants, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>) -> Self::Actions<Simd> {
        kernel_random_actions(s, params, state, episode)
    }
    #[inline(always)]
    fn advance<Simd: l::Lanes>(s: Simd, _: &Self::Constants, control: Self::Control, params: &mut Params<Simd>, state: &mut State<Simd>, episode: &mut KernelEpisode<Simd>, totals: &mut KernelTotals<Simd>, actions: Self::Actions<Simd>) -> Self::Rewards<Simd> {
        kernel_advance_ulllll(s, control, params, state, episode, totals, actions)
    }
    #[inline(always)]
    fn starts_instead<Simd: l::Lanes>(s: Simd, control: Self::Control, ended: Simd::U) -> Simd::M {
        kernel_starts_instead_ul(s, control.autoreset, ended)
    }
    #[inline(always)]
    fn starts_behind<Simd: l::Lanes>(s: Simd, control: Self::Control, ended: Simd::U) -> Simd::M {
        kernel_starts_behind_ul(s, control.autoreset, ended)
    }
    #[inline(always)]
    fn observe<Simd: l::Lanes>(s: Simd, _: &Self::Constants, params: &Params<Simd>, state: &mut State<Simd>, elapsed: Simd::U, agent: W<u32>) -> Self::Observation<Simd> {
        kernel_observe_lllu(s, *params, state, elapsed, agent)
    }
    #[inline(always)]
    fn global_state<Simd: l::Lanes>(_: Simd, _: &Self::Constants, _: &Params<Simd>, _: &mut State<Simd>, _: Simd::U) -> Self::GlobalState<Simd> {
        []
    }
    #[inline(always)]
    fn action_mask<Simd: l::Lanes>(_: Simd, _: &Self::Constants, _: &Params<Simd>, _: &mut State<Simd>, _: Simd::U, _: W<u32>) -> Self::Mask<Simd> {
        []
    }
    #[inline(always)]
    fn pixel<Simd: l::Lanes>(s: Simd, _: &Self::Constants, params: &Params<Simd>, state: &mut State<Simd>, elapsed: W<u32>, uv: [Simd::F; 2]) -> Option<[Simd::F; 3]> {
        Some(kernel_pixel_llul(s, *params, state, elapsed, uv))
    }
}

shadergym_shaders::kernels!(Environment);
