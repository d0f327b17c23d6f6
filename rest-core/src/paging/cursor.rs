//! Which page comes next: a pure state machine.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

/// How a route pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Paging {
    /// By page number, counted from `first`, with `size` rows asked for per page.
    Numbered {
        /// The number of the first page.
        first: u32,
        /// The rows to ask for per page. The server may give fewer; the cursor notices.
        size: u32,
    },
    /// By an opaque token from the page before.
    Token {
        /// The rows to ask for per page.
        size: u32,
    },
    /// Not at all: one request answers everything.
    Single,
}

/// The page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// The page's number, where the route counts.
    pub number: u32,
    /// The rows to ask for.
    pub size: u32,
    /// The page's token; `None` for the first page and where the route counts.
    pub token: Option<String>,
}

/// What the cursor needs to know about a page.
#[derive(Clone, Debug, Default)]
pub struct PageFacts<'a> {
    /// The number of rows, bad ones included.
    pub rows: u32,
    /// The number of rows of the whole list, if the server says so.
    pub total: Option<u64>,
    /// The next page's token.
    pub next: Option<&'a str>,
    /// Equal for equal pages.
    pub digest: u64,
}

/// What to do with the page that was just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Use its rows except for the first `skip`, which came before.
    Take {
        /// How many rows at the beginning were already used.
        skip: u32,
    },
    /// Use none of them; ask again.
    Discard,
}

/// Why a list does not hold together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stuck {
    /// The server repeats a page although it counts more rows than it gave.
    #[error("the server repeats page {page}: {covered} of {total} rows came")]
    RepeatedPage {
        /// The page that came twice.
        page: u32,
        /// The rows that came.
        covered: u64,
        /// The rows that the server counts.
        total: u64,
    },
    /// The server gave a token a second time.
    #[error("the server repeats a page token")]
    RepeatedToken,
    /// The server counts more rows than it gives.
    #[error("the list ends after {covered} of {total} rows")]
    Missing {
        /// The rows that came.
        covered: u64,
        /// The rows that the server counts.
        total: u64,
    },
    /// The list kept shrinking, and reading it got no further.
    #[error("the list kept shrinking while it was read")]
    Shrinking,
    /// The server changes its page size from page to page.
    #[error("the server changes its page size from page to page")]
    Inconsistent,
}

/// Where to go on with a list; as text it can be stored.
///
/// Going on there may repeat rows of one page, and never skips any, as long as the list keeps its order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resume(Place);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    Offset { covered: u64, size: u32 },
    Token(Option<String>),
    Start,
}

impl fmt::Display for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Offset { covered, size } => write!(f, "offset:{covered}:{size}"),
            Place::Token(Some(token)) => write!(f, "token:{token}"),
            Place::Token(None) | Place::Start => f.write_str("start"),
        }
    }
}

/// A text that is no [`Resume`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this text names no place in a list")]
pub struct ParseResumeError;

impl FromStr for Resume {
    type Err = ParseResumeError;

    fn from_str(text: &str) -> Result<Self, ParseResumeError> {
        if text == "start" {
            return Ok(Self(Place::Start));
        }
        if let Some(token) = text.strip_prefix("token:") {
            return Ok(Self(Place::Token(Some(token.to_owned()))));
        }
        let (covered, size) =
            text.strip_prefix("offset:").and_then(|rest| rest.split_once(':')).ok_or(ParseResumeError)?;
        let covered: u64 = covered.parse().map_err(|_| ParseResumeError)?;
        let size: u32 = size.parse().map_err(|_| ParseResumeError)?;
        // A page beyond the last number there is cannot be asked for.
        match covered.checked_div(u64::from(size)) {
            Some(pages) if pages < u64::from(u32::MAX) => Ok(Self(Place::Offset { covered, size })),
            _ => Err(ParseResumeError),
        }
    }
}

/// So many pages in a row may be short before the server is believed to leave rows out.
const MAX_SHORT: u32 = 2;

/// So often a list may shrink without the reader getting further before that is an error.
const MAX_REWINDS: u32 = 16;

/// The state of reading one list: asks for a page, is told about it, and decides what comes next.
///
/// Guards: a page that comes twice, a page size that the server silently caps, a list that shrinks while it
/// is read, a list that ends before its count. Rows may come twice where the server's answers leave no other
/// safe way; none is skipped, as far as counts can show: a row that is deleted while another is added, or a
/// page from a wrong place with just the expected number of rows, leaves no trace in them.
#[derive(Clone, Debug)]
pub struct Cursor(Mode);

#[derive(Clone, Debug)]
enum Mode {
    Numbered(Numbered),
    Token(Tokens),
    Single { done: bool },
}

#[derive(Clone, Debug)]
struct Numbered {
    first: u32,
    size: u32,
    /// So many rows from the beginning of the list are used.
    covered: u64,
    /// The place of the last page that was used.
    last: (u64, u32),
    total: Option<u64>,
    digest: Option<u64>,
    /// The page was asked for again because its first answer was strange.
    again: bool,
    /// So many pages in a row had fewer rows than they should.
    short: u32,
    /// The server's pages have holes: rows are left out after counting.
    sparse: bool,
    /// So often in a row reading went back without getting further than ever before.
    rewinds: u32,
    furthest: u64,
    done: bool,
}

#[derive(Clone, Debug)]
struct Tokens {
    size: u32,
    current: Option<String>,
    /// The token of the last page that was used.
    last: Option<String>,
    seen: HashSet<u64>,
    done: bool,
}

impl Cursor {
    /// At the beginning of a list.
    pub fn new(paging: Paging) -> Self {
        Self(match paging {
            Paging::Numbered { first, size } => Mode::Numbered(Numbered::at(first, size.max(1), 0)),
            Paging::Token { size } => Mode::Token(Tokens::at(size, None)),
            Paging::Single => Mode::Single { done: false },
        })
    }

    /// At a place that was stored. A place of another way of paging means the beginning.
    pub fn resume(paging: Paging, place: &Resume) -> Self {
        match (paging, &place.0) {
            (Paging::Numbered { first, .. }, Place::Offset { covered, size }) => {
                Self(Mode::Numbered(Numbered::at(first, *size, *covered)))
            }
            (Paging::Token { size }, Place::Token(token)) => {
                Self(Mode::Token(Tokens::at(size, token.clone())))
            }
            _ => Self::new(paging),
        }
    }

    /// The page to ask for; `None` at the end.
    pub fn request(&self) -> Option<PageRequest> {
        match &self.0 {
            Mode::Numbered(state) if !state.done => {
                Some(PageRequest { number: state.number(), size: state.size, token: None })
            }
            Mode::Token(state) if !state.done => {
                Some(PageRequest { number: 0, size: state.size, token: state.current.clone() })
            }
            Mode::Single { done: false } => Some(PageRequest { number: 1, size: 0, token: None }),
            _ => None,
        }
    }

    /// Takes note of the page that was asked for.
    ///
    /// # Errors
    ///
    /// [`Stuck`] when going on would skip rows or never end.
    pub fn on_page(&mut self, facts: &PageFacts<'_>) -> Result<Step, Stuck> {
        match &mut self.0 {
            Mode::Numbered(state) => state.on_page(facts),
            Mode::Token(state) => state.on_page(facts),
            Mode::Single { done } => {
                *done = true;
                Ok(Step::Take { skip: 0 })
            }
        }
    }

    /// The place of the page that was used last: going on there repeats it.
    pub fn resume_point(&self) -> Resume {
        Resume(match &self.0 {
            Mode::Numbered(state) => Place::Offset { covered: state.last.0, size: state.last.1 },
            Mode::Token(state) => Place::Token(state.last.clone()),
            Mode::Single { .. } => Place::Start,
        })
    }
}

impl Numbered {
    fn at(first: u32, size: u32, covered: u64) -> Self {
        Self {
            first,
            size,
            covered,
            last: (covered, size),
            total: None,
            digest: None,
            again: false,
            short: 0,
            sparse: false,
            rewinds: 0,
            furthest: covered,
            done: false,
        }
    }

    fn index(&self) -> u64 {
        self.covered / u64::from(self.size)
    }

    fn number(&self) -> u32 {
        u32::try_from(self.index()).unwrap_or(u32::MAX).saturating_add(self.first)
    }

    /// Asks for the same page once more; an error if that was done already.
    fn once_more(&mut self, or: Stuck) -> Result<Step, Stuck> {
        if std::mem::replace(&mut self.again, true) { Err(or) } else { Ok(Step::Discard) }
    }

    /// Uses the page up to `end`, which is counted from the beginning of the list.
    fn take(&mut self, facts: &PageFacts<'_>, end: u64) -> Step {
        let offset = self.index() * u64::from(self.size);
        let skip = self.covered.saturating_sub(offset).min(u64::from(facts.rows));
        self.last = (self.covered, self.size);
        self.covered = self.covered.max(end);
        // Only new ground counts: a count that falls and rises again would lead over the same pages for ever.
        if self.covered > self.furthest {
            self.furthest = self.covered;
            self.rewinds = 0;
        }
        self.digest = Some(facts.digest);
        self.again = false;
        self.short = 0;
        self.done = self.total.is_some_and(|total| self.covered >= total);
        Step::Take { skip: u32::try_from(skip).unwrap_or(facts.rows) }
    }

    fn on_page(&mut self, facts: &PageFacts<'_>) -> Result<Step, Stuck> {
        let before = self.total;
        self.total = facts.total.or(before);
        let (rows, size) = (u64::from(facts.rows), u64::from(self.size));
        let offset = self.index() * size;
        let beginning = self.covered == 0;

        if let (Some(before), Some(total)) = (before, self.total)
            && total < before
        {
            return self.rewind(before - total);
        }
        if rows > 0 && !beginning && self.digest == Some(facts.digest) {
            return match self.total {
                Some(total) => {
                    self.once_more(Stuck::RepeatedPage { page: self.number(), covered: self.covered, total })
                }
                // The route ignores paging and gave everything on its first page.
                None => Ok(self.finish()),
            };
        }
        if rows == 0 && !self.sparse {
            return match self.total {
                Some(total) if self.covered < total => {
                    self.once_more(Stuck::Missing { covered: self.covered, total })
                }
                _ => Ok(self.finish()),
            };
        }
        if rows > size {
            // More than was asked for: a route that ignores paging, and this is everything.
            if !beginning {
                return self.once_more(Stuck::Inconsistent);
            }
            let step = self.take(facts, rows);
            self.done |= self.total.is_none();
            return Ok(step);
        }
        if self.sparse {
            return Ok(self.take(facts, offset.saturating_add(size)));
        }
        let expected = self.total.map(|total| total.saturating_sub(offset).min(size));
        if rows == expected.unwrap_or(size) {
            return Ok(self.take(facts, offset.saturating_add(rows)));
        }
        match expected {
            // Fewer rows than asked for, and more to come: the server caps the page's size. On the first page
            // that says where the rest begins. Later it is unclear which rows these are, so they are not used.
            _ if beginning => {
                let step = self.take(facts, rows);
                self.size = facts.rows;
                Ok(step)
            }
            Some(_) => {
                self.short += 1;
                if self.short > MAX_SHORT {
                    // Smaller and smaller pages all have holes: the server leaves rows out after counting.
                    self.sparse = true;
                    return Ok(self.take(facts, offset.saturating_add(size)));
                }
                self.size = facts.rows;
                self.digest = None;
                Ok(Step::Discard)
            }
            None => {
                let step = self.take(facts, offset.saturating_add(rows));
                self.done = true;
                Ok(step)
            }
        }
    }

    /// Rows vanished while the list was read, so those behind them moved forward, perhaps onto pages that are
    /// read already: goes back by as many.
    fn rewind(&mut self, vanished: u64) -> Result<Step, Stuck> {
        self.rewinds += 1;
        if self.rewinds > MAX_REWINDS {
            return Err(Stuck::Shrinking);
        }
        self.covered = self.covered.saturating_sub(vanished);
        self.digest = None;
        self.again = false;
        self.short = 0;
        self.done = self.total.is_some_and(|total| self.covered >= total);
        Ok(Step::Discard)
    }

    fn finish(&mut self) -> Step {
        self.done = true;
        Step::Discard
    }
}

impl Tokens {
    fn at(size: u32, token: Option<String>) -> Self {
        let mut seen = HashSet::new();
        seen.extend(token.as_deref().map(hash));
        Self { size, current: token.clone(), last: token, seen, done: false }
    }

    fn on_page(&mut self, facts: &PageFacts<'_>) -> Result<Step, Stuck> {
        self.last = self.current.take();
        match facts.next {
            None => self.done = true,
            Some(token) => {
                if !self.seen.insert(hash(token)) {
                    return Err(Stuck::RepeatedToken);
                }
                self.current = Some(token.to_owned());
            }
        }
        Ok(Step::Take { skip: 0 })
    }
}

fn hash(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}
