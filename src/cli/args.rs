//! The arguments of every command, with their help.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::civil::Date;
use scenarios::plan::Budget;

use crate::{exit::ExitStatus, transport::Transport};

/// A laboratory for CI dispatchers: a fake GitHub and a fake Hugging Face Jobs that misbehave on purpose.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    override_usage = "dispatchlab [OPTIONS] [COMMAND]\n       dispatchlab [OPTIONS OF run]",
    long_about = "A laboratory for CI dispatchers.\n\nReplays webhook sequences, with faults, between a fake GitHub and a fake Hugging Face Jobs,\nand judges what the dispatcher did. Without a command it runs the whole built-in corpus\nagainst the reference dispatcher, in virtual time.",
    after_help = "Examples:
  dispatchlab                                 run the corpus against the reference dispatcher
  dispatchlab run my.yaml --seeds 500         one scenario, 500 seeds, parameters varied
  dispatchlab run out/b54-.../seed-7/plan.json   replay one run
  dispatchlab check my.yaml                   is this scenario well-formed?
  dispatchlab import deliveries.json --out .  make a scenario of recorded webhooks
  dispatchlab serve                           both fakes on loopback, in real time
  dispatchlab boot entrypoint.sh              does this boot script work?",
    after_long_help = ExitStatus::TABLE
)]
pub(super) struct Args {
    /// When to colour error reports; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    /// If stderr is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scenarios or plans against the reference dispatcher and judge them.
    Run(RunArgs),
    /// Check scenario files without running them.
    Check(CheckArgs),
    /// Print the plan a scenario expands to, as JSON.
    Plan(PlanArgs),
    /// Print the JSON Schema of scenario files, for editors.
    Schema,
    /// List the built-in scenarios, or the properties.
    List(ListArgs),
    /// Make a scenario of webhook deliveries that somebody recorded.
    Import(ImportArgs),
    /// Serve both fakes on loopback, in real time; with a scenario, play and judge it.
    Serve(ServeArgs),
    /// Run a dispatcher's boot script for real between both fakes, and tell what is wrong with it.
    Boot(BootArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Clone, Debug, Default, ClapArgs)]
pub(super) struct Parameters {
    /// Set a parameter of the scenarios that have it, as NAME=VALUE. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
}

#[derive(Clone, Debug, ClapArgs)]
#[command(after_help = "Examples:
  dispatchlab run                              the built-in corpus
  dispatchlab run b54-completed-lost           one of it, by name
  dispatchlab run scenarios/ --json            every scenario below a folder, result as JSON
  dispatchlab run my.yaml --seeds 1000         sweep: parameters vary over their ranges
  dispatchlab run my.yaml --set boot=10s       one parameter set by hand", after_long_help = ExitStatus::TABLE)]
pub(super) struct RunArgs {
    /// Scenario files (.yaml), plans (.json), folders of them, or names of built-in scenarios [default: the corpus].
    pub(super) files: Vec<String>,
    /// Run this many seeds of each scenario, up to a million, drawing parameters from the ranges they may vary in.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) seeds: Option<u64>,
    /// The seed, or with --seeds the first one [default: 1; a plan has its own].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) parameters: Parameters,
    /// What a run may come to before it is ended, undecided: events of its history, calls a minute of its time (in
    /// all, and of one name), bytes to keep; for instance events=200000,calls=20k,calls_of_one=5k,bytes=256M
    /// [default: as the scenario says, or far more than its steps need].
    #[arg(long, value_name = "NAME=COUNT,...", value_parser = Budget::parse)]
    pub(super) budget: Option<Budget>,
    /// Where bundles (plan, history, verdict) are written: of failed runs, the first 20 of each kind, or with --keep of
    /// each run [default: out].
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Write a bundle for every run, not only for failed ones.
    #[arg(long)]
    pub(super) keep: bool,
    /// The day that waivers are held against, instead of the real one.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) today: Option<Date>,
    /// Print the result as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
    /// Add the SHA-256 of each history to the JSON, to compare processes and machines.
    #[arg(long, requires = "json")]
    pub(super) digests: bool,
    /// How requests travel between dispatcher and fakes.
    #[arg(long, value_enum, default_value_t = Transport::Wire)]
    pub(super) transport: Transport,
    /// Threads to spread seeds over [default: the machine's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CheckArgs {
    /// Scenario files, folders, or names of built-in scenarios.
    #[arg(required = true)]
    pub(super) files: Vec<String>,
    /// Print one JSON object per file on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct PlanArgs {
    /// A scenario file, a plan, or the name of a built-in scenario.
    pub(super) file: String,
    /// The seed everything is drawn from [default: 1; a plan has its own].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Draw parameters from the ranges they may vary in.
    #[arg(long)]
    pub(super) vary: bool,
    #[command(flatten)]
    pub(super) parameters: Parameters,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ListArgs {
    /// List the properties instead.
    #[arg(long)]
    pub(super) properties: bool,
    /// List the fragments a scenario can `use` instead.
    #[arg(long, conflicts_with = "properties")]
    pub(super) fragments: bool,
    /// Print JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Understands, alone, in a list or as JSON Lines:
  payloads                 as they are; the folder may tell the event (workflow_run/completed.json)
  {headers, payload|body}  headers as a mapping or a list of pairs; the body as JSON, text, a form or base64
  GitHub's deliveries      GET /app/hook/deliveries/ID, with or without GET /app/hook/deliveries
  HAR, smee                archives of browsers and proxies; messages as JSON or as the event stream
  AWS                      events of API Gateway, EventBridge, SQS and SNS, in one another if need be
  @octokit/webhooks-examples, and recordings of this program

Attempts that failed then fail again when the recording is played: GitHub's delivery log shows them, the
dispatcher does not get them. Names of people, organisations, repositories and branches, free text, tokens and
addresses are redacted, the same name alike in all files. An account by job says what is missing, failed,
doubled, late and out of order.

Examples:
  gh api --paginate /repos/OWNER/REPO/hooks/HOOK/deliveries --jq '.[].id' |
      xargs -I ID gh api /repos/OWNER/REPO/hooks/HOOK/deliveries/ID > log.jsonl
  dispatchlab import log.jsonl --name stuck && dispatchlab run stuck.yaml
  dispatchlab import capture.har payloads/ --name both --out scenarios/
  dispatchlab import node_modules/@octokit/webhooks-examples --event workflow_job --out out/imported")]
pub(super) struct ImportArgs {
    /// Files or folders to read; `-` reads standard input.
    #[arg(required = true)]
    pub(super) paths: Vec<String>,
    /// Folder for the scenario and its recording.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) out: PathBuf,
    /// Name of the scenario and its files.
    #[arg(long, default_value = "imported")]
    pub(super) name: String,
    /// Keep only deliveries of this event (`workflow_job`).
    #[arg(long)]
    pub(super) event: Option<String>,
    /// Overwrite the scenario and the recording if they exist.
    #[arg(long)]
    pub(super) force: bool,
    /// Keep names and texts as they are. Tokens, addresses and headers that are not GitHub's are left out all the same.
    #[arg(long)]
    pub(super) keep_names: bool,
    /// Take from the dispatcher every means but webhooks: of the runs and deliveries it looks for, GitHub lists none. What
    /// was stuck for a dispatcher that only listens is stuck again.
    #[arg(long)]
    pub(super) only_webhooks: bool,
    /// Print what was imported, noted, refused and redacted, and the account by job, as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

/// Whose identity a runner gets.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum BootMode {
    /// Both, one after the other.
    Both,
    /// A registration token for config.sh.
    Token,
    /// A just-in-time configuration for run.sh.
    Jit,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "The script is run on THIS machine, by you: bash, with its home in a fresh folder and a stand-in for
actions/runner. It gets the environment the reference dispatcher gives its HF jobs. See docs/real-boot.md.

Examples:
  dispatchlab boot                   the reference dispatcher's own script
  dispatchlab boot entrypoint.sh     yours
  dispatchlab boot entrypoint.sh --mode jit --json

Exit codes:
  0    nothing is wrong with the script
  1    there are findings
  2    wrong usage; no bash, curl or setsid
  70   the lab itself failed
  130  interrupted"
)]
pub(super) struct BootArgs {
    /// The script [default: the reference dispatcher's].
    pub(super) script: Option<PathBuf>,
    /// How the runner is to get its identity.
    #[arg(long, value_enum, default_value_t = BootMode::Both)]
    pub(super) mode: BootMode,
    /// How many seconds the script may take until its job is taken.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(super) patience: u64,
    /// How many seconds lie between the SIGTERM and the SIGKILL of a cancelled HF job. HF documents none.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(super) grace: u64,
    /// Print what the script wrote, too; secrets are left out.
    #[arg(long)]
    pub(super) log: bool,
    /// Print the result as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
}

/// Who runs the command of an HF job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ServeBoot {
    /// Nobody: a model of the runner acts on the job's environment.
    Model,
    /// A process of this machine.
    Process,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  dispatchlab serve                                      both fakes, until Ctrl-C
  dispatchlab serve --set cold_start=2s                  the same, with HF jobs that run soon; use them with
      HF_ENDPOINT=http://127.0.0.1:4011 HF_TOKEN=hf_lab_token hf jobs run ubuntu echo hello
  dispatchlab serve --github 127.0.0.1:4010              the fake GitHub alone; drive it with
      curl http://127.0.0.1:4010/_lab                    the control API (docs/control-api.md)
  dispatchlab serve happy-path --env-file lab.env \\
      --webhook http://127.0.0.1:7860/webhook            play a scenario against your dispatcher
  (in another shell)  set -a; . ./lab.env; jobs-dispatcher", after_long_help = ExitStatus::TABLE)]
pub(super) struct ServeArgs {
    /// A scenario file, a plan, or the name of a built-in scenario; without one nothing happens by itself, and
    /// the one parameter is `cold_start` [default: 30s..90s].
    pub(super) file: Option<String>,
    /// Where the fake GitHub listens; port 0 picks a free one. Without --hf it is served alone
    /// [default, without both: 127.0.0.1:4010].
    #[arg(long, value_name = "ADDR")]
    pub(super) github: Option<SocketAddr>,
    /// Also put the fake GitHub on a unix socket (`gh config set http_unix_socket PATH`); removed at the end.
    #[arg(long, value_name = "PATH")]
    pub(super) github_socket: Option<PathBuf>,
    /// Where the fake HF Jobs listens; port 0 picks a free one. Without --github it is served alone
    /// [default, without both: 127.0.0.1:4011].
    #[arg(long, value_name = "ADDR")]
    pub(super) hf: Option<SocketAddr>,
    /// The dispatcher's webhook [default with a scenario: http://127.0.0.1:7860/webhook]. Without a scenario,
    /// deliveries are refused until there is one; the control API can set it.
    #[arg(long, value_name = "URL")]
    pub(super) webhook: Option<String>,
    /// Serve the control API to other machines and under other names too. It has no authentication.
    #[arg(long)]
    pub(super) expose_control: bool,
    /// Who runs the command of an HF job. `process` EXECUTES, on this machine and as you, the commands of whoever can
    /// reach the HF port: its token is no secret. It is refused unless everything listens on loopback.
    #[arg(long, value_enum, default_value_t = ServeBoot::Model)]
    pub(super) boot: ServeBoot,
    /// With --boot process: listen on other addresses than loopback all the same, and so execute commands of strangers.
    #[arg(long)]
    pub(super) boot_for_strangers: bool,
    /// Write the environment a dispatcher needs to work here to this file, as shell assignments.
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// The seed [default: 1; a plan has its own].
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) parameters: Parameters,
    /// What a run may come to before it is ended, undecided: events of its history, calls a minute of its time (in
    /// all, and of one name), bytes to keep; for instance events=200000,calls=20k,calls_of_one=5k,bytes=256M
    /// [default: as the scenario says, or far more than its steps need].
    #[arg(long, value_name = "NAME=COUNT,...", value_parser = Budget::parse)]
    pub(super) budget: Option<Budget>,
    /// Where the bundle is written [default with a scenario: out]; without a scenario, only the history is.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// The day that waivers are held against, instead of the real one.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) today: Option<Date>,
    /// Print one line of JSON on stdout once the fakes listen, and with a scenario its result at the end.
    #[arg(long)]
    pub(super) json: bool,
}
