// expect: line 4
// code: import
// says: did you mean `rng`?
import package::shared::rngs::{Rng};
