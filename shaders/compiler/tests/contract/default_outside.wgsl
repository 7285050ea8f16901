// expect: line 3
// says: the default of `size` is 3, outside PARAMS_LOW..PARAMS_HIGH = 0.5..2
const DEFAULT_PARAMS: Params = Params(3.0);
const PARAMS_LOW: Params = Params(0.5);
const PARAMS_HIGH: Params = Params(2.0);
