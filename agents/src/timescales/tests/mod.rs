mod environments;
mod gradients;
mod learning;
mod resuming;
