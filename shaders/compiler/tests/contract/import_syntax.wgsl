// expect: line 4
// code: import
// says: no wildcards
import package::shared::rng::*;
