//! `ringfence credentials`.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::arguments::CredentialsArgs;
use super::config_file;
use super::failure::Failure;
use super::output::{OutputMode, print_error, style_errors};
use crate::turn_credentials::{self, TurnCredentials, Wanted};

/// Makes credentials from the configuration, as the relay's API would.
pub(super) fn run(
    args: &CredentialsArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let loaded = config_file::load(config)?;
    if !output.is_json() {
        print_error(&loaded.render_warnings(style_errors()));
    }
    let wanted = Wanted {
        tenant: args.tenant.clone(),
        meeting: args.meeting.clone(),
        party: args.party.clone(),
        fence: args.fence.clone(),
        group: args.group.clone(),
        ttl: args.ttl.map(|ttl_s| Duration::from_secs(ttl_s.into())),
    };
    let (config, policy) = (&loaded.config, &loaded.policy);
    let media = &config.listen.media;
    let made = turn_credentials::make(config, policy, media, &wanted, SystemTime::now());
    let made = made.map_err(|refused| Failure::no_credentials(&refused, policy))?;
    let value = json!(TurnCredentials::from(made));
    Ok(output.show(&value, |_| for_people(&value)))
}

/// What can be pasted into a page, and what other clients ask for one by one.
fn for_people(value: &Value) -> String {
    let servers = json!({ "iceServers": value["iceServers"] });
    let line = |name: &str| format!("{name:<8}  {}\n", value[name].as_str().unwrap_or_default());
    format!(
        "new RTCPeerConnection({servers:#})\n\n{}{}{:<8}  {} s\n",
        line("username"),
        line("password"),
        "good for",
        value["ttl"],
    )
}
