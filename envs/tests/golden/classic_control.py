"""The reference environments of `make_classic_control.py`: how to put a state into them, take one out and sample some."""

import math

import numpy as np

MARGIN = 1e-5


def near(value, *limits):
    """True where `value` lies within MARGIN of one of the limits."""
    return any(abs(value - limit) < MARGIN for limit in limits)


def uniform(rng, low, high, rows):
    return rng.uniform(low, high, (rows, len(low)))


def around(rng, rows, points, scale=0.02):
    """Values close to randomly chosen ones of `points`, at distances of all magnitudes down to 1e-5."""
    distance = scale * 10.0 ** rng.uniform(-3.3, 0.0, rows) * rng.choice([-1.0, 1.0], rows)
    return rng.choice(points, rows) + distance


class CartPole:
    id, stem = "CartPole-v1", "cart_pole"
    state_fields = ["x", "x_dot", "theta", "theta_dot"]
    params = {
        "gravity": (9.8, 5.0, 15.0),
        "mass_cart": (1.0, 0.5, 2.0),
        "mass_pole": (0.1, 0.05, 0.2),
        "half_length": (0.5, 0.3, 1.0),
        "force": (10.0, 5.0, 15.0),
        "tau": (0.02, 0.01, 0.025),
        "x_threshold": (2.4, 1.2, 2.4),
        "theta_threshold": (12 * 2 * math.pi / 360, 0.1, 12 * 2 * math.pi / 360),
        "start_spread": (0.05, 0.0, 0.1),
    }
    start = [{"field": name, "low": -0.05, "high": 0.05} for name in state_fields]
    sizes = {"play": 3000, "box": 3000, "edge": 3000, "params": 2200}

    def configure(self, env, p):
        env.gravity, env.masscart, env.masspole = p["gravity"], p["mass_cart"], p["mass_pole"]
        env.length, env.force_mag, env.tau = p["half_length"], p["force"], p["tau"]
        env.x_threshold, env.theta_threshold_radians = p["x_threshold"], p["theta_threshold"]
        env.total_mass = env.masscart + env.masspole
        env.polemass_length = env.masspole * env.length

    def sample(self, rng, group, rows, p):
        angle = p["theta_threshold"]
        high = np.array([p["x_threshold"], 4.0, angle, 4.0])
        states = uniform(rng, -high, high, rows)
        if group == "edge":
            which = rng.random(rows) < 0.5
            states[which, 0] = around(rng, which.sum(), [-high[0], high[0]], 0.1)
            states[~which, 2] = around(rng, (~which).sum(), [-angle, angle], 0.05)
        return states, rng.integers(0, 2, rows)

    def put(self, env, state):
        env.state, env.steps_beyond_terminated = state.copy(), None

    def take(self, env, state):
        return np.array(env.state)

    def undecidable(self, env, state, action, after, p):
        return near(abs(after[0]), p["x_threshold"]) or near(abs(after[2]), p["theta_threshold"])


class MountainCar:
    id, stem = "MountainCar-v0", "mountain_car"
    state_fields = ["position", "velocity"]
    params = {
        "force": (0.001, 0.0005, 0.002),
        "gravity": (0.0025, 0.001, 0.004),
        "hill_frequency": (3.0, 3.0, 3.0),  # written out in the reference
        "min_position": (-1.2, -1.2, -1.0),
        "max_position": (0.6, 0.5, 0.6),
        "max_speed": (0.07, 0.04, 0.07),
        "goal_position": (0.5, 0.2, 0.5),
        "goal_velocity": (0.0, 0.0, 0.03),
        "start_low": (-0.6, -0.9, -0.5),
        "start_high": (-0.4, -0.5, -0.2),
    }
    start = [{"field": "position", "low": -0.6, "high": -0.4}]
    sizes = {"play": 3000, "box": 3000, "edge": 4000, "params": 2000}

    def configure(self, env, p):
        env.force, env.gravity = p["force"], p["gravity"]
        self.configure_road(env, p)

    def configure_road(self, env, p):
        env.min_position, env.max_position = p["min_position"], p["max_position"]
        env.max_speed = p["max_speed"]
        env.goal_position, env.goal_velocity = p["goal_position"], p["goal_velocity"]

    def sample(self, rng, group, rows, p):
        low = np.array([p["min_position"], -p["max_speed"]])
        high = np.array([p["max_position"], p["max_speed"]])
        states = uniform(rng, low, high, rows)
        if group == "edge":
            which = rng.integers(0, 4, rows)
            for kind, points in enumerate([[low[0]], [p["goal_position"]], [high[0]]]):
                at = which == kind
                states[at, 0] = np.clip(around(rng, at.sum(), points, 0.1), low[0], high[0])
            at = which == 3
            states[at, 1] = np.clip(around(rng, at.sum(), [low[1], high[1]], 0.01), low[1], high[1])
        return states, self.actions(rng, rows)

    def actions(self, rng, rows):
        return rng.integers(0, 3, rows)

    def pull(self, action, p):
        return (action - 1) * p["force"]

    def put(self, env, state):
        env.state = state.copy()

    def take(self, env, state):
        return np.array(env.state, dtype=np.float64)

    def undecidable(self, env, state, action, after, p):
        speed = state[1] + self.pull(action, p) - p["gravity"] * math.cos(3 * state[0])
        free = state[0] + np.clip(speed, -p["max_speed"], p["max_speed"])
        at_goal = free > p["goal_position"] - MARGIN
        return (
            near(free, p["min_position"], p["goal_position"])
            or (at_goal and near(after[1], p["goal_velocity"]))
        )


class MountainCarContinuous(MountainCar):
    id, stem = "MountainCarContinuous-v0", "mountain_car_continuous"
    params = {
        "power": (0.0015, 0.0005, 0.003),
        "gravity": (0.0025, 0.0025, 0.0025),  # written out in the reference
        **{name: MountainCar.params[name] for name in list(MountainCar.params)[2:]},
        "goal_position": (0.45, 0.2, 0.5),
        "max_throttle": (1.0, 0.5, 1.0),
        "goal_reward": (100.0, 100.0, 100.0),  # written out in the reference
        "action_cost": (0.1, 0.1, 0.1),  # written out in the reference
    }

    def configure(self, env, p):
        env.power = p["power"]
        env.min_action, env.max_action = -p["max_throttle"], p["max_throttle"]
        self.configure_road(env, p)

    def actions(self, rng, rows):
        return continuous_actions(rng, rows, 1.0)

    def pull(self, action, p):
        return np.clip(action, -p["max_throttle"], p["max_throttle"]) * p["power"]


class Acrobot:
    id, stem = "Acrobot-v1", "acrobot"
    state_fields = ["theta_1", "theta_2", "omega_1", "omega_2"]
    params = {
        "gravity": (9.8, 9.8, 9.8),  # written out in the reference
        "torque": (1.0, 0.5, 2.0),
        "mass_1": (1.0, 0.5, 2.0),
        "mass_2": (1.0, 0.5, 2.0),
        "length_1": (1.0, 0.5, 1.5),
        "length_2": (1.0, 0.5, 1.5),
        "centre_1": (0.5, 0.25, 0.75),
        "centre_2": (0.5, 0.25, 0.75),
        "inertia": (1.0, 0.5, 2.0),
        "dt": (0.2, 0.05, 0.2),
        "max_speed_1": (4 * math.pi, 6.0, 4 * math.pi),
        "max_speed_2": (9 * math.pi, 12.0, 9 * math.pi),
        "goal_height": (1.0, 1.0, 1.0),  # written out in the reference
        "start_spread": (0.1, 0.0, 0.5),
    }
    start = [{"field": name, "low": -0.1, "high": 0.1} for name in state_fields]
    sizes = {"play": 2600, "box": 3400, "edge": 5000, "params": 1600}
    keep = 10_000  # 14 parameters a row make this the largest file

    def configure(self, env, p):
        env.AVAIL_TORQUE = [-p["torque"], 0.0, p["torque"]]
        env.LINK_MASS_1, env.LINK_MASS_2 = p["mass_1"], p["mass_2"]
        env.LINK_LENGTH_1, env.LINK_LENGTH_2 = p["length_1"], p["length_2"]
        env.LINK_COM_POS_1, env.LINK_COM_POS_2 = p["centre_1"], p["centre_2"]
        env.LINK_MOI, env.dt = p["inertia"], p["dt"]
        env.MAX_VEL_1, env.MAX_VEL_2 = p["max_speed_1"], p["max_speed_2"]

    def sample(self, rng, group, rows, p):
        high = np.array([math.pi, math.pi, p["max_speed_1"], p["max_speed_2"]])
        states = uniform(rng, -high, high, rows)
        if group == "edge":
            states[:, 2:] *= rng.uniform(0.0, 0.4, (rows, 1))
            which = rng.integers(0, 3, rows)
            at = which == 0  # the line
            states[at, 0] = rng.uniform(math.pi / 2, 3 * math.pi / 2, at.sum())
            bend = np.arccos(np.clip(-1.0 - np.cos(states[at, 0]), -1.0, 1.0))
            bend = bend * rng.choice([-1.0, 1.0], at.sum()) - states[at, 0]
            states[at, 1] = around(rng, at.sum(), [0.0], 0.2) + bend
            states[at, :2] = wrapped(states[at, :2])
            at = which == 1  # the wrap of either angle
            for row in np.flatnonzero(at):
                states[row, rng.integers(0, 2)] = wrapped(around(rng, 1, [math.pi], 0.2)[0])
            at = which == 2  # the clips of either velocity
            states[at, 2] = np.clip(around(rng, at.sum(), [-high[2], high[2]], 2.0), -high[2], high[2])
            slow = rng.random(rows) < 0.5
            states[at & slow, 2] *= 0.1
            states[at & slow, 3] = around(rng, (at & slow).sum(), [-high[3], high[3]], 2.0)
            states[:, 3] = np.clip(states[:, 3], -high[3], high[3])
        return states, rng.integers(0, 3, rows)

    def put(self, env, state):
        env.state = state.copy()

    def take(self, env, state):
        return np.array(env.state)

    def undecidable(self, env, state, action, after, p):
        height = -math.cos(after[0]) - math.cos(after[0] + after[1])
        if near(height, 1.0) or near(abs(after[0]), math.pi) or near(abs(after[1]), math.pi):
            return True
        # Fast links make the Runge-Kutta step diverge: its stages turn by hundreds of radians, and the
        # rounding of single precision grows past every tolerance. Such rows show themselves when the
        # reference's equations are run in single precision from the eight neighbouring states.
        scale = np.maximum(1.0, np.abs(after))
        for sign in (1.0, -1.0):
            for field in range(4):
                moved = state.copy()
                moved[field] += sign * 6e-8 * max(1.0, abs(state[field]))
                error = self.single_precision_step(env, moved, action) - after
                error[:2] = wrapped(error[:2])
                limit = [p["max_speed_1"], p["max_speed_2"]]
                error[2:] = np.clip(error[2:] + after[2:], np.negative(limit), limit) - after[2:]
                if np.any(np.abs(error) > 2e-6 * scale):
                    return True
        return False

    def single_precision_step(self, env, state, action):
        y, h = np.float32([*state, env.AVAIL_TORQUE[action]]), np.float32(env.dt)
        k1 = np.float32(env._dsdt(y))
        k2 = np.float32(env._dsdt(y + h / 2 * k1))
        k3 = np.float32(env._dsdt(y + h / 2 * k2))
        k4 = np.float32(env._dsdt(y + h * k3))
        return (y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))[:4].astype(np.float64)


class Pendulum:
    id, stem = "Pendulum-v1", "pendulum"
    state_fields = ["theta", "omega", "torque"]
    params = {
        "gravity": (10.0, 5.0, 15.0),
        "mass": (1.0, 0.5, 2.0),
        "length": (1.0, 0.5, 1.5),
        "dt": (0.05, 0.01, 0.1),
        "max_torque": (2.0, 1.0, 2.0),
        "max_speed": (8.0, 4.0, 8.0),
        "speed_cost": (0.1, 0.1, 0.1),  # written out in the reference
        "torque_cost": (0.001, 0.001, 0.001),  # written out in the reference
        "start_angle": (math.pi, 0.0, math.pi),
        "start_speed": (1.0, 0.0, 4.0),
    }
    start = [
        {"field": "theta", "low": -math.pi, "high": math.pi},
        {"field": "omega", "low": -1.0, "high": 1.0},
    ]
    sizes = {"play": 3500, "box": 3500, "edge": 2500, "params": 2000}
    note = "theta of state and next_state is given the way the shader keeps it: reduced to [-pi, pi) before the step"

    def configure(self, env, p):
        env.g, env.m, env.l, env.dt = p["gravity"], p["mass"], p["length"], p["dt"]
        env.max_torque, env.max_speed = p["max_torque"], p["max_speed"]

    def sample(self, rng, group, rows, p):
        # One step beyond [-pi, pi): the shader brings the angle back before a step, not after.
        turn = math.pi + p["max_speed"] * p["dt"]
        high = np.array([turn, p["max_speed"], p["max_torque"]])
        states = uniform(rng, -high, high, rows)
        if group == "edge":
            which = rng.random(rows) < 0.5
            states[which, 0] = around(rng, which.sum(), [-math.pi, math.pi], 0.1)
            fast = around(rng, (~which).sum(), [-high[1], high[1]], 0.5)
            states[~which, 1] = np.clip(fast, -high[1], high[1])
        return states, continuous_actions(rng, rows, 2.0)

    def put(self, env, state):
        env.state, env.last_u = state[:2].copy(), state[2]

    def take(self, env, state):
        turns = wrapped(state[0]) - state[0]
        return np.array([env.state[0] + turns, env.state[1], env.last_u])

    def undecidable(self, env, state, action, after, p):
        return near(abs(state[0]), math.pi)


def wrapped(angle):
    return (angle + math.pi) % (2 * math.pi) - math.pi


def continuous_actions(rng, rows, bound):
    """Half within the bounds, a quarter up to three times as large, a quarter at special values."""
    special = np.array([-3.0, -1.0, -0.0, 0.0, 1.0, 3.0]) * bound
    kind = rng.integers(0, 4, rows)
    actions = np.where(kind == 0, rng.uniform(-3.0, 3.0, rows) * bound, rng.uniform(-bound, bound, rows))
    return np.where(kind == 1, rng.choice(special, rows), actions).astype(np.float32)
