//! The configuration as an operator meets it: what is taken, what is refused, and in what words.

#[path = "config/broken.rs"]
mod broken;
#[path = "config/broken_policies.rs"]
mod broken_policies;
#[path = "config/effective.rs"]
mod effective;
#[path = "config/environment.rs"]
mod environment;
#[path = "config/folder.rs"]
mod folder;
#[path = "config/hostile.rs"]
mod hostile;
#[path = "config/levels.rs"]
mod levels;
#[path = "config/messages.rs"]
mod messages;
#[path = "config/reference.rs"]
mod reference;
#[path = "config/secrets.rs"]
mod secrets;
#[path = "config/tls.rs"]
mod tls;
#[path = "config/users.rs"]
mod users;
