//! The two-legged body of Gymnasium's BipedalWalker, for `walker2d`. Left is the leg of the first two actions.
//!
//! The importing file declares `SCENE_LEG` (m; half the length of a part of a leg).

import package::shared::physics2d::{Physics2dJoint};
import package::shared::collide2d::{Collide2dShape};
import package::shared::walk2d::{WALK2D_ANY, Walk2dObservation};

/// m; half the widths of the upper and of the lower part of a leg
const BIPED2D_UPPER_WIDTH: f32 = 0.13333334;
const BIPED2D_LOWER_WIDTH: f32 = 0.10666667;
/// m; the hull's centre of mass, from where its position is counted
const SCENE_HULL_CENTER: vec2<f32> = vec2<f32>(-0.02003643, -0.00564663);
const BIPED2D_HIP: vec2<f32> = vec2<f32>(0.02003643, -0.26102004);
const BIPED2D_KNEE: vec2<f32> = vec2<f32>(0.0, -SCENE_LEG);
const BIPED2D_TOP: vec2<f32> = vec2<f32>(0.0, SCENE_LEG);
/// 1/kg and 1/(kg m^2); boxes of 1 kg/m^2
const BIPED2D_UPPER_MASS: f32 = 4.0 * BIPED2D_UPPER_WIDTH * SCENE_LEG;
const BIPED2D_LOWER_MASS: f32 = 4.0 * BIPED2D_LOWER_WIDTH * SCENE_LEG;
const BIPED2D_UPPER: vec2<f32> = vec2<f32>(
    1.0 / BIPED2D_UPPER_MASS,
    3.0 / (BIPED2D_UPPER_MASS * (BIPED2D_UPPER_WIDTH * BIPED2D_UPPER_WIDTH + SCENE_LEG * SCENE_LEG)),
);
const BIPED2D_LOWER: vec2<f32> = vec2<f32>(
    1.0 / BIPED2D_LOWER_MASS,
    3.0 / (BIPED2D_LOWER_MASS * (BIPED2D_LOWER_WIDTH * BIPED2D_LOWER_WIDTH + SCENE_LEG * SCENE_LEG)),
);

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
const SCENE_VERTICES: u32 = 6u;
const SCENE_SLOTS: u32 = 4u;
const SCENE_CONTACTS: u32 = 16u;
const SCENE_CONTACT_BODY: array<u32, SCENE_CONTACTS> =
    array<u32, SCENE_CONTACTS>(0u, 0u, 0u, 0u, 1u, 1u, 1u, 1u, 3u, 3u, 3u, 3u, 4u, 4u, 4u, 4u);
const SCENE_CONTACTS_FREE: array<u32, SCENE_JOINTS> = array<u32, SCENE_JOINTS>(4u, 8u, 8u, 16u);
const SCENE_INVERSE: array<vec2<f32>, SCENE_BODIES> = array<vec2<f32>, SCENE_BODIES>(
    BIPED2D_LOWER,
    BIPED2D_UPPER,
    vec2<f32>(0.18442623, 0.50015125),
    BIPED2D_UPPER,
    BIPED2D_LOWER,
);
const SCENE_JOINT: array<Physics2dJoint, SCENE_JOINTS> = array<Physics2dJoint, SCENE_JOINTS>(
    Physics2dJoint(1u, 0u, BIPED2D_KNEE, BIPED2D_TOP, 0.0, -1.6, -0.1),
    Physics2dJoint(2u, 1u, BIPED2D_HIP, BIPED2D_TOP, 0.05, -0.8, 1.1),
    Physics2dJoint(2u, 3u, BIPED2D_HIP, BIPED2D_TOP, -0.05, -0.8, 1.1),
    Physics2dJoint(3u, 4u, BIPED2D_KNEE, BIPED2D_TOP, 0.0, -1.6, -0.1),
);
const BIPED2D_SIDES: array<vec2<f32>, SCENE_VERTICES> = array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(0.0, -1.0),
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
);
const BIPED2D_LOWER_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-BIPED2D_LOWER_WIDTH, -SCENE_LEG),
    vec2<f32>(BIPED2D_LOWER_WIDTH, -SCENE_LEG),
    vec2<f32>(BIPED2D_LOWER_WIDTH, SCENE_LEG),
    vec2<f32>(-BIPED2D_LOWER_WIDTH, SCENE_LEG),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
), BIPED2D_SIDES);
const BIPED2D_UPPER_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-BIPED2D_UPPER_WIDTH, -SCENE_LEG),
    vec2<f32>(BIPED2D_UPPER_WIDTH, -SCENE_LEG),
    vec2<f32>(BIPED2D_UPPER_WIDTH, SCENE_LEG),
    vec2<f32>(-BIPED2D_UPPER_WIDTH, SCENE_LEG),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
), BIPED2D_SIDES);
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
    BIPED2D_LOWER_SHAPE,
    BIPED2D_UPPER_SHAPE,
    BIPED2D_HULL_SHAPE,
    BIPED2D_UPPER_SHAPE,
    BIPED2D_LOWER_SHAPE,
);

// The reference says pi and 5 for angles and speeds, and exceeds them.
const BIPED2D_LOW: Walk2dObservation = Walk2dObservation(
    -WALK2D_ANY,
    -WALK2D_ANY,
    vec2<f32>(-WALK2D_ANY),
    array<f32, SCENE_FELT>(
        -WALK2D_ANY, -WALK2D_ANY, -WALK2D_ANY, -WALK2D_ANY, 0.0,
        -WALK2D_ANY, -WALK2D_ANY, -WALK2D_ANY, -WALK2D_ANY, 0.0,
    ),
    array<f32, 10>(),
);
const BIPED2D_HIGH: Walk2dObservation = Walk2dObservation(
    WALK2D_ANY,
    WALK2D_ANY,
    vec2<f32>(WALK2D_ANY),
    array<f32, SCENE_FELT>(
        WALK2D_ANY, WALK2D_ANY, WALK2D_ANY, WALK2D_ANY, 1.0,
        WALK2D_ANY, WALK2D_ANY, WALK2D_ANY, WALK2D_ANY, 1.0,
    ),
    array<f32, 10>(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
);
