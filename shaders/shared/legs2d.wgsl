//! Legs of two boxes each, of 1 kg/m^2, for the bodies of `walker2d`: masses, joints' anchors and shapes.
//!
//! The body declares `SCENE_UPPER_WIDTH` and `SCENE_LOWER_WIDTH` (m; half the widths of the upper and of the lower part of a leg),
//! and it or the importing file `SCENE_LEG` (m; half the length of a part).

import package::shared::collide2d::{Collide2dShape};

/// 1; most vertices of a shape: those of a hexagon of the ground
const SCENE_VERTICES: u32 = 6u;
/// 1; contacts of a body with different pieces of ground
const SCENE_SLOTS: u32 = 4u;
const LEGS2D_KNEE: vec2<f32> = vec2<f32>(0.0, -SCENE_LEG);
const LEGS2D_TOP: vec2<f32> = vec2<f32>(0.0, SCENE_LEG);
const LEGS2D_UPPER_MASS: f32 = 4.0 * SCENE_UPPER_WIDTH * SCENE_LEG;
const LEGS2D_LOWER_MASS: f32 = 4.0 * SCENE_LOWER_WIDTH * SCENE_LEG;
/// 1/kg and 1/(kg m^2)
const LEGS2D_UPPER: vec2<f32> = vec2<f32>(
    1.0 / LEGS2D_UPPER_MASS,
    3.0 / (LEGS2D_UPPER_MASS * (SCENE_UPPER_WIDTH * SCENE_UPPER_WIDTH + SCENE_LEG * SCENE_LEG)),
);
const LEGS2D_LOWER: vec2<f32> = vec2<f32>(
    1.0 / LEGS2D_LOWER_MASS,
    3.0 / (LEGS2D_LOWER_MASS * (SCENE_LOWER_WIDTH * SCENE_LOWER_WIDTH + SCENE_LEG * SCENE_LEG)),
);
const LEGS2D_SIDES: array<vec2<f32>, SCENE_VERTICES> = array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(0.0, -1.0),
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
);
const LEGS2D_LOWER_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-SCENE_LOWER_WIDTH, -SCENE_LEG),
    vec2<f32>(SCENE_LOWER_WIDTH, -SCENE_LEG),
    vec2<f32>(SCENE_LOWER_WIDTH, SCENE_LEG),
    vec2<f32>(-SCENE_LOWER_WIDTH, SCENE_LEG),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
), LEGS2D_SIDES);
const LEGS2D_UPPER_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-SCENE_UPPER_WIDTH, -SCENE_LEG),
    vec2<f32>(SCENE_UPPER_WIDTH, -SCENE_LEG),
    vec2<f32>(SCENE_UPPER_WIDTH, SCENE_LEG),
    vec2<f32>(-SCENE_UPPER_WIDTH, SCENE_LEG),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
), LEGS2D_SIDES);
