//! Help, completions and the manual name every command.

use crate::program::Home;

const COMMANDS: [&str; 20] = [
    "serve",
    "dev",
    "demo",
    "join",
    "check-config",
    "doctor",
    "import",
    "why",
    "credentials",
    "rooms",
    "sessions",
    "top",
    "disconnect",
    "narrow",
    "reload",
    "report",
    "audit",
    "config",
    "completions",
    "man",
];

#[test]
fn help_names_every_command_and_exit_status() {
    let run = Home::new().run(&["--help"]);
    assert_eq!(run.code, 0);
    for shown in COMMANDS.iter().chain(&["69", "70", "71", "74", "76", "78"]) {
        assert!(run.out.contains(&format!("  {shown}")), "{shown}");
    }
}

#[test]
fn the_manual_names_every_command_and_exit_status() {
    let run = Home::new().run(&["man"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains(".TH ringfence 1"));
    // roff writes a hyphen as `\-`.
    let text = run.out.replace('\\', "");
    for shown in COMMANDS {
        assert!(text.contains(&format!("ringfence-{shown}(1)")), "{shown}");
    }
    assert!(text.contains("78  the configuration is missing or wrong"));
}

#[test]
fn each_command_gets_a_page_in_a_folder() {
    let home = Home::new();
    assert_eq!(home.run(&["man", "--dir", "pages"]).code, 0);
    for command in COMMANDS {
        let page = home.path().join(format!("pages/ringfence-{command}.1"));
        assert!(std::fs::metadata(&page).is_ok_and(|page| page.len() > 0), "{page:?}");
    }
    let run = home.run(&["man", "--dir", "ringfence.toml"]);
    assert_eq!(run.code, 74, "{}", run.err);
}

#[test]
fn completions_know_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = home.run(&["completions", shell]);
        assert_eq!(run.code, 0);
        for command in COMMANDS {
            assert!(run.out.contains(command), "{command} in {shell}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_told_as_it_was_asked_for() {
    let home = Home::new();
    let run = home.run(&["serf"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("serve"), "a suggestion: {}", run.err);
    let run = home.run(&["serf", "--json"]);
    assert_eq!((run.code, &run.error()["code"]), (2, &"usage".into()));
    assert_eq!(home.run(&["disconnect", "a/b", "c"]).code, 2);
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let home = Home::new();
    let mut command = home.command(&["man"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command.stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
}
