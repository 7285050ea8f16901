// expect: line 3
// says: lies in 4.0 to 3.0
const OBSERVATION_LOW: f32 = 4.0;
const OBSERVATION_HIGH: f32 = 3.0;
