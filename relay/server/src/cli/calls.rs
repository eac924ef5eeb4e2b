//! The commands that ask a running relay.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::arguments::{AllocationsArgs, ClientArgs, DisconnectArgs, RoomsArgs, SessionsArgs};
use super::config_file;
use super::failure::Failure;
use super::output::OutputMode;
use super::table::Table;
use crate::client::{ApiClient, ClientError, with_query};

/// Asks a relay from a program that does nothing else meanwhile.
pub(super) struct Caller {
    client: ApiClient,
    runtime: tokio::runtime::Runtime,
}

impl Caller {
    /// A caller of the relay that the arguments, or else the configuration, point at.
    pub(super) fn new(args: &ClientArgs, config: Option<&Path>) -> Result<Self, Failure> {
        let socket = match &args.socket {
            Some(socket) => socket.clone(),
            None => config_file::socket(config)?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            client: ApiClient::unix(socket),
            runtime: runtime.map_err(|error| Failure::system("a runtime", &error))?,
        })
    }

    /// Makes one call without a body.
    pub(super) fn call(&self, method: Method, path: &str) -> Result<Value, Failure> {
        Ok(self.runtime.block_on(self.client.call(method, path, None))?)
    }

    /// The same, for an answer that is there by then.
    pub(super) fn call_within(
        &self,
        patience: Duration,
        method: Method,
        path: &str,
    ) -> Result<Value, ClientError> {
        let client = self.client.clone().with_patience(patience);
        self.runtime.block_on(client.call(method, path, None))
    }

    /// Makes one call with a body, and waits so long for its answer.
    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        patience: Duration,
    ) -> Result<Value, ClientError> {
        let client = self.client.clone().with_patience(patience);
        self.runtime.block_on(client.call(method, path, Some(body)))
    }

    /// Reads all pages of a list.
    fn pages(&self, path: &str, list: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut pairs = vec![("limit", "1000")];
            pairs.extend_from_slice(query);
            pairs.extend(after.as_deref().map(|after| ("after", after)));
            let mut page = self.call(Method::GET, &with_query(path, &pairs))?;
            if let Value::Array(items) = page[list].take() {
                all.extend(items);
            }
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(json!({ list: all })),
            }
        }
    }
}

/// `ringfence rooms`.
pub(super) fn rooms(
    args: &RoomsArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let caller = Caller::new(&args.client, config)?;
    let rooms = match &args.room {
        Some(room) => {
            let room = caller.call(Method::GET, &format!("/v1/rooms/{}", in_path(room)?))?;
            json!({ "rooms": [room] })
        }
        None => caller.pages("/v1/rooms", "rooms", &[])?,
    };
    Ok(output.show(&rooms, |color| rooms_table(&rooms, color)))
}

/// `ringfence sessions`.
pub(super) fn sessions(
    args: &SessionsArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let caller = Caller::new(&args.client, config)?;
    let room = args.room.iter().map(|room| ("room", room.as_str()));
    let sessions = caller.pages("/v1/sessions", "sessions", &room.collect::<Vec<_>>())?;
    Ok(output.show(&sessions, |color| sessions_table(&sessions, color)))
}

/// `ringfence allocations`.
pub(super) fn allocations(
    args: &AllocationsArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let caller = Caller::new(&args.client, config)?;
    let allocations = caller.pages("/v1/turn/allocations", "allocations", &[])?;
    Ok(output.show(&allocations, |color| allocations_table(&allocations, color)))
}

/// `ringfence disconnect`.
pub(super) fn disconnect(
    args: &DisconnectArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let (room, participant) = (in_path(&args.room)?, in_path(&args.participant)?);
    let caller = Caller::new(&args.client, config)?;
    let path = format!("/v1/rooms/{room}/participants/{participant}");
    caller.call(Method::DELETE, &path)?;
    let done = json!({ "room": room, "participant": participant, "disconnected": true });
    Ok(output.show(&done, |_| format!("{participant} is out of room {room}\n")))
}

/// Names need no escape in a path; what is none is not sent.
pub(super) fn in_path(name: &str) -> Result<&str, Failure> {
    match ringfence_core::Name::new(name) {
        Ok(_) => Ok(name),
        Err(error) => Err(Failure::usage(&format!("`{name}`: {error}"))),
    }
}

fn rooms_table(rooms: &Value, color: bool) -> String {
    let mut table = Table::new(["ROOM", "TENANT", "FENCE", "PARTICIPANTS", "LATCHED", "OPENED"]);
    for room in items(&rooms["rooms"]) {
        let keys = ["room", "tenant", "fence", "participants", "latched", "opened"];
        table.row(keys.map(|key| cell(&room[key])));
    }
    table.render(color)
}

fn allocations_table(allocations: &Value, color: bool) -> String {
    let mut table =
        Table::new(["TENANT", "PARTY", "FENCE", "CLIENT", "REGION", "RELAYED", "SINCE"]);
    for allocation in items(&allocations["allocations"]) {
        let relayed: Vec<String> = items(&allocation["relayed"]).map(cell).collect();
        let [tenant, party, fence, client, region, since] =
            ["tenant", "party", "fence", "client", "region", "since"]
                .map(|key| cell(&allocation[key]));
        table.row([tenant, party, fence, client, region, relayed.join(" "), since]);
    }
    table.render(color)
}

fn sessions_table(sessions: &Value, color: bool) -> String {
    let mut table = Table::new([
        "ROOM",
        "PARTICIPANT",
        "ADDRESS",
        "REGION",
        "SHARD",
        "RECEIVED",
        "SENT",
        "LOST",
        "SSRCS",
    ]);
    for session in items(&sessions["sessions"]) {
        let lost = items(&session["ssrcs"]).filter_map(|source| source["lost"].as_i64());
        table.row([
            cell(&session["room"]),
            cell(&session["participant"]),
            cell(&session["address"]),
            cell(&session["region"]),
            cell(&session["shard"]),
            cell(&session["received"]["packets"]),
            cell(&session["sent"]["packets"]),
            lost.sum::<i64>().to_string(),
            items(&session["ssrcs"]).count().to_string(),
        ]);
    }
    table.render(color)
}

pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
