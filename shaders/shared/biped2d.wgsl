//! The two-legged body of Gymnasium's BipedalWalker, for `walker2d`. Left is the leg of the first two actions.
//!
//! The importing file declares `SCENE_LEG` (m; half the length of a part of a leg).

import package::shared::math::{MATH_LARGEST};
import package::shared::physics2d::{Physics2dJoint};
import package::shared::collide2d::{Collide2dShape};
import package::shared::legs2d::{
    LEGS2D_KNEE, LEGS2D_LOWER, LEGS2D_LOWER_SHAPE, LEGS2D_TOP, LEGS2D_UPPER, LEGS2D_UPPER_SHAPE,
};
import package::shared::walk2d::{Walk2dObservation};

/// m; half the widths of the upper and of the lower part of a leg
const SCENE_UPPER_WIDTH: f32 = 0.13333334;
const SCENE_LOWER_WIDTH: f32 = 0.10666667;
/// m; the hull's centre of mass, from where its position is counted
const SCENE_HULL_CENTER: vec2<f32> = vec2<f32>(-0.02003643, -0.00564663);
const BIPED2D_HIP: vec2<f32> = vec2<f32>(0.02003643, -0.26102004);

// In the order in which Box2D solves them. Bodies: right lower leg, right upper leg, hull, left upper leg, left lower
// leg. Joints: right knee, right hip, left hip, left knee.
const SCENE_HULL: u32 = 2u;
const SCENE_BODIES: u32 = 5u;
const SCENE_JOINTS: u32 = 4u;
const SCENE_LEGS: u32 = 2u;
const SCENE_FEET: u32 = 2u;
const SCENE_FELT: u32 = 10u;
const SCENE_LEG_PARTS: array<vec4<u32>, SCENE_LEGS> =
    array<vec4<u32>, SCENE_LEGS>(vec4<u32>(3u, 4u, 2u, 3u), vec4<u32>(1u, 0u, 1u, 0u));
const SCENE_LEG_STARTS: array<f32, SCENE_LEGS> = array<f32, SCENE_LEGS>(0.0, 0.0);
const SCENE_TINTS: array<u32, SCENE_BODIES> = array<u32, SCENE_BODIES>(2u, 2u, 0u, 1u, 1u);
const SCENE_CONTACTS: u32 = 16u;
const SCENE_CONTACT_BODY: array<u32, SCENE_CONTACTS> =
    array<u32, SCENE_CONTACTS>(0u, 0u, 0u, 0u, 1u, 1u, 1u, 1u, 3u, 3u, 3u, 3u, 4u, 4u, 4u, 4u);
const SCENE_CONTACTS_FREE: array<u32, SCENE_JOINTS> = array<u32, SCENE_JOINTS>(4u, 8u, 8u, 16u);
const SCENE_INVERSE: array<vec2<f32>, SCENE_BODIES> = array<vec2<f32>, SCENE_BODIES>(
    LEGS2D_LOWER,
    LEGS2D_UPPER,
    vec2<f32>(0.18442623, 0.50015125),
    LEGS2D_UPPER,
    LEGS2D_LOWER,
);
const SCENE_JOINT: array<Physics2dJoint, SCENE_JOINTS> = array<Physics2dJoint, SCENE_JOINTS>(
    Physics2dJoint(1u, 0u, LEGS2D_KNEE, LEGS2D_TOP, 0.0, -1.6, -0.1),
    Physics2dJoint(2u, 1u, BIPED2D_HIP, LEGS2D_TOP, 0.05, -0.8, 1.1),
    Physics2dJoint(2u, 3u, BIPED2D_HIP, LEGS2D_TOP, -0.05, -0.8, 1.1),
    Physics2dJoint(3u, 4u, LEGS2D_KNEE, LEGS2D_TOP, 0.0, -1.6, -0.1),
);
const BIPED2D_HULL_SHAPE: Collide2dShape = Collide2dShape(5u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.1533698, -0.26102004),
    vec2<f32>(1.1533698, 0.03897996),
    vec2<f32>(0.22003643, 0.30564663),
    vec2<f32>(-0.97996357, 0.30564663),
    vec2<f32>(-0.97996357, -0.26102004),
    vec2<f32>(0.0),
), array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.27472113, 0.96152395),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0, -1.0),
    vec2<f32>(0.0),
));
const SCENE_SHAPE: array<Collide2dShape, SCENE_BODIES> = array<Collide2dShape, SCENE_BODIES>(
    LEGS2D_LOWER_SHAPE,
    LEGS2D_UPPER_SHAPE,
    BIPED2D_HULL_SHAPE,
    LEGS2D_UPPER_SHAPE,
    LEGS2D_LOWER_SHAPE,
);

// The reference says pi and 5 for angles and speeds, and exceeds them.
const BIPED2D_LOW: Walk2dObservation = Walk2dObservation(
    -MATH_LARGEST,
    -MATH_LARGEST,
    vec2<f32>(-MATH_LARGEST),
    array<f32, SCENE_FELT>(
        -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, 0.0,
        -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, 0.0,
    ),
    array<f32, 10>(),
);
const BIPED2D_HIGH: Walk2dObservation = Walk2dObservation(
    MATH_LARGEST,
    MATH_LARGEST,
    vec2<f32>(MATH_LARGEST),
    array<f32, SCENE_FELT>(
        MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, 1.0,
        MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, 1.0,
    ),
    array<f32, 10>(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
);
