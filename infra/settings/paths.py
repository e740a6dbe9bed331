"""Paths within a repository, and names on GitHub, as stack files write them."""

from typing import Annotated

from infra.settings.types import matching

RepositoryPath = Annotated[
    str,
    matching(
        r"(?!(.*/)?\.\.(/|$))(?!.*//)[^/\s\\]([^\r\n\\]*[^/\s\\])?",
        "a file of the repository is named by its path from the repository's top, without '..' or a '/' in front",
        "write for example Dockerfile or dockerfiles/train.dockerfile",
    ),
]
"""A file of the repository."""

RepositoryGlob = Annotated[
    str,
    matching(
        # A comma is one of a list but within braces, `{a,b}`.
        r"(?![!]|\./)(?!(.*/)?\.\.(/|$))(?!([^{}]|\{[^}]*\})*(, |\*,))[^/\s\\]([^\r\n\\]*[^/\s\\])?",
        "a pattern of files names them from the repository's top, without '/', './', '..' or '!' in front and '/'"
        " behind, and is one of a list",
        "write for example src/** or Dockerfile",
    ),
]
"""Files of the repository."""

GitHubOwner = Annotated[
    str,
    matching(
        r"(?=.{1,39}$)[A-Za-z0-9](-?[A-Za-z0-9])*(_[A-Za-z0-9]{3,8})?",
        "an owner on GitHub has at most 39 letters, digits and single hyphens between them; a user that an organization"
        " manages has '_' and its short code behind that",
        "write owner and name apart, without https://github.com/",
    ),
]
"""A user or an organization on GitHub."""

GitHubRepository = Annotated[
    str,
    matching(
        r"(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}",
        "a repository on GitHub has letters, digits, '.', '_' and '-', and does not end in .git",
        "write owner and name apart, without https://github.com/ and without .git",
    ),
]
"""The name of a repository on GitHub, without its owner."""
