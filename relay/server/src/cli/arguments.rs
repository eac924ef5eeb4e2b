//! What may be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use ringfence_core::Name;

use super::exit;
use super::region::RegionCommand;
use crate::api::why::{Address, RoleName};
use crate::demo::DemoArgs;
use crate::dev::DevArgs;
use crate::join::JoinArgs;

/// A media relay that keeps encrypted calls within regions.
#[derive(Parser, Debug)]
#[command(name = "ringfence", version, after_help = exit::HELP)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Write results and errors as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Configuration file [default: ./ringfence.toml, then /etc/ringfence/ringfence.toml].
    #[arg(long, global = true, value_name = "FILE", env = "RINGFENCE_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Run the relay until SIGINT, or SIGTERM and the end of what it has. SIGHUP makes it reload.
    Serve,
    /// Run a relay on loopback with two demo regions, and say what to paste next.
    Dev(DevArgs),
    /// Show on loopback that the relay carries calls and the fence holds.
    Demo(DemoArgs),
    /// Bring an endpoint that speaks plain RTP into a room.
    Join(Box<JoinArgs>),
    /// Check the configuration without binding anything.
    CheckConfig,
    /// Look the configuration and this host over, and say how to mend what will hurt.
    Doctor,
    /// Turn a coturn configuration into one of Ringfence.
    Import(ImportArgs),
    /// Say what another configuration would open and close.
    Plan(PlanArgs),
    /// Prove that a policy keeps what it promises, for every address in every state of load.
    Prove,
    /// Say which sites to offer to a client.
    Select(SelectArgs),
    /// Make region data of other people's lists, and tell what is in it.
    #[command(subcommand)]
    Region(RegionCommand),
    /// Explain what the fence decides about an address.
    Why(WhyArgs),
    /// Make credentials for a TURN client, from the configuration alone.
    Credentials(CredentialsArgs),
    /// List rooms, or show one.
    Rooms(RoomsArgs),
    /// List who is where, and what flows.
    Sessions(SessionsArgs),
    /// List the allocations of TURN clients.
    Allocations(AllocationsArgs),
    /// Watch what a relay is doing: shards, regions, refusals, drops.
    Top(TopArgs),
    /// End a participant's stay in a room.
    Disconnect(DisconnectArgs),
    /// Let less into a room while it goes on.
    Narrow(NarrowArgs),
    /// Put the configuration file in force that the running relay was started with.
    Reload(ReloadArgs),
    /// Have the running relay refuse new work, and end with the last of what it has.
    Drain(DrainArgs),
    /// Report where a meeting went, from the audit trails of the relays that carried it.
    Report(ReportArgs),
    /// Look after the audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Print the configuration in other forms.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man {
        /// Write a page for each command into this folder instead.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

#[derive(Subcommand, Debug)]
pub(super) enum ConfigCommand {
    /// The JSON Schema of the file, for editors.
    Schema,
    /// The configuration with defaults and overrides filled in, secrets masked.
    Effective,
}

#[derive(Subcommand, Debug)]
pub(super) enum AuditCommand {
    /// Check that no line was changed, moved or taken away.
    Verify(VerifyArgs),
}

#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// Trails, full files of trails, or folders of them [default: the configuration's].
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The key that every signature has to be by: PEM, or 64 hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    pub(super) public_key: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// The room, or the meeting of TURN clients.
    #[arg(value_parser = Name::new)]
    pub(super) room: Name,
    /// Trails, or folders of them, of every relay that may have carried it
    /// [default: the configuration's].
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(super) audit: Vec<PathBuf>,
    /// On whose account; needed where several tenants used the name.
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// Write a page with a timeline there, too.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Show addresses whole, and not cut to /24 and /48.
    #[arg(long)]
    pub(super) full_addresses: bool,
}

/// How to reach a running relay.
#[derive(Args, Clone, Debug, Default)]
pub struct ClientArgs {
    /// The relay's socket [default: the configuration's, else /run/ringfence/ringfence.sock].
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct PlanArgs {
    /// The old configuration and the new one, or the new one alone: then it is compared with the
    /// configuration, or with what the running relay works by.
    #[arg(num_args = 1..=2, required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Compare with what the running relay works by, and say which flows would be cut.
    #[arg(long)]
    pub(super) live: bool,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct SelectArgs {
    /// On whose account.
    #[arg(long)]
    pub(super) tenant: String,
    /// Under this fence of the tenant's [default: its first].
    #[arg(long)]
    pub(super) fence: Option<String>,
    /// As this group of the tenant.
    #[arg(long)]
    pub(super) group: Option<String>,
    /// The client's IP address, which the fence must admit.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) client: Option<Address>,
    /// Only sites in this region; may be given again.
    #[arg(long, value_name = "REGION")]
    pub(super) require: Vec<String>,
    /// Sites in this region first; may be given again. It lets no site in and keeps none out.
    #[arg(long, value_name = "REGION")]
    pub(super) prefer: Vec<String>,
    /// As if this site took no more work; may be given again.
    #[arg(long, value_name = "SITE")]
    pub(super) full: Vec<String>,
    /// As if this site did not answer; may be given again.
    #[arg(long, value_name = "SITE")]
    pub(super) down: Vec<String>,
    /// Ask the running relay, which knows how full its own site is.
    #[arg(long)]
    pub(super) live: bool,
    #[command(flatten)]
    pub(super) relay: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct WhyArgs {
    /// IP address, with a port or without.
    pub(super) address: Address,
    /// Under this fence.
    #[arg(long, required_unless_present = "tenant")]
    pub(super) fence: Option<String>,
    /// As this tenant: under its default fence, or `--fence` if that is one of its own.
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// As this group of the tenant.
    #[arg(long, requires = "tenant")]
    pub(super) group: Option<String>,
    /// As what.
    #[arg(long, value_enum, default_value_t)]
    pub(super) role: RoleName,
    /// When this site carries [default: this host's].
    #[arg(long)]
    pub(super) site: Option<String>,
    /// Ask the running relay instead of reading the configuration.
    #[arg(long)]
    pub(super) live: bool,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// A turnserver.conf.
    pub(super) file: PathBuf,
    /// Write the configuration there, and its secrets beside it, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct CredentialsArgs {
    /// On whose account; may be left out where there is only one.
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// For which call.
    #[arg(long, value_parser = Name::new)]
    pub(super) meeting: Name,
    /// As whom.
    #[arg(long, value_parser = Name::new)]
    pub(super) party: Name,
    /// Under this fence of the tenant's [default: its first].
    #[arg(long)]
    pub(super) fence: Option<String>,
    /// As this group of the tenant.
    #[arg(long)]
    pub(super) group: Option<String>,
    /// Life in seconds [default: 3600, or the relay's limit if that is less].
    #[arg(long, value_name = "SECONDS")]
    pub(super) ttl: Option<u32>,
}

#[derive(Args, Debug)]
pub(super) struct AllocationsArgs {
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct RoomsArgs {
    /// Show this one only.
    pub(super) room: Option<String>,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct SessionsArgs {
    /// Of this room only.
    pub(super) room: Option<String>,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct TopArgs {
    /// Print one table and end.
    #[arg(long)]
    pub(super) once: bool,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct DisconnectArgs {
    /// The room.
    pub(super) room: String,
    /// Who.
    pub(super) participant: String,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct ReloadArgs {
    /// Take the one change of this digest although it widens a fence.
    #[arg(long, value_name = "DIGEST")]
    pub(super) accept: Option<String>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
pub(super) struct DrainArgs {
    /// End whatever is left after so many seconds [default: wait for the last].
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["cancel", "state"])]
    pub(super) deadline_s: Option<u32>,
    /// Take new work again.
    #[arg(long, conflicts_with = "state")]
    pub(super) cancel: bool,
    /// Only say how far it has come.
    #[arg(long)]
    pub(super) state: bool,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}

#[derive(Args, Debug)]
#[group(id = "regions", required = true, multiple = true)]
pub(super) struct NarrowRegions {
    /// Only sites in these regions may carry it.
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub(super) require: Option<Vec<String>>,
    /// Let nobody in from these regions: at least those that the room refuses already.
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub(super) refuse: Option<Vec<String>>,
}

#[derive(Args, Debug)]
pub(super) struct NarrowArgs {
    /// The room.
    pub(super) room: String,
    #[command(flatten)]
    pub(super) regions: NarrowRegions,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}
