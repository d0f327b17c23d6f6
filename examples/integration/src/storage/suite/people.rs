//! What people are asked, and what they answer.

use super::*;

pub(super) async fn conflicts_and_issues_keep_their_age(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let issue = Issue::new(IssueCode::ClientStopped, Subject::client(&"c1".into()));
    let run = store.begin_run(&lease, "sync", 5).await.unwrap();
    for now in [10, 20] {
        let changes = [
            Change::PutConflict { conflict: Box::new(conflict("i1")), run: Some(run) },
            Change::OpenIssue(Box::new(NewIssue::from(&issue))),
        ];
        store.commit(&lease, &changes, now).await.unwrap();
    }
    let conflicts = store.conflicts().await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].conflict.clone(), conflicts[0].since), (conflict("i1"), 10));
    let issues = store.issues().await.unwrap();
    assert_eq!((issues[0].since, issues[0].last_seen, issues[0].seen), (10, 20, 2));
    assert_eq!(issues[0].subject, issue.subject);
    // What they are about is said beside them.
    let about = About { item: Some("Firewall".into()), ..About::default() };
    let told = |id| Change::Describe { id, about: Box::new(about.clone()) };
    store.commit(&lease, &[told(conflicts[0].conflict.id), told(issue.id)], 25).await.unwrap();
    assert_eq!(store.conflicts().await.unwrap()[0].about, about);
    assert_eq!(store.issues().await.unwrap()[0].about, about);
    // Putting aside hides a conflict, and marks an issue; a retry takes that back.
    store.decide(&[Answer::Dismiss(conflicts[0].conflict.id), Answer::Dismiss(issue.id)], 30).await.unwrap();
    assert_eq!(store.conflicts().await.unwrap(), []);
    assert!(store.issues().await.unwrap()[0].dismissed);
    store.decide(&[Answer::Retry(issue.id)], 40).await.unwrap();
    assert!(!store.issues().await.unwrap()[0].dismissed);
    // A link back that was written too often is tried again.
    let mut link = link("i1", 7);
    let written = LinkedBack {
        side: Side::Hit,
        kind: Kind::Opportunity,
        ticket: TicketId(7),
        times: LinkedBack::MOST,
        kept: false,
    };
    link.linked_back = vec![written];
    let not_kept = Issue::new(IssueCode::LinkBackNotKept, Subject::item(&link.item));
    for (other, left) in [(&issue, 1), (&not_kept, 0)] {
        let changes =
            [Change::PutLink(Box::new(link.clone())), Change::OpenIssue(Box::new(NewIssue::from(other)))];
        store.commit(&lease, &changes, 41).await.unwrap();
        store.decide(&[Answer::Retry(other.id)], 42).await.unwrap();
        assert_eq!(store.link(&link.item).await.unwrap().unwrap().linked_back.len(), left);
    }
    store.commit(&lease, &[Change::CloseIssue(not_kept.id)], 43).await.unwrap();
    // What is over is forgotten, with what was decided about it.
    let over = [Change::CloseIssue(issue.id), Change::RemoveConflict(conflicts[0].conflict.id)];
    store.commit(&lease, &over, 50).await.unwrap();
    assert_eq!(store.issues().await.unwrap(), []);
}

pub(super) async fn answers_reach_the_planner(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let proposal = Hash128::of(b"promote");
    let questions = Questions {
        pairings: vec![PairingQuestion {
            item: Named { id: "i1".into(), name: "Firewall".into() },
            client: Named { id: "c1".into(), name: "Contoso".into() },
            kind: Kind::Project,
            candidates: vec![Named { id: TicketId(7), name: "firewall".into() }],
            suggestion: Some(TicketId(7)),
        }],
        imports: vec![ImportQuestion {
            ticket: Named { id: TicketId(8), name: "Switch".into() },
            client: Named { id: "c1".into(), name: "Contoso".into() },
            kind: Kind::Project,
            candidates: vec![Named { id: "i3".into(), name: "switch".into() }],
            suggestion: Some("i3".into()),
        }],
        people: vec![PersonQuestion {
            member: Named { id: "m1".into(), name: "Ada".into() },
            candidates: vec![Named { id: AgentId(4), name: "Ada L".into() }],
            items: 2,
            reason: "several agents share the address".into(),
        }],
        clients: vec![ClientQuestion {
            client: Named { id: "c2".into(), name: "Fabrikam".into() },
            candidates: vec![Named { id: HaloClientId(30), name: "Fabrikam Ltd".into() }],
            suggestion: None,
            reason: "two clients have this name".into(),
        }],
        proposals: vec![Proposal {
            id: proposal,
            sentence: "Create the project.".into(),
            item: Some("i1".into()),
            sort: "promote".into(),
            since: 1,
        }],
    };
    let changes = [
        Change::SetQuestions(Box::new(questions.clone())),
        Change::PutConflict { conflict: Box::new(conflict("i1")), run: None },
    ];
    store.commit(&lease, &changes, 1).await.unwrap();
    assert_eq!(store.questions().await.unwrap(), questions);
    // Asked again later it keeps its age; what is not asked again is gone.
    let fewer = Questions { pairings: Vec::new(), ..questions.clone() };
    store.commit(&lease, &[Change::SetQuestions(Box::new(fewer.clone()))], 9).await.unwrap();
    assert_eq!(store.questions().await.unwrap(), fewer);
    store.commit(&lease, &[Change::SetQuestions(Box::new(questions.clone()))], 9).await.unwrap();
    let id = conflict("i1").id;
    // Twice the same is as once.
    for _ in 0..2 {
        let answers = [
            Answer::Pair("i1".into(), PairingAnswer::Link(TicketId(7))),
            Answer::Import(TicketId(8), PairingAnswer::Ignore),
            Answer::LinkClient("c2".into(), HaloClientId(30)),
            Answer::MatchPerson("m1".into(), AgentId(4)),
            Answer::Resolve(id, Side::Hit),
            Answer::Approve(proposal),
        ];
        store.decide(&answers, 2).await.unwrap();
    }
    assert_eq!(store.questions().await.unwrap(), Questions::default());
    let decisions = store.decisions().await.unwrap();
    assert_eq!(decisions.pairings.get(&ItemId::from("i1")), Some(&PairingAnswer::Link(TicketId(7))));
    assert_eq!(decisions.imports.get(&TicketId(8)), Some(&PairingAnswer::Ignore));
    assert_eq!(decisions.conflicts.get(&id), Some(&Side::Hit));
    assert!(decisions.approvals.contains(&proposal));
    assert_eq!(store.conflicts().await.unwrap()[0].decided, Some(Side::Hit));
    let clients = store.client_links().await.unwrap();
    assert_eq!((clients[0].halo, clients[0].how.as_str()), (HaloClientId(30), "person"));
    assert_eq!(store.people().await.unwrap(), [("m1".into(), AgentId(4))]);
    // The records concerned are looked at again.
    let dirty = store.dirty().await.unwrap();
    assert_eq!(dirty.iter().map(|dirty| dirty.key.id()).collect::<Vec<_>>(), ["8", "i1"]);
    for (before, left) in [(2, 1), (3, 0)] {
        store.commit(&lease, &[Change::LapseApprovals(before)], 3).await.unwrap();
        assert_eq!(store.decisions().await.unwrap().approvals.len(), left);
    }
    // Taken back, all of it is asked again.
    let back = [
        Answer::UnlinkClient("c2".into()),
        Answer::UnmatchPerson("m1".into()),
        Answer::WithdrawPair("i1".into()),
        Answer::WithdrawImport(TicketId(8)),
    ];
    store.decide(&back, 4).await.unwrap();
    assert_eq!(store.client_links().await.unwrap(), []);
    assert_eq!(store.people().await.unwrap(), []);
    assert_eq!(store.questions().await.unwrap(), questions);
    let decisions = store.decisions().await.unwrap();
    assert!(decisions.pairings.is_empty() && decisions.imports.is_empty());
    // Whoever says which ticket an item is has answered for the ticket too.
    store.decide(&[Answer::Pair("i3".into(), PairingAnswer::Link(TicketId(8)))], 5).await.unwrap();
    assert_eq!(store.questions().await.unwrap().imports, []);
}

/// An answer that was carried out must not decide about the next question.
pub(super) async fn an_answer_is_used_up_by_what_it_asked_for(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let say = |item: &str, answer| Answer::Pair(item.into(), answer);
    let put = |link: &Link| Change::PutLink(Box::new(link.clone()));
    let pairings = async || store.decisions().await.unwrap().pairings;
    let answers = [
        say("i1", PairingAnswer::Link(TicketId(7))),
        say("i2", PairingAnswer::Create),
        Answer::Import(TicketId(7), PairingAnswer::Create),
    ];
    store.decide(&answers, 1).await.unwrap();
    let mut one = link("i1", 7);
    store.commit(&lease, &[put(&one)], 2).await.unwrap();
    assert_eq!(pairings().await, [("i2".into(), PairingAnswer::Create)].into());
    assert!(store.decisions().await.unwrap().imports.is_empty());
    // One about a link that is there, such as which project it is, waits until that is linked too.
    store.decide(&[say("i1", PairingAnswer::Link(TicketId(8)))], 3).await.unwrap();
    one.promotion_since = Some(sync_core::stamp::Stamp::ours(3));
    store.commit(&lease, &[put(&one)], 4).await.unwrap();
    assert_eq!(pairings().await.len(), 2);
    // With the link ends whatever was said of it, and what is said afterwards stays, however often the link is written.
    one.end();
    store.commit(&lease, &[put(&one)], 5).await.unwrap();
    assert_eq!(pairings().await.len(), 1);
    store.decide(&[say("i1", PairingAnswer::Link(TicketId(9)))], 6).await.unwrap();
    store.commit(&lease, &[put(&one)], 7).await.unwrap();
    assert_eq!(pairings().await.len(), 2);
}

/// What a person says while a run links the item to something else is not carried out, and not forgotten.
pub(super) async fn an_answer_is_kept_by_what_did_something_else(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let say = async |item: &str, answer| {
        store.decide(&[Answer::Pair(item.into(), answer)], 20).await.unwrap();
    };
    let put = async |link: Link| {
        store.commit(&lease, &[Change::PutLink(Box::new(link))], 30).await.unwrap();
    };
    let kept = async |item: &str| store.decisions().await.unwrap().pairings.get(&item.into()).copied();
    say("i0", PairingAnswer::Create).await;
    store.begin_run(&lease, "sync", 25).await.unwrap();
    put(link("i0", 5)).await;
    assert_eq!(kept("i0").await, None, "the run knew of it");
    store.begin_run(&lease, "sync", 10_000).await.unwrap();
    let during = async |item: &str, answer| {
        store.decide(&[Answer::Pair(item.into(), answer)], 10_001).await.unwrap();
        answer
    };
    for (n, answer) in
        [(1, PairingAnswer::Link(TicketId(99))), (2, PairingAnswer::Ignore), (3, PairingAnswer::Create)]
    {
        let item = format!("i{n}");
        let answer = during(&item, answer).await;
        put(link(&item, n)).await;
        assert_eq!(kept(&item).await, Some(answer));
        // With the link it goes.
        let mut ended = link(&item, n);
        ended.end();
        put(ended).await;
        assert_eq!(kept(&item).await, None);
    }
    // What the person wanted is what the run has done.
    during("i4", PairingAnswer::Link(TicketId(44))).await;
    put(link("i4", 44)).await;
    assert_eq!(kept("i4").await, None);
    during("i5", PairingAnswer::Create).await;
    let intent = links::intent("i5");
    store.commit(&lease, &[Change::PutIntent(Box::new(intent.clone()))], 10_002).await.unwrap();
    let done = [Change::PutLink(Box::new(link("i5", 55))), Change::RemoveIntent(intent.op)];
    store.commit(&lease, &done, 10_003).await.unwrap();
    assert_eq!(kept("i5").await, None);
}

pub(super) async fn one_record_is_found(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let key = RecordKey::Ticket(TicketId(7));
    let put = Change::PutSeen { key: key.clone(), body: "{}".into() };
    store.commit(&lease, &[put], 1).await.unwrap();
    assert_eq!(store.seen_one(&key).await.unwrap().as_deref(), Some("{}"));
    assert_eq!(store.seen_one(&RecordKey::Item("7".into())).await.unwrap(), None);
}

pub(super) async fn only_open_things_can_be_decided(store: &impl Store) {
    let nothing = Hash128::of(b"nothing");
    let answers = [
        Answer::Resolve(nothing, Side::Halo),
        Answer::Approve(nothing),
        Answer::Dismiss(nothing),
        Answer::Retry(nothing),
        Answer::UnlinkClient("c9".into()),
        Answer::UnmatchPerson("m9".into()),
        Answer::WithdrawPair("i9".into()),
        Answer::WithdrawImport(TicketId(9)),
    ];
    for answer in answers {
        let with_a_good_one = [Answer::Pause("trial".into()), answer.clone()];
        let refused = store.decide(&with_a_good_one, 1).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{answer:?}");
    }
    // All or nothing holds for decisions too.
    assert_eq!(store.paused().await.unwrap(), None);
    assert_eq!(store.history(&HistoryFilter { limit: 9, ..Default::default() }).await.unwrap(), []);
}
