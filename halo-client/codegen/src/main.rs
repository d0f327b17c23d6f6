//! `halo-codegen`: writes, checks or re-derives the generated API.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that speaks to a person")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use halo_codegen::api::Api;
use halo_codegen::derive::derive;
use halo_codegen::diff::Diff;
use halo_codegen::emit::{emit, emit_unchecked};
use halo_codegen::model::Model;
use halo_codegen::overrides::Overrides;
use halo_codegen::subset::named_in;
use halo_codegen::{Failure, Result};

const USAGE: &str = "usage: halo-codegen              write halo-client/src/generated from the model
       halo-codegen --check      say whether the generated files are those of the model
       halo-codegen diff FILE    say what an API document, Halo's own or a tenant's, adds, removes and retypes
       halo-codegen derive FILE  write the model from that document
       halo-codegen without [FILE..]
                                 write target/halo-client-without: only what the client itself, and these sources of
                                 programs that use it, name; for measuring";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] => write(),
        ["--check"] => check(),
        ["derive", file] => rederive(Path::new(file)),
        ["without", programs @ ..] => without(programs),
        ["diff", file] => difference(Path::new(file)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn generated() -> PathBuf {
    home().join("../src/generated")
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Failure(format!("{}: {error}", path.display())))
}

fn model() -> Result<Model> {
    let folder = home().join("model");
    Model::read(&read(&folder.join("schemas.txt"))?, &read(&folder.join("operations.txt"))?)
}

fn overrides() -> Result<Overrides> {
    Overrides::read(&read(&home().join("overrides.txt"))?)
}

fn write() -> Result<String> {
    let model = model()?;
    let files = emit(&model, &overrides()?)?;
    let folder = generated();
    std::fs::create_dir_all(&folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    for stale in present(&folder)?.into_iter().filter(|name| !files.contains_key(name)) {
        let path = folder.join(stale);
        std::fs::remove_file(&path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    }
    for (name, text) in &files {
        save(&folder.join(name), text)?;
    }
    Ok(format!(
        "{} files: {} schemas, {} field constants",
        files.len(),
        model.schemas.len(),
        model.property_count()
    ))
}

fn check() -> Result<String> {
    let files = emit(&model()?, &overrides()?)?;
    let folder = generated();
    let mut differing: Vec<String> =
        present(&folder)?.into_iter().filter(|name| !files.contains_key(name)).collect();
    for (name, text) in &files {
        // A checkout may have turned line ends.
        let found = read(&folder.join(name)).unwrap_or_default().replace("\r\n", "\n");
        if found != *text {
            differing.push(name.clone());
        }
    }
    if differing.is_empty() {
        return Ok(format!("{} generated files are those of the model", files.len()));
    }
    Err(Failure(format!(
        "not what the model says: {}; run `cargo run -p halo-codegen`",
        differing.join(", ")
    )))
}

/// Writes what `--cfg halo_without_generated` builds, with what `programs` need of it.
fn without(programs: &[&str]) -> Result<String> {
    let mut sources = String::new();
    for program in programs {
        sources.push_str(&read(Path::new(program))?);
    }
    let mut folders = vec![home().join("../src")];
    while let Some(folder) = folders.pop() {
        let failed = |error: std::io::Error| Failure(format!("{}: {error}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() && !path.ends_with("generated") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                // Only code: what an example in the docs names is not needed.
                let text = read(&path)?;
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                code.for_each(|line| {
                    sources.push_str(line);
                    sources.push('\n');
                });
            }
        }
    }
    let model = model()?;
    let mut overrides = overrides()?;
    let part = named_in(&model, &overrides, &sources)?;
    // What ids look like is told by routes that may be gone.
    let entities = Api::build(&model, &overrides)?.entities;
    overrides.entities.extend(entities);
    let files = emit_unchecked(&part, &overrides)?;
    let folder = home().join("../../target/halo-client-without");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    for (name, text) in &files {
        save(&folder.join(name), text)?;
    }
    let count = |what: &str| files.values().map(|text| text.matches(what).count()).sum::<usize>();
    Ok(format!(
        "{} schemas, {} constants, {} builder methods, {} resources, {} endpoints stay",
        part.schemas.len(),
        part.property_count(),
        count("self.param("),
        count("resource! {"),
        count("endpoint! {")
    ))
}

fn difference(document: &Path) -> Result<String> {
    let new = derive(&read(document)?)?;
    Ok(Diff::between(&model()?, &new, &overrides()?).to_string())
}

fn rederive(document: &Path) -> Result<String> {
    let model = derive(&read(document)?)?;
    let folder = home().join("model");
    save(&folder.join("schemas.txt"), &model.schemas_text())?;
    save(&folder.join("operations.txt"), &model.operations_text())?;
    Ok(format!(
        "model of {} schemas, {} properties, {} operations",
        model.schemas.len(),
        model.property_count(),
        model.operations.len()
    ))
}

fn present(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure(format!("{}: {error}", folder.display()))),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| name.ends_with(".rs")).collect())
}
