// without: observe
// says: the function `observe` is missing
// expect: file
