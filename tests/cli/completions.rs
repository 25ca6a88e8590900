//! `zstat completions`.

use super::support::run;

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&format!("completions {shell}")).exits(0).stdout;
        assert!(script.contains("multi-start"), "{shell}: {script}");
    }
    run("completions tcsh").exits(2).tells(&["tcsh", "zsh"]);
}
