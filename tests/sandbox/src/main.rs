//! The sandbox as a program: prints one JSON line, then serves until it is told to stop.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use sandbox::breakage::Code;
use sandbox::untrue::Untrue;
use sandbox::{Options, Sandbox};

const USAGE: &str =
    "sandbox [--seed N] [--clients N] [--tickets N] [--items N] [--halo-addr A] [--hit-addr A]
        [--rate-limit N/SECONDS | --no-rate-limit] [--fault-rate P] [--fault-seed N]
        [--break CODE,.. | --break list] [--untrue ID,..] [--hit-capabilities a,b,c|none] [--token-seconds N]
Serves a local HaloPSA and a local HumanizeIT, and prints one JSON line that says where.
It stops at SIGTERM, and at the end of standard input when that is a pipe.";

/// What the arguments ask for.
enum Command {
    Serve(Box<Options>),
    ListBreaks,
    Help,
}

fn main() -> ExitCode {
    let outcome = match parse(std::env::args().skip(1)) {
        Ok(Command::Help) => say(USAGE),
        Ok(Command::ListBreaks) => {
            let lines: Vec<String> =
                Code::ALL.iter().map(|code| format!("{:<34}{}", code.name(), code.explain())).collect();
            say(&lines.join("\n"))
        }
        Ok(Command::Serve(options)) => serve(*options),
        Err(why) => {
            complain(&format!("{why}\n\n{USAGE}"));
            return ExitCode::from(64);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("sandbox: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn complain(text: &str) {
    // Without standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let (name, mut attached) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg, None),
        };
        let mut value =
            || attached.take().or_else(|| args.next()).ok_or_else(|| format!("{name} needs a value."));
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--seed" => options.seed.seed = number(&name, &value()?)?,
            "--clients" => options.seed.clients = number(&name, &value()?)?,
            "--tickets" => options.seed.tickets = number(&name, &value()?)?,
            "--items" => options.seed.items = number(&name, &value()?)?,
            "--halo-addr" => options.halo_addr = address(&name, &value()?)?,
            "--hit-addr" => options.hit_addr = address(&name, &value()?)?,
            "--no-rate-limit" => options.seed.rate_limit = None,
            "--rate-limit" => options.seed.rate_limit = Some(rate(&value()?)?),
            "--fault-rate" => {
                let text = value()?;
                options.fault_rate = text
                    .parse()
                    .ok()
                    .filter(|rate| (0.0..=sandbox::faults::HIGHEST_RATE).contains(rate))
                    .ok_or_else(|| format!("--fault-rate {text}: it is a number from 0 to 0.5."))?;
            }
            "--fault-seed" => options.fault_seed = number(&name, &value()?)?,
            "--token-seconds" => options.token_seconds = Some(number(&name, &value()?)?),
            "--break" => {
                let text = value()?;
                if text == "list" {
                    return Ok(Command::ListBreaks);
                }
                for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                    let code = Code::parse(word)
                        .ok_or_else(|| format!("--break {word}: no such code; --break list shows them."))?;
                    options.breaks.push(code);
                }
            }
            "--untrue" => {
                for word in value()?.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                    let known: Vec<&str> = Untrue::ALL.iter().map(|belief| belief.name()).collect();
                    let known = known.join(", ");
                    let belief =
                        Untrue::parse(word).ok_or_else(|| format!("--untrue {word}: there are {known}."))?;
                    options.untrue.push(belief);
                }
            }
            "--hit-capabilities" => options.hit_capabilities = Some(capabilities(&value()?)?),
            _ => return Err(format!("{name}: no such option.")),
        }
    }
    Ok(Command::Serve(Box::new(options)))
}

fn number<N: std::str::FromStr>(name: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{name} {text}: it is a whole number."))
}

/// `IP:PORT`, or either alone; `localhost` is the loopback address.
fn address(name: &str, text: &str) -> Result<SocketAddr, String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None if text.bytes().all(|b| b.is_ascii_digit()) => ("", text),
        None => (text, "0"),
    };
    let host = if matches!(host, "" | "localhost") { "127.0.0.1" } else { host };
    format!("{host}:{port}")
        .parse()
        .map_err(|_| format!("{name} {text}: it is IP:PORT, such as 127.0.0.1:0."))
}

fn rate(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("--rate-limit {text}: it is N/SECONDS, such as 500/180.");
    let (count, seconds) = text.split_once('/').ok_or_else(wrong)?;
    match (count.parse(), seconds.parse()) {
        (Ok(count), Ok(seconds)) if count > 0 && seconds > 0 => Ok((count, seconds)),
        _ => Err(wrong()),
    }
}

fn capabilities(text: &str) -> Result<Vec<String>, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let known = sandbox::hit::CAPABILITIES;
    text.split(',')
        .map(str::trim)
        .filter(|w| !w.is_empty())
        .map(|word| {
            known
                .contains(&word)
                .then(|| word.to_owned())
                .ok_or_else(|| format!("--hit-capabilities {word}: there are {}, or none.", known.join(", ")))
        })
        .collect()
}

fn serve(options: Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the line is printed: whoever has read it may tell us to stop.
        let told = told_to_stop()?;
        let sandbox = Sandbox::start(options).await?;
        let line = serde_json::to_string(sandbox.info()).map_err(io::Error::other)?;
        say(&line)?;
        tokio::select! {
            () = told => {}
            () = end_of_input() => {}
        }
        sandbox.shutdown().await;
        Ok(())
    })
}

/// Listens for signals from the call on; ends with the first.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

/// Ends with standard input, when that is a pipe or a socket; else never.
async fn end_of_input() {
    if !input_is_piped() {
        return std::future::pending().await;
    }
    let (done, wait) = tokio::sync::oneshot::channel();
    // A thread of its own: a runtime waits for its blocking tasks, and a read from standard input has no end.
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = [0_u8; 4096];
        while matches!(input.read(&mut buffer), Ok(1..)) {}
        // The receiver is gone when a signal came first.
        let _ = done.send(());
    });
    // The thread ends only by sending.
    let _ = wait.await;
}

#[cfg(unix)]
fn input_is_piped() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .and_then(|fd| std::fs::File::from(fd).metadata())
        .is_ok_and(|meta| meta.file_type().is_fifo() || meta.file_type().is_socket())
}

#[cfg(not(unix))]
fn input_is_piped() -> bool {
    use std::io::IsTerminal;
    !io::stdin().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_whole_and_in_halves() {
        let read = |text: &str| address("--halo-addr", text).map(|a| a.to_string());
        for (text, want) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("8080", "127.0.0.1:8080"),
            ("127.0.0.2", "127.0.0.2:0"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(want));
        }
        assert!(read("nowhere").is_err());
        assert!(read("127.0.0.1:x").is_err());
    }
}
