//! `shadergym in-context pretrain`: a transformer that learns unknown tasks.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::bar::catch_signals;
use super::super::output::{Done, Progress as Line, grouped};
use super::super::{target, train};
use super::{ended, go_on, pool};
use crate::in_context::{Kind, Model, Progress, Source, Trained};
use crate::options::{parse_settings, written_out};
use crate::report::file;

/// Pretrain a transformer on tasks of a kind, so that it learns others of the kind within an episode.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
dpt learns from transitions of any behaviour and the best action of each task, which the environment's State tells; ad from
histories of the best play with noise that fades. Files of --out: model.safetensors, for `shadergym in-context play`, written
anew after each epoch, and training.csv. Tasks have seeds that no play has; of rooms a share of the tasks (held_out) is not
learned from at all.

Examples:
  shadergym in-context pretrain dpt in_context/GaussianBandit-v0 --out dpt
  shadergym in-context pretrain dpt --options
  shadergym in-context pretrain dpt in_context/DarkRoom-v0 --set epochs=20 --set heads=2
  shadergym in-context pretrain ad in_context/DarkRoom9-v0 --set context=80")]
pub struct Args {
    /// dpt or ad
    way: String,
    /// Id as in `shadergym list`, or a .wgsl file
    #[arg(required_unless_present = "options")]
    env: Option<String>,
    /// List the options and end
    #[arg(long)]
    options: bool,
    /// An option, as often as needed
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    settings: Vec<String>,
    /// A parameter of the environment, as `shadergym spec` lists them, as often as needed
    #[arg(long = "param", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    params: Vec<String>,
    /// Seed of everything random
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Threads; default: all cores. Results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = target::positive)]
    num_threads: Option<usize>,
    /// Folder of the model; default: runs/<environment>-<way>-<seed>-<n>
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let settings = written_out(parse_settings(args.settings.iter().map(String::as_str))?);
    let kind = Kind::of(&args.way, &settings)?;
    if args.options {
        return train::list(&format!("{}: pretraining", kind.name()), kind.options(), out);
    }
    let env = args.env.as_deref().unwrap_or_default();
    let params = parse_settings(args.params.iter().map(String::as_str))?;
    let pool = pool(args.num_threads)?;
    let source = Source::new(env, &params, pool.current_num_threads())?;
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => fresh(&format!("{}-{}-{}", source.facts().stem, kind.name(), args.seed)),
    };
    file::create_folder(&folder)?;
    catch_signals()?;
    let mut line = Line::new();
    let (place, seed) = (folder.clone(), args.seed);
    let made = pool.install(|| -> crate::Result<(Model, Trained)> {
        let line = std::cell::RefCell::new(&mut line);
        let mut collecting = |done: usize, all: usize| {
            line.borrow_mut()
                .show(false, || format!("{} of {} tasks played", grouped(done as u64), grouped(all as u64)));
            go_on()
        };
        let mut told = Vec::new();
        Model::pretrain(kind, &source, seed, &mut collecting, &mut |progress, model| {
            if let Some(model) = model {
                told.push(*progress);
                line.borrow_mut().note(&text(progress));
                model.save(&place)?;
                write(&place, &told)?;
            }
            line.borrow_mut().show(false, || text(progress));
            go_on()
        })
    });
    drop(line);
    let advice = format!("; the model of the last whole epoch, if there was one, is in {}", folder.display());
    let (model, trained) = made.map_err(|error| ended(error, &advice))?;
    let last = trained.epochs.last().and_then(|epoch| epoch.validation).unwrap_or((f64::NAN, f64::NAN));
    let parameters = grouped(model.network.parameters().len() as u64);
    writeln!(
        out,
        "{} on {}: {} updates of {parameters} parameters in {:.0} s, loss {:.4} and accuracy {:.4} on other tasks -> {}",
        model.kind.name(),
        model.env,
        grouped(trained.updates),
        trained.seconds,
        last.0,
        last.1,
        folder.display()
    )?;
    Ok(())
}

fn text(progress: &Progress) -> String {
    let mut text = format!(
        "epoch {}, update {} of {}, {:.0} s: loss {:.4}, accuracy {:.4}",
        progress.epoch,
        grouped(progress.updates.0),
        grouped(progress.updates.1),
        progress.seconds,
        progress.loss,
        progress.accuracy
    );
    if let Some((loss, accuracy)) = progress.validation {
        let _ = write!(text, "; other tasks: loss {loss:.4}, accuracy {accuracy:.4}");
    }
    text
}

/// A line for each epoch.
fn write(folder: &Path, epochs: &[Progress]) -> crate::Result<()> {
    let mut text = "epoch,updates,loss,accuracy,validation_loss,validation_accuracy,seconds\n".to_owned();
    for p in epochs {
        let (loss, accuracy) = p.validation.unwrap_or((f64::NAN, f64::NAN));
        let _ =
            writeln!(text, "{},{},{},{},{loss},{accuracy},{:.1}", p.epoch, p.updates.0, p.loss, p.accuracy, p.seconds);
    }
    file::write(&folder.join("training.csv"), text.as_bytes())
}

/// The first folder of this name in `runs` that is not there yet.
fn fresh(name: &str) -> PathBuf {
    let folder = |n: u32| Path::new("runs").join(format!("{name}-{n}"));
    (1..).map(folder).find(|folder| !folder.exists()).unwrap_or_else(|| folder(0))
}
