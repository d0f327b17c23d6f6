//! Answers about clients.

use sync_core::ids::{HaloClientId, HitClientId};

use super::known::Known;
use super::{PairWord, Said, no_suggestion, not_for, number, unknown};
use crate::engine::kept_client_references;
use crate::exit::Failure;
use crate::storage::Answer;

pub(super) async fn answer(
    known: &Known,
    client: &HitClientId,
    word: PairWord,
    with: Option<&str>,
) -> Result<Said, Failure> {
    let asked = known.questions.clients.iter().find(|question| question.client.id == *client);
    let linked = known.app.store.client_links().await?.into_iter().find(|link| link.hit == *client);
    // Before the first read there is nothing to hold it against, and `check` asks for such answers.
    let read = known.catalogue.as_ref().is_none_or(|known| known.hit_clients.contains_key(client));
    if asked.is_none() && linked.is_none() && !read {
        let way = "type the client's id, as `halo-hit pair` and HumanizeIT show it";
        return Err(unknown("client", client.as_str(), way));
    }
    match word {
        PairWord::Link => {
            if let Some(halo) = known.app.config.settings.project.clients.get(client) {
                return Err(in_configuration(client, *halo));
            }
            let halo = match with {
                Some(text) => HaloClientId(number(text, "client")?),
                None => asked.and_then(|question| question.suggestion).ok_or_else(|| {
                    no_suggestion("client", client.as_str(), "pair --client CLIENT link HALO_ID")
                })?,
            };
            require_halo(known, halo)?;
            known.decide(&[Answer::LinkClient(client.clone(), halo)]).await?;
            Ok(Said::one(match known.catalogue {
                Some(_) => "Noted; the next plan knows.",
                None => {
                    "Noted. Nothing was read yet, so nobody has looked whether both exist: the next plan does."
                }
            }))
        }
        PairWord::Unlink | PairWord::Withdraw => unlink(known, client, linked.is_some()).await,
        PairWord::Create | PairWord::Ignore => Err(clients_only_link()),
    }
}

pub(super) fn clients_only_link() -> Failure {
    not_for(
        "create or ignore",
        "client: clients are linked or left alone, never created",
        "without an answer its items wait; to be rid of them, take the client out of [scope], or put its issue aside with \
         `halo-hit issues dismiss`",
    )
}

fn require_halo(known: &Known, halo: HaloClientId) -> Result<(), Failure> {
    if halo == HaloClientId::UNASSIGNED {
        return Err(Failure::usage(
            "client_unassigned",
            "Halo's client 1 stands for tickets without a client",
            "name the Halo client that this client really is",
        ));
    }
    let offered = known.questions.clients.iter().flat_map(|question| &question.candidates);
    let read = known.catalogue.as_ref().is_none_or(|known| known.halo_clients.contains_key(&halo));
    if read || offered.map(|candidate| candidate.id).any(|id| id == halo) {
        return Ok(());
    }
    Err(unknown("client", &halo.to_string(), "type the number of a client that our agent can see in Halo"))
}

async fn unlink(known: &Known, client: &HitClientId, answered: bool) -> Result<Said, Failure> {
    let configured = known.app.config.settings.project.clients.get(client).copied();
    let references = kept_client_references(&*known.app.store).await?;
    let reference = references.iter().find(|(hit, _)| hit == client).map(|(_, halo)| *halo);
    if !answered {
        return Err(match (configured, reference) {
            (Some(halo), _) => in_configuration(client, halo),
            (None, Some(halo)) => {
                let what =
                    format!("HumanizeIT's own reference says that the client {client} is Halo's {halo}");
                let way_out = format!(
                    "remove the reference there, or say which it really is, which goes before: `halo-hit pair --client \
                     {client} link HALO_ID`"
                );
                Failure::usage("linked_by_reference", what, way_out)
            }
            (None, None) => {
                let what = format!("nobody has said which Halo client {client} is");
                Failure::usage(
                    "not_linked",
                    what,
                    "`halo-hit pair --all` lists the clients that were linked by an answer",
                )
            }
        });
    }
    known.decide(&[Answer::UnlinkClient(client.clone())]).await?;
    let name = known.client_name(client);
    let mut next = vec![match (configured, reference) {
        (None, None) => format!(
            "Unlinked: {name}. The next plan suspends the links of its items; nothing is written for them until the client \
             is linked again."
        ),
        _ => format!("The answer about {name} is taken back, but the client stays linked:"),
    }];
    if let Some(halo) = configured {
        next.push(format!(
            "the configuration says {halo} under [project_settings.clients]; remove that line to unlink it."
        ));
    } else if let Some(halo) = reference {
        next.push(format!(
            "HumanizeIT's own reference says {halo}, and the next plan goes by that; remove it there, or link the client to \
             the right one."
        ));
    }
    Ok(Said { count: 1, next })
}

fn in_configuration(client: &HitClientId, halo: HaloClientId) -> Failure {
    let what = format!(
        "the configuration says that the client {client} is Halo's {halo}, which goes before an answer"
    );
    Failure::usage(
        "linked_by_configuration",
        what,
        "change or remove that line under [project_settings.clients]",
    )
}
