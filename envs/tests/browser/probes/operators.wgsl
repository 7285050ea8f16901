// Which operators may stand side by side without parentheses.

// product or
return x * 3u | 1u;

// or product
return 1u | x * 3u;

// sum and
return x + 3u & 7u;

// sum exclusive or
return x + 3u ^ 7u;

// quotient and
return x / 3u & 7u;

// remainder or
return x % 3u | 8u;

// and or
return x & 3u | 8u;

// or and
return x | 3u & 8u;

// and exclusive or
return x & 3u ^ 8u;

// or exclusive or
return x | 3u ^ 8u;

// and chain
return x & 3u & 8u;

// or chain
return x | 3u | 8u;

// exclusive or chain
return x ^ 3u ^ 8u;

// sums and products
return x * 3u + x / 2u - x % 5u;

// shift of sum
return x + 3u << 2u;

// shift by sum
return x << 2u + 1u;

// product of shift
return x << 2u * x;

// shift chain
return x << 1u << 2u;

// shifts both ways
return x << 1u >> 2u;

// shift and
return x >> 2u & 1u;

// and shift
return x & 1u << 2u;

// shift or
return 1u << 2u | x;

// shift compared
return select(0u, 1u, x << 1u == 4u);

// compared shift
return select(0u, 1u, 4u < x >> 1u);

// shift in parentheses
return (x + 3u) << (2u & x);

// sum compared
return select(0u, 1u, x + 1u < x * 2u);

// comparison chain
return select(0u, 1u, x < 3u == b);

// comparison chain of equal
return select(0u, 1u, b == b == b);

// comparison chain reversed
return select(0u, 1u, b == x < 3u);

// comparison chain unequal
return select(0u, 1u, b != b != b);

// and compared
return select(0u, 1u, x & 1u == 1u);

// compared and
return select(0u, 1u, 1u == x & 1u);

// and compared in parentheses
return select(0u, 1u, (x & 1u) == 1u);

// logical mixture
return select(0u, 1u, b && b || b);

// logical mixture reversed
return select(0u, 1u, b || b && b);

// logical chain of and
return select(0u, 1u, b && b && x < 3u && y > 1);

// logical chain of or
return select(0u, 1u, b || b || x == 3u);

// logical and bitwise
return select(0u, 1u, b && b & b);

// bitwise and logical
return select(0u, 1u, b | b || b);

// bitwise logical in parentheses
return select(0u, 1u, (b | b) || b);

// bools and
return select(0u, 1u, b & b);

// bools exclusive or
return select(0u, 1u, b ^ b);

// comparison or
return select(0u, 1u, x < 3u | b);

// negation of sum
return u32(-y + 3);

// negation of and
return u32(-y & 3);

// complement or
return ~x | 3u;

// negated negation
return u32(- -y);

// double minus
return u32(y--y);

// negated twice without a space
return u32(--y);

// not not
return select(0u, 1u, !!b);

// not of and
return select(0u, 1u, !b && b);

// complement twice
return ~~x;

// plus sign
return u32(+y);

// conditional operator
return b ? 1u : 2u;

// less than in a call
return select(x, 1u, x < 3u);

// less and greater in a call
let w = vec2<bool>(x < 3u, y > 3);
return u32(w.x);

// less and shift in a call
return max(x, 3u >> 1u);

// less in an index
var a = array<u32, 4>();
return a[x] + a[min(x, 2u)];

// less then greater in parentheses
return select(0u, 1u, (x < 3u) == (x > 1u));

// less or greater of names
var c = 3u;
return select(0u, 1u, x < c || x > c);

// less and greater equal of names
var c = 3u;
return select(0u, 1u, x < c && c >= x);

// condition of names
var c = 3u;
if (x < c) { c = x; } else if (x > c) { c = 1u; }
return c;

// loop of names
var c = 3u;
for (var i = x; i < c; i++) { c -= 1u; }
return c;

// shift assignment
var c = x;
c <<= 1u;
c >>= 2u;
return c;

// assignment of mixture
var c = x;
c |= x * 3u;
c *= x | 3u;
return c;

// mixture in an argument
return max(x * 3u | 1u, 2u);

// mixture in an index
var a = array<u32, 4>(1u, 2u, 3u, 4u);
return a[x + 1u & 3u];

// mixture in a constant
const c: u32 = 3u * 4u | 1u;
return c;

// mixture in a condition
if (x & 1u == 1u) { return 2u; }
return 1u;

// mixture of an initialiser in a loop
for (var i = x * 2u | 1u; i < 3u; i++) {}
return x;

// mixture in a step of a loop
for (var i = x; i < 3u; i = i + 1u & 7u) {}
return x;

// mixture of members
var w = vec2<u32>(x, x);
return w.x * 2u | w.y;

// mixture around a call
return max(x, 1u) * 2u | 1u;

// mixture in a size
var a: array<u32, 2u * 2u | 1u>;
return a[x];

// mixture after a template
return bitcast<u32>(y) * 2u | 1u;

// shift of a template
return bitcast<u32>(y) << 2u;

// template in a template and shift
var a = array<vec2<u32>, 2>();
return a[0].x >> 1u;

// floats and exponents
return u32(1e-3 + z * 2.5E+2 - 0x1p-2);
