//! Which API key is meant: by id, by what an id or a token begins with, or by name.

use strongroom::{Act, ApiKey, Vault};

use crate::args::{Named, RecoverArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::named::{by_name, resolve};
use crate::selection::known;

pub(super) fn find(context: &Context<'_>, vault: &Vault, args: &RecoverArgs, act: &Act) -> Result<ApiKey, Failure> {
    let store = context.place.option();
    let id = match (&args.id, &args.name) {
        (Some(Named::Id(id)), _) => return known(vault, *id, |id| vault.recover(id, act).err()),
        (Some(named), _) => resolve(vault, named, &store)?,
        (None, Some(name)) => by_name(vault, name, &store)?,
        (None, None) => return Err(Failure::input("no API key is named", "give its id, or name:NAME")),
    };
    Ok(vault.show(id)?)
}
