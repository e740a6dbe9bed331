"""Puts a report into one comment of a pull request, and writes over it the next time. Standard library only.

    comment.py REPORT.md

Environment, all of it set by GitHub or from its event: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, and HEAD_OWNER,
HEAD_BRANCH and HEAD_SHA of the run that wrote the report. The report was written by code of the pull request: it is
text, and says nothing about where it goes. Exit codes: 0 done or nothing to do, 1 GitHub said no, 2 bad input.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARKER = "<!-- coursecloud-review -->"
"""The first line of the report, by which the comment is found again."""

LIMIT = 65_536
"""Characters that GitHub takes in a comment."""

AUTHOR = "github-actions[bot]"
WANTED = ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "HEAD_OWNER", "HEAD_BRANCH", "HEAD_SHA")


SAID = (
    "\n> [!NOTE]\n> This text was written by running the code of this pull request. A pull request that changes the"
    " program can make it say anything: then read the code.\n"
)
"""What stands above every report, in this script's own words."""


def cleaned(report: str) -> str:
    """Make a report harmless: it calls nobody, hides nothing, leads nowhere, shows no picture, and fits."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "", report.replace("\r\n", "\n"))
    text = text.replace("@", "@\u200b")  # an empty space behind it: GitHub sees no name to notify
    # No report of ours has a link or a picture; an empty space in it makes it text.
    text = re.sub(
        r"!(?=\[)|\](?=\()|:(?=//)|<(?=\s*(?:img|a|svg|video|picture)\b)", "\\g<0>\u200b", text, flags=re.IGNORECASE
    )
    text = text.replace(MARKER, MARKER + SAID, 1)
    note = "\n\n(cut: the whole report is in the run's summary)"
    return text if len(text) <= LIMIT else text[: LIMIT - len(note)] + note


def call(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """Ask GitHub; raises urllib's errors."""
    address = os.environ.get("GITHUB_API_URL", "https://api.github.com") + path
    request = urllib.request.Request(  # noqa: S310 - GitHub's own variable
        address,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def pages(path: str) -> Iterator[dict[str, Any]]:
    """Go through a list of GitHub's, page by page."""
    separator = "&" if "?" in path else "?"
    for page in range(1, 100):
        found = call("GET", f"{path}{separator}per_page=100&page={page}")
        yield from found
        if len(found) < 100:
            return


def pull_request() -> int | None:
    """Find the open pull request whose head is the commit that was reviewed; None where it has moved on.

    The event names none for a pull request from a fork, so GitHub is asked for it by the branch.
    """
    head = urllib.parse.quote(f"{os.environ['HEAD_OWNER']}:{os.environ['HEAD_BRANCH']}", safe="")
    for found in pages(f"/repos/{os.environ['GITHUB_REPOSITORY']}/pulls?state=open&head={head}"):
        if found["head"]["sha"] == os.environ["HEAD_SHA"]:
            return found["number"]
    return None


def put(number: int, body: str) -> str:
    """Write over the comment that is there, or make it; returns what was done."""
    issue = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    for comment in pages(f"{issue}/{number}/comments"):
        if comment["user"]["login"] == AUTHOR and comment["body"].startswith(MARKER):
            if comment["body"].strip() == body.strip():
                return "is current"
            call("PATCH", f"{issue}/comments/{comment['id']}", {"body": body})
            return "updated"
    call("POST", f"{issue}/{number}/comments", {"body": body})
    return "made"


def main(arguments: list[str]) -> int:
    """Run the script."""
    missing = [name for name in WANTED if not os.environ.get(name)]
    if len(arguments) != 1 or missing:
        return _say(f"usage: comment.py REPORT.md, with {', '.join(WANTED)}; missing: {', '.join(missing) or '-'}", 2)
    try:
        report = Path(arguments[0]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return _say(f"{arguments[0]} cannot be read: {error}", 2)
    if not report.startswith(MARKER):
        return _say(f"{arguments[0]} is no report: its first line is not {MARKER}", 2)
    try:
        number = pull_request()
        if number is None:
            return _say("No open pull request has this head any more; nothing to do.", 0)
        return _say(f"The comment of #{number} {put(number, cleaned(report))}.", 0)
    except urllib.error.HTTPError as error:
        return _say(f"GitHub said {error.code} to {error.url}: {error.read()[:300].decode(errors='replace')}", 1)
    except (OSError, ValueError) as error:
        return _say(f"GitHub could not be asked: {error}", 1)


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
