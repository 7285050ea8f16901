// expect: line 3
// says: OBSERVATION_LOW is missing, or is neither one number
const OBSERVATION_LOW: u32 = 0u;
