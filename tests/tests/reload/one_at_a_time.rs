//! One reload at a time, and calls are answered meanwhile.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::Command;
use std::thread;

use hyper::Method;
use serde_json::json;

use crate::lab::Lab;

#[test]
fn a_second_reload_is_turned_away_while_the_first_reads() {
    let lab = Lab::start();
    let text = lab.text();
    // Whoever opens it waits for a writer (fifo(7)): a file that takes long to read.
    fs::remove_file(lab.path()).unwrap();
    assert!(Command::new("mkfifo").arg(lab.path()).status().unwrap().success());

    thread::scope(|scope| {
        let first = scope.spawn(|| lab_call(&lab));
        // It opens only once the first reload reads.
        let mut file = OpenOptions::new().write(true).open(lab.path()).unwrap();
        let second = lab.reload().expect_err("the first is under way");
        assert_eq!((second.status, second.code.as_str()), (409, "reload_in_progress"));
        lab.call(Method::GET, "/health", None).expect("calls are answered");
        file.write_all(text.as_bytes()).unwrap();
        drop(file);
        let first = first.join().unwrap();
        assert_eq!(first["applied"], json!(true), "{first}");
    });
}

/// From a thread of its own, with a runtime of its own.
fn lab_call(lab: &Lab) -> serde_json::Value {
    let client = ringfence::client::ApiClient::unix(lab.folder().join("ringfence.sock"));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let body = json!({});
    runtime.block_on(client.call(Method::POST, "/v1/reload", Some(&body))).expect("a good file")
}
