//! How the sidecar gets its credentials, and gives its place back.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use ringfence_core::Seed;
use serde::Deserialize;
use serde_json::{Value, json};

use super::args::JoinArgs;
use super::failure::Failure;
use crate::client::{ApiClient, ClientError, with_query};
use crate::endpoint::{Credentials, OwnCredentials};

/// Part of the credentials' life after which new ones are fetched.
const RENEW_AT_PERCENT: u32 = 95;

/// Longest token file: a token is far shorter, and what is longer is another file.
const TOKEN_BYTES_MAX: usize = 4096;

/// The way in.
pub(super) enum Door {
    /// A relay that is asked for credentials.
    Api(Box<Api>),
    /// Credentials that somebody else fetched.
    Ready(Ticket),
}

/// A relay's API and what to ask of it.
pub(super) struct Api {
    client: ApiClient,
    args: JoinArgs,
    participants: String,
    held: Option<Stay>,
}

/// What tells our stay from another's under our name.
struct Stay {
    /// When its credentials end.
    expires: String,
    /// Where the relay hears us from.
    address: Option<SocketAddr>,
}

/// What lets a participant in.
#[derive(Clone)]
pub(super) struct Ticket {
    /// Where the relay listens; at least one.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) credentials: Credentials,
    /// When to fetch a new one.
    pub(super) renew_after: Option<Duration>,
}

/// The relay's answer (DESIGN section 7).
#[derive(Deserialize)]
struct Joined {
    addresses: Vec<SocketAddr>,
    ufrag: String,
    pwd: String,
    expires: String,
}

impl Door {
    /// The way in that the arguments name.
    pub(super) fn new(args: &JoinArgs) -> Result<Self, Failure> {
        if let (Some(address), Some(ufrag), Some(pwd)) = (args.address, &args.ufrag, &args.pwd) {
            let own = args.own_ufrag.clone().zip(args.own_pwd.clone());
            let credentials = Credentials {
                relay_ufrag: ufrag.clone(),
                relay_password: pwd.clone(),
                own: own.map(|(ufrag, password)| OwnCredentials { ufrag, password }),
            };
            return Ok(Self::Ready(Ticket {
                addresses: vec![address],
                credentials,
                renew_after: None,
            }));
        }
        let room = args.room.as_ref().ok_or(Failure::usage("--room is missing"))?;
        Ok(Self::Api(Box::new(Api {
            client: client(args)?,
            args: args.clone(),
            participants: format!("/v1/rooms/{room}/participants"),
            held: None,
        })))
    }

    /// Asks to be let in, after giving back the place that is still held.
    pub(super) async fn enter(&mut self) -> Result<Ticket, Failure> {
        match self {
            Self::Ready(ticket) => Ok(ticket.clone()),
            Self::Api(api) => {
                match api.held {
                    Some(_) => api.leave().await?,
                    None if api.args.replace => api.dismiss().await?,
                    None => {}
                }
                api.join().await
            }
        }
    }

    /// Gives the place back. With ready credentials that is for whoever fetched them.
    pub(super) async fn leave(&mut self) -> Result<(), Failure> {
        match self {
            Self::Ready(_) => Ok(()),
            Self::Api(api) => Ok(api.leave().await?),
        }
    }

    /// The relay hears us from this address.
    pub(super) fn heard_from(&mut self, address: Option<SocketAddr>) {
        if let Self::Api(api) = self
            && let Some(stay) = &mut api.held
        {
            stay.address = address;
        }
    }

    /// What the fence says of our address, if it says no.
    pub(super) async fn why_not(&self, address: SocketAddr) -> Option<String> {
        match self {
            Self::Ready(_) => None,
            Self::Api(api) => api.why_not(address).await,
        }
    }
}

impl Api {
    async fn join(&mut self) -> Result<Ticket, Failure> {
        let own = OwnCredentials::generate(seed()?);
        let body = self.body(&own);
        let answer = self.client.call(Method::POST, &self.participants, Some(&body));
        let joined: Joined = serde_json::from_value(answer.await?)
            .map_err(|error| ClientError::Garbled(error.to_string()))?;
        if joined.addresses.is_empty() {
            return Err(Failure::refused("the relay listens nowhere"));
        }
        self.held = Some(Stay { expires: joined.expires, address: None });
        let ttl = Duration::from_secs(self.args.ttl_s.into());
        Ok(Ticket {
            addresses: joined.addresses,
            credentials: Credentials {
                relay_ufrag: joined.ufrag,
                relay_password: joined.pwd,
                own: Some(own),
            },
            renew_after: Some(ttl * RENEW_AT_PERCENT / 100),
        })
    }

    fn body(&self, own: &OwnCredentials) -> Value {
        let args = &self.args;
        let text = |name: &Option<ringfence_core::Name>| name.as_ref().map(ToString::to_string);
        let mut body = json!({
            "tenant": args.tenant,
            "participant": text(&args.participant),
            "ice": { "ufrag": own.ufrag, "pwd": own.password },
            "ttl_s": args.ttl_s,
        });
        if let Some(fence) = &args.fence {
            body["fence"] = json!(fence);
        }
        if let Some(hears) = &args.hears {
            body["hears"] = hears.iter().map(ToString::to_string).collect();
        }
        if let Some(kbps) = args.max_kbps {
            body["max_kbps"] = json!(kbps);
        }
        body
    }

    /// Gives back the place that is held, but not one that another has taken in our name.
    async fn leave(&mut self) -> Result<(), ClientError> {
        if self.is_ours().await? {
            self.dismiss().await?;
        }
        self.held = None;
        Ok(())
    }

    async fn is_ours(&self) -> Result<bool, ClientError> {
        let (Some(stay), Some(room)) = (&self.held, &self.args.room) else {
            return Ok(false);
        };
        let path = with_query("/v1/sessions", &[("room", room.as_str()), ("limit", "1000")]);
        let sessions = match self.client.call(Method::GET, &path, None).await {
            Err(ClientError::Problem(problem)) if problem.status == 404 => return Ok(false),
            other => other?,
        };
        let name = self.args.participant.as_ref().map(|name| name.as_str());
        let mut sessions = sessions["sessions"].as_array().into_iter().flatten();
        let session = sessions.find(|who| who["participant"].as_str() == name);
        Ok(session.is_some_and(|session| stay.is_in(session)))
    }

    /// Ends whatever stay there is under our name; that there is none is as good.
    async fn dismiss(&self) -> Result<(), ClientError> {
        let Some(name) = &self.args.participant else {
            return Ok(());
        };
        let path = format!("{}/{name}", self.participants);
        match self.client.call(Method::DELETE, &path, None).await {
            Err(ClientError::Problem(problem)) if problem.status == 404 => Ok(()),
            other => other.map(|_| ()),
        }
    }

    async fn why_not(&self, address: SocketAddr) -> Option<String> {
        let address = address.to_string();
        let mut query = vec![("address", address.as_str()), ("role", "client")];
        query.extend(self.args.tenant.as_deref().map(|tenant| ("tenant", tenant)));
        query.extend(self.args.fence.as_deref().map(|fence| ("fence", fence)));
        let path = with_query("/v1/why", &query);
        let answer = self.client.call(Method::GET, &path, None).await.ok()?;
        let explanation = answer["explanation"].as_str().map(str::to_owned);
        explanation.filter(|_| answer["admitted"] == false)
    }
}

impl Stay {
    fn is_in(&self, session: &Value) -> bool {
        let address = session["address"].as_str();
        let ours = self.address.map(|address| address.to_string());
        session["expires"] == *self.expires
            && address.is_none_or(|there| ours.as_deref() == Some(there))
    }
}

pub(super) fn seed() -> Result<Seed, Failure> {
    let mut seed = Seed::default();
    let filled = getrandom::fill(&mut seed).map_err(std::io::Error::other);
    filled.map(|()| seed).map_err(|error| Failure::system("random numbers", &error))
}

fn client(args: &JoinArgs) -> Result<ApiClient, Failure> {
    let (Some(api), Some(file)) = (args.api, &args.token_file) else {
        return Ok(ApiClient::unix(&args.socket));
    };
    let unreadable =
        |why: String| Failure::usage(format!("--token-file {}: {why}", file.display()));
    let token = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    if token.len() > TOKEN_BYTES_MAX {
        return Err(unreadable("too long to be a token".into()));
    }
    Ok(ApiClient::tcp(api.0, token.trim()))
}
