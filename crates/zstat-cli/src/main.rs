//! The stock binary. A build with more plugins is the same with `use my_plugin as _;` on top.

fn main() -> std::process::ExitCode {
    zstat_cli::main()
}
