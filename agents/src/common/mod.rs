//! Mechanics that several agents share; an algorithm's decisions never live here.

pub mod head;
pub mod moments;
pub mod noise;
