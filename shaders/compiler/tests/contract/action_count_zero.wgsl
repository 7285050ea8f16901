// expect: line 4
// says: ACTION_COUNT is 0, allowed is 1 or more
/// nothing to do
const ACTION_COUNT: u32 = 0u;
