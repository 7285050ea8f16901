// without: DEFAULT_PARAMS
// says: the constant DEFAULT_PARAMS is missing
// expect: file
