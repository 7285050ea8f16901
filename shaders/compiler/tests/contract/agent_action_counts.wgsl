// expect: line 3
// says: AGENT_ACTION_COUNTS is not a number of 1 up to ACTION_COUNT of a single choice (2) for each of 1 agents
const AGENT_ACTION_COUNTS: array<u32, 1> = array<u32, 1>(2u);
