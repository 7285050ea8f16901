//! TestBuiltIns-v0: every built-in function of the compiler's table, of varying and of uniform values.
//!
//! # Source
//! Written from the table by the test `built_ins` of the compiler: edit that one.
//! # Reward
//! The lowest bit of the first word.
//! # Start
//! Random words.
//! # End
//! Terminated with probability 1/64 in every step.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};
import package::shared::math::{math_sqrt};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;

struct Params {
    /// 1; added to every input
    salt: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1000000u);

struct State {
    /// 1; hashed results, one word per function
    words: array<u32, 28>,
}

alias Action = u32;
/// added to the inputs
const ACTION_COUNT: u32 = 4u;

struct Observation {
    /// 1; low bits of the first word
    low: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 65535.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    for (var i = 0u; i < 28u; i++) {
        state.words[i] = rng_next(rng) + params.salt;
    }
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    probe(state, rng_next(rng) + params.salt + action);
    // The same in all lanes.
    for (var i = 0u; i < 3u; i++) {
        probe(state, (i + 5u) * 0x9e3779b1u);
    }
    return Outcome(f32((*state).words[0] & 1u), (rng_next(rng) & 63u) == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.words[0] & 0xffffu));
}

fn mix(h: u32, v: u32) -> u32 {
    let x = (h ^ v) * 0x9e3779b1u;
    return x ^ (x >> 15u);
}

/// Small multiples of a quarter: sums of products are exact in any order.
fn float(r: u32) -> f32 {
    return f32(i32(r >> 24u) - 128) * 0.25;
}

/// Small whole numbers, whose determinants are exact.
fn entry(r: u32) -> f32 {
    return f32(i32(r >> 29u) - 4);
}

/// Operands at the edges, or random. No switch: SwiftShader compiles path by path.
fn unsigned(r: u32) -> u32 {
    let kind = r >> 28u;
    let random = r * 0x85ebca6bu;
    var x = select(random, random >> 24u, kind < 6u);
    x = select(x, 0x7fffffffu, kind == 3u);
    x = select(x, 0x80000000u, kind == 2u);
    x = select(x, 0xffffffffu, kind == 1u);
    return select(x, 0u, kind == 0u);
}

fn signed(r: u32) -> i32 {
    return bitcast<i32>(unsigned(r));
}

fn condition(r: u32) -> bool {
    return (r >> 31u) == 1u;
}

/// Zeros may have any sign.
fn word_f32(x: f32) -> u32 {
    return select(bitcast<u32>(x), 0u, x == 0.0);
}

fn word_i32(x: i32) -> u32 {
    return bitcast<u32>(x);
}

fn word_u32(x: u32) -> u32 {
    return x;
}

fn word_bool(x: bool) -> u32 {
    return select(0u, 1u, x);
}

fn probe(state: ptr<function, State>, r: u32) {
    (*state).words[0] = mix((*state).words[0], probe_abs(r));
    (*state).words[1] = mix((*state).words[1], probe_all(r));
    (*state).words[2] = mix((*state).words[2], probe_any(r));
    (*state).words[3] = mix((*state).words[3], probe_bitcast(r));
    (*state).words[4] = mix((*state).words[4], probe_ceil(r));
    (*state).words[5] = mix((*state).words[5], probe_clamp(r));
    (*state).words[6] = mix((*state).words[6], probe_countLeadingZeros(r));
    (*state).words[7] = mix((*state).words[7], probe_countOneBits(r));
    (*state).words[8] = mix((*state).words[8], probe_countTrailingZeros(r));
    (*state).words[9] = mix((*state).words[9], probe_cross(r));
    (*state).words[10] = mix((*state).words[10], probe_determinant(r));
    (*state).words[11] = mix((*state).words[11], probe_dot(r));
    (*state).words[12] = mix((*state).words[12], probe_extractBits(r));
    (*state).words[13] = mix((*state).words[13], probe_firstLeadingBit(r));
    (*state).words[14] = mix((*state).words[14], probe_firstTrailingBit(r));
    (*state).words[15] = mix((*state).words[15], probe_floor(r));
    (*state).words[16] = mix((*state).words[16], probe_fract(r));
    (*state).words[17] = mix((*state).words[17], probe_insertBits(r));
    (*state).words[18] = mix((*state).words[18], probe_max(r));
    (*state).words[19] = mix((*state).words[19], probe_min(r));
    (*state).words[20] = mix((*state).words[20], probe_reverseBits(r));
    (*state).words[21] = mix((*state).words[21], probe_round(r));
    (*state).words[22] = mix((*state).words[22], probe_saturate(r));
    (*state).words[23] = mix((*state).words[23], probe_select(r));
    (*state).words[24] = mix((*state).words[24], probe_sign(r));
    (*state).words[25] = mix((*state).words[25], probe_sqrt(r));
    (*state).words[26] = mix((*state).words[26], probe_transpose(r));
    (*state).words[27] = mix((*state).words[27], probe_trunc(r));
}

fn probe_abs(r: u32) -> u32 {
    var h = 0u;
    {
        let v = abs(float(r * 2891336453u));
        h = mix(h, word_f32(v));
    }
    {
        let v = abs(vec2<f32>(float(r * 1192405135u), float(r * 568162667u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    {
        let v = abs(signed(r * 878960813u));
        h = mix(h, word_i32(v));
    }
    {
        let v = abs(vec2<i32>(signed(r * 3598456993u), signed(r * 3109587931u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    {
        let v = abs(unsigned(r * 457671207u));
        h = mix(h, word_u32(v));
    }
    {
        let v = abs(vec2<u32>(unsigned(r * 564359577u), unsigned(r * 1466123133u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
    }
    return h;
}

fn probe_all(r: u32) -> u32 {
    var h = 0u;
    {
        let v = all(vec3<bool>(condition(r * 3639132859u), condition(r * 1098935943u), condition(r * 3968020857u)));
        h = mix(h, word_bool(v));
    }
    {
        let v = all(vec4<bool>(condition(r * 3079081181u), condition(r * 2279022151u), condition(r * 40713347u), condition(r * 828962981u)));
        h = mix(h, word_bool(v));
    }
    return h;
}

fn probe_any(r: u32) -> u32 {
    var h = 0u;
    {
        let v = any(vec4<bool>(condition(r * 91961967u), condition(r * 1005466753u), condition(r * 3072911749u), condition(r * 984234255u)));
        h = mix(h, word_bool(v));
    }
    {
        let v = any(vec2<bool>(condition(r * 959587307u), condition(r * 1266806061u)));
        h = mix(h, word_bool(v));
    }
    return h;
}

fn probe_bitcast(r: u32) -> u32 {
    var h = 0u;
    {
        let v = bitcast<i32>(float(r * 839758373u));
        h = mix(h, word_i32(v));
    }
    {
        let v = bitcast<u32>(float(r * 839758373u));
        h = mix(h, word_u32(v));
    }
    {
        let v = bitcast<vec2<i32>>(vec2<f32>(float(r * 911997561u), float(r * 2177802643u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    {
        let v = bitcast<vec2<u32>>(vec2<f32>(float(r * 911997561u), float(r * 2177802643u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
    }
    {
        let v = bitcast<f32>((signed(r * 3184354623u) & 0x1fffffff) | 0x20000000);
        h = mix(h, word_f32(v));
    }
    {
        let v = bitcast<u32>(signed(r * 3184354623u));
        h = mix(h, word_u32(v));
    }
    {
        let v = bitcast<vec2<f32>>((vec2<i32>(signed(r * 3935119761u), signed(r * 2492898773u)) & vec2<i32>(0x1fffffff)) | vec2<i32>(0x20000000));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    {
        let v = bitcast<vec2<u32>>(vec2<i32>(signed(r * 3935119761u), signed(r * 2492898773u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
    }
    {
        let v = bitcast<f32>((unsigned(r * 1571546527u) & 0x1fffffff) | 0x20000000);
        h = mix(h, word_f32(v));
    }
    {
        let v = bitcast<i32>(unsigned(r * 1571546527u));
        h = mix(h, word_i32(v));
    }
    {
        let v = bitcast<vec2<f32>>((vec2<u32>(unsigned(r * 3937932731u), unsigned(r * 3141375293u)) & vec2<u32>(0x1fffffff)) | vec2<u32>(0x20000000));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    {
        let v = bitcast<vec2<i32>>(vec2<u32>(unsigned(r * 3937932731u), unsigned(r * 3141375293u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    return h;
}

fn probe_ceil(r: u32) -> u32 {
    var h = 0u;
    {
        let v = ceil(float(r * 1587554777u));
        h = mix(h, word_f32(v));
    }
    {
        let v = ceil(vec3<f32>(float(r * 818528371u), float(r * 1282693535u), float(r * 1089507697u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
    }
    return h;
}

fn probe_clamp(r: u32) -> u32 {
    var h = 0u;
    {
        let v = clamp(float(r * 2335351183u), min(float(r * 725059179u), float(r * 387584429u)), max(float(r * 725059179u), float(r * 387584429u)));
        h = mix(h, word_f32(v));
    }
    {
        let v = clamp(vec4<f32>(float(r * 3289628065u), float(r * 1296250075u), float(r * 650116903u), float(r * 2314130073u)), min(vec4<f32>(float(r * 1892014205u), float(r * 1394898535u), float(r * 1985178403u), float(r * 974409669u)), vec4<f32>(float(r * 1536085145u), float(r * 3299480115u), float(r * 3213780575u), float(r * 63493425u))), max(vec4<f32>(float(r * 1892014205u), float(r * 1394898535u), float(r * 1985178403u), float(r * 974409669u)), vec4<f32>(float(r * 1536085145u), float(r * 3299480115u), float(r * 3213780575u), float(r * 63493425u))));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
        h = mix(h, word_f32(v[3]));
    }
    {
        let v = clamp(signed(r * 2312001013u), min(signed(r * 652735551u), signed(r * 4097494235u)), max(signed(r * 652735551u), signed(r * 4097494235u)));
        h = mix(h, word_i32(v));
    }
    {
        let v = clamp(vec4<i32>(signed(r * 671674077u), signed(r * 724005009u), signed(r * 2738768011u), signed(r * 566999703u)), min(vec4<i32>(signed(r * 2738579657u), signed(r * 3575404653u), signed(r * 2963634967u), signed(r * 2014940051u)), vec4<i32>(signed(r * 1411206901u), signed(r * 3152710025u), signed(r * 2335848419u), signed(r * 3814579151u))), max(vec4<i32>(signed(r * 2738579657u), signed(r * 3575404653u), signed(r * 2963634967u), signed(r * 2014940051u)), vec4<i32>(signed(r * 1411206901u), signed(r * 3152710025u), signed(r * 2335848419u), signed(r * 3814579151u))));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
        h = mix(h, word_i32(v[3]));
    }
    {
        let v = clamp(unsigned(r * 4277005665u), min(unsigned(r * 1688649701u), unsigned(r * 638151407u)), max(unsigned(r * 1688649701u), unsigned(r * 638151407u)));
        h = mix(h, word_u32(v));
    }
    {
        let v = clamp(vec4<u32>(unsigned(r * 3580856139u), unsigned(r * 2027606029u), unsigned(r * 2358835073u), unsigned(r * 2199666747u)), min(vec4<u32>(unsigned(r * 440314375u), unsigned(r * 2276180729u), unsigned(r * 1104702557u), unsigned(r * 2646877127u)), vec4<u32>(unsigned(r * 3549470723u), unsigned(r * 1101976101u), unsigned(r * 1764203129u), unsigned(r * 1395048851u))), max(vec4<u32>(unsigned(r * 440314375u), unsigned(r * 2276180729u), unsigned(r * 1104702557u), unsigned(r * 2646877127u)), vec4<u32>(unsigned(r * 3549470723u), unsigned(r * 1101976101u), unsigned(r * 1764203129u), unsigned(r * 1395048851u))));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
        h = mix(h, word_u32(v[3]));
    }
    return h;
}

fn probe_countLeadingZeros(r: u32) -> u32 {
    var h = 0u;
    {
        let v = countLeadingZeros(signed(r * 3083147587u));
        h = mix(h, word_i32(v));
    }
    {
        let v = countLeadingZeros(vec2<i32>(signed(r * 631589989u), signed(r * 3787442617u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    {
        let v = countLeadingZeros(unsigned(r * 1194781139u));
        h = mix(h, word_u32(v));
    }
    {
        let v = countLeadingZeros(vec2<u32>(unsigned(r * 4271782527u), unsigned(r * 1876209617u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
    }
    return h;
}

fn probe_countOneBits(r: u32) -> u32 {
    var h = 0u;
    {
        let v = countOneBits(signed(r * 3830943993u));
        h = mix(h, word_i32(v));
    }
    {
        let v = countOneBits(vec3<i32>(signed(r * 538120797u), signed(r * 2892333511u), signed(r * 3394901507u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
    }
    {
        let v = countOneBits(unsigned(r * 2952347685u));
        h = mix(h, word_u32(v));
    }
    {
        let v = countOneBits(vec3<u32>(unsigned(r * 3102302329u), unsigned(r * 3056713619u), unsigned(r * 4141062975u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
    }
    return h;
}

fn probe_countTrailingZeros(r: u32) -> u32 {
    var h = 0u;
    {
        let v = countTrailingZeros(signed(r * 283773101u));
        h = mix(h, word_i32(v));
    }
    {
        let v = countTrailingZeros(vec4<i32>(signed(r * 444651607u), signed(r * 1997224403u), signed(r * 1300054581u), signed(r * 1632912841u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
        h = mix(h, word_i32(v[3]));
    }
    {
        let v = countTrailingZeros(unsigned(r * 33427747u));
        h = mix(h, word_u32(v));
    }
    {
        let v = countTrailingZeros(vec4<u32>(unsigned(r * 3428005391u), unsigned(r * 970620065u), unsigned(r * 3070150693u), unsigned(r * 4271702063u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
        h = mix(h, word_u32(v[3]));
    }
    return h;
}

fn probe_cross(r: u32) -> u32 {
    var h = 0u;
    {
        let v = cross(vec3<f32>(float(r * 1031569507u), float(r * 351182415u), float(r * 1102115297u)), vec3<f32>(float(r * 3500174949u), float(r * 313477999u), float(r * 1259520459u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
    }
    return h;
}

fn probe_determinant(r: u32) -> u32 {
    var h = 0u;
    {
        let v = determinant(mat2x2<f32>(vec2<f32>(entry(r * 1779365911u), entry(r * 257713225u)), vec2<f32>(entry(r * 207006189u), entry(r * 1405328023u))));
        h = mix(h, word_f32(v));
    }
    {
        let v = determinant(mat3x3<f32>(vec3<f32>(entry(r * 3289010451u), entry(r * 2485613173u), entry(r * 4170588937u)), vec3<f32>(entry(r * 3219668835u), entry(r * 1323673935u), entry(r * 1501083873u)), vec3<f32>(entry(r * 4234223973u), entry(r * 2871188079u), entry(r * 1514134731u))));
        h = mix(h, word_f32(v));
    }
    {
        let v = determinant(mat4x4<f32>(vec4<f32>(entry(r * 4209361805u), entry(r * 1955045633u), entry(r * 446994363u), entry(r * 2236680071u)), vec4<f32>(entry(r * 404643449u), entry(r * 1479073245u), entry(r * 2221335367u), entry(r * 3265693059u)), vec4<f32>(entry(r * 1557697957u), entry(r * 2257540089u), entry(r * 532113683u), entry(r * 1595863743u)), vec4<f32>(entry(r * 2499589393u), entry(r * 2118958933u), entry(r * 1610880287u), entry(r * 2821073723u))));
        h = mix(h, word_f32(v));
    }
    return h;
}

fn probe_dot(r: u32) -> u32 {
    var h = 0u;
    {
        let v = dot(vec4<f32>(float(r * 2527162317u), float(r * 164244033u), float(r * 3606864379u), float(r * 3605448391u)), vec4<f32>(float(r * 1969575609u), float(r * 3711705885u), float(r * 246913415u), float(r * 49225923u)));
        h = mix(h, word_f32(v));
    }
    {
        let v = dot(vec2<f32>(float(r * 450435557u), float(r * 2263258425u)), vec2<f32>(float(r * 591219539u), float(r * 561228287u)));
        h = mix(h, word_f32(v));
    }
    {
        let v = dot(vec4<i32>(signed(r * 3734046033u), signed(r * 972504213u), signed(r * 3192349535u), signed(r * 932986491u)), vec4<i32>(signed(r * 1694475517u), signed(r * 1384060209u), signed(r * 2499546539u), signed(r * 802814519u)));
        h = mix(h, word_i32(v));
    }
    {
        let v = dot(vec2<i32>(signed(r * 4230071529u), signed(r * 3473824525u)), vec2<i32>(signed(r * 3879319095u), signed(r * 782448947u)));
        h = mix(h, word_i32(v));
    }
    {
        let v = dot(vec4<u32>(unsigned(r * 3899289877u), unsigned(r * 1737525801u), unsigned(r * 3978496259u), unsigned(r * 443520879u)), vec4<u32>(unsigned(r * 2918118785u), unsigned(r * 3177733765u), unsigned(r * 3739939343u), unsigned(r * 4076073195u)));
        h = mix(h, word_u32(v));
    }
    {
        let v = dot(vec2<u32>(unsigned(r * 2714951213u), unsigned(r * 1623970849u)), vec2<u32>(unsigned(r * 2195758427u), unsigned(r * 3550372263u)));
        h = mix(h, word_u32(v));
    }
    return h;
}

fn probe_extractBits(r: u32) -> u32 {
    var h = 0u;
    {
        let v = extractBits(signed(r * 3274958721u), (r * 70774843u) >> 26u, (r * 2711755271u) >> 26u);
        h = mix(h, word_i32(v));
    }
    {
        let v = extractBits(vec2<i32>(signed(r * 1510601465u), signed(r * 650140765u)), (r * 642831303u) >> 26u, (r * 618205187u) >> 26u);
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    {
        let v = extractBits(unsigned(r * 1173750309u), (r * 3872164473u) >> 26u, (r * 3025432979u) >> 26u);
        h = mix(h, word_u32(v));
    }
    {
        let v = extractBits(vec2<u32>(unsigned(r * 1243182399u), unsigned(r * 2546235793u)), (r * 1658990037u) >> 26u, (r * 2030613919u) >> 26u);
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
    }
    return h;
}

fn probe_firstLeadingBit(r: u32) -> u32 {
    var h = 0u;
    {
        let v = firstLeadingBit(signed(r * 4022755127u));
        h = mix(h, word_i32(v));
    }
    {
        let v = firstLeadingBit(vec3<i32>(signed(r * 4272272947u), signed(r * 1816646165u), signed(r * 3710721833u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
    }
    {
        let v = firstLeadingBit(unsigned(r * 3625673219u));
        h = mix(h, word_u32(v));
    }
    {
        let v = firstLeadingBit(vec3<u32>(unsigned(r * 1868924015u), unsigned(r * 989496961u), unsigned(r * 2298274693u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
    }
    return h;
}

fn probe_firstTrailingBit(r: u32) -> u32 {
    var h = 0u;
    {
        let v = firstTrailingBit(signed(r * 475584235u));
        h = mix(h, word_i32(v));
    }
    {
        let v = firstTrailingBit(vec4<i32>(signed(r * 4178803757u), signed(r * 921537057u), signed(r * 1615874907u), signed(r * 2306238375u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
        h = mix(h, word_i32(v[3]));
    }
    {
        let v = firstTrailingBit(unsigned(r * 3095016729u));
        h = mix(h, word_u32(v));
    }
    {
        let v = firstTrailingBit(vec4<u32>(unsigned(r * 1360788733u), unsigned(r * 3422799079u), unsigned(r * 2125687715u), unsigned(r * 254814789u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
        h = mix(h, word_u32(v[3]));
    }
    return h;
}

fn probe_floor(r: u32) -> u32 {
    var h = 0u;
    {
        let v = floor(float(r * 1223380641u));
        h = mix(h, word_f32(v));
    }
    {
        let v = floor(vec2<f32>(float(r * 4085334565u), float(r * 26427951u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    return h;
}

fn probe_fract(r: u32) -> u32 {
    var h = 0u;
    {
        let v = fract(float(r * 1971177045u));
        h = mix(h, word_f32(v));
    }
    {
        let v = fract(vec3<f32>(float(r * 3991865375u), float(r * 3426286139u), float(r * 1721148349u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
    }
    return h;
}

fn probe_insertBits(r: u32) -> u32 {
    var h = 0u;
    {
        let v = insertBits(signed(r * 2718973451u), signed(r * 3898396183u), (r * 2531177033u) >> 26u, (r * 3921268717u) >> 26u);
        h = mix(h, word_i32(v));
    }
    {
        let v = insertBits(vec4<i32>(signed(r * 2642901143u), signed(r * 2478327571u), signed(r * 2474664053u), signed(r * 2501404937u)), vec4<i32>(signed(r * 3800939875u), signed(r * 2541338447u), signed(r * 208029409u), signed(r * 3881338725u)), (r * 4168611951u) >> 26u, (r * 3026195147u) >> 26u);
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
        h = mix(h, word_i32(v[3]));
    }
    {
        let v = insertBits(unsigned(r * 2026238349u), unsigned(r * 3848939265u), (r * 2736215483u) >> 26u, (r * 2965593479u) >> 26u);
        h = mix(h, word_u32(v));
    }
    {
        let v = insertBits(vec4<u32>(unsigned(r * 32451705u), unsigned(r * 881624029u), unsigned(r * 1426407751u), unsigned(r * 2085682051u)), vec4<u32>(unsigned(r * 725091237u), unsigned(r * 2284460537u), unsigned(r * 539977491u), unsigned(r * 1460111551u)), (r * 2250818321u) >> 26u, (r * 2029299029u) >> 26u);
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
        h = mix(h, word_u32(v[3]));
    }
    return h;
}

fn probe_max(r: u32) -> u32 {
    var h = 0u;
    {
        let v = max(float(r * 3466769855u), float(r * 3804926993u));
        h = mix(h, word_f32(v));
    }
    {
        let v = max(vec2<f32>(float(r * 1636067925u), float(r * 1826421791u)), vec2<f32>(float(r * 1323466299u), float(r * 3704420285u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    {
        let v = max(signed(r * 2845955825u), signed(r * 3625929323u));
        h = mix(h, word_i32(v));
    }
    {
        let v = max(vec2<i32>(signed(r * 2927701495u), signed(r * 3303513001u)), vec2<i32>(signed(r * 859992269u), signed(r * 1571378935u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    {
        let v = max(unsigned(r * 2093555955u), unsigned(r * 4084304853u));
        h = mix(h, word_u32(v));
    }
    {
        let v = max(vec2<u32>(unsigned(r * 3263542249u), unsigned(r * 39964099u)), vec2<u32>(unsigned(r * 2194010927u), unsigned(r * 3945010241u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
    }
    return h;
}

fn probe_min(r: u32) -> u32 {
    var h = 0u;
    {
        let v = min(float(r * 4214566261u), float(r * 3711457801u));
        h = mix(h, word_f32(v));
    }
    {
        let v = min(vec3<f32>(float(r * 740958819u), float(r * 4026542159u), float(r * 4031457u)), vec3<f32>(float(r * 635545701u), float(r * 3217247599u), float(r * 455486411u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
    }
    {
        let v = min(signed(r * 2054463117u), signed(r * 4065687553u));
        h = mix(h, word_i32(v));
    }
    {
        let v = min(vec3<i32>(signed(r * 1511955131u), signed(r * 3556386439u), signed(r * 18499961u)), vec3<i32>(signed(r * 847447261u), signed(r * 205878855u), signed(r * 525956227u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
    }
    {
        let v = min(unsigned(r * 1651806373u), unsigned(r * 629459705u));
        h = mix(h, word_u32(v));
    }
    {
        let v = min(vec3<u32>(unsigned(r * 2073398291u), unsigned(r * 2339549631u), unsigned(r * 3355164689u)), vec3<u32>(unsigned(r * 1622967893u), unsigned(r * 3968649247u), unsigned(r * 2785131067u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
    }
    return h;
}

fn probe_reverseBits(r: u32) -> u32 {
    var h = 0u;
    {
        let v = reverseBits(signed(r * 667395369u));
        h = mix(h, word_i32(v));
    }
    {
        let v = reverseBits(vec4<i32>(signed(r * 3617988611u), signed(r * 4140817007u), signed(r * 1931695233u), signed(r * 2979563909u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
        h = mix(h, word_i32(v[3]));
    }
    {
        let v = reverseBits(unsigned(r * 1861638415u));
        h = mix(h, word_u32(v));
    }
    {
        let v = reverseBits(vec4<u32>(unsigned(r * 3588539371u), unsigned(r * 1580010797u), unsigned(r * 1181224737u), unsigned(r * 532894811u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
        h = mix(h, word_u32(v[3]));
    }
    return h;
}

fn probe_round(r: u32) -> u32 {
    var h = 0u;
    {
        let v = round(float(r * 1415191775u));
        h = mix(h, word_f32(v));
    }
    {
        let v = round(vec2<f32>(float(r * 3524519419u), float(r * 3245707901u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    return h;
}

fn probe_saturate(r: u32) -> u32 {
    var h = 0u;
    {
        let v = saturate(float(r * 2162988179u));
        h = mix(h, word_f32(v));
    }
    {
        let v = saturate(vec3<f32>(float(r * 3431050229u), float(r * 2350598793u), float(r * 2036968675u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
    }
    return h;
}

fn probe_select(r: u32) -> u32 {
    var h = 0u;
    {
        let v = select(float(r * 2910784585u), float(r * 3337581037u), condition(r * 1455489687u));
        h = mix(h, word_f32(v));
    }
    {
        let v = select(vec4<f32>(float(r * 4237089043u), float(r * 3316226677u), float(r * 1244949257u), float(r * 407447395u)), vec4<f32>(float(r * 658616655u), float(r * 2856476897u), float(r * 2819418469u), float(r * 4119806575u)), vec4<bool>(condition(r * 2906481867u), condition(r * 308210573u), condition(r * 784918785u), condition(r * 860127163u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
        h = mix(h, word_f32(v[2]));
        h = mix(h, word_f32(v[3]));
    }
    {
        let v = select(signed(r * 2469924743u), signed(r * 3777955449u), condition(r * 252159453u));
        h = mix(h, word_i32(v));
    }
    {
        let v = select(vec4<i32>(signed(r * 1860324167u), signed(r * 960433539u), signed(r * 2917711269u), signed(r * 697539577u)), vec4<i32>(signed(r * 1865830675u), signed(r * 3786472127u), signed(r * 1475632401u), signed(r * 1182697301u)), vec4<bool>(condition(r * 523140383u), condition(r * 3615077179u), condition(r * 4082659517u), condition(r * 1904042993u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
        h = mix(h, word_i32(v[2]));
        h = mix(h, word_i32(v[3]));
    }
    {
        let v = select(unsigned(r * 2665806699u), unsigned(r * 260985591u), condition(r * 2573583529u));
        h = mix(h, word_u32(v));
    }
    {
        let v = select(vec4<u32>(unsigned(r * 2005167565u), unsigned(r * 2532063223u), unsigned(r * 1638479347u), unsigned(r * 3919799509u)), vec4<u32>(unsigned(r * 3248693481u), unsigned(r * 970645187u), unsigned(r * 3024484399u), unsigned(r * 1190829377u)), vec4<bool>(condition(r * 153106757u), condition(r * 2685918159u), condition(r * 3084744107u), condition(r * 488831469u)));
        h = mix(h, word_u32(v[0]));
        h = mix(h, word_u32(v[1]));
        h = mix(h, word_u32(v[2]));
        h = mix(h, word_u32(v[3]));
    }
    {
        let v = select(condition(r * 2698359521u), condition(r * 1776704283u), condition(r * 224512615u));
        h = mix(h, word_bool(v));
    }
    {
        let v = select(vec4<bool>(condition(r * 3125692121u), condition(r * 1338821053u), condition(r * 3551643815u), condition(r * 4093268579u)), vec4<bool>(condition(r * 2299826181u), condition(r * 4179229145u), condition(r * 2828652659u), condition(r * 3657410975u)), vec4<bool>(condition(r * 3063947633u), condition(r * 2365128501u), condition(r * 3208535679u), condition(r * 1832365083u)));
        h = mix(h, word_bool(v[0]));
        h = mix(h, word_bool(v[1]));
        h = mix(h, word_bool(v[2]));
        h = mix(h, word_bool(v[3]));
    }
    return h;
}

fn probe_sign(r: u32) -> u32 {
    var h = 0u;
    {
        let v = sign(float(r * 3658580989u));
        h = mix(h, word_f32(v));
    }
    {
        let v = sign(vec2<f32>(float(r * 3244111847u), float(r * 560380579u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    {
        let v = sign(signed(r * 2142242117u));
        h = mix(h, word_i32(v));
    }
    {
        let v = sign(vec2<i32>(signed(r * 1996791833u), signed(r * 2471041971u)));
        h = mix(h, word_i32(v[0]));
        h = mix(h, word_i32(v[1]));
    }
    return h;
}

fn probe_sqrt(r: u32) -> u32 {
    var h = 0u;
    {
        let v = round(math_sqrt(abs(float(r * 111410099u))) * 4.0);
        h = mix(h, word_f32(v));
    }
    return h;
}

fn probe_transpose(r: u32) -> u32 {
    var h = 0u;
    {
        let v = transpose(mat3x2<f32>(vec2<f32>(entry(r * 859206503u), entry(r * 3057173465u)), vec2<f32>(entry(r * 3065129661u), entry(r * 2247515559u)), vec2<f32>(entry(r * 3652889443u), entry(r * 628260101u))));
        h = mix(h, word_f32(v[0][0]));
        h = mix(h, word_f32(v[0][1]));
        h = mix(h, word_f32(v[0][2]));
        h = mix(h, word_f32(v[1][0]));
        h = mix(h, word_f32(v[1][1]));
        h = mix(h, word_f32(v[1][2]));
    }
    {
        let v = transpose(mat3x3<f32>(vec3<f32>(entry(r * 1521322713u), entry(r * 4032189811u), entry(r * 236761759u)), vec3<f32>(entry(r * 810974833u), entry(r * 1780727861u), entry(r * 271569791u)), vec3<f32>(entry(r * 2672977179u), entry(r * 3959247901u), entry(r * 277071569u))));
        h = mix(h, word_f32(v[0][0]));
        h = mix(h, word_f32(v[0][1]));
        h = mix(h, word_f32(v[0][2]));
        h = mix(h, word_f32(v[1][0]));
        h = mix(h, word_f32(v[1][1]));
        h = mix(h, word_f32(v[1][2]));
        h = mix(h, word_f32(v[2][0]));
        h = mix(h, word_f32(v[2][1]));
        h = mix(h, word_f32(v[2][2]));
    }
    {
        let v = transpose(mat3x4<f32>(vec4<f32>(entry(r * 3927901131u), entry(r * 2151341783u), entry(r * 3190409737u), entry(r * 626776749u)), vec4<f32>(entry(r * 999838295u), entry(r * 1515879379u), entry(r * 2150951989u), entry(r * 2436200393u)), vec4<f32>(entry(r * 242510627u), entry(r * 4090943503u), entry(r * 3191473825u), entry(r * 1806785061u))));
        h = mix(h, word_f32(v[0][0]));
        h = mix(h, word_f32(v[0][1]));
        h = mix(h, word_f32(v[0][2]));
        h = mix(h, word_f32(v[1][0]));
        h = mix(h, word_f32(v[1][1]));
        h = mix(h, word_f32(v[1][2]));
        h = mix(h, word_f32(v[2][0]));
        h = mix(h, word_f32(v[2][1]));
        h = mix(h, word_f32(v[2][2]));
        h = mix(h, word_f32(v[3][0]));
        h = mix(h, word_f32(v[3][1]));
        h = mix(h, word_f32(v[3][2]));
    }
    return h;
}

fn probe_trunc(r: u32) -> u32 {
    var h = 0u;
    {
        let v = trunc(float(r * 1607002909u));
        h = mix(h, word_f32(v));
    }
    {
        let v = trunc(vec2<f32>(float(r * 2963704273u), float(r * 2170020555u)));
        h = mix(h, word_f32(v[0]));
        h = mix(h, word_f32(v[1]));
    }
    return h;
}
