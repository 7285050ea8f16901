// without: PARAMS_LOW
// expect: line 4
// says: PARAMS_LOW is missing or is not of type Params
const PARAMS_LOW: f32 = 1.0;
