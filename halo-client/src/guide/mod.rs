//! The guide: one page per subject, each with programs that compile. Only there in the documentation.
//!
//! | Page | Answers |
//! |---|---|
//! | [`authentication`] | How do I connect, with which rights, through a proxy, without async? |
//! | [`paging`] | How do I read long lists, only what changed, into my own struct? |
//! | [`writing`] | How do I change one field and nothing else? What if the answer never came? |
//! | [`errors`] | What went wrong, may I try again, and what is tried again for me? |
//! | [`webhooks`] | How am I told when something happens? |
//! | [`limits`] | How fast may I be, how much memory does it take? |
//! | [`testing`] | How do I test my service without Halo? |
//! | [`adding_a_resource`] | What if a route, a field or a parameter is missing? |
//! | [`upgrading`] | What do I do when Halo's API changes? |

pub mod authentication {
    #![doc = include_str!("authentication.md")]
}
pub mod paging {
    #![doc = include_str!("paging.md")]
}
pub mod writing {
    #![doc = include_str!("writing.md")]
}
pub mod errors {
    #![doc = include_str!("errors.md")]
}
pub mod webhooks {
    #![doc = include_str!("webhooks.md")]
}
pub mod limits {
    #![doc = include_str!("limits.md")]
}
pub mod testing {
    #![doc = include_str!("testing.md")]
}
pub mod adding_a_resource {
    #![doc = include_str!("adding_a_resource.md")]
}
pub mod upgrading {
    #![doc = include_str!("upgrading.md")]
}
