"""Puts a review into one comment of a pull request, and writes over it the next time. Standard library only.

    comment.py REVIEW.json

Environment, all of it set by GitHub or from its event: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, and HEAD_OWNER,
HEAD_BRANCH and HEAD_SHA of the run that wrote the review. The review was written by code of the pull request: it is
data, says nothing about where it goes, and no text of it is taken for Markdown (`wording.py`).
Exit codes: 0 done or nothing to do, 1 GitHub said no, 2 bad input, or several pull requests of one commit.
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

import wording

LARGEST = 64 * 2**20
"""Bytes of a review that are read; one of 500 stacks has about 20 MiB."""

AUTHOR = "github-actions[bot]"
WANTED = ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "HEAD_OWNER", "HEAD_BRANCH", "HEAD_SHA")


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


def pull_requests() -> list[tuple[int, str, bool]]:
    """Find the pull requests whose head is the commit that was reviewed, the branch each is against, and if it is open.

    Those that are closed, too: one may have been open when its own run began. The event names none for a pull request
    from a fork, so GitHub is asked for it by the branch.
    """
    head = urllib.parse.quote(f"{os.environ['HEAD_OWNER']}:{os.environ['HEAD_BRANCH']}", safe="")
    return [
        (found["number"], found["base"]["ref"], found["state"] == "open")
        for found in pages(f"/repos/{os.environ['GITHUB_REPOSITORY']}/pulls?state=all&head={head}")
        if found["head"]["sha"] == os.environ["HEAD_SHA"]
    ]


NO_CODE = re.compile(r"(?!(.*/)?\.)(.*/)?(Pulumi\.[^/.][^/]*\.ya?ml|[^/]*\.md)")
"""Stack files and words, but for those of hidden folders, where a workflow may have any name: whatever else a pull
request changes can change what its own review says."""


def code_of(number: int) -> list[str]:
    """List the files of a pull request by which its review may be made, as GitHub has them and not the review.

    GitHub lists 3,000 files at most (https://docs.github.com/rest/pulls/pulls, 2026-11); what it does not list counts.
    """
    pull = f"/repos/{os.environ['GITHUB_REPOSITORY']}/pulls/{number}"
    files = list(pages(f"{pull}/files"))
    names = (each[key] for each in files for key in ("filename", "previous_filename") if each.get(key))
    found = sorted({name for name in names if not NO_CODE.fullmatch(name)})
    unlisted = call("GET", pull)["changed_files"] - len(files)
    return [*([f"{unlisted} more that GitHub does not list"] if unlisted else []), *found]


def put(number: int, body: str) -> str:
    """Write over the comment that is there, or make it; returns what was done."""
    issue = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    for comment in pages(f"{issue}/{number}/comments"):
        if comment["user"]["login"] == AUTHOR and comment["body"].startswith(wording.MARKER):
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
        return _say(f"usage: comment.py REVIEW.json, with {', '.join(WANTED)}; missing: {', '.join(missing) or '-'}", 2)
    try:
        review = _read(Path(arguments[0]))
        wording.comment(review)
    except (OSError, ValueError, RecursionError) as error:
        return _say(f"{arguments[0]} is no review: {error}", 2)
    try:
        found = pull_requests()
        if not any(is_open for _, _, is_open in found):
            return _say("No open pull request has this head any more; nothing to do.", 0)
        if found[1:]:
            # What a review was held against is in the review alone, which is a stranger's.
            listed = ", ".join(f"#{number} (against {base})" for number, base, _ in found)
            said = "which of them the review is of cannot be told, and none was written; push a commit to the one"
            return _say(f"{listed} have one commit: {said}.", 2)
        ((number, base, _),) = found
        body = wording.comment(review, code_of(number), os.environ["HEAD_SHA"], base)
        return _say(f"The comment of #{number} {put(number, body)}.", 0)
    except urllib.error.HTTPError as error:
        return _say(f"GitHub said {error.code} to {error.url}: {error.read()[:300].decode(errors='replace')}", 1)
    except (OSError, ValueError) as error:
        return _say(f"GitHub could not be asked: {error}", 1)


def _read(path: Path) -> object:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it has more than {LARGEST // 2**20} MiB")
    return json.loads(path.read_bytes().decode("utf-8"))


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
