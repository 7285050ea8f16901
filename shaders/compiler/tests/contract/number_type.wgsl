// expect: line 3
// says: MAX_EPISODE_STEPS is not a number of type u32
const MAX_EPISODE_STEPS: i32 = 10;
