// Literals, constant expressions and their errors, conversions.

// integer overflow of a literal
return 4294967296u;

// negative unsigned literal
return -1u;

// signed literal too large
return u32(2147483648i);

// abstract literal too large for a signed
let w: i32 = 2147483648;
return u32(w);

// abstract literal fits unsigned
let w: u32 = 4294967295;
return w;

// abstract literal too large for an unsigned
let w: u32 = 4294967296;
return w;

// negative abstract for an unsigned
let w: u32 = -1;
return w;

// smallest signed
let w: i32 = -2147483648;
return u32(w);

// float literal too large
return u32(1e39f);

// abstract float too large
let w: f32 = 1e39;
return u32(w);

// abstract float with too many digits
let w: f32 = 0.1234567890123456789;
return u32(w);

// abstract float for an integer
let w: i32 = 1.0;
return u32(w);

// integer for a float
let w: f32 = 1;
return u32(w);

// concrete integer for a float
let w: f32 = 1i;
return u32(w);

// literals with leading zero
return 01u;

// hexadecimal
return 0xFFu + 0Xau;

// hexadecimal too large
return 0x100000000u;

// float with suffix f
return u32(1f + 1.f + .5f);

// hexadecimal float
return u32(0x1.8p3f);

// hexadecimal float not exact
return u32(0x1.00000001p0f);

// constant sum overflows
const w: i32 = 2147483647 + 1;
return u32(w);

// constant sum of concrete overflows
const w: i32 = 2147483647i + 1i;
return u32(w);

// constant unsigned sum wraps
const w: u32 = 4294967295u + 1u;
return w;

// constant unsigned difference wraps
const w: u32 = 1u - 2u;
return w;

// constant product overflows
const w: i32 = 65536i * 65536i;
return u32(w);

// expression of literals overflows
return u32(2147483647i + 1i);

// expression of unsigned literals wraps
return 4294967295u + 1u;

// difference of unsigned literals wraps
return x + (1u - 2u);

// constant negation overflows
const w: i32 = -(-2147483647i - 1i);
return u32(w);

// constant division by zero
const w: i32 = 1i / 0i;
return u32(w);

// constant remainder by zero
const w: u32 = 1u % 0u;
return w;

// division by a zero literal
return x / 0u;

// remainder by a zero literal
return x % 0u;

// signed division by a zero literal
return u32(y / 0);

// signed remainder by a zero literal
return u32(y % 0i);

// compound division by zero
var w = x;
w /= 0u;
return w;

// compound remainder by zero
var w = x;
w %= 0u;
return w;

// vector division by zero component
let w = vec2<u32>(x, x) / vec2<u32>(1u, 0u);
return w.x;

// division by a named zero
const ZERO_DIVISOR: u32 = 0u;
return x / ZERO_DIVISOR;

// division by a constant difference
return x / (2u - 2u);

// division by a let of zero
let w = 0u;
return x / w;

// float division by zero literal
return u32(z / 0.0);

// constant float division by zero
const w: f32 = 1.0 / 0.0;
return u32(w);

// abstract float division by zero
return u32(1.0 / 0.0);

// smallest by minus one
const w: i32 = -2147483648i / -1i;
return u32(w);

// smallest literal by minus one
return u32(i32(-2147483648) / -1i);

// constant shift too far
const w: u32 = 1u << 32u;
return w;

// shift by a literal too far
return x << 32u;

// right shift by a literal too far
return x >> 33u;

// compound shift too far
var w = x;
w <<= 32u;
return w;

// shift by a named constant too far
const FAR: u32 = 40u;
return x << FAR;

// shift of literal by literal loses bits
return 0x80000000u << 1u;

// shift of signed literal into the sign
return u32(0x40000000i << 1u);

// shift of abstract loses bits
const w: i32 = 1 << 31;
return u32(w);

// shift of abstract far
const w = 1 << 62;
return u32(w >> 60);

// shift by signed
return x << 1i;

// shift by abstract
return x << 1;

// shift of signed right
return u32(-8i >> 1u);

// shift by a negative literal
return x << -1;

// constant conversion out of range
const w: u32 = u32(-1.0);
return w;

// constant conversion of large float
const w: i32 = i32(3e9);
return u32(w);

// conversion of concrete float constant out of range
const w: u32 = u32(5e9f);
return w;

// conversion of negative integer constant
const w: u32 = u32(-1i);
return w;

// conversion of negative abstract
return u32(-1);

// conversion of large abstract to signed
return u32(i32(4294967295));

// conversion of unsigned to signed
return u32(i32(4294967295u));

// float overflow in constant
const w: f32 = 3e38f * 10f;
return u32(w);

// float overflow in expression of literals
return u32(3e38f + 3e38f);

// bitcast to not a number
return bitcast<u32>(bitcast<f32>(0x7fc00000u));

// bitcast to infinity
const w: f32 = bitcast<f32>(0x7f800000u);
return bitcast<u32>(w);

// bitcast to infinity in an expression
return u32(z * bitcast<f32>(0xff800000u));

// bitcast of abstract
return bitcast<u32>(1);

// bitcast of float literal
return bitcast<u32>(1.0);

// index out of range literal
var a = array<u32, 3>(1u, 2u, 3u);
return a[3];

// index out of range unsigned literal
var a = array<u32, 3>(1u, 2u, 3u);
return a[3u];

// negative index literal
var a = array<u32, 3>(1u, 2u, 3u);
return a[-1];

// index out of range constant
const AT: u32 = 7u;
var a = array<u32, 3>(1u, 2u, 3u);
return a[AT];

// index out of range expression
var a = array<u32, 3>(1u, 2u, 3u);
return a[1u + 2u];

// index out of range of a value
let a = array<u32, 3>(1u, 2u, 3u);
return a[3u];

// index out of range of a vector
var w = vec3<u32>(x, x, x);
return w[3];

// index out of range of a vector value
let w = vec3<u32>(x, x, x);
return w[3u];

// index out of range of a constant
const A: array<u32, 2> = array<u32, 2>(1u, 2u);
return A[2];

// store out of range
var a = array<u32, 3>(1u, 2u, 3u);
a[3u] = 1u;
return a[0];

// index by a let out of range
let at = 5u;
var a = array<u32, 3>(1u, 2u, 3u);
return a[at];

// index through a pointer out of range
var a = array<u32, 3>(1u, 2u, 3u);
let q = &a;
return (*q)[5u];

// index of float
var a = array<u32, 3>(1u, 2u, 3u);
return a[1.0];

// index of bool
var a = array<u32, 3>(1u, 2u, 3u);
return a[b];

// index of nested array out of range
var a = array<array<u32, 2>, 2>();
return a[1][2];

// array of size zero
var a: array<u32, 0>;
return x;

// array of negative size
var a: array<u32, -1>;
return x;

// array size of a let
let n = 3u;
var a: array<u32, n>;
return x;

// array size of a constant
const N: u32 = 3u;
var a: array<u32, N>;
return a[x];

// array size of an expression
const N: u32 = 3u;
var a: array<u32, N * 2u + 1u>;
return a[x];

// array size signed
var a: array<u32, 3i>;
return a[x];

// array with too few values
let a = array<u32, 3>(1u, 2u);
return a[0];

// array with too many values
let a = array<u32, 3>(1u, 2u, 3u, 4u);
return a[0];

// array inferred
let a = array(1u, 2u, x);
return a[0];

// array inferred of mixed types
let a = array(1u, 2i);
return a[0];

// array inferred of abstract and concrete
let a = array(1, x, 3);
return a[0];

// mixed integer types
return x + 1i;

// mixed with float
return u32(z + x);

// abstract int with float
return u32(z + 1);

// abstract float with unsigned
return x + 1.0;

// unsigned from abstract
return x + 1;

// signed of unsigned
let w: i32 = x;
return u32(w);

// return of signed
return y;

// return of abstract
return 1;

// return of abstract float
return 1.0;

// argument of signed
return max(x, y);

// argument of abstract
return max(x, 3);

// clamp with low above high
return clamp(x, 5u, 3u);

// clamp constants with low above high
const w: u32 = clamp(1u, 5u, 3u);
return w;

// clamp floats with low above high
return u32(clamp(z, 2.0, 1.0));

// extract bits beyond
return extractBits(x, 20u, 20u);

// extract bits at
return extractBits(x, 33u, 1u);

// insert bits beyond
return insertBits(x, 1u, 30u, 4u);

// extract bits constant
const w: u32 = extractBits(7u, 31u, 2u);
return w;

// smoothstep needs less
return u32(select(z, 1.0, b));

// select of mixed
return select(1u, 2i, b);

// select of abstract
return select(1, 2, b);

// select of abstract and concrete
return select(0, x, b);

// select with number
return select(1u, 2u, x);

// select of vectors by bool
return select(vec2<u32>(1u), vec2<u32>(2u), b).x;

// select of vectors by vector
return select(vec2<u32>(1u), vec2<u32>(2u), vec2<bool>(b, true)).x;

// select of structs
return select(vec3<u32>(), vec3<u32>(x), b).x;

// select of arrays
return select(array<u32, 1>(1u), array<u32, 1>(2u), b)[0];

// ceil of integer
return u32(ceil(x));

// abs of unsigned
return abs(x);

// sign of unsigned
return sign(x);

// sign of signed
return u32(sign(y));

// step function
return u32(step(0.5, z));

// dot of integers
return dot(vec2<u32>(x, x), vec2<u32>(1u, 2u));

// floor of abstract integer
return u32(floor(3));

// min of three
return min(x, 1u, 2u);

// modulus of floats
return u32(z % 3.0);

// modulus of float by zero
return u32(z % 0.0);

// constant float modulus by zero
const w: f32 = 1.0 % 0.0;
return u32(w);

// not of integer
return u32(!x);

// complement of float
return u32(~z);

// negation of unsigned
return -x;

// negation of bool
return u32(-b);

// sum of bools
return u32(b + b);

// comparison of bools less
return select(0u, 1u, b < b);

// comparison of vectors
return select(0u, 1u, all(v == v));

// comparison of vectors as condition
if (v == v) { return 1u; }
return 0u;

// logical of vectors
let w = vec2<bool>(b, b) && vec2<bool>(b, b);
return u32(w.x);

// bitwise of bool vectors
let w = vec2<bool>(b, b) & vec2<bool>(b, b);
return u32(w.x);

// equality of arrays
let a = array<u32, 1>(x);
return select(0u, 1u, a == a);

// bool from integer
return select(0u, 1u, bool(x));

// float from bool
return u32(f32(b));

// condition integer
if (x) { return 1u; }
return 0u;

// while integer
var w = x;
while (w) { w -= 1u; }
return w;

// constant from built-in
const w: u32 = max(1u, 2u) + min(3u, 4u);
return w;

// constant from select
const w: u32 = select(1u, 2u, true);
return w;

// constant from argument
const w: u32 = x;
return w;

// constant bool expression
const w: bool = 1 < 2 && true;
return select(0u, 1u, w);

// constant short circuit hides an error
const w: bool = false && (1 / 0 == 1);
return select(0u, 1u, w);

// short circuit of literals
return select(0u, 1u, b && (x / 0u == 1u));

// let without a value
let w: u32;
return x;

// constant without a value
const w: u32;
return x;

// variable without type
var w;
return x;

// assert true
const_assert 1 < 2;
return x;

// assert false
const_assert 1 > 2;
return x;

// assert of an argument
const_assert x > 2u;
return x;

// assert in parentheses
const_assert(true);
return x;

// quantised literal
return u32(65504.0h);

// long literal
return u32(1.00000000000000000000000000000000000000000000001);

// zero exponent
return u32(1e0 + 1E-45);

// denormal literal
const w: f32 = 1e-45;
return bitcast<u32>(w);

// too small literal
const w: f32 = 1e-60;
return bitcast<u32>(w);
