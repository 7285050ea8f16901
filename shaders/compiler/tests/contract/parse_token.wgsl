// expect: line 3
// code: parse
fn broken( {
}
