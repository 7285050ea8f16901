// without: MAX_EPISODE_STEPS
// says: the constant MAX_EPISODE_STEPS is missing
// expect: file
