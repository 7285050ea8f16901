//! What is tested only where somebody asks for it, with `cargo test -- --include-ignored`.

use shadergym_shaders::{Environment, environments};

use crate::large;

/// Whether the pipelines of an environment take a software GPU so long that the smallest of these environments stands for all of
/// them: two to three minutes for those of the walkers, beside half a minute for LunarLander's.
pub fn stands_back(environment: &Environment) -> bool {
    let size = |e: &Environment| e.compiled().kernel_source.len();
    let smallest = environments().iter().filter(|e| large::is_large(e)).min_by_key(|e| size(e));
    large::gpu_is_software()
        && large::is_large(environment)
        && smallest.is_none_or(|smallest| smallest.id != environment.id)
}
