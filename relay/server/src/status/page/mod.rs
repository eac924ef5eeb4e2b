//! The status page: one document that needs nothing else and that fetches [`super::Status`] again and
//! again, with the token that it asks for where it needs one. It holds no number itself, so there is
//! nothing to escape, and it may be given to anybody.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const DOCUMENT: &str = include_str!("page.html");
const STYLE: &str = concat!(include_str!("../../house.css"), include_str!("style.css"));
const SCRIPT: &str = include_str!("script.js");

/// The page, and what a browser may do with it.
pub(crate) struct Page {
    /// HTML.
    pub(crate) html: String,
    /// Its Content-Security-Policy: this style, this script, and calls to the relay it came from.
    pub(crate) policy: String,
}

/// The page.
pub(crate) fn page() -> &'static Page {
    static PAGE: LazyLock<Page> = LazyLock::new(|| Page {
        html: DOCUMENT.replace("{style}", STYLE).replace("{script}", SCRIPT),
        policy: format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            source(SCRIPT),
            source(STYLE)
        ),
    });
    &PAGE
}

/// The text as a source of that policy (CSP level 3 section 2.3.1, `hash-source`).
fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_else() {
        let Page { html, policy } = page();
        for forbidden in
            ["http:", "https:", "src=", "<link", "@import", "url(", " style=", "onclick"]
        {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(html.contains(STYLE) && html.contains(SCRIPT));
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }

    #[test]
    fn names_reach_the_page_as_text() {
        for as_markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
        {
            assert!(!SCRIPT.contains(as_markup), "{as_markup}");
        }
    }

    /// `printf 'x' | openssl dgst -sha256 -binary | base64`
    #[test]
    fn a_source_is_the_digest_as_browsers_compute_it() {
        assert_eq!(source("x"), "'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='");
    }
}
