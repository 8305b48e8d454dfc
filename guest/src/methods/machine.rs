//! QUIESCE, THAW, SHUTDOWN.

use crate::core::Core;
use crate::quiesce;
use crate::refusal::{Code, Refusal};
use crate::sys::kernel::Power;
use crate::vault;
use hearth_wire::fields::{FieldWriter, Fields};

pub fn quiesce(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    quiesce::quiesce(fields, &mut core.freezer, &mut core.syncer, &mut core.vault, &core.system)
}

/// Gives back what QUIESCE took, then lets everybody go on.
pub fn thaw(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let env = vault::variables(1, fields.text_list(1))?;
    let secrets = vault::secrets(2, fields.text_list(2))?;
    let token = fields.optional_bytes(3)?.map(|token| vault::token(3, token)).transpose()?;
    if !env.is_empty() {
        core.vault.set_env(env);
    }
    if !secrets.is_empty() {
        core.vault.set_secrets(secrets, &core.system).map_err(|error| Refusal::system("keep secrets", &error))?;
    }
    if let Some(token) = token {
        core.vault.set_token(token);
    }
    core.freezer.thaw().map_err(|error| Refusal::system("thaw", &error))?;
    Ok(FieldWriter::new())
}

/// The machine ends once the answer is on its way.
pub fn shutdown(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let power = match fields.u64(1)? {
        0 => Power::Off,
        1 => Power::Reboot,
        mode => return Err(Refusal::invalid(format!("field 1 (mode) is {mode}, allowed are 0 and 1"))),
    };
    if !core.system.init {
        return Err(Refusal::new(Code::Unsupported, "only an agent that is PID 1 can end its machine"));
    }
    core.shutdown = Some(power);
    Ok(FieldWriter::new())
}
