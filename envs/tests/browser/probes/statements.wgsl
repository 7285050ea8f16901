// Statements and control flow.

// if without parentheses
if x > 1u { return 1u; }
return 0u;

// if without braces
if (b) return 1u;
return 0u;

// else if
if (b) { return 1u; } else if (x > 1u) { return 2u; } else { return 3u; }

// no return at the end
if (b) { return 1u; }

// return in both branches
if (b) { return 1u; } else { return 2u; }

// return in a loop
loop { return 1u; }

// return in all cases
switch x { case 0u: { return 1u; } default: { return 2u; } }

// return in some cases
switch x { case 0u: { return 1u; } default: {} }

// code after return
return x;
*p = 1u;

// code after return in a block
if (b) { return 1u; *p = 2u; }
return x;

// code after break
loop { break; *p = 2u; }
return x;

// code after continue
for (var i = 0u; i < 3u; i++) { continue; *p = 2u; }
return x;

// nested code after return
{ return x; }
*p = 1u;

// endless loop then code
loop { if (b) { return 1u; } }

// switch without default
switch x { case 0u: { return 1u; } case 1u: { return 2u; } }
return 3u;

// switch with two defaults
switch x { default: {} default: {} }
return x;

// switch with duplicate case
switch x { case 1u: {} case 1u: {} default: {} }
return x;

// switch with duplicate case by value
switch x { case 2u: {} case 1u + 1u: {} default: {} }
return x;

// switch with duplicate selector
switch x { case 1u, 1u: {} default: {} }
return x;

// switch with default in selectors
switch x { case 1u, default: { return 1u; } case 2u: { return 2u; } }
return x;

// switch of two defaults in selectors
switch x { case 1u, default: {} default: {} }
return x;

// switch selector of other type
switch x { case 1i: {} default: {} }
return x;

// switch selector abstract
switch x { case 1, 2: {} default: {} }
return x;

// switch of signed with unsigned
switch y { case 1u: {} default: {} }
return x;

// switch of float
switch z { case 1.0: {} default: {} }
return x;

// switch of bool
switch b { case true: {} default: {} }
return x;

// switch selector not constant
switch x { case x: {} default: {} }
return x;

// switch selector let
let w = 3u;
switch x { case w: {} default: {} }
return x;

// switch selector constant
const W: u32 = 3u;
switch x { case W: {} default: {} }
return x;

// switch with trailing comma
switch x { case 1u, 2u,: {} default: {} }
return x;

// switch without colon
switch x { case 1u { return 1u; } default { return 2u; } }

// switch with fallthrough
switch x { case 1u: { fallthrough; } default: {} }
return x;

// switch with break
switch x { case 1u: { break; } default: { *p = 1u; } }
return x;

// switch empty
switch x {}
return x;

// switch with default only
switch x { default: { return 1u; } }

// switch with continue outside of a loop
switch x { case 1u: { continue; } default: {} }
return x;

// switch with continue in a loop
for (var i = 0u; i < 3u; i++) { switch x { case 1u: { continue; } default: {} } }
return x;

// case without braces
switch x { case 1u: return 1u; default: {} }
return x;

// break outside
break;
return x;

// continue outside
continue;
return x;

// break in if outside a loop
if (b) { break; }
return x;

// continuing
var i = 0u;
loop { if (i > 3u) { break; } continuing { i++; } }
return i;

// continuing not last
var i = 0u;
loop { continuing { i++; } if (i > 3u) { break; } }
return i;

// break if
var i = 0u;
loop { continuing { i++; break if i > 3u; } }
return i;

// break if not last
var i = 0u;
loop { continuing { break if i > 3u; i++; } }
return i;

// break if outside of continuing
var i = 0u;
loop { i++; break if i > 3u; }
return i;

// break in continuing
var i = 0u;
loop { continuing { i++; if (i > 3u) { break; } } }
return i;

// return in continuing
var i = 0u;
loop { if (i > 2u) { break; } continuing { i++; return i; } }
return i;

// continue in continuing
var i = 0u;
loop { if (i > 2u) { break; } continuing { i++; continue; } }
return i;

// continue past a declaration used in continuing
var i = 0u;
loop { if (i > 5u) { break; } if (b) { continue; } let w = i; continuing { i += w + 1u; } }
return i;

// continuing uses a declaration
var i = 0u;
loop { if (i > 5u) { break; } let w = i; continuing { i += w + 1u; } }
return i;

// loop without exit
loop {}
return x;

// loop with while true
while (true) { if (x > 1u) { break; } }
return x;

// while true without exit
while (true) {}
return x;

// for without anything
for (;;) { break; }
return x;

// for without exit
for (;;) {}
return x;

// for with let
for (let i = 0u; i < 3u;) { break; }
return x;

// for with const
for (const i = 0u; i < 3u;) { break; }
return x;

// for with assignment
var i = 0u;
for (i = 1u; i < 3u; i += 1u) {}
return i;

// for with call
for (var i = 0u; i < 3u; i++) {}
return x;

// for with decrement
for (var i = 3u; i > 0u; i--) {}
return x;

// for with two steps
for (var i = 0u; i < 3u; i++, *p = 1u) {}
return x;

// for with prefix increment
for (var i = 0u; i < 3u; ++i) {}
return x;

// for of shadowed variable
for (var i = 0u; i < 3u; i++) { let i = 5u; *p += i; }
return x;

// increment of value
let w = x;
w++;
return w;

// increment of float
var w = z;
w++;
return u32(w);

// increment as expression
var w = x;
return w++;

// increment of element
var a = array<u32, 2>();
a[x]++;
return a[0];

// increment through pointer
(*p)++;
return *p;

// assignment as expression
var w = 1u;
return (w = 2u);

// assignment to value
let w = x;
w = 2u;
return w;

// assignment to argument
x = 2u;
return x;

// assignment to constant
const w = 1u;
w = 2u;
return w;

// assignment to component of a value
let w = v;
w.x = 1.0;
return x;

// assignment to component of an argument
v.x = 1.0;
return x;

// assignment to component
var w = v;
w.y = 2.0;
return u32(w.y);

// assignment to swizzle
var w = v;
w.xy = vec2<f32>(1.0, 2.0);
return u32(w.x);

// compound assignment to swizzle
var w = v;
w.zx += vec2<f32>(1.0, 2.0);
return u32(w.x);

// assignment to repeated swizzle
var w = v;
w.xx = vec2<f32>(1.0, 2.0);
return u32(w.x);

// swizzle of other names
return u32(v.rg.y + v.bgr.z);

// swizzle of mixed names
return u32(v.xg.y);

// swizzle too wide
return u32(v.xyzxy.x);

// swizzle beyond
return u32(v.xw.x);

// swizzle of swizzle
return u32(v.zyx.xy.x);

// element of a swizzle
return u32(v.zyx[x]);

// component of scalar
return u32(z.x);

// assignment of other type
var w = x;
w = y;
return w;

// assignment of abstract float
var w = x;
w = 1.5;
return w;

// compound assignment of other type
var w = z;
w += x;
return u32(w);

// compound assignment of scalar to vector
var w = v;
w *= 2.0;
w += 1.0;
return u32(w.x);

// vector scaled by integer
var w = v * 2;
return u32(w.x);

// vector scaled by variable integer
var w = v * x;
return u32(w.x);

// phony assignment
_ = x;
return x;

// phony assignment of a call
_ = max(x, 1u);
return x;

// phony assignment of a pointer
_ = p;
return x;

// phony compound
_ += x;
return x;

// expression statement
x + 1u;
return x;

// call of a built-in as statement
max(x, 1u);
return x;

// call of a built-in with void place
_ = abs(y);
return x;

// call of a value constructor as statement
vec2<u32>(x, x);
return x;

// empty statements
;;;
return x;

// block
{ let w = x; *p = w; }
return x;

// variable used outside its block
{ let w = x; }
return w;

// variable used before its declaration
*p = w;
let w = x;
return w;

// variable used in its own initialiser
let w = w + 1u;
return w;

// shadowing in a block
let w = x;
if (b) { let w = 2u; *p = w; }
return w;

// same name twice in a block
let w = x;
let w = 2u;
return w;

// same name as an argument
let x = 3u;
return x;

// same name as an argument in a block
if (b) { let x = 3u; *p = x; }
return x;

// same name as the function
let probe = 3u;
return probe;

// same name as a function of the file
let observe = 3u;
return observe;

// same name as a built-in function
let max = 3u;
return max;

// built-in function after shadowing
let min = 3u;
return min(x, 2u);

// same name as a type
let f32 = 3u;
return f32;

// type after shadowing
let f32 = 3u;
return u32(f32(x));

// same name as a struct
let State = 3u;
return State;

// underscore name
let _ = x;
return x;

// double underscore name
let __w = x;
return __w;

// single underscore name
let _w = x;
return _w;

// keyword as name
let loop = x;
return loop;

// unicode name
let größe = x;
return größe;

// discard
if (b) { discard; }
return x;

// barrier
workgroupBarrier();
return x;

// while with continue
var w = x;
while (w > 1u) { w /= 2u; if (b) { continue; } w -= 1u; }
return w;

// while without parentheses
var w = x;
while w > 1u { w -= 1u; }
return w;

// do while
var w = x;
do { w -= 1u; } while (w > 1u);
return w;

// goto like label
here: *p = 1u;
return x;

// missing semicolon
let w = x
return w;

// extra semicolon after block
if (b) { *p = 1u; };
return x;

// nested function
fn inner() -> u32 { return 1u; }
return inner();

// nested struct
struct Inner { a: u32 }
return x;

// nested alias
alias U = u32;
return U(x);

// const shadowing in a loop
for (var i = 0u; i < 3u; i++) { const N = 2u; *p += N; }
return x;

// attribute on a statement
@diagnostic(off, derivative_uniformity) if (b) { *p = 1u; }
return x;

// attribute on a loop
@diagnostic(off, derivative_uniformity) for (var i = 0u; i < 3u; i++) {}
return x;

// attribute on a block
@diagnostic(off, derivative_uniformity) { *p = 1u; }
return x;

// unknown attribute on a block
@fast { *p = 1u; }
return x;

// return without value
return;

// return of a void call
return workgroupBarrier();

// deep nesting
if (b) { if (b) { if (b) { if (b) { if (b) { *p = 1u; } } } } }
return x;

// comments everywhere
let /* a */ w /* b */ = /* c /* d */ e */ x; // f
return w;

// doc comment in a body
/// a doc comment
let w = x;
return w;
