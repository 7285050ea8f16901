// expect: line 3
// says: STICKY_ACTION_PROBABILITY is 1.5, allowed is 0.0 to 1.0
const STICKY_ACTION_PROBABILITY: f32 = 1.5;
