// expect: line 3
// says: come as a pair
const PARAMS_LOW: Params = Params(0.5);
