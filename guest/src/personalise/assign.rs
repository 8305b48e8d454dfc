//! ASSIGN: the machine is handed to its owner.

use super::network::apply_link;
use super::receipt::{at, Proof, Proven, Receipt};
use super::{clock, entropy, files, hooks, hostname};
use crate::core::Core;
use crate::methods::Answer;
use crate::refusal::Refusal;
use crate::streams::Subject;
use crate::vault::{self, Vault};
use hearth_wire::fields::Fields;
use hearth_wire::hex;
use hearth_wire::sha256::sha256;

/// Does it all, in order; the answer waits for hooks where there are some. What failed is said in the receipt; only a
/// wrong request is refused as a whole.
pub fn assign(core: &mut Core, stream: u32, fields: &Fields<'_>) -> Result<Answer, Refusal> {
    let seed = entropy::seed(1, fields.bytes(1)?)?;
    let wall_clock_ns = clock::wall_clock(2, fields.i64(2)?)?;
    let name = hostname::name(3, fields.text(3)?)?;
    let env = vault::variables(4, fields.text_list(4))?;
    let secrets = vault::secrets(5, fields.text_list(5))?;
    let injected = fields.fields_list(6).map(|file| files::file(&file?)).collect::<Result<Vec<_>, _>>()?;
    let token = vault::token(7, fields.bytes(7)?)?;
    let link_up = fields.flag(8)?;
    let order = fields.fields_list(9).next().map(|order| hooks::order(&order?)).transpose()?;
    core.hooks.check_idle()?;

    let system = &core.system;
    let mut receipt = Receipt::default();
    receipt.add("clock", clock::apply(wall_clock_ns, system));
    receipt.add("entropy", entropy::apply(seed, system));
    receipt.add("hostname", hostname::apply(name, system));
    core.vault.set_env(env);
    receipt.add("env", Ok(Proof::Done(core.vault.env().len().to_string())));
    let kept = at("keep secrets", core.vault.set_secrets(secrets, system));
    receipt.add("secrets", kept.map(|()| Proof::Done(core.vault.secrets().len().to_string())));
    receipt.add("files", files::apply(&injected, system));
    core.vault.set_token(token);
    receipt.add("token", token_proof(&core.vault));
    receipt.add("link", apply_link(link_up, core.gateway, system));
    if let Some(order) = order {
        match hooks::find(&receipt, &core.freezer, system) {
            Ok(found) if found.is_empty() => receipt.add("hooks", Ok(Proof::Done(hooks::NONE.into()))),
            Ok(found) => {
                let env = hooks::environment(&order, name, core);
                core.hooks.start(stream, receipt, found, env, &order);
                return Ok(Answer::Stream(Subject::Hooks));
            }
            Err(problem) => receipt.add("hooks", Err(problem)),
        }
    }
    Ok(Answer::Reply(receipt.into_fields()))
}

fn token_proof(vault: &Vault) -> Proven {
    let token = vault.token().ok_or("the token was not kept")?;
    Ok(Proof::Done(hex::encode(&sha256(token))))
}
