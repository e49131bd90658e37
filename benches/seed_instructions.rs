//! Instructions a seed of the 20-job hour takes, judged by all properties: they are the same however busy the machine is.
//!
//! It runs itself under valgrind, once with few seeds and once with more, so that starting up and what is read once for
//! all seeds is in both and in neither's difference. What was recorded stands in `seed_instructions.json`; a count of more than
//! five percent above it fails. `-- --record` writes it anew, and `-- --must-measure` fails where valgrind is missing.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use benches::instructions::{Counted, Verdict};
use dispatchlab::{run::Lab, target::Seams, transport::Transport};

/// Seeds of the shorter run, and those that the longer one has more.
const FEWER: u64 = 4;
const MORE: u64 = 20;
/// What the goal is for `direct`.
const GATE: u64 = 25_000_000;
const TRANSPORTS: [(&str, Transport); 2] =
    [("direct", Transport::Direct), ("wire", Transport::Wire)];
/// Says to a process of this program that it is the one that is counted.
const COUNTED: &str = "--counted";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|word| word == COUNTED) {
        return run_counted(&arguments[at + 1..]);
    }
    let has = |wanted: &str| arguments.iter().any(|word| word == wanted);
    if !has("--bench") {
        // Whoever runs all targets as tests does not mean to count.
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("not measured: valgrind is not installed");
        return if has("--must-measure") {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        };
    }
    match measure(has("--record")) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("failed to measure: {why}");
            ExitCode::from(2)
        }
    }
}

/// Runs the seeds that are counted: `TRANSPORT SEEDS`.
fn run_counted(arguments: &[String]) -> ExitCode {
    let named = |(name, _): &&(&str, Transport)| arguments.first().is_some_and(|it| it == name);
    let seeds = arguments.get(1).and_then(|seeds| seeds.parse::<u64>().ok());
    let (Some((_, transport)), Some(seeds)) = (TRANSPORTS.iter().find(named), seeds) else {
        return ExitCode::from(2);
    };
    let lab = Lab::new(*transport, Seams::default());
    let hour = benches::hour_of(20);
    for seed in 1..=seeds {
        let run = lab.run(&benches::planned(&hour, seed));
        let run = run.expect("the plan runs");
        assert!(run.outcome.verdicts.violated().is_empty() && run.outcome.settled);
    }
    ExitCode::SUCCESS
}

/// Counts both transports and tells what it comes to; false if one fails by it.
fn measure(record: bool) -> Result<bool, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("seed_instructions.json");
    let recorded = read_record(&path)?;
    let mut counts = BTreeMap::new();
    let mut holds = true;
    for (name, _) in TRANSPORTS {
        let (fewer, more) = (profile(name, FEWER)?, profile(name, FEWER + MORE)?);
        let counted = more.each_of(fewer, MORE);
        let verdict = Verdict::of(counted, recorded.get(name).copied());
        tell(name, counted, recorded.get(name).copied(), verdict);
        holds &= !verdict.fails();
        counts.insert(name.to_owned(), counted);
    }
    if record {
        let text = serde_json::to_string_pretty(&counts).map_err(|error| error.to_string())?;
        fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
        println!("recorded in {}", path.display());
        return Ok(true);
    }
    Ok(holds)
}

fn read_record(path: &Path) -> Result<BTreeMap<String, u64>, String> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    let read = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    read.map_err(|why| format!("{}: {why}", path.display()))
}

fn tell(name: &str, counted: u64, recorded: Option<u64>, verdict: Verdict) {
    let millions = |count: u64| format!("{:.2} million", count as f64 / 1e6);
    let beside = recorded.map_or_else(
        || "nothing recorded".to_owned(),
        |recorded| format!("recorded {}", millions(recorded)),
    );
    let says = match verdict {
        Verdict::Holds => "holds",
        Verdict::TooMany => {
            "TOO MANY: find what was added, or say why and record it anew (-- --record)"
        }
        Verdict::RecordAnew => "fewer: record them, so that they stay so (-- --record)",
        Verdict::Unrecorded => "FAILS: record it first (-- --record)",
    };
    println!(
        "{name}: {} instructions a seed without hashing; {beside}: {says}",
        millions(counted)
    );
    if name == "direct" && counted > GATE {
        println!("{name}: the gate is {}", millions(GATE));
    }
}

/// Counts so many seeds.
fn profile(transport: &str, seeds: u64) -> Result<Counted, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let out: PathBuf = folder.path().join("profile");
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args([COUNTED, transport, &seeds.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!(
            "{seeds} seeds of {transport}: {}: {said}",
            ran.status
        ));
    }
    let text = fs::read(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    Counted::read(&String::from_utf8_lossy(&text))
}
