//! Code blocks of a markdown page, as a little shell session: files are written, commands run, outputs compared.
//!
//! A page is run in a folder of its own, where `specs/` is the repository's. Blocks, in the order of the page:
//!
//! - ```` ```yaml file=NAME ```` (or `json`): the block is written to NAME. Without `file=`, in `yaml`, it is a fragment that is
//!   only parsed.
//! - ```` ```console ````: lines `$ COMMAND` (continued after a backslash) are run by `sh`, with `zstat` on the path; the lines after a
//!   command are what it prints, standard output and error together, then `[exit code N]` where it is not 0.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::root;

/// A page, cut into what is prose and what is run.
pub struct Page {
    path: PathBuf,
    lines: Vec<String>,
}

/// What a page's run came to.
pub struct Outcome {
    /// The page with the outputs of this build.
    pub text: String,
    /// The page as it stands.
    pub kept: String,
    /// Commands that were run.
    pub commands: usize,
    /// Blocks that do not even parse.
    pub faults: Vec<String>,
}

struct Block {
    /// The words after the fence.
    info: String,
    /// Lines between the fences.
    body: Vec<String>,
}

impl Page {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        Self { path: path.to_owned(), lines: text.lines().map(str::to_owned).collect() }
    }

    /// Runs all blocks; returns the page as this build would write it.
    pub fn run(&self) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        link(&root().join("specs"), &folder.path().join("specs"));
        let mut outcome =
            Outcome { text: String::new(), kept: String::new(), commands: 0, faults: Vec::new() };
        let mut at = 0;
        let mut out = Vec::new();
        while at < self.lines.len() {
            let line = &self.lines[at];
            out.push(line.clone());
            at += 1;
            let Some(info) = line.strip_prefix("```") else { continue };
            let end =
                at + self.lines[at..].iter().position(|line| line == "```").expect("an open code block");
            let block = Block { info: info.to_owned(), body: self.lines[at..end].to_vec() };
            out.extend(self.block(&block, folder.path(), &mut outcome));
            out.push("```".to_owned());
            at = end + 1;
        }
        outcome.text = out.join("\n") + "\n";
        outcome.kept = self.lines.join("\n") + "\n";
        outcome
    }

    fn block(&self, block: &Block, folder: &Path, outcome: &mut Outcome) -> Vec<String> {
        let (language, rest) = block.info.split_once(' ').unwrap_or((&block.info, ""));
        let text = block.body.join("\n") + "\n";
        match language {
            "console" => return console(&block.body, folder, outcome),
            "yaml" | "json" => {
                if let Err(error) = serde_yaml::from_str::<serde_yaml::Value>(&text) {
                    outcome.faults.push(format!("{}: {error} in\n{text}", self.path.display()));
                }
            }
            "" => outcome.faults.push(format!("{}: a block without a language", self.path.display())),
            _ => {}
        }
        if let Some(name) = rest.strip_prefix("file=") {
            fs::write(folder.join(name), text).unwrap();
        }
        block.body.clone()
    }
}

fn console(body: &[String], folder: &Path, outcome: &mut Outcome) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = body.iter().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        out.push(line.clone());
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            let next = lines.next().expect("a line after a backslash");
            out.push(next.clone());
            command = format!("{}\n{next}", command);
        }
        outcome.commands += 1;
        out.extend(shell(&command, folder));
    }
    out
}

/// What a command prints, and its exit code where it is not 0.
fn shell(command: &str, folder: &Path) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_zstat")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let command = command.replace("cargo run --release -- ", "zstat ");
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", path)
        .env("COLUMNS", "100")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text.lines().map(without_time).collect();
    match output.status.code() {
        Some(0) => {}
        code => lines.push(format!("[exit code {}]", code.unwrap_or(-1))),
    }
    lines
}

/// `"load_s": 0.00123` becomes `"load_s": 0.001`: times differ from run to run.
fn without_time(line: &str) -> String {
    match line.split_once("_s\": ") {
        Some((name, rest)) => {
            let comma = if rest.ends_with(',') { "," } else { "" };
            format!("{name}_s\": 0.001{comma}")
        }
        None => line.trim_end().to_owned(),
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from.canonicalize().unwrap(), to).unwrap();
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
