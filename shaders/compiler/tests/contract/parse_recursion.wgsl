// expect: line 4
// code: parse
// says: write a loop
fn factorial(n: u32) -> u32 {
    if (n == 0u) {
        return 1u;
    }
    return n * factorial(n - 1u);
}
