//! The certificate of a rotation, in a new file that is made before anything else is done: when it cannot be made, nothing has
//! happened.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use strongroom::rotation::RotationCertificate;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{Reserved, unwritten};
use crate::text::quoted;
use crate::told::Told;

/// Empty until the rotation is finished, and removed when it never is.
pub(super) struct CertificateFile(Reserved);

impl CertificateFile {
    pub(super) fn reserve(path: &Path) -> Result<Self, Failure> {
        let reserved = match Reserved::create(path) {
            // A run that was killed leaves the file empty, and so does one that is at it now, whose file it stays.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && is_empty_file(path) => Reserved::adopt(path),
            created => created,
        };
        reserved.map(Self).map_err(|error| refused(path, &error))
    }

    pub(super) fn keep(
        self,
        context: &mut Context<'_>,
        certificate: Option<&RotationCertificate>,
    ) -> Result<(), Failure> {
        let Some(certificate) = certificate else { return Ok(()) };
        let path = self.0.path().display().to_string();
        let store = context.place.option();
        self.0.finish_with(&certificate.to_json()).map_err(|error| {
            let message =
                format!("the rotation is finished, and its certificate could not be written to {path}: {error}");
            let hint = format!("`strongroom doctor{store}` checks the vault itself");
            Told::new(Exit::OutputFailed, "certificate-file", message).hint(hint)
        })?;
        context
            .terminal
            .note(&format!("check it later with `strongroom doctor{store} --certificate {}`", quoted(&path)));
        Ok(())
    }
}

fn is_empty_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0)
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::AlreadyExists {
        return unwritten(path, error);
    }
    let message = format!("cannot make {}: {error}; nothing was done", path.display());
    Told::new(Exit::Usage, "certificate-file", message)
        .hint("name a new file in a writable folder with --certificate")
        .into()
}
