//! A `zstat` that has the loss `pivot`.

// Without this line the linker drops the crate, silently.
use pivot as _;

fn main() -> std::process::ExitCode {
    zstat_cli::main()
}
