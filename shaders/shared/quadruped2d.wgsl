//! The four-legged body of teachDeepRL's walker, for `walker2d`. Legs are numbered as the reference makes them: rear left, rear
//! right, front left, front right; the eight actions follow that order, hip before knee.

import package::shared::math::{MATH_LARGEST};
import package::shared::physics2d::{Physics2dJoint};
import package::shared::collide2d::{Collide2dShape};
import package::shared::legs2d::{
    LEGS2D_KNEE, LEGS2D_LOWER, LEGS2D_LOWER_SHAPE, LEGS2D_TOP, LEGS2D_UPPER, LEGS2D_UPPER_SHAPE,
};
import package::shared::walker2d::{Walker2dSetup};
import package::shared::walk2d::{Walk2dObservation};

/// Forces and motors of the reference.
const QUADRUPED2D_SETUP: Walker2dSetup = Walker2dSetup(10.0, 300.0, 4.0, 6.0, 0.70710677);
/// m; half the length of a part of a leg
const SCENE_LEG: f32 = 0.85;
/// m; half the widths of the upper and of the lower part of a leg
const SCENE_UPPER_WIDTH: f32 = 0.16666667;
const SCENE_LOWER_WIDTH: f32 = 0.13333334;
/// m; the hull's centre of mass, from where its position is counted
const SCENE_HULL_CENTER: vec2<f32> = vec2<f32>(-0.021263, -0.00927257);
const QUADRUPED2D_REAR: vec2<f32> = vec2<f32>(-1.178737, -0.2573941);
const QUADRUPED2D_FRONT: vec2<f32> = vec2<f32>(0.871263, -0.2573941);

// In the order in which Box2D solves them. Bodies: front right lower leg and upper leg, hull, then upper and lower leg of
// rear left, rear right, front left. Joints: front right knee and hip, the other hips from the last made to the first, the
// other knees from the first to the last.
const SCENE_HULL: u32 = 2u;
const SCENE_BODIES: u32 = 9u;
const SCENE_JOINTS: u32 = 8u;
const SCENE_LEGS: u32 = 4u;
/// The reference reports the rear feet only.
const SCENE_FEET: u32 = 2u;
const SCENE_FELT: u32 = 20u;
const SCENE_LEG_PARTS: array<vec4<u32>, SCENE_LEGS> = array<vec4<u32>, SCENE_LEGS>(
    vec4<u32>(3u, 4u, 4u, 5u),
    vec4<u32>(5u, 6u, 3u, 6u),
    vec4<u32>(7u, 8u, 2u, 7u),
    vec4<u32>(1u, 0u, 1u, 0u),
);
/// Not where the legs hang: the first step pulls them there, as in the reference.
const SCENE_LEG_STARTS: array<f32, SCENE_LEGS> = array<f32, SCENE_LEGS>(-1.6, -1.6, 1.36, 1.36);
const SCENE_TINTS: array<u32, SCENE_BODIES> = array<u32, SCENE_BODIES>(2u, 2u, 0u, 1u, 1u, 2u, 2u, 1u, 1u);
const SCENE_CONTACTS: u32 = 32u;
const SCENE_CONTACT_BODY: array<u32, SCENE_CONTACTS> = array<u32, SCENE_CONTACTS>(
    0u, 0u, 0u, 0u, 1u, 1u, 1u, 1u, 3u, 3u, 3u, 3u, 4u, 4u, 4u, 4u,
    5u, 5u, 5u, 5u, 6u, 6u, 6u, 6u, 7u, 7u, 7u, 7u, 8u, 8u, 8u, 8u,
);
const SCENE_CONTACTS_FREE: array<u32, SCENE_JOINTS> = array<u32, SCENE_JOINTS>(4u, 8u, 8u, 8u, 8u, 16u, 24u, 32u);
const SCENE_INVERSE: array<vec2<f32>, SCENE_BODIES> = array<vec2<f32>, SCENE_BODIES>(
    LEGS2D_LOWER,
    LEGS2D_UPPER,
    vec2<f32>(0.080935255, 0.094227225),
    LEGS2D_UPPER,
    LEGS2D_LOWER,
    LEGS2D_UPPER,
    LEGS2D_LOWER,
    LEGS2D_UPPER,
    LEGS2D_LOWER,
);
const SCENE_JOINT: array<Physics2dJoint, SCENE_JOINTS> = array<Physics2dJoint, SCENE_JOINTS>(
    Physics2dJoint(1u, 0u, LEGS2D_KNEE, LEGS2D_TOP, 0.0, -1.6, -0.1),
    Physics2dJoint(2u, 1u, QUADRUPED2D_FRONT, LEGS2D_TOP, 0.05, -0.8, 1.1),
    Physics2dJoint(2u, 7u, QUADRUPED2D_FRONT, LEGS2D_TOP, -0.05, -0.8, 1.1),
    Physics2dJoint(2u, 5u, QUADRUPED2D_REAR, LEGS2D_TOP, 0.05, -0.8, 1.1),
    Physics2dJoint(2u, 3u, QUADRUPED2D_REAR, LEGS2D_TOP, -0.05, -0.8, 1.1),
    Physics2dJoint(3u, 4u, LEGS2D_KNEE, LEGS2D_TOP, 0.0, -1.6, -0.1),
    Physics2dJoint(5u, 6u, LEGS2D_KNEE, LEGS2D_TOP, 0.0, -1.6, -0.1),
    Physics2dJoint(7u, 8u, LEGS2D_KNEE, LEGS2D_TOP, 0.0, -1.6, -0.1),
);
const QUADRUPED2D_HULL_SHAPE: Collide2dShape = Collide2dShape(5u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.6879297, -0.39072743),
    vec2<f32>(1.6879297, 0.17593924),
    vec2<f32>(0.221263, 0.4426059),
    vec2<f32>(-1.5120703, 0.4426059),
    vec2<f32>(-1.5120703, -0.39072743),
    vec2<f32>(0.0),
), array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.17888544, 0.9838699),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0, -1.0),
    vec2<f32>(0.0),
));
const SCENE_SHAPE: array<Collide2dShape, SCENE_BODIES> = array<Collide2dShape, SCENE_BODIES>(
    LEGS2D_LOWER_SHAPE,
    LEGS2D_UPPER_SHAPE,
    QUADRUPED2D_HULL_SHAPE,
    LEGS2D_UPPER_SHAPE,
    LEGS2D_LOWER_SHAPE,
    LEGS2D_UPPER_SHAPE,
    LEGS2D_LOWER_SHAPE,
    LEGS2D_UPPER_SHAPE,
    LEGS2D_LOWER_SHAPE,
);

// The reference says pi and 5 for angles and speeds, and exceeds them.
const QUADRUPED2D_LOW: Walk2dObservation = Walk2dObservation(
    -MATH_LARGEST,
    -MATH_LARGEST,
    vec2<f32>(-MATH_LARGEST),
    array<f32, SCENE_FELT>(
        -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, 0.0,
        -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, 0.0,
        -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, 0.0,
        -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, -MATH_LARGEST, 0.0,
    ),
    array<f32, 10>(),
);
const QUADRUPED2D_HIGH: Walk2dObservation = Walk2dObservation(
    MATH_LARGEST,
    MATH_LARGEST,
    vec2<f32>(MATH_LARGEST),
    array<f32, SCENE_FELT>(
        MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, 1.0,
        MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, 1.0,
        MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, 1.0,
        MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, MATH_LARGEST, 1.0,
    ),
    array<f32, 10>(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
);
