//! Which client is which.

use crate::exit::Exit;

use super::{BOTH_READ, Group, Topic};

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        code: "client_missing",
        group: Group::Clients,
        title: "Every client in scope exists in HumanizeIT and is not archived",
        problem: "A client in scope does not exist in HumanizeIT, or is archived",
        asks: "GET /clients of HumanizeIT, held against scope.validation_clients.",
        consequence: "Nothing is synced for it.",
        fix: "write the HumanizeIT id of a client that is there into scope.validation_clients",
        class: Exit::Partial,
        needs: BOTH_READ,
    },
    Topic {
        code: "client_vanished",
        group: Group::Clients,
        title: "Every linked client is still in Halo",
        problem: "A linked client is gone from Halo, or hidden from the agent",
        asks: "GET /Client with the inactive ones, held against the links.",
        consequence: "The client's links are suspended: nothing is created, changed or deleted for it.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role: allow all Clients; if the client was merged, link it again with `halo-hit pair ID link HALO_ID --client`",
        class: Exit::Partial,
        needs: BOTH_READ,
    },
    Topic {
        code: "client_stopped",
        group: Group::Clients,
        title: "Every linked client in scope is active in Halo",
        problem: "A linked client in scope is stopped or inactive in Halo",
        asks: "GET /Client with the inactive ones.",
        consequence: "Nothing is created for that client, and its linked records wait.",
        fix: "Halo: Customers, open the client, Settings tab: untick Stopped and Inactive; or take the client out of \
              scope.validation_clients",
        class: Exit::Partial,
        needs: BOTH_READ,
    },
    Topic {
        code: "client_ambiguous",
        group: Group::Clients,
        title: "No client in scope fits several Halo clients",
        problem: "A client in scope fits more than one Halo client, or waits for a yes",
        asks: "GET /clients of HumanizeIT and GET /Client of Halo: domains and names.",
        consequence: "Nothing is created or synced for that client: names and domains never link by themselves.",
        fix: "`halo-hit pair` shows them, `halo-hit pair ID link HALO_ID --client` links one",
        class: Exit::Partial,
        needs: &["client_missing", "client_vanished"],
    },
    Topic {
        code: "client_unmatched",
        group: Group::Clients,
        title: "Every client in scope is linked to a Halo client",
        problem: "A client in scope is not linked to a Halo client",
        asks: "GET /clients of HumanizeIT with its references, GET /Client of Halo, [project_settings.clients], and \
               the answers given to `pair`.",
        consequence: "Nothing is created or synced for that client; Halo clients are never made and names never link \
                      by themselves.",
        fix: "`halo-hit pair` shows what may belong together, `halo-hit pair ID link HALO_ID --client` links it",
        class: Exit::Partial,
        needs: &["client_missing", "client_vanished", "client_ambiguous"],
    },
];
