// expect: line 4
// code: import
// says: did you mean `rng_normal`?
import package::shared::rng::{rng_nrmal};
