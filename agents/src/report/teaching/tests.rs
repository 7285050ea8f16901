use std::fs;
use std::sync::Arc;

use super::*;
use crate::common::task_space::TaskSpace;
use crate::test_folder::folder;

fn dimensions(ranges: &str) -> Vec<Dimension> {
    let facts = Arc::new(shadergym_envs::spec("BipedalWalkerStumps-v0").unwrap().clone());
    TaskSpace::new(&facts, &ranges.parse().unwrap()).unwrap().dimensions().to_vec()
}

fn read(dimensions: &[Dimension], episodes: &str, lessons: &str) -> Teaching {
    let temporary = folder("teaching");
    let files = [("episodes", episodes), ("lessons", lessons)].map(|(name, text)| {
        let path = temporary.join(name);
        fs::write(&path, text).unwrap();
        path
    });
    let tasks = [0.5, 1.0, 2.5, 6.0, 1.5, 3.0];
    let tasks = &tasks[..3 * dimensions.len()];
    let about = ("alp <gmm>".to_owned(), 600, Some(230.0));
    Teaching::read((&files[0], &files[1]), dimensions, (tasks, &[250.0, -100.0, 230.0]), about).unwrap()
}

const EPISODES: &str =
    "{\"step\":50,\"tasks\":[[0.1,0.2],[2.9,5.9]]}\n{\"step\":550,\"tasks\":[[0.1,0.2],[0.1,0.2],[1]]}\nhalf a li";

#[test]
fn what_was_played_and_thought_is_drawn() {
    let gaussians = "{\"step\":300,\"means\":[[1.0,2.0,0.5],[2.0,4.0,0.1]],\"progress\":[0.5,0.1],\
        \"covariances\":[[[0.04,0.0,0],[0.0,0.25,0],[0,0,1]],[[0.04,0.02,0],[0.02,0.25,0],[0,0,1]]]}\n\
        {\"step\":500,\"low\":[0.0,0.0],\"high\":[0.5,1.0]}\n\
        {\"step\":580,\"region\":0,\"regions\":[{\"region\":1,\"low\":[0,0],\"high\":[3,2],\"progress\":0.4},\
        {\"region\":2,\"low\":[0,2],\"high\":[3,6],\"progress\":0.1}]}\n\
        {\"step\":590,\"region\":1,\"regions\":[{\"region\":3,\"low\":[0,0],\"high\":[1,2],\"progress\":0.2},\
        {\"region\":4,\"low\":[1,0],\"high\":[3,2],\"progress\":0}]}\n";
    let teaching = read(&dimensions(""), EPISODES, gaussians);
    assert_eq!(teaching.played.len(), 4, "a task with a number too few and half a line are left out");
    assert_eq!(teaching.density(0, 100).iter().filter(|share| **share == 1.0).count(), 2);
    let late = teaching.density(500, 600);
    assert_eq!((late[0], late.iter().sum::<f64>()), (1.0, 1.0), "the low corner comes first");
    assert_eq!(
        (teaching.thought(299).len(), teaching.thought(300).len(), teaching.thought(599).len()),
        (0, 2, 3),
        "a region that was split is no more"
    );
    assert_eq!(teaching.thought(599).iter().map(|(_, like)| *like).collect::<Vec<_>>(), [0.5, 1.0, 0.0]);
    let likes: Vec<f64> = teaching.thought(300).iter().map(|(_, like)| *like).collect();
    assert_eq!(likes, [1.0, 0.2]);
    let outline = teaching.thought(300)[0].0.outline();
    let high = outline.iter().map(|at| at[1]).fold(0.0, f64::max);
    assert!((high - 2.5).abs() < 1e-9, "one standard deviation above the mean, got {high}");
    let svg = teaching.svg();
    for words in ["alp &lt;gmm&gt;", "stump_height", "obstacle_spacing", "mastered: 1 of 3", "steps 500 to 600"] {
        assert!(svg.contains(words), "{words} in {svg}");
    }
    let gif = teaching.gif(48).unwrap();
    assert!(gif.starts_with(b"GIF89a") && gif.len() > 1000);
    let empty = read(&dimensions(""), "", "");
    assert!(empty.svg().contains("mastered: 1 of 3") && empty.gif(48).is_ok());
}

#[test]
fn one_number_is_drawn_over_time() {
    let one = dimensions("stump_height = [0.0, 2.0]");
    let teaching = read(&one, "{\"step\":300,\"tasks\":[[1.0]]}\n", "{\"step\":1,\"low\":[0],\"high\":[1]}\n");
    assert_eq!((&*teaching.axes[0].label, teaching.played[0].1), ("environment steps", [300.0, 1.0]));
    let svg = teaching.svg();
    assert!(
        svg.contains("environment steps") && svg.matches("<circle").count() == 3 && teaching.gif(48).is_ok(),
        "{svg}"
    );
}
