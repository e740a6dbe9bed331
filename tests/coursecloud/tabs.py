"""What a shell asks when somebody presses TAB, by Typer's protocol."""


def asked(shell: str, line: str) -> dict[str, str]:
    """Give the variables that bash or zsh set; `line` is what stands behind `coursecloud `, up to the cursor."""
    whole = f"coursecloud {line}"
    if shell == "zsh":
        return {"_COURSECLOUD_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": whole}
    words = whole.split(" ")
    return {"_COURSECLOUD_COMPLETE": "complete_bash", "COMP_WORDS": whole, "COMP_CWORD": str(len(words) - 1)}
