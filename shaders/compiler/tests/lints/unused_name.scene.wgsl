// expect: line 2
const SCENE_SPARE: u32 = 3u;
