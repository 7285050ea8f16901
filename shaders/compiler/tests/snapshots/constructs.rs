#[inline(always)]
fn initial_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, _: Params<Simd>, a1_rng: &mut Rng<Simd>) -> State<Simd> {
    let mut v0_state = l::splat::<Simd, State<Simd>>(s, State::<l::Plain> { words: [W(0u32); 4], bodies: [Body::<l::Plain> { place: [0.0f32; 2], kind: W(0i32) }; 3] });
    let mut v1_i: W<u32> = W(0u32);
    'loop1: loop {
        let e5 = v1_i;
        let e7 = e5.less(W(4u32));
        if !e7 {
            break 'loop1;
        }
        {
            let e9 = v1_i;
            let e11 = rng_next_masked(s, mask0, a1_rng);
            v0_state.words[(e9.0 as usize).min(3)] = e11;
        }
        let e13 = v1_i;
        let e14 = e13 + W(1u32);
        v1_i = e14;
    }
    v0_state
}

#[inline(always)]
fn loops_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_a: Simd::U, a1_rounds: Simd::U) -> Simd::U {
    let mut v0_sum = l::splat::<Simd, Simd::U>(s, W(0u32));
    let mut v1_i: W<u32> = W(0u32);
    let mut active1 = mask0;
    loop {
        let mut mask1 = active1;
        let mut continued1 = l::splat::<Simd, Simd::M>(s, false);
        let e6 = v1_i;
        let e7 = l::splat::<Simd, Simd::U>(s, e6).less(a1_rounds);
        let mut else2 = mask1 & !e7;
        if else2.any() {
            active1 = active1 & !else2;
            else2 = l::splat::<Simd, Simd::M>(s, false);
        }
        mask1 = mask1 & active1;
        if mask1.any() {
            {
                let e8 = v1_i;
                let e9 = a0_a.shift_right_by(e8);
                let e11 = e9 & l::splat::<Simd, Simd::U>(s, W(1u32));
                let e13 = e11.same(l::splat::<Simd, Simd::U>(s, W(0u32)));
                let mut then3 = mask1 & e13;
                if then3.any() {
                    continued1 = continued1 | then3;
                    then3 = l::splat::<Simd, Simd::M>(s, false);
                }
                mask1 = mask1 & !continued1;
                if mask1.any() {
                    let e14 = v0_sum;
                    let e16 = l::splat::<Simd, Simd::U>(s, W(10u32)).less(e14);
                    let mut then4 = mask1 & e16;
                    if then4.any() {
                        active1 = active1 & !then4;
                        then4 = l::splat::<Simd, Simd::M>(s, false);
                    }
                    mask1 = mask1 & active1;
                    if mask1.any() {
                        let e17 = v0_sum;
                        let e18 = v1_i;
                        let e19 = l::splat::<Simd, Simd::U>(s, e18) * a0_a;
                        let e20 = e17 + e19;
                        v0_sum = l::blend(s, mask1, e20, v0_sum);
                    }
                }
            }
        }
        if !active1.any() {
            break;
        }
        mask1 = active1;
        let e22 = v1_i;
        let e23 = e22 + W(1u32);
        v1_i = e23;
    }
    v0_sum
}

#[inline(always)]
fn branches_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_a: Simd::U, a1_b: Simd::U) -> Simd::U {
    let mut v0_x = l::splat::<Simd, Simd::U>(s, W(0u32));
    let mut v1 = l::splat::<Simd, Simd::M>(s, false);
    v0_x = a0_a;
    let e3 = a0_a.less(a1_b);
    let then1 = mask0 & e3;
    if then1.any() {
        let e4 = v0_x;
        let e6 = e4 + l::splat::<Simd, Simd::U>(s, W(1u32));
        v0_x = l::blend(s, then1, e6, v0_x);
    }
    let else1 = mask0 & !e3;
    if else1.any() {
        let e7 = v0_x;
        let e8 = loops_masked(s, else1, e7, a1_b);
        v0_x = l::blend(s, else1, e8, v0_x);
    }
    let e10 = l::splat::<Simd, Simd::U>(s, W(5u32)).less(a0_a);
    let e14 = a1_b.differs(l::splat::<Simd, Simd::U>(s, W(3u32)));
    v1 = e10 & e14;
    let e16 = v1;
    let then2 = mask0 & e16;
    {
        let e17 = v0_x;
        let e19 = a0_a.same(l::splat::<Simd, Simd::U>(s, W(7u32)));
        let e20 = l::blend::<Simd, Simd::U>(s, e19, a1_b, e17);
        v0_x = l::blend(s, then2, e20, v0_x);
    }
    v0_x
}

#[inline(always)]
fn early_masked<Simd: l::Lanes>(s: Simd, mut mask0: Simd::M, a0_a: Simd::U) -> Simd::U {
    let mut v0_x = l::splat::<Simd, Simd::U>(s, W(0u32));
    let mut returned = l::splat::<Simd, Simd::M>(s, false);
    let mut return_value = l::splat::<Simd, Simd::U>(s, W(0u32));
    let e2 = a0_a.same(l::splat::<Simd, Simd::U>(s, W(0u32)));
    let mut then1 = mask0 & e2;
    if then1.any() {
        return_value = l::blend(s, then1, l::splat::<Simd, Simd::U>(s, W(1u32)), return_value);
        returned = returned | then1;
        then1 = l::splat::<Simd, Simd::M>(s, false);
    }
    mask0 = mask0 & !returned;
    if mask0.any() {
        v0_x = a0_a;
        let mut active2 = mask0;
        loop {
            let mut mask2 = active2;
            let e5 = v0_x;
            let e7 = e5 * l::splat::<Simd, Simd::U>(s, W(3u32));
            let e9 = e7 + l::splat::<Simd, Simd::U>(s, W(1u32));
            v0_x = e9;
            let e10 = v0_x;
            let e12 = e10.remainder(l::splat::<Simd, Simd::U>(s, W(7u32)));
            let e14 = e12.same(l::splat::<Simd, Simd::U>(s, W(0u32)));
            let mut then3 = mask2 & e14;
            if then3.any() {
                let e15 = v0_x;
                return_value = l::blend(s, then3, e15, return_value);
                returned = returned | then3;
                active2 = active2 & !then3;
                then3 = l::splat::<Simd, Simd::M>(s, false);
            }
            mask2 = mask2 & !returned;
            if !active2.any() {
                break;
            }
            mask2 = active2;
            let e16 = v0_x;
            let e18 = e16 + l::splat::<Simd, Simd::U>(s, W(2u32));
            v0_x = e18;
            let e19 = v0_x;
            let e21 = l::splat::<Simd, Simd::U>(s, W(1000u32)).less(e19);
            active2 = active2 & !e21;
            if !active2.any() {
                break;
            }
        }
        mask0 = mask0 & !returned;
        if mask0.any() {
            return_value = l::blend(s, mask0, l::splat::<Simd, Simd::U>(s, W(2u32)), return_value);
            returned = returned | mask0;
            mask0 = l::splat::<Simd, Simd::M>(s, false);
        }
    }
    return_value
}

#[inline(always)]
fn switches<Simd: l::Lanes>(s: Simd, a0_a: Simd::U, a1_b: Simd::U) -> Simd::U {
    let mut v0_x = l::splat::<Simd, Simd::U>(s, W(0u32));
    let e5 = a0_a & l::splat::<Simd, Simd::U>(s, W(7u32));
    let mut broken1 = l::splat::<Simd, Simd::M>(s, false);
    let case1_0 = e5.same(l::splat::<Simd, Simd::U>(s, W(0u32))) | e5.same(l::splat::<Simd, Simd::U>(s, W(1u32)));
    if case1_0.any() {
        v0_x = l::blend(s, case1_0, a1_b, v0_x);
    }
    let mut case1_1 = e5.same(l::splat::<Simd, Simd::U>(s, W(2u32)));
    if case1_1.any() {
        let e7 = a1_b.same(l::splat::<Simd, Simd::U>(s, W(1u32)));
        let mut then2 = case1_1 & e7;
        if then2.any() {
            broken1 = broken1 | then2;
            then2 = l::splat::<Simd, Simd::M>(s, false);
        }
        case1_1 = case1_1 & !broken1;
        if case1_1.any() {
            v0_x = l::blend(s, case1_1, l::splat::<Simd, Simd::U>(s, W(5u32)), v0_x);
        }
    }
    let case1_2 = !(e5.same(l::splat::<Simd, Simd::U>(s, W(0u32))) | e5.same(l::splat::<Simd, Simd::U>(s, W(1u32))) | e5.same(l::splat::<Simd, Simd::U>(s, W(2u32))));
    if case1_2.any() {
        let e11 = a1_b & l::splat::<Simd, Simd::U>(s, W(3u32));
        let e12 = l::gather_uniform::<Simd, Simd::U, _>(s, &PRIMES, e11);
        v0_x = l::blend(s, case1_2, e12, v0_x);
    }
    v0_x
}

#[inline(always)]
fn memory_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_body: &mut Body<Simd>, a1_index: Simd::U) -> Simd::U {
    let mut v0_local = l::splat::<Simd, [Body<Simd>; 2]>(s, [Body::<l::Plain> { place: [0.0f32; 2], kind: W(0i32) }; 2]);
    let e2 = *a0_body;
    let e5 = [1.0f32, -2.0f32];
    let e7 = Body::<l::Plain> { place: e5, kind: W(-3i32) };
    let e8 = [e2, l::splat::<Simd, Body<Simd>>(s, e7)];
    v0_local = e8;
    let e11 = a1_index & l::splat::<Simd, Simd::U>(s, W(1u32));
    let e14 = l::gather::<Simd, Body<Simd>, _>(s, &v0_local, e11).kind;
    let e16 = e14 + l::splat::<Simd, Simd::I>(s, W(4i32));
    { let part = e16; let mut part0 = l::gather::<Simd, Body<Simd>, _>(s, &v0_local, e11); part0.kind = part; l::scatter(s, l::splat::<Simd, Simd::M>(s, true), &mut v0_local, e11, part0); }
    let e20 = a1_index.to_f();
    v0_local[0].place[1] = e20;
    let e24 = a1_index & l::splat::<Simd, Simd::U>(s, W(1u32));
    { let part = l::splat::<Simd, Simd::F>(s, -1.5f32); l::scatter(s, l::splat::<Simd, Simd::M>(s, true), &mut v0_local[1].place, e24, part); }
    let e30 = l::gather::<Simd, Body<Simd>, _>(s, &v0_local, a1_index).kind;
    a0_body.kind = l::blend(s, mask0, e30, a0_body.kind);
    let e32 = v0_local[1];
    *a0_body = l::blend(s, mask0, e32, *a0_body);
    let e35 = v0_local[0].kind;
    e35.to_u()
}

#[inline(always)]
fn vectors<Simd: l::Lanes>(s: Simd, a0_a: Simd::U) -> Simd::F {
    let e1 = a0_a.to_f();
    let e3 = a0_a & l::splat::<Simd, Simd::U>(s, W(1073741823u32));
    let e4 = e3.bits_f();
    let e6 = [e1, l::splat::<Simd, Simd::F>(s, 2.0f32), e4];
    let e7 = [e6[0], e6[1]];
    let e8 = [e6[2], e6[0]];
    let e9 = [e7, e8];
    let e10 = [e6[1], e6[2]];
    let e11 = [e9[0][0] * e10[0] + e9[1][0] * e10[1], e9[0][1] * e10[0] + e9[1][1] * e10[1]];
    let e12 = [[e9[0][0], e9[1][0]], [e9[0][1], e9[1][1]]];
    let e14 = [0.5f32; 2];
    let e15 = [e12[0][0] * l::splat::<Simd, Simd::F>(s, e14[0]) + e12[1][0] * l::splat::<Simd, Simd::F>(s, e14[1]), e12[0][1] * l::splat::<Simd, Simd::F>(s, e14[0]) + e12[1][1] * l::splat::<Simd, Simd::F>(s, e14[1])];
    let e16 = [e11[0] - e15[0], e11[1] - e15[1]];
    let e17 = [e16[0].round_down(), e16[1].round_down()];
    let e18 = [e16[1], e16[0]];
    let e19 = [e18[0] - e18[0].round_down(), e18[1] - e18[1].round_down()];
    let e21 = [-1.0f32; 2];
    let e23 = [1.0f32; 2];
    let e24 = [e16[0].higher_of(l::splat::<Simd, Simd::F>(s, e21[0])).lower_of(l::splat::<Simd, Simd::F>(s, e23[0])), e16[1].higher_of(l::splat::<Simd, Simd::F>(s, e21[1])).lower_of(l::splat::<Simd, Simd::F>(s, e23[1]))];
    let e25 = [e19[0] * e24[0], e19[1] * e24[1]];
    let e26 = [e17[0] + e25[0], e17[1] + e25[1]];
    let e29 = a0_a.shift_right(l::splat::<Simd, Simd::U>(s, W(3u32)).lower_of(l::splat::<Simd, Simd::U>(s, W(32u32)))) & l::blend(s, l::splat::<Simd, Simd::U>(s, W(5u32)).lower_of(l::splat::<Simd, Simd::U>(s, W(32u32)) - l::splat::<Simd, Simd::U>(s, W(3u32)).lower_of(l::splat::<Simd, Simd::U>(s, W(32u32)))).same(l::splat::<Simd, Simd::U>(s, W(32u32))), l::splat::<Simd, Simd::U>(s, W(u32::MAX)), l::splat::<Simd, Simd::U>(s, W(1u32)).shift_left(l::splat::<Simd, Simd::U>(s, W(5u32)).lower_of(l::splat::<Simd, Simd::U>(s, W(32u32)) - l::splat::<Simd, Simd::U>(s, W(3u32)).lower_of(l::splat::<Simd, Simd::U>(s, W(32u32))))) - l::splat::<Simd, Simd::U>(s, W(1u32)));
    let e30 = l::Uint::to_i(a0_a);
    let e31 = l::splat::<Simd, Simd::I>(s, W(31i32)) - l::blend(s, e30.less(l::splat::<Simd, Simd::I>(s, W(0i32))), !e30, e30).zeros_above();
    let e32 = e31.to_u();
    let e33 = e29 + e32;
    let e34 = e26[0] * e16[0] + e26[1] * e16[1];
    let e35 = e9[0][0] * e9[1][1] - e9[1][0] * e9[0][1];
    let e36 = e34 + e35;
    let e37 = [e6[2], e6[1], e6[0]];
    let e38 = [e6[1] * e37[2] - e6[2] * e37[1], e6[2] * e37[0] - e6[0] * e37[2], e6[0] * e37[1] - e6[1] * e37[0]];
    let e39 = e38[0];
    let e40 = e36 + e39;
    let e41 = e33.to_f();
    let e42 = e40 + e41;
    let e43 = [e26[0].less(e16[0]), e26[1].less(e16[1])];
    let e44 = e43[0] & e43[1];
    let e47 = l::blend::<Simd, Simd::F>(s, e44, l::splat::<Simd, Simd::F>(s, 1.0f32), l::splat::<Simd, Simd::F>(s, 0.0f32));
    e42 + e47
}

#[inline(always)]
fn uniform_loop_masked<Simd: l::Lanes>(_: Simd, _: Simd::M) -> W<u32> {
    let mut v0_sum: W<u32> = W(0u32);
    let mut v1_i: W<u32> = W(0u32);
    'loop1: loop {
        'body1: {
            let e4 = v1_i;
            let e6 = e4.less(W(10u32));
            if !e6 {
                break 'loop1;
            }
            {
                let e7 = v1_i;
                let e9 = e7.same(W(3u32));
                if e9 {
                    break 'body1;
                }
                let e10 = v0_sum;
                let e12 = W(20u32).less(e10);
                if e12 {
                    break 'loop1;
                }
                let e13 = v0_sum;
                let e14 = v1_i;
                let e15 = e13 + e14;
                v0_sum = e15;
            }
        }
        let e17 = v1_i;
        let e18 = e17 + W(1u32);
        v1_i = e18;
    }
    v0_sum
}

#[inline(always)]
fn uniform_switch_u<Simd: l::Lanes>(_: Simd, a0_a: W<i32>) -> W<u32> {
    match a0_a.0 as u32 {
        4294967295 => {
            W(1u32)
        }
        2 => {
            PRIMES[(a0_a.0 as u32 as usize).min(3)]
        }
        _ => {
            W(0u32)
        }
    }
}

#[inline(always)]
fn step_masked<Simd: l::Lanes>(s: Simd, mask0: Simd::M, a0_params: Params<Simd>, a1_state: &mut State<Simd>, a2_action: Simd::U, _: &mut Rng<Simd>) -> Outcome<Simd> {
    let e6 = l::gather::<Simd, Simd::U, _>(s, &a1_state.words, a2_action);
    let e9 = branches_masked(s, mask0, e6, a2_action);
    let e10 = a0_params.rounds;
    let e11 = loops_masked(s, mask0, e6, e10);
    let e12 = e9 + e11;
    let e13 = early_masked(s, mask0, e6);
    let e14 = e12 + e13;
    let e15 = switches(s, e6, a2_action);
    let e16 = e14 + e15;
    a1_state.words[0] = l::blend(s, mask0, e16, a1_state.words[0]);
    let e19 = e6 & l::splat::<Simd, Simd::U>(s, W(3u32));
    let e21 = l::gather::<Simd, Simd::U, _>(s, &a1_state.words, e19);
    let e24 = e6.remainder(l::splat::<Simd, Simd::U>(s, W(3u32)));
    let mut copy1 = l::gather::<Simd, Body<Simd>, _>(s, &a1_state.bodies, e24);
    let e26 = memory_masked(s, mask0, &mut copy1, e6);
    { l::scatter(s, mask0, &mut a1_state.bodies, e24, copy1); }
    let e27 = e21 ^ e26;
    { let part = e27; l::scatter(s, mask0, &mut a1_state.words, e19, part); }
    let e28 = vectors(s, e6);
    let e29 = uniform_loop_masked(s, mask0);
    let e31 = uniform_switch_u(s, W(2i32));
    let e32 = e29 + e31;
    let e33 = e32.to_f();
    let e34 = e28 + l::splat::<Simd, Simd::F>(s, e33);
    let e37 = a1_state.words[2];
    let e39 = e37.same(l::splat::<Simd, Simd::U>(s, W(0u32)));
    Outcome::<Simd> { reward: e34, terminated: e39 }
}

#[inline(always)]
fn observe<Simd: l::Lanes>(s: Simd, _: Params<Simd>, a1_state: State<Simd>) -> Observation<Simd> {
    let e2 = a1_state.words;
    let e3 = e2[0];
    let e5 = e3 & l::splat::<Simd, Simd::U>(s, W(255u32));
    let e6 = e5.to_f();
    Observation::<Simd> { low: e6 }
}
