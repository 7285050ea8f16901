// expect: line 3
// says: not of type Params
const DEFAULT_PARAMS: f32 = 1.0;
