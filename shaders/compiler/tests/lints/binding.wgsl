// expect: line 3
// expect: line 4
var<private> best: f32;
override scale: f32 = 1.0;
