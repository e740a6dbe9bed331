"""Puts the Pulumi CLI into the image: the version of requirements.txt, held to the sums of its release.

python course/install.py FOLDER
"""

import hashlib
import io
import re
import sys
import tarfile
import urllib.request
from pathlib import Path

RELEASES = "https://github.com/pulumi/pulumi/releases/download"
REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"


def version(package: str) -> str:
    """Give the version of a package that the project names."""
    found = re.search(rf"(?m)^{re.escape(package)}==(\S+)$", REQUIREMENTS.read_text(encoding="utf-8"))
    if not found:
        raise SystemExit(f"requirements.txt names no version of {package}")
    return found[1]


def install(folder: Path, releases: str = RELEASES) -> None:
    """Take the release, see that it is what its sums say, and put its programs into a folder."""
    number = version("pulumi")
    name = f"pulumi-v{number}-linux-x64.tar.gz"
    content = _read(f"{releases}/v{number}/{name}")
    sums = _read(f"{releases}/v{number}/pulumi-{number}-checksums.txt").decode()
    if f"{hashlib.sha256(content).hexdigest()}  {name}" not in sums.splitlines():
        raise SystemExit(f"{name} is not what the release's sums say: nothing was installed")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for each in archive.getmembers():
            program = Path(each.name)
            # The languages that this project does not speak would be half of the image.
            if each.isfile() and program.name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
                source = archive.extractfile(each)
                assert source  # noqa: S101 - a file has content
                (folder / program.name).write_bytes(source.read())
                (folder / program.name).chmod(0o755)


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=300) as answer:  # noqa: S310 - an address of this file
        return answer.read()


if __name__ == "__main__":
    install(Path(sys.argv[1]))
