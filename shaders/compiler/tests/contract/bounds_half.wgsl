// without: PARAMS_HIGH
// says: the constant PARAMS_HIGH is missing
// says: declare `const PARAMS_HIGH: Params = Params(...);`
// expect: file
