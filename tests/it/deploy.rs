//! The job files in `deploy/`: what they ask of the program it understands, and they do what they say, without a scheduler.

pub(crate) mod yaml;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use trader::backtest::Axis;
use trader::settings::{Flags, Paths, Settings, Variations};

use crate::world::{Run, World};

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)).unwrap()
}

fn slurm() -> String {
    text("slurm-sweep.sbatch")
}

fn kubernetes() -> Vec<Value> {
    yaml::documents(&text("kubernetes-sweep.yaml"))
}

/// What is tried on the small recording instead.
const SMALL: &str = "--from 2026-08-30 --grid strategy.buy_score=30,40 --grid exits.stop_atr=2..4:1";

/// What the job of Slurm tries: between the brackets.
fn slurm_sweep() -> String {
    let text = slurm();
    let (_, rest) = text.split_once("\nSWEEP=(\n").unwrap();
    rest.split_once("\n)\n").unwrap().0.to_owned()
}

/// The container of a job.
fn container(job: &Value) -> &Value {
    &job["spec"]["template"]["spec"]["containers"][0]
}

fn variable(job: &Value, name: &str) -> String {
    let all = container(job)["env"].as_array().unwrap();
    all.iter().find(|variable| variable["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
}

fn kubernetes_sweep() -> String {
    variable(&kubernetes()[0], "SWEEP")
}

fn lived() -> World {
    let world = World::new();
    world.replay().expect(0);
    world
}

#[test]
fn what_both_try_is_the_same_and_may_be_tried() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let tried = words(&slurm_sweep());
    assert_eq!(tried, words(&kubernetes_sweep()));
    let flags = Flags { db: Some("x.db".into()), ..Flags::default() };
    let varied = Variations::of(&Settings::load(&flags, &[], &Paths::default()).unwrap()).unwrap();
    let axes: Vec<Axis> =
        tried.windows(2).filter(|pair| pair[0] == "--grid").map(|pair| pair[1].parse().unwrap()).collect();
    assert!(axes.len() > 2, "{axes:?}");
    for axis in &axes {
        axis.values.iter().for_each(|value| varied.check(&axis.key, value).unwrap());
    }
    // All of it is understood; that these candles are not there is another matter.
    let run = lived().run(&[&["sweep"], &tried.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat()).expect(2);
    assert!(run.stderr.contains("candles of BTC/USDT are stored in that time"), "{run}");
}

/// Every option that a text gives to the program in the commands that name it.
fn options(text: &str) -> Vec<String> {
    let commands = text.replace("\\\n", " ");
    let ours = commands.lines().filter(|line| line.contains(" sweep "));
    let given = ours.filter_map(|line| Some(format!("--db{}", line.split_once(" --db")?.1)));
    let words: Vec<String> =
        given.flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    words.into_iter().filter(|word| word.starts_with("--")).collect()
}

#[test]
fn every_option_that_they_give_to_the_program_exists() {
    let help = World::new().run(&["sweep", "--help"]).expect(0).stdout;
    for name in ["slurm-sweep.sbatch", "kubernetes-sweep.yaml"] {
        let options = options(&text(name));
        assert!(
            ["--db", "--shard", "--out", "--jobs"].iter().all(|o| options.iter().any(|own| own == o)),
            "{options:?}"
        );
        for option in options {
            assert!(help.contains(&format!("{option} <")), "{name}: {option}");
        }
    }
}

/// A program in the world's `bin` folder.
fn program(world: &World, name: &str, script: &str) {
    fs::create_dir_all(world.path("bin")).unwrap();
    let path = world.path("bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a text in a shell with these variables; programs in the world's `bin` folder come first.
fn shell(world: &World, shell: &str, text: &str, variables: &[(&str, &str)]) -> Run {
    let mut command = Command::new(shell);
    command.args(["-c", text]);
    let mut command = world.dress(command);
    let ours = Path::new(env!("CARGO_BIN_EXE_trader")).parent().unwrap().to_owned();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = [world.path("bin"), ours].into_iter().chain(std::env::split_paths(&inherited));
    command.env("PATH", std::env::join_paths(path).unwrap());
    command.envs(variables.iter().copied());
    Run::of(command)
}

/// Whether there is a bash; Slurm's script needs one.
fn has_bash() -> bool {
    let found = Command::new("bash").arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: there is no bash");
    }
    found
}

/// One task of the array, as Slurm would start it.
fn task(world: &World, number: usize, more: &[(&str, &str)]) -> Run {
    let script = slurm().replace(&slurm_sweep(), SMALL);
    let number = number.to_string();
    let variables = [
        ("DB", "trader.db"),
        ("ROWS", "rows folder"),
        ("SLURM_JOB_ID", "77"),
        ("SLURM_ARRAY_TASK_ID", number.as_str()),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
        ("SLURM_CPUS_PER_TASK", "1"),
    ];
    shell(world, "bash", &script, &[&variables[..], more].concat())
}

/// What one machine says of it.
fn whole() -> String {
    let arguments: Vec<&str> = ["sweep"].into_iter().chain(SMALL.split_whitespace()).collect();
    lived().run(&arguments).expect(0).stdout
}

#[test]
fn the_tasks_of_the_array_join_to_what_one_machine_says() {
    if !has_bash() {
        return;
    }
    let world = lived();
    for number in [3, 1, 2] {
        let json = task(&world, number, &[]).expect(0).json();
        assert_eq!((&json["shard"]["of"], &json["rows"], &json["found"]), (&3.into(), &2.into(), &0.into()));
    }
    // A task that is requeued when all is done does nothing; one alone may be told how many there are.
    let again = task(&world, 2, &[("SLURM_RESTART_COUNT", "1"), ("SLURM_ARRAY_TASK_COUNT", "1"), ("SHARDS", "3")]);
    assert_eq!(again.expect(0).json()["found"], 2);
    let joined = shell(&world, "sh", "trader --db trader.db sweep merge rows*folder/rows-*-of-3.jsonl", &[]).expect(0);
    assert_eq!(joined.stdout, whole());
    assert!(slurm().contains("sweep merge /srv/trader/rows/rows-*-of-8.jsonl"));
}

#[test]
fn a_task_whose_process_was_killed_or_came_too_early_asks_to_begin_anew_some_times() {
    if !has_bash() {
        return;
    }
    let world = lived();
    program(&world, "scontrol", "echo \"$@\" >> asked");
    program(&world, "sleep", "true");
    program(&world, "killed", "kill -9 $$");
    program(&world, "ended", "kill -15 $$");
    for (name, code) in [("busy", 5), ("usage", 2), ("storage", 7)] {
        program(&world, name, &format!("exit {code}"));
    }
    for (trader, restarts, code, asks) in [
        ("killed", None, 137, true),
        ("killed", Some("2"), 137, true),
        ("killed", Some("3"), 137, false),
        ("busy", None, 5, true),
        ("ended", None, 143, false),
        ("usage", None, 2, false),
        ("storage", None, 7, false),
    ] {
        let mut variables = vec![("TRADER", trader)];
        variables.extend(restarts.map(|count| ("SLURM_RESTART_COUNT", count)));
        task(&world, 1, &variables).expect(code);
        let asked = fs::read_to_string(world.path("asked")).unwrap_or_default();
        assert_eq!(asked, if asks { "requeue 77\n" } else { "" }, "{trader} {restarts:?}");
        let _ = fs::remove_file(world.path("asked"));
    }
    // Where it may not requeue, the task fails as it did.
    program(&world, "scontrol", "exit 1");
    task(&world, 1, &[("TRADER", "killed")]).expect(137);
}

#[test]
fn slurm_is_asked_for_an_array_that_is_requeued() {
    let text = slurm();
    let asked: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#SBATCH ")).collect();
    for option in ["--array=1-8", "--requeue", "--open-mode=append"] {
        assert!(asked.contains(&option), "{option}: {asked:?}");
    }
    let first = text.lines().position(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
    let last = text.lines().enumerate().filter(|(_, line)| line.starts_with("#SBATCH")).last().unwrap().0;
    assert!(last < first, "Slurm reads no option after the first command");
}

/// Runs a container's command with its folders in the world.
fn pod(world: &World, job: &Value, variables: &[(&str, &str)]) -> Run {
    let container = container(job);
    assert_eq!(container["command"], serde_json::json!(["/bin/sh", "-c"]));
    let script = container["args"][0].as_str().unwrap();
    let here = world.path("").display().to_string();
    shell(world, "sh", &script.replace("/data/", &here).replace("/rows/", &format!("{here}/rows/")), variables)
}

#[test]
fn the_indexes_of_the_job_join_to_what_one_machine_says() {
    let (world, jobs) = (lived(), kubernetes());
    fs::create_dir(world.path("rows")).unwrap();
    for index in ["2", "0", "1"] {
        let run =
            pod(&world, &jobs[0], &[("JOB_COMPLETION_INDEX", index), ("SHARDS", "3"), ("SWEEP", SMALL)]).expect(0);
        assert_eq!(run.json()["rows"], 2, "{run}");
    }
    assert_eq!(pod(&world, &jobs[1], &[("SHARDS", "3")]).expect(0).stdout, whole());
}

#[test]
fn the_jobs_of_kubernetes_hold_together() {
    let jobs = kubernetes();
    assert_eq!(jobs.len(), 2);
    let spec = &jobs[0]["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert!(spec["backoffLimitPerIndex"].as_u64().is_some_and(|limit| limit > 0));
    let parts = spec["completions"].to_string();
    assert!(jobs.iter().all(|job| variable(job, "SHARDS") == parts));
    assert_eq!(jobs[1]["spec"]["suspend"], true, "the joining waits until the parts are there");
    for job in &jobs {
        assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"Job".into()));
        let pod = &job["spec"]["template"]["spec"];
        // What backoffLimitPerIndex and podFailurePolicy ask for.
        assert_eq!(pod["restartPolicy"], "Never");
        assert_eq!(pod["automountServiceAccountToken"], false);
        let container = container(job);
        for place in ["/resources/requests/cpu", "/resources/requests/memory", "/resources/limits/memory"] {
            assert!(container.pointer(place).is_some(), "{place}");
        }
        let named = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(named(&container["volumeMounts"]), named(&pod["volumes"]));
    }
    let data = |job: &Value| container(job)["volumeMounts"][0].clone();
    assert_eq!((&data(&jobs[0])["mountPath"], &data(&jobs[0])["readOnly"]), (&"/data".into(), &true.into()));
    assert_eq!(data(&jobs[1]).get("readOnly"), None, "the joining writes the trials");
    let text = text("kubernetes-sweep.yaml");
    assert!(!text.to_lowercase().replace("no secret is needed", "").contains("secret"));
}
