//! Address, key and settings of HumanizeIT.

use crate::exit::Exit;

use super::{Group, Topic};

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        code: "hit_unreachable",
        group: Group::Hit,
        title: "HumanizeIT's API answers",
        problem: "HumanizeIT's API does not answer as it should",
        asks: "GET /account at hit.base_url.",
        consequence: "Nothing can be read from HumanizeIT or written to it.",
        fix: "check hit.base_url, and that this machine may reach that host",
        class: Exit::Address,
        needs: &[],
    },
    Topic {
        code: "hit_credentials_refused",
        group: Group::Hit,
        title: "HumanizeIT accepts the API key",
        problem: "HumanizeIT refuses the API key",
        asks: "GET /account with the key.",
        consequence: "Nothing can be read from HumanizeIT or written to it.",
        fix: "HumanizeIT: My Company > Integrations: make a new API key and set HALO_HIT_HIT_KEY",
        class: Exit::Credentials,
        needs: &["hit_unreachable"],
    },
    Topic {
        code: "hit_built_in_sync_on",
        group: Group::Hit,
        title: "HumanizeIT's own Halo sync is off",
        problem: "HumanizeIT's own Halo sync is on",
        asks: "GET /integrations/halopsa.",
        consequence: "Two programs write the same fields and undo each other's work; `apply` refuses to write while \
                      it may be on.",
        fix: "HumanizeIT: My Company > Integrations > HaloPSA, Halo Sync settings: switch the sync off; if it is off \
              and cannot be read, set hit.built_in_sync_is_off = true",
        class: Exit::Partial,
        needs: &["hit_credentials_refused"],
    },
    Topic {
        code: "hit_connection_differs",
        group: Group::Hit,
        title: "HumanizeIT's own HaloPSA settings name the same Halo",
        problem: "HumanizeIT's own HaloPSA settings name another Halo",
        asks: "GET /integrations/halopsa: Tenant URL, Authorization Server and Tenant, where somebody entered them.",
        consequence: "One of the two is a mistake: HumanizeIT's Test button and this program speak with different Halos.",
        fix: "HumanizeIT: My Company > Integrations > HaloPSA, edit HaloPSA API Key: enter Tenant URL (our halo.resource_server, Halo's Resource Server), Authorization Server (halo.authorisation_server) and Tenant (halo.tenant) alike, Test, OK",
        class: Exit::Address,
        needs: &["hit_credentials_refused"],
    },
];
