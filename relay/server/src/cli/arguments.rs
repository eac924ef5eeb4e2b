//! What may be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use ringfence_core::Name;

use super::exit;
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
    /// Run the relay.
    Serve,
    /// Run a relay on loopback with two demo regions, and say what to paste next.
    Dev(DevArgs),
    /// Show on loopback that the relay carries calls and the fence holds.
    Demo(DemoArgs),
    /// Bring an endpoint that speaks plain RTP into a room.
    Join(Box<JoinArgs>),
    /// Check the configuration without binding anything.
    CheckConfig,
    /// Turn a coturn configuration into one of Ringfence.
    Import(ImportArgs),
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
    /// End a participant's stay in a room.
    Disconnect(DisconnectArgs),
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

/// How to reach a running relay.
#[derive(Args, Clone, Debug, Default)]
pub struct ClientArgs {
    /// The relay's socket [default: the configuration's, else /run/ringfence/ringfence.sock].
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
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
    /// As what.
    #[arg(long, value_enum, default_value_t)]
    pub(super) role: RoleName,
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
pub(super) struct DisconnectArgs {
    /// The room.
    pub(super) room: String,
    /// Who.
    pub(super) participant: String,
    #[command(flatten)]
    pub(super) client: ClientArgs,
}
