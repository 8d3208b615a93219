//! The whole system on this machine: databases, migrations, stubs, functions,
//! scheduler; started in this order and stopped in the reverse.

mod beside;
mod databases;
mod door;
mod folder;
mod shim;
mod table;

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::future::select_all;
use nix::sys::signal::Signal;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

pub use beside::beside;
pub use databases::{Databases, data_home};
pub use folder::DataFolder;

use crate::functions;
use crate::http::Server;
use crate::migrations;
use crate::output::Output;
use crate::ports::{self, Wanted};
use crate::postgres::engine_answers;
use crate::process::{self, Death, Part, Process};
use crate::project::Project;
use crate::scheduler;
use crate::settings::{DatabaseUrls, Settings};
use crate::tools::CargoLambda;

/// How long the stubs may take to answer.
const STUBS_PATIENCE: Duration = Duration::from_secs(20);

/// How long `cargo lambda watch` may take to listen: it asks cargo about the
/// workspace first, who may have to download what other platforms need.
const WATCH_PATIENCE: Duration = Duration::from_secs(120);

/// How long each part may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// How long what lost its parent may take to stop.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(1);

/// A stack that is being started, runs, or was stopped. Whatever became of
/// its start, `stop` leaves nothing behind.
pub struct Stack {
    project: Project,
    settings: Settings,
    output: Output,
    folder: DataFolder,
    databases: Databases,
    parts: Vec<Part>,
    helpers: Vec<JoinHandle<()>>,
}

impl Stack {
    /// Takes the data folder for this run and ends what an earlier run, that
    /// was killed, left running on it.
    ///
    /// # Errors
    /// When another stack runs on the folder.
    pub async fn new(project: Project, settings: Settings, output: Output) -> Result<Self> {
        process::adopt_orphans();
        let folder = DataFolder::take(&settings.data.folder(project.root()))?;
        let ended = folder.end_leftovers().await?;
        let containers = databases::containers(&project, &settings);
        if folder.are_databases_in_containers() && engine_answers().await {
            containers.down().await?;
        }
        if ended > 0 {
            output.line(format_args!(
                "  stopped {ended} processes that a killed run had left"
            ));
        }
        Ok(Self {
            project,
            settings,
            output,
            folder,
            databases: Databases::None,
            parts: Vec::new(),
            helpers: Vec::new(),
        })
    }

    /// Starts everything and prints where it is.
    ///
    /// # Errors
    /// A sentence; call `stop` then, too.
    pub async fn start(&mut self) -> Result<()> {
        let given = self.settings.databases.given()?;
        self.check_ports(given.is_some())?;
        let binaries = self.find_binaries()?;
        let cargo_lambda = self.find_cargo_lambda().await?;
        let urls = self.start_databases(given).await?;
        self.migrate(&urls).await?;
        self.start_stubs(binaries).await?;
        self.start_functions(&cargo_lambda, &urls).await?;
        let door = self.open_default_door().await;
        let data = self.where_data_lies();
        self.output
            .line(table::of(&self.settings, &urls, &data, &door));
        let every = Duration::from_secs(self.settings.billing_tick_sec.into());
        let api = Server::new(
            self.settings.doors.api(),
            every.max(Duration::from_secs(60)),
        )?;
        let scheduler = scheduler::run(api, every, self.output.clone());
        self.helpers.push(tokio::spawn(scheduler));
        Ok(())
    }

    /// Waits until a part ends that should not.
    pub async fn first_death(&self) -> Death {
        if self.parts.is_empty() {
            return pending().await;
        }
        let deaths = self.parts.iter().map(|part| Box::pin(part.death()));
        let (death, _, _) = select_all(deaths).await;
        death
    }

    /// Every process that this stack runs, directly or not.
    pub fn processes(&self) -> Vec<Process> {
        let parts = self.parts.iter().map(Part::pid);
        let below = parts.clone().flat_map(process::descendants);
        parts.filter_map(Process::with_pid).chain(below).collect()
    }

    /// Stops everything, last started first.
    ///
    /// # Errors
    /// When something could not be stopped.
    pub async fn stop(&mut self) -> Result<()> {
        for helper in self.helpers.drain(..) {
            helper.abort();
        }
        let mut left = Vec::new();
        while let Some(part) = self.parts.pop() {
            left.extend(part.stop(STOP_PATIENCE).await);
        }
        // What lost its parent on the way is a child of ours by now.
        left.extend(process::descendants(std::process::id()));
        let left = process::end(&left, Signal::SIGTERM, ORPHAN_PATIENCE).await;
        self.databases.stop().await?;
        if !left.is_empty() {
            bail!("these processes cannot be stopped: {left:?}");
        }
        self.folder.nothing_runs()
    }

    fn add(&mut self, part: Part) -> Result<()> {
        self.parts.push(part);
        self.folder.record(&self.processes_started())
    }

    fn processes_started(&self) -> Vec<Process> {
        let pids = self.parts.iter().map(Part::pid);
        pids.filter_map(Process::with_pid).collect()
    }

    fn check_ports(&self, databases_given: bool) -> Result<()> {
        let Settings {
            doors, databases, ..
        } = &self.settings;
        let want = |variable, port: &u16| Wanted {
            variable,
            port: *port,
        };
        let mut wanted = vec![
            want("API_PORT", &doors.api_port),
            want("STUBS_PORT", &doors.stubs_port),
        ];
        if !databases_given {
            wanted.push(want("RENTAL_DB_PORT", &databases.rental_db_port));
            wanted.push(want("BILLING_DB_PORT", &databases.billing_db_port));
        }
        ports::demand_free(&wanted)
    }

    fn find_binaries(&self) -> Result<PathBuf> {
        for function in functions::FUNCTIONS {
            self.project.binary(function.name)?;
        }
        self.project.binary("external-stubs")
    }

    async fn find_cargo_lambda(&self) -> Result<CargoLambda> {
        let step = self.output.step("cargo-lambda");
        let found = CargoLambda::find(&self.project.tools(), &step).await?;
        step.done(found.version().await?);
        Ok(found)
    }

    async fn start_databases(&mut self, given: Option<DatabaseUrls>) -> Result<DatabaseUrls> {
        let step = self.output.step("databases");
        if let Some(urls) = given {
            databases::demand_both(&urls).await?;
            step.done("given");
            return Ok(urls);
        }
        let in_containers = self.folder.are_databases_in_containers();
        let plan =
            databases::Plan::make(&self.project, &self.settings, in_containers, &step).await?;
        let how = plan.to_string();
        match plan {
            databases::Plan::Compose(compose) => {
                self.folder.databases_are_in_containers()?;
                // Known before it is up, so that `stop` takes it down.
                self.databases = Databases::Compose(compose.clone());
                step.now("waiting for the containers");
                compose.up(&["db-rental", "db-billing"]).await?;
            }
            databases::Plan::Clusters(clusters) => {
                for (name, cluster) in &clusters {
                    step.now(format_args!("starting {name}"));
                    cluster
                        .prepare()
                        .await
                        .with_context(|| format!("{name} will not start"))?;
                    let server = cluster.start(name, &self.output)?;
                    self.add(server)?;
                }
                for ((name, cluster), server) in clusters.iter().zip(&self.parts) {
                    step.now(format_args!("waiting for {name}"));
                    cluster
                        .answers(server)
                        .await
                        .with_context(|| format!("{name} will not start"))?;
                }
            }
        }
        let urls = databases::create(&self.settings).await?;
        step.done(how);
        Ok(urls)
    }

    async fn migrate(&self, urls: &DatabaseUrls) -> Result<()> {
        let step = self.output.step("migrations");
        let before = migrations::applied(urls).await?.len();
        migrations::apply(self.project.root(), urls).await?;
        let after = migrations::applied(urls).await?.len();
        step.done(match after.saturating_sub(before) {
            0 => "nothing new".to_owned(),
            new => format!("{new} applied"),
        });
        Ok(())
    }

    async fn start_stubs(&mut self, program: PathBuf) -> Result<()> {
        let step = self.output.step("external-stubs");
        let doors = self.settings.doors.clone();
        let mut command = Command::new(program);
        command
            .current_dir(self.project.root())
            .env("STUBS_HOST", "127.0.0.1")
            .env("STUBS_PORT", doors.stubs_port.to_string())
            .env("STUBS_DATA", self.folder.path().join("stubs.redb"))
            .env(
                "BILLING_TICK_SEC",
                self.settings.billing_tick_sec.to_string(),
            )
            .env("RUST_LOG", &self.settings.rust_log);
        let stubs = Part::start("external-stubs", command, &self.output)?;
        self.add(stubs)?;
        self.until_listening("external-stubs", doors.stubs_port, STUBS_PATIENCE)
            .await?;
        step.done(doors.stubs());
        Ok(())
    }

    async fn start_functions(
        &mut self,
        cargo_lambda: &CargoLambda,
        urls: &DatabaseUrls,
    ) -> Result<()> {
        let step = self.output.step("functions");
        let doors = self.settings.doors.clone();
        let log_file = self.folder.write_function_logs(&self.settings.rust_log)?;
        let search_path = shim::write(&self.folder.path().join("bin"), self.project.built())?;
        let mut command = cargo_lambda.command();
        command
            .current_dir(self.project.root())
            .args(["watch", "--quiet", "--ignore-changes"])
            .args(["--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &doors.api_port.to_string()])
            .args(["--concurrency", &self.settings.concurrency.to_string()])
            .arg("--env-file")
            .arg(log_file)
            .env("PATH", search_path)
            // Its own chatter; the functions get theirs from the file.
            .env("RUST_LOG", "cargo_lambda=warn")
            .env("RENTAL_DATABASE_URL", &urls.rental)
            .env("BILLING_DATABASE_URL", &urls.billing)
            .env(
                "BILLING_TICK_SEC",
                self.settings.billing_tick_sec.to_string(),
            );
        for outside in ["STATIONS", "TARIFFS", "USERS", "CONFIGS", "PAYMENTS"] {
            command.env(format!("{outside}_URL"), doors.stubs());
        }
        let watch = Part::start("functions", command, &self.output)?;
        self.add(watch)?;
        step.now("waiting for cargo lambda watch");
        self.until_listening("cargo lambda watch", doors.api_port, WATCH_PATIENCE)
            .await?;
        step.now("warming up");
        let api = Server::new(doors.api(), functions::WARM_UP_PATIENCE)?;
        tokio::select! {
            death = self.first_death() => return Err(death.into()),
            outcome = functions::warm_up(&api, &step) => outcome?,
        }
        step.done(format_args!(
            "{} warm at {}",
            functions::FUNCTIONS.len(),
            doors.api()
        ));
        Ok(())
    }

    /// Waits until something listens, while all parts live.
    async fn until_listening(&self, name: &str, port: u16, patience: Duration) -> Result<()> {
        let began = Instant::now();
        let listening = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                if began.elapsed() > patience {
                    bail!("{name} does not listen on port {port} after {patience:?}");
                }
                sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        tokio::select! {
            death = self.first_death() => Err(death.into()),
            outcome = listening => outcome,
        }
    }

    fn where_data_lies(&self) -> String {
        let folder = self.folder.path();
        match data_home(folder) {
            Ok(home) if home != folder && home.exists() => {
                format!("{} and {}", folder.display(), home.display())
            }
            _ => folder.display().to_string(),
        }
    }

    async fn open_default_door(&mut self) -> String {
        let api_port = self.settings.doors.api_port;
        match door::open(self.settings.invoke_port, api_port).await {
            Some(door) => {
                self.helpers.push(tokio::spawn(door));
                String::new()
            }
            None => format!(" -A 127.0.0.1 -P {api_port}"),
        }
    }
}
