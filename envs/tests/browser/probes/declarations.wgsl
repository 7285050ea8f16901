// Declarations at module scope: a paragraph with `fn probe` is taken whole.

// recursion
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    if (x > 3u) { return probe(x - 1u, y, z, b, v, p); }
    return x;
}

// mutual recursion
fn other(x: u32) -> u32 { return another(x); }
fn another(x: u32) -> u32 { return other(x); }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return other(x); }

// call before declaration
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return later(x); }
fn later(x: u32) -> u32 { return x; }

// constant before declaration
const A: u32 = B + 1u;
const B: u32 = 2u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A; }

// constants in a cycle
const A: u32 = B;
const B: u32 = A;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A; }

// struct in itself
struct S { a: array<S, 2> }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return 1u; }

// struct with the same member twice
struct S { a: u32, a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u, 2u).a; }

// struct without members
struct S {}
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return 1u; }

// struct with semicolons
struct S { a: u32; b: u32; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u, 2u).a; }

// struct with a semicolon behind it
struct S { a: u32, b: u32 };
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u, 2u).a; }

// struct with too few values
struct S { a: u32, b: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u).a; }

// struct zero value
struct S { a: u32, b: vec3<f32>, c: array<i32, 3> }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S().a; }

// struct of bool
struct S { a: bool }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return select(0u, 1u, S(b).a); }

// struct of abstract values
struct S { a: u32, b: f32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1, 2).a; }

// struct nested
struct S { a: u32 }
struct T { s: S, t: array<S, 2> }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    var t = T();
    t.t[x].a = 1u;
    t.s = t.t[1];
    return t.s.a;
}

// struct equality
struct S { a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return select(0u, 1u, S(1u) == S(x)); }

// struct member with a pointer
struct S { a: ptr<function, u32> }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return *S(p).a; }

// struct align
struct S { @align(16) a: u32, @size(16) b: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u, 2u).a; }

// struct align not a power
struct S { @align(3) a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u).a; }

// struct size too small
struct S { @size(2) a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u).a; }

// member named as a keyword
struct S { loop: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u).loop; }

// argument named twice
fn two(a: u32, a: u32) -> u32 { return a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return two(1u, 2u); }

// function declared twice
fn two(a: u32) -> u32 { return a; }
fn two(a: i32) -> u32 { return 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return two(1u); }

// constant declared twice
const A: u32 = 1u;
const A: u32 = 2u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A; }

// function named as a built-in
fn max(a: u32, b: u32) -> u32 { return a + b; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return max(x, 1u); }

// function named as a built-in that calls it
fn max(a: u32, b: u32) -> u32 { return a + max(b, a); }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return max(x, 1u); }

// struct named as a type
struct vec2 { a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return vec2(1u).a; }

// alias named as a type
alias i32 = u32;
fn probe(x: u32, y: u32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// alias of an alias
alias A = u32;
alias B = array<A, 3>;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return B(1u, 2u, 3u)[x]; }

// alias of itself
alias A = A;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// alias of a pointer
alias P = ptr<function, u32>;
fn set(q: P) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { set(p); return x; }

// let at module scope
let A: u32 = 1u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A; }

// private variable
var<private> a: u32;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { a = x; return a; }

// workgroup variable
var<workgroup> a: u32;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { a = x; return a; }

// constant array indexed at run time
const A: array<u32, 3> = array<u32, 3>(1u, 2u, 3u);
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A[x]; }

// constant vector indexed at run time
const A: vec3<u32> = vec3<u32>(1u, 2u, 3u);
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A[x]; }

// constant of a struct
struct S { a: u32, b: f32 }
const A: S = S(1u, 2.0);
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A.a; }

// constant array of structs
struct S { a: u32, b: f32 }
const A: array<S, 2> = array<S, 2>(S(1u, 2.0), S(2u, 3.0));
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A[x].a; }

// constant from a user function
fn one() -> u32 { return 1u; }
const A: u32 = one();
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A; }

// abstract constant
const A = 3;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x + A; }

// constant out of range of its type
const A: u32 = 5000000000;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return A; }

// unused constant with an error
const A: u32 = 1u / 0u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// pointer argument of an element
fn set(q: ptr<function, u32>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    var a = array<u32, 3>();
    set(&a[x]);
    return a[0];
}

// pointer argument of a member
struct S { a: u32 }
fn set(q: ptr<function, u32>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    var s = S();
    set(&s.a);
    return s.a;
}

// pointer argument of a component
fn set(q: ptr<function, f32>) { *q = 1.0; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    var w = v;
    set(&w.x);
    return u32(w.x);
}

// pointer argument of a value
fn set(q: ptr<function, u32>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    let w = x;
    set(&w);
    return w;
}

// pointer argument of an argument
fn set(q: ptr<function, u32>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { set(&x); return x; }

// pointer argument of a call
fn set(q: ptr<function, u32>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { set(&max(x, 1u)); return x; }

// the same pointer twice
fn swap(a: ptr<function, u32>, b: ptr<function, u32>) { let c = *a; *a = *b; *b = c; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { swap(p, p); return x; }

// the same pointer twice for reading
fn sum(a: ptr<function, u32>, b: ptr<function, u32>) -> u32 { return *a + *b; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return sum(p, p); }

// the same pointer twice through lets
fn swap(a: ptr<function, u32>, b: ptr<function, u32>) { let c = *a; *a = *b; *b = c; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    var w = x;
    let q = &w;
    swap(q, &w);
    return w;
}

// pointer and a private variable
var<private> a: u32;
fn set(q: ptr<private, u32>) { *q = a + 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { set(&a); return x; }

// two elements of one array
fn swap(a: ptr<function, u32>, b: ptr<function, u32>) { let c = *a; *a = *b; *b = c; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {
    var a = array<u32, 3>();
    swap(&a[0], &a[1]);
    return a[0];
}

// pointer returned
fn get(q: ptr<function, u32>) -> ptr<function, u32> { return q; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return *get(p); }

// pointer in a variable
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var q = p; return *q; }

// pointer in a let
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let q = p; *q = 1u; return *q; }

// pointer of a pointer
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let q = &p; return **q; }

// pointer compared
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return select(0u, 1u, p == p); }

// pointer with access mode
fn set(q: ptr<function, u32, read_write>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { set(p); return x; }

// pointer dereferenced implicitly by a member
struct S { a: u32 }
fn get(s: ptr<function, S>) -> u32 { return s.a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var s = S(x); return get(&s); }

// pointer indexed implicitly
fn get(s: ptr<function, array<u32, 3>>) -> u32 { return s[1]; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var s = array<u32, 3>(); return get(&s); }

// pointer assigned implicitly
struct S { a: u32 }
fn set(s: ptr<function, S>) { s.a = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var s = S(x); set(&s); return s.a; }

// pointer without star in arithmetic
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return p + 1u; }

// address of a dereference
fn set(q: ptr<function, u32>) { *q = 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { set(&*p); set(&(*p)); return x; }

// dereference with member without parentheses
struct S { a: u32 }
fn get(s: ptr<function, S>) -> u32 { return *s.a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var s = S(x); return get(&s); }

// pointer in the uniform space as an argument
fn get(s: ptr<uniform, u32>) -> u32 { return *s; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// void function used as a value
fn nothing() {}
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return nothing(); }

// let of a void function
fn nothing() {}
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let w = nothing(); return x; }

// void function called
fn nothing() {}
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { nothing(); return x; }

// value of a function ignored
fn value(p: ptr<function, u32>) -> u32 { *p = 1u; return 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { value(p); return x; }

// value of a function that must be used ignored
@must_use fn value(p: ptr<function, u32>) -> u32 { *p = 1u; return 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { value(p); return x; }

// must use of a void function
@must_use fn nothing() {}
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { nothing(); return x; }

// unknown attribute of a function
@inline fn value() -> u32 { return 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return value(); }

// builtin attribute of a helper
fn value(@builtin(vertex_index) i: u32) -> u32 { return i; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return value(x); }

// size attribute of an argument
fn value(@size(16) i: u32) -> u32 { return i; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return value(x); }

// location attribute of a member
struct S { @location(0) a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(x).a; }

// array passed by value
fn sum(a: array<u32, 3>) -> u32 { return a[0] + a[1] + a[2]; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return sum(array<u32, 3>(x, 1u, 2u)); }

// array passed by value and indexed at run time
fn at(a: array<u32, 3>, i: u32) -> u32 { return a[i]; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return at(array<u32, 3>(x, 1u, 2u), x); }

// array returned
fn make(i: u32) -> array<u32, 3> { return array<u32, 3>(i, i, i); }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return make(x)[1]; }

// array of arrays by value indexed twice
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let a = array<array<u32, 2>, 2>(); return a[x][x]; }

// runtime sized array as an argument
fn at(a: array<u32>) -> u32 { return a[0]; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// array of very many elements
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var a: array<u32, 70000>; return a[x]; }

// array beyond 64 KiB of private memory
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var a: array<u32, 2100>; return a[x]; }

// function with very many arguments
fn many(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, k: u32, l: u32, m: u32, n: u32, o: u32, p: u32) -> u32 { return a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return many(x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x); }

// vector types by short names
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return vec2u(x, x).x + u32(vec3f(z).x) + u32(vec4i(y).w); }

// vector inferred
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return vec2(x, x).x + u32(vec3(z).x); }

// vector of mixed
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return vec2(x, y).x; }

// vector conversion
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return vec3<u32>(v).x; }

// vector from too many
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return u32(vec3<f32>(v, z).x); }

// vector from parts
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return u32(vec4<f32>(v.xy, z, 1.0).x); }

// vector of other element types in a let
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let w: vec3<i32> = v; return u32(w.x); }

// vector without template as a type
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var w: vec2 = vec2(1u, 2u); return w.x; }

// array without template as a type
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var w: array = array(1u, 2u); return w[0]; }

// vector of vectors
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var w: vec2<vec2<u32>>; return x; }

// matrix
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return u32((mat2x2<f32>(1.0, 0.0, 0.0, 1.0) * v.xy).x); }

// requires a language feature
requires readonly_and_readwrite_storage_textures;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// diagnostic directive
diagnostic(off, derivative_uniformity);
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// enable of nothing known
enable unknown_extension;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// assert at module scope
const_assert 1u < 2u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// failing assert at module scope
const_assert 1u > 2u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// override in an array size
override N: u32 = 3u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return N; }

// unreachable function with an error
fn unused() -> u32 { return 1u / 0u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// function used as a value
fn value() -> u32 { return 1u; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let f = value; return x; }

// type used as a value
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let f = u32; return x; }

// value used as a type
const A: u32 = 1u;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var w: A; return x; }

// wrong number of arguments
fn value(a: u32) -> u32 { return a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return value(x, x); }

// wrong type of argument
fn value(a: u32) -> u32 { return a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return value(y); }

// abstract argument
fn value(a: u32, b: f32) -> u32 { return a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return value(1, 2); }

// trailing commas
fn value(a: u32, b: f32,) -> u32 { return a; }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { let w = vec2<u32>(x, 1u,); return value(1u, 2.0,) + w.x; }

// attribute with trailing comma
struct S { @align(16,) a: u32 }
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return S(1u).a; }

// template with trailing comma
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { var a: array<u32, 3,>; return a[x]; }

// byte order mark or odd white space
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }

// semicolon at module scope
;
fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 { return x; }
;
