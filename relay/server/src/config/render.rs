//! Diagnostics for people: the line, a caret under the fault, and what to do next.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use ringfence_fence::Origin;

use super::{Diagnostic, Severity, Sources};

/// The diagnostics as text, one after the other with a blank line between; in colour if asked.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let title = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(title.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(origin) = diagnostic.origin {
        group = group.elements(snippet(origin, None, sources)).elements(line(origin, sources));
    }
    for (origin, what) in &diagnostic.related {
        let element = snippet(*origin, Some(what), sources);
        group = group.elements(element).elements(line(*origin, sources));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

/// The place alone, of a file whose text is not kept.
fn line(origin: Origin, sources: &Sources) -> Option<annotate_snippets::Origin<'_>> {
    let place = sources.place(origin).filter(|_| sources.excerpt(origin).is_none())?;
    Some(annotate_snippets::Origin::path(place.file).line(place.line as usize))
}

fn snippet<'a>(
    origin: Origin,
    label: Option<&'a String>,
    sources: &'a Sources,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let excerpt = sources.excerpt(origin)?;
    let kind = if label.is_none() { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(excerpt.caret).label(label.map(String::as_str));
    Some(
        Snippet::source(excerpt.text)
            .path(excerpt.file)
            .line_start(excerpt.first_line)
            .annotation(annotation),
    )
}
