//! Where the two secrets come from: environment variables, files they name, or standard input. Never arguments,
//! which every process of the machine can read.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Read};
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use crate::exit::{Exit, Failure};

/// The longest secret that is believed; a file beyond this is the wrong file.
const LONGEST: u64 = 16 * 1024;

/// Which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretName {
    /// The client secret of the Halo API application.
    Halo,
    /// The API key of HumanizeIT.
    Hit,
    /// What proves that a delivery of a webhook is Halo's. Chosen by whoever runs this.
    HaloWebhook,
    /// The same for HumanizeIT.
    HitWebhook,
}

impl SecretName {
    /// All of them.
    pub const ALL: [SecretName; 4] =
        [SecretName::Halo, SecretName::Hit, SecretName::HaloWebhook, SecretName::HitWebhook];

    /// Its name on standard input.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            SecretName::Halo => "halo",
            SecretName::Hit => "hit",
            SecretName::HaloWebhook => "halo-webhook",
            SecretName::HitWebhook => "hit-webhook",
        }
    }

    /// The environment variable that holds it; with `_FILE` behind it, the one that names a file holding it.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            SecretName::Halo => "HALO_HIT_HALO_SECRET",
            SecretName::Hit => "HALO_HIT_HIT_KEY",
            SecretName::HaloWebhook => "HALO_HIT_HALO_WEBHOOK_SECRET",
            SecretName::HitWebhook => "HALO_HIT_HIT_WEBHOOK_SECRET",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            SecretName::Halo => "the client secret of the Halo API application",
            SecretName::Hit => "the HumanizeIT API key",
            SecretName::HaloWebhook => "the secret of Halo's webhook",
            SecretName::HitWebhook => "the secret of HumanizeIT's webhook",
        }
    }

    pub(crate) const fn missing_code(self) -> &'static str {
        match self {
            SecretName::Halo => "halo_secret_missing",
            SecretName::Hit => "hit_key_missing",
            SecretName::HaloWebhook => "halo_webhook_secret_missing",
            SecretName::HitWebhook => "hit_webhook_secret_missing",
        }
    }
}

/// Both secrets.
pub struct Secrets {
    /// The client secret of the Halo API application.
    pub halo: SecretString,
    /// The API key of HumanizeIT.
    pub hit: SecretString,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// The secrets of the webhooks that are wanted.
#[derive(Default)]
pub struct WebhookSecrets {
    /// Halo's.
    pub halo: Option<SecretString>,
    /// HumanizeIT's.
    pub hit: Option<SecretString>,
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecrets(..)")
    }
}

/// The places a secret may come from; the program fills it from its environment, a test from a map.
#[derive(Default)]
pub struct Sources {
    environment: BTreeMap<String, String>,
    stdin: Option<Box<dyn BufRead>>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources(..)")
    }
}

impl Sources {
    /// The process environment. Only the two variables of each secret are read.
    #[must_use]
    pub fn environment() -> Self {
        let mut sources = Self::default();
        for name in SecretName::ALL {
            for variable in [name.variable().to_owned(), format!("{}_FILE", name.variable())] {
                if let Ok(value) = std::env::var(&variable) {
                    sources.environment.insert(variable, value);
                }
            }
        }
        sources
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.insert(variable.to_owned(), value.to_owned());
        self
    }

    /// Reads secrets that the environment lacks from `input`: lines `halo=SECRET` and `hit=KEY`, in any order.
    #[must_use]
    pub fn with_stdin(mut self, input: impl BufRead + 'static) -> Self {
        self.stdin = Some(Box::new(input));
        self
    }

    /// Reads both secrets.
    ///
    /// # Errors
    /// [`Exit::Credentials`] where one is missing, empty or given twice; [`Exit::Configuration`] where the file
    /// that should hold it cannot be read.
    pub fn read(mut self) -> Result<Secrets, Failure> {
        let lines = self.read_lines()?;
        Ok(Secrets { halo: self.one(SecretName::Halo, &lines)?, hit: self.one(SecretName::Hit, &lines)? })
    }

    /// Reads both secrets, and those of the webhooks that are wanted.
    ///
    /// # Errors
    /// As [`read`](Self::read); and [`Exit::Credentials`] for a webhook's secret that is shorter than 16 or longer than
    /// 128 characters, or holds anything but visible ASCII.
    pub fn read_with_webhooks(mut self, halo: bool, hit: bool) -> Result<(Secrets, WebhookSecrets), Failure> {
        let lines = self.read_lines()?;
        let secrets =
            Secrets { halo: self.one(SecretName::Halo, &lines)?, hit: self.one(SecretName::Hit, &lines)? };
        let one = |wanted: bool, name: SecretName| {
            wanted.then(|| strong(name, self.one(name, &lines)?)).transpose()
        };
        let webhooks = WebhookSecrets {
            halo: one(halo, SecretName::HaloWebhook)?,
            hit: one(hit, SecretName::HitWebhook)?,
        };
        Ok((secrets, webhooks))
    }

    /// The same, with standard input read at once, for whoever looks secrets up one by one.
    ///
    /// # Errors
    /// [`Exit::Credentials`] for a line that is none of a secret.
    pub fn with_stdin_now(mut self, input: impl BufRead + 'static) -> Result<Self, Failure> {
        self.stdin = Some(Box::new(input));
        for (name, secret) in self.read_lines()? {
            let named = SecretName::ALL.into_iter().find(|one| one.line() == name);
            let Some(name) = named else { continue };
            // As everywhere, the environment goes before standard input.
            if self.look_up(name)?.is_none() {
                self.environment.insert(name.variable().to_owned(), secret.expose_secret().to_owned());
            }
        }
        Ok(self)
    }

    /// Reads one secret, if any of its places has it. Standard input is not read.
    ///
    /// # Errors
    /// As [`read`](Self::read), but a secret that is nowhere is none.
    pub fn look_up(&self, name: SecretName) -> Result<Option<SecretString>, Failure> {
        match self.one(name, &BTreeMap::new()) {
            Ok(secret) => Ok(Some(secret)),
            Err(failure) if failure.code() == name.missing_code() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn read_lines(&mut self) -> Result<BTreeMap<String, SecretString>, Failure> {
        let Some(input) = self.stdin.take() else { return Ok(BTreeMap::new()) };
        let mut text = String::new();
        input.take(SecretName::ALL.len() as u64 * LONGEST).read_to_string(&mut text).map_err(|error| {
            Failure::new(
                Exit::Credentials,
                "stdin_unreadable",
                "the secrets could not be read from standard input",
                "send two lines, halo=SECRET and hit=KEY",
            )
            .with_source(error)
        })?;
        let mut lines = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let known = |name: &str| SecretName::ALL.iter().any(|one| one.line() == name);
            match line.split_once('=') {
                Some((name, value)) if known(name) => {
                    lines.insert(name.to_owned(), SecretString::from(value.trim()));
                }
                // The line is not shown: it may be a secret without its name.
                _ => {
                    return Err(Failure::new(
                        Exit::Credentials,
                        "stdin_malformed",
                        "a line on standard input is neither halo=SECRET nor hit=KEY",
                        "send two lines, halo=SECRET and hit=KEY",
                    ));
                }
            }
        }
        Ok(lines)
    }

    fn one(&self, name: SecretName, lines: &BTreeMap<String, SecretString>) -> Result<SecretString, Failure> {
        let variable = name.variable();
        let file_variable = format!("{variable}_FILE");
        let direct = self.environment.get(variable).filter(|value| !value.trim().is_empty());
        let file = self.environment.get(&file_variable).filter(|value| !value.trim().is_empty());
        match (direct, file, lines.get(name.line())) {
            (Some(_), Some(_), _) => Err(Failure::new(
                Exit::Credentials,
                "secret_given_twice",
                format!("{variable} and {file_variable} are both set"),
                "unset one of them",
            )),
            (Some(value), None, _) => Ok(SecretString::from(value.trim())),
            (None, Some(path), _) => read_file(name, &file_variable, &PathBuf::from(path)),
            (None, None, Some(value)) => Ok(value.clone()),
            (None, None, None) => Err(Failure::new(
                Exit::Credentials,
                name.missing_code(),
                format!("{} is missing", name.meaning()),
                format!("set {variable}, or {file_variable} to a file that holds it, or use --secrets-stdin"),
            )),
        }
    }
}

/// The secret of a webhook: whoever guesses it can make the sync look, and both systems accept these characters.
fn strong(name: SecretName, secret: SecretString) -> Result<SecretString, Failure> {
    let text = secret.expose_secret();
    if (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(secret);
    }
    Err(Failure::new(
        Exit::Credentials,
        "webhook_secret_unfit",
        format!("{} is not 16 to 128 visible ASCII characters", name.meaning()),
        "make a random one, for example with `openssl rand -hex 32`",
    ))
}

fn read_file(name: SecretName, variable: &str, path: &std::path::Path) -> Result<SecretString, Failure> {
    let unreadable = |what: String| {
        Failure::configuration(
            "secret_file_unreadable",
            what,
            format!("let {variable} name a file whose only content is {}", name.meaning()),
        )
    };
    let file = std::fs::File::open(path).map_err(|error| {
        unreadable(format!("the file {} named by {variable} cannot be opened", path.display()))
            .with_source(error)
    })?;
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| {
        unreadable(format!("the file {} named by {variable} cannot be read", path.display()))
            .with_source(error)
    })?;
    let secret = text.trim();
    if secret.is_empty() || secret.len() as u64 > LONGEST || secret.lines().count() > 1 {
        return Err(unreadable(format!(
            "the file {} named by {variable} does not hold one secret on one line",
            path.display()
        )));
    }
    Ok(SecretString::from(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_file_and_standard_input_each_deliver() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "from-file\n").unwrap();
        let secrets = Sources::default()
            .with("HALO_HIT_HALO_SECRET", "from-environment")
            .with("HALO_HIT_HIT_KEY_FILE", path.to_str().unwrap())
            .read()
            .unwrap();
        assert_eq!(secrets.halo.expose_secret(), "from-environment");
        assert_eq!(secrets.hit.expose_secret(), "from-file");

        let input = std::io::Cursor::new("hit=a=b\nhalo= c \n");
        let secrets = Sources::default().with_stdin(input).read().unwrap();
        assert_eq!((secrets.halo.expose_secret(), secrets.hit.expose_secret()), ("c", "a=b"));
    }

    #[test]
    fn what_is_missing_names_every_way_to_give_it() {
        let failure = Sources::default().with("HALO_HIT_HALO_SECRET", "x").read().unwrap_err();
        assert_eq!(failure.exit(), Exit::Credentials);
        assert_eq!(
            failure.to_string(),
            "the HumanizeIT API key is missing: set HALO_HIT_HIT_KEY, or HALO_HIT_HIT_KEY_FILE to a file that \
             holds it, or use --secrets-stdin."
        );
    }

    #[test]
    fn secrets_of_webhooks_are_read_where_they_are_wanted() {
        let both = || Sources::default().with("HALO_HIT_HALO_SECRET", "a").with("HALO_HIT_HIT_KEY", "b");
        assert!(both().read_with_webhooks(false, false).unwrap().1.halo.is_none());
        let missing = both().read_with_webhooks(true, false).unwrap_err();
        assert_eq!((missing.exit(), missing.code()), (Exit::Credentials, "halo_webhook_secret_missing"));
        let lines = "halo-webhook=0123456789abcdef\nhit-webhook=short\n";
        let read = |hit| both().with_stdin(std::io::Cursor::new(lines)).read_with_webhooks(true, hit);
        assert_eq!(read(false).unwrap().1.halo.unwrap().expose_secret(), "0123456789abcdef");
        let unfit = read(true).unwrap_err();
        assert_eq!(unfit.code(), "webhook_secret_unfit");
        assert!(!unfit.to_string().contains("short"));
    }

    #[test]
    fn no_message_repeats_what_might_be_a_secret() {
        let input = std::io::Cursor::new("canary-9d1f\n");
        let failure = Sources::default().with_stdin(input).read().unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("canary-9d1f"));
        let twice = Sources::default()
            .with("HALO_HIT_HALO_SECRET", "canary-9d1f")
            .with("HALO_HIT_HALO_SECRET_FILE", "x");
        assert!(!format!("{twice:?}").contains("canary-9d1f"));
        assert!(!twice.read().unwrap_err().to_string().contains("canary-9d1f"));
    }
}
