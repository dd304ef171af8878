//! A failure as it is shown: a stable word for scripts, the exit code, what happened, and the next command to type.

use serde::{Serialize, Serializer};
use strongroom::master::Fingerprint;
use strongroom::strength::Finding;

use crate::exit::Exit;

#[derive(Serialize)]
pub(crate) struct Told {
    pub(crate) code: &'static str,
    #[serde(serialize_with = "number")]
    pub(crate) exit: Exit,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Told {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, exit, message: message.into(), causes: vec![], hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with all its text passed through `change`.
    pub(crate) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self {
            message: change(&self.message),
            causes: self.causes.iter().map(|cause| change(cause)).collect(),
            hint: self.hint.as_deref().map(change),
            ..*self
        }
    }

    /// Adds the causes, which no message of the library holds already.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = error.source();
        while let Some(cause) = next {
            self.causes.push(cause.to_string());
            next = cause.source();
        }
        self
    }
}

/// How a vault under a weak key is opened once more, to rotate it away from there. What was miscopied guards nothing yet.
pub(crate) fn weak_hint(findings: &[Finding], fingerprint: Fingerprint) -> String {
    let id = match findings.first() {
        Some(finding) if finding.id == "mistyped" => return finding.remedy.clone().into_owned(),
        first => first.map_or("ID", |finding| finding.id),
    };
    let risk = if id == "published" || id.starts_with("format-") { " and --accept-risk" } else { "" };
    format!(
        "make a new key with `strongroom master-key generate --version N`; should this one guard a vault already, write a \
         line {{\"id\": \"{id}\", \"fingerprint\": \"{fingerprint}\", \"until\": \"YYYY-MM-DD\", \"reason\": \"...\"}} into a file, \
         and rotate with --waivers FILE{risk}"
    )
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde decides what it passes")]
fn number<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}
