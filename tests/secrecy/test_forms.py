"""What counts as a secret, and what does not: every form in every kind of text, and innocents that look alike."""

import importlib
import itertools
import pkgutil
import re
import time
from pathlib import Path

import pytest
import yaml
from detect_secrets import plugins

from catalog import tables
from coursecloud.cli import init
from coursecloud.cli.init import write
from infra import secrecy
from tests.secrecy.forms import FORMS, HEX, UNSEEN

ROOT = Path(__file__).parents[2]

TEXTS = {
    "alone": "{}",
    "in a shell": "set -e\nexport SOMETHING={}\necho done\n",
    "quoted": "SOMETHING='{}' python train.py",
    "as an argument": "python train.py --flag {} --epochs 3",
    "in YAML": "a: 1\nsomething: {}\n",
    "in JSON": '{{"a": {{"something": "{}"}}}}',
    "in a Dockerfile": "FROM python\nENV SOMETHING {}\n",
    "in prose": "we use {} for the runs",
}


@pytest.mark.parametrize(("form", "text"), list(itertools.product(FORMS, TEXTS)))
def test_a_secret_is_found_and_hidden_whatever_is_around_it(form: str, text: str) -> None:
    secret, telling = FORMS[form]
    whole = TEXTS[text].format(secret)
    assert secrecy.find(whole)
    hidden = secrecy.hide(whole)
    assert telling not in hidden
    assert secrecy.HIDDEN in hidden
    for found in secrecy.find(whole):
        assert telling not in found.what
    # What is around it stays, and nothing is hidden twice.
    assert hidden.startswith(whole[:3]) or whole.startswith(secret[:3])
    assert secrecy.hide(hidden) == hidden


@pytest.mark.parametrize("sign", UNSEEN)
def test_a_sign_that_nobody_sees_hides_no_secret(sign: str) -> None:
    assert secrecy.find(UNSEEN[sign])
    assert secrecy.hide(UNSEEN[sign]) == secrecy.HIDDEN
    assert secrecy.find(f"bl\u00e5b\u00e6r {sign} \u200b") == ()


def test_what_only_has_the_beginning_of_a_form_in_it_is_none() -> None:
    assert secrecy.find("sghr_operator_" + "g0" * 20) == secrecy.find("xghp_" + "aB3d" * 9) == ()
    assert secrecy.find('"auth": "x"') == secrecy.find("login and then the password you know") == ()
    assert secrecy.find('{"auth": "' + "bWU6aHVudGVyMg==" + '"}')[0].what == "credentials of Docker"


NAMED = [
    "export DB_PASSWORD=hunter2",
    "--env 'DB_PASSWORD=hunter2 and more' image",
    'password: "hunter2"',
    "password: hunter2",
    '{"apiKey":"hunter2"}',
    "python x.py --api-key hunter2",
    "python x.py --token=hunter2",
    "docker login -u me -p hunter2 ghcr.io",
    "curl -u me:hunter2 https://example.com",
    "curl -H 'Authorization: Bearer hunter2hunter2'",
    "ENV CLIENT_SECRET hunter2",
    "client_secret = 'hunter2'",
    "AWS_SECRET_ACCESS_KEY=hunter2",
    "TOKEN_2=hunter2",
    *(
        f"{name}=hunter2"
        for name in ("PGPASSWORD", "DBPASSWORD", "DBPASS", "USERPASS", "HFTOKEN", "WANDBAPIKEY", "MY_PASS", "SMTP_PASS")
    ),
    "python x.py --pw hunter2",
]


@pytest.mark.parametrize("text", NAMED)
def test_a_value_is_known_by_its_name(text: str) -> None:
    assert "hunter2" not in secrecy.hide(text)
    assert secrecy.find(text)


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "apiKey", "api-key", "WANDB_API_KEY", "auth_token", "privateKey", "spec.clientSecret", "PWD"],
)
def test_so_is_a_value_under_a_key(name: str) -> None:
    assert secrecy.hidden({"a": [{name: "swordfish"}]}) == {"a": [{name: secrecy.HIDDEN}]}
    assert secrecy.hidden([{"name": name, "value": "swordfish"}]) == [{"name": name, "value": secrecy.HIDDEN}]
    assert secrecy.hidden([f"--{name}", "swordfish"]) == [f"--{name}", secrecy.HIDDEN]


@pytest.mark.parametrize(
    ("before", "option"),
    [("--token", "token"), ("-p", "p"), ("--X-Api-Key", "X-Api-Key"), ("--token=$TOKEN", ""), ("token", ""), (5, "")],
)
def test_a_value_in_a_list_is_that_of_the_option_in_front_of_it(before: object, option: str) -> None:
    assert secrecy.option([before, "swordfish"], 1) == option
    assert secrecy.option(["swordfish", before], 0) == ""


def test_a_loose_value_of_six_letters_and_digits_is_one_and_a_shorter_is_prose() -> None:
    assert secrecy.hide("password: abcde1") == f"password: {secrecy.HIDDEN}"
    assert secrecy.find("password: abcd1") == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# password: correct-horse-battery", True),
        ("log in as root, the Passphrase: Correct-Horse-Battery-Staple", True),
        ("the password: well-known words", False),
        ("secret: name-of-it", False),
        ("token: read-write-all", False),
    ],
)
def test_words_with_hyphens_after_a_password_are_a_pass_phrase(text: str, *, found: bool) -> None:
    assert bool(secrecy.find(text)) == found


def test_two_secrets_that_touch_are_two() -> None:
    pasted = f"wandb login {HEX}{FORMS['private key'][0]}"
    assert [one.what for one in secrecy.find(pasted)] == ["Weights & Biases key, or 40 digits like it", "private key"]


INNOCENT = [
    ("ghcr.io/a/b@sha256:" + "ab12" * 16, ""),
    (f"europe-west1-docker.pkg.dev/p/r/trainer:{HEX}", ""),
    (f"trainer:{HEX}", "image"),
    (HEX, "commit"),
    (HEX, "GIT_SHA"),
    (f"git checkout {HEX}", ""),
    (f"pip install git+https://github.com/a/b@{HEX}", ""),
    (f"https://github.com/a/b/archive/{HEX}.tar.gz", ""),
    (f"https://raw.githubusercontent.com/a/b/{HEX}/setup.sh", ""),
    (f"uses: actions/checkout@{HEX}", ""),
    ("urn:pulumi:full::coursecloud::coursecloud:index:Machines$gcp:compute/instance:Instance::trainer", ""),
    ("projects/p/secrets/full-WANDB_API_KEY/versions/latest", "WANDB_API_KEY_SECRET"),
    ("$(gcloud secrets versions access latest --secret=x)", "API_KEY"),
    ("export WANDB_API_KEY=$(gcloud secrets versions access latest --secret=x)", ""),
    ("export TOKEN=$OTHER TOKEN2=${OTHER:-} TOKEN3=$$OTHER", ""),
    ("", "PASSWORD"),
    ("/run/secrets/token", "TOKEN_FILE"),
    ("/run/secrets/token", "TOKEN"),
    ("https://example.com:8080/a@b", "URL"),
    ("512", "MAX_TOKENS"),
    ("false", "TOKENIZERS_PARALLELISM"),
    ("us-docker.pkg.dev/cloudrun/container/hello", "key"),
    ("roles/secretmanager.secretAccessor", "role"),
    ("n1-standard-4", "machineType"),
    ("member-0123abcd", "name"),
    ("p-0123456789", "owner"),
    ("docker login -u oauth2accesstoken --password-stdin", ""),
    ("the password is in Secret Manager, the token too", ""),
    ("password: required", ""),
    ("password: db-${PASSWORD_2}", ""),
    ("def login(token): token = get_token()", ""),
    ("disk-0123456789abcdef", ""),
]


@pytest.mark.parametrize(("text", "name"), INNOCENT)
def test_what_only_looks_like_a_secret_is_none(text: str, name: str) -> None:
    assert secrecy.find(text, name) == ()
    assert secrecy.hide(text, name) == text


@pytest.mark.parametrize("around", ["wandb login {}", "WANDB_KEY={}", "note: {}", "RUN={}", "--key {}"])
def test_forty_digits_are_a_key_where_nothing_says_that_they_are_a_commit(around: str) -> None:
    assert HEX not in secrecy.hide(around.format(HEX))


FIELDS = ("api-mapping.json", "immutable-properties.json", "terraform.json")
"""Files in which Google's own fields for secrets stand as keys."""


@pytest.mark.parametrize("file", ["starter", "infra/scripts", "catalog", "docs", "."])
def test_no_file_of_the_project_is_accused(file: str) -> None:
    names = [path for path in (ROOT / file).iterdir() if path.suffix in (".sh", ".yaml", ".md", ".json", ".txt")]
    assert names
    for path in names:
        # One has the patterns themselves, one hashes.
        if path.name not in ("secret-forms.json", "requirements-dev.txt", *FIELDS):
            text = path.read_text(encoding="utf-8")
            assert [(text[one.start : one.end], one.what) for one in secrecy.find(text)] == [], path


def test_the_patterns_are_those_of_the_library() -> None:
    """An upgrade of detect-secrets that brings other patterns fails here: copy them, and the version in `source`."""
    copied = tables.table("secret-forms")["library"]
    there: dict[str, dict[str, object]] = {}
    for module in pkgutil.iter_modules(plugins.__path__):
        for name, detector in vars(importlib.import_module(f"detect_secrets.plugins.{module.name}")).items():
            if name in copied and detector.__module__.endswith(f".{module.name}"):
                patterns = [("(?i)" if one.flags & re.IGNORECASE else "") + one.pattern for one in detector.denylist]
                there[name] = {"what": detector.secret_type, "patterns": patterns}
    assert copied == there


def test_no_group_that_init_writes_is_accused() -> None:
    for number in range(500):
        answers = {"project": f"mlops-2026-{number:03}-{number * 7919 % 9973:04x}", "group": f"group-{number:03}"}
        answers |= {"repository": f"dtu-{number}/exam-project-{number}", "gpu": ("no", "T4")[number % 2], "keep": "yes"}
        owner = write.pseudonym(f"user:student-{number}@example.com", b"k" * 32)
        text = init.text(answers, owner=owner)
        assert secrecy.find(text) == ()
        assert list(secrecy.walk(yaml.load(text, Loader=yaml.CSafeLoader))) == []
        assert init.secret({**answers, "members": f"student-{number}@example.com"}) == []


@pytest.mark.parametrize("part", ["a", "a-", "key=", "token ", '"', "https://", "https://a:", "eyJ", "0", "ENV "])
def test_a_text_four_times_as_long_takes_about_four_times_as_long(part: str) -> None:
    def took(length: int) -> float:
        text = part * (length // len(part)) + "!key"
        runs: list[float] = []
        for _ in range(3):
            start = time.process_time()
            secrecy.hide(text)
            runs.append(time.process_time() - start)
        return min(runs)

    assert took(80_000) < 10 * took(20_000) + 0.05


def test_a_number_is_a_secret_from_a_thousand_on_and_by_its_name_alone() -> None:
    def where(value: object) -> list[tuple[str, str]]:
        return [(path, text) for path, text, _ in secrecy.walk(value)]

    assert where({"a": {"password": 1000}}) == [("a.password", "1000")]
    assert where({"password": -1000.5}) == [("password", "-1000.5")]
    assert where({"password": 999, "disk": 123456, "token": True}) == []


def test_a_text_by_itself_has_no_path_and_no_name() -> None:
    ((path, text, _),) = secrecy.walk("docker login -u me -p hunter2")
    assert (path, text) == ("", "docker login -u me -p hunter2")
    assert secrecy.hide("hunter2hunter2") == "hunter2hunter2"


def test_what_turns_often_between_letters_and_digits_was_drawn() -> None:
    assert secrecy.random("a1b2c3d4e5f6g7h8i9j0")
    assert not secrecy.random("abcdefghijkl1234567890mnopqr")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"password": "hunter2"}, {"hunter2"}),
        ({"password": "abcde1"}, {"abcde1"}),
        ({"password": "abcd1"}, set[str]()),
        ({"password": "swordfish"}, set[str]()),
        ({"password": secrecy.HIDDEN}, set[str]()),
        ({"password": "Hunter", "token": f"{'aB3d' * 9} {secrecy.HIDDEN}"}, {"Hunter"}),
    ],
)
def test_what_may_stand_elsewhere_too_is_no_everyday_word(value: object, words: set[str]) -> None:
    assert secrecy.words_of(value) == words


def test_every_text_has_its_path_and_the_name_that_it_stands_under() -> None:
    token = "ghp_" + "aB3d" * 9
    value = {"a": ["x", ("y",)], token: {"key": "DB", "value": "z"}, "password": 12345}
    shown = secrecy.HIDDEN
    assert list(secrecy.texts(value)) == [
        ("a[0]", "x", ""), ("a[1][0]", "y", ""),
        (shown, token, ""), (f"{shown}.key", "DB", "key"), (f"{shown}.value", "z", "DB"),
        ("password", "12345", "password"),
    ]  # fmt: skip
    assert list(secrecy.texts({token: "x"}, "up")) == [(f"up.{shown}", token, ""), (f"up.{shown}", "x", token)]


def test_what_is_hidden_keeps_its_shape() -> None:
    assert secrecy.hidden(("a", ["b"], {"password": "hunter2"}, 5, None)) == (
        "a", ["b"], {"password": secrecy.HIDDEN}, 5, None,
    )  # fmt: skip
    assert secrecy.hidden("hunter2", "password") == secrecy.HIDDEN
    assert secrecy.hidden("hunter2") == "hunter2"
