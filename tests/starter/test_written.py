"""What is written, held against Google's API descriptions, GitHub's rules, the stack's outputs, and our own rules."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from coursecloud.starter import dockerfile, starting
from coursecloud.validation import discovery
from coursecloud.validation.mapping import Element
from coursecloud.validation.message_validation import Holder
from coursecloud.validation.request import Node, leaves
from infra.names import Names
from tests.github.test_workflows import expressions_in_shell, read, unpinned
from tests.starter.repositories import NAMES, OWN, case, look, made, plan

STACKS = (*OWN, "dev", "gpu", "full")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write every repository, and one from nothing for each stack."""
    folders: dict[str, Path] = {}
    for name in NAMES:
        folder = made(name, tmp_path_factory.mktemp(name))
        starting.write(folder, look(case(name).stack, folder))
        folders[name] = folder
    for stack in STACKS:
        folder = tmp_path_factory.mktemp("nothing") / stack
        starting.write(folder, look(stack, folder))
        folders[f"from nothing, {stack}"] = folder
    return folders


def ours(folder: Path, pattern: str) -> list[Path]:
    kept = {re.sub(r"dot-", ".", path.relative_to(folder / ".coursecloud/starter").as_posix()).removesuffix(".base")
            for path in (folder / ".coursecloud").rglob("*.base")}  # fmt: skip
    return [folder / path for path in sorted(kept) if re.fullmatch(pattern, path)]


def builds(folder: Path) -> list[Path]:
    return [file for file in ours(folder, r"[^.].*\.ya?ml") if "\nsteps:" in file.read_text(encoding="utf-8")]


def wrong(service: str, version: str, message: str, content: dict[str, Any]) -> list[str]:
    """Hold a body against Google's description: what it would refuse."""
    document = discovery.load(service, version)
    holder = Holder(document, f"{service}.create")
    return [
        f"{held.field}: {held.breach}"
        for held in holder.body(message, _tree(content))
        if held.breach is not None and held.breach.kind != "required"
    ]


def _tree(content: dict[str, Any]) -> Node:
    root = Node()
    for leaf in leaves(content):
        at = root.at(tuple(Element(str(part)) if isinstance(part, int) else part for part in leaf.parts))
        at.leaf, at.value = leaf, leaf.value
    return root


def test_cloud_build_takes_every_build_file(written: dict[str, Path]) -> None:
    files = [file for folder in written.values() for file in builds(folder)]
    assert len(files) > 15
    for file in files:
        assert wrong("cloudbuild", "v1", "Build", yaml.safe_load(file.read_text(encoding="utf-8"))) == [], file


def test_vertex_takes_every_job(written: dict[str, Path]) -> None:
    files = [file for folder in written.values() for file in ours(folder, r"vertex_job.*")]
    assert len(files) > 20
    for file in files:
        made_ = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert wrong("aiplatform", "v1", "GoogleCloudAiplatformV1CustomJobSpec", made_) == [], file


@pytest.mark.parametrize(
    "content",
    [{"stepz": ["x"]}, {"steps": [{"nam": "x"}]}, {"options": {"logging": "LOUD"}}, {"steps": {"name": "x"}}],
)
def test_what_cloud_build_would_refuse_is_seen(content: dict[str, Any]) -> None:
    assert wrong("cloudbuild", "v1", "Build", content)


def test_every_substitution_is_used_and_every_one_that_is_used_is_there(written: dict[str, Path]) -> None:
    """`gcloud builds submit` refuses a file with one more or one less."""
    for folder in written.values():
        for file in builds(folder):
            text = re.sub(r"(?m)^\s*#.*$", "", file.read_text(encoding="utf-8"))
            named = set(yaml.safe_load(text)["substitutions"])
            used = set(re.findall(r"(?<!\$)\$\{?(_[A-Z_]+)", text))
            assert used == named, file


def test_a_step_waits_for_steps_that_come_before(written: dict[str, Path]) -> None:
    for folder in written.values():
        for file in builds(folder):
            before = {"-"}
            for step in yaml.safe_load(file.read_text(encoding="utf-8"))["steps"]:
                assert set(step["waitFor"]) <= before, (file, step["id"])
                before.add(step["id"])


def scripts(content: dict[str, Any]) -> Iterator[str]:
    for step in content["steps"]:
        if step.get("entrypoint") in ("sh", "bash"):
            yield step["args"][-1].replace("$$", "$")


def test_a_shell_can_read_every_script(written: dict[str, Path]) -> None:
    for folder in written.values():
        lines = [each for file in builds(folder) for each in scripts(yaml.safe_load(file.read_text(encoding="utf-8")))]
        for file in ours(folder, r"\.github/.*"):
            lines += [step["run"] for job in read(file)["jobs"].values() for step in job["steps"] if "run" in step]
        for line in lines:
            done = subprocess.run(["bash", "-n"], input=line, text=True, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), line


def test_what_deploys_and_trains_is_in_the_builds_of_triggers_that_may(written: dict[str, Path]) -> None:
    steps = {
        (name, file.name): [step["id"] for step in yaml.safe_load(file.read_text(encoding="utf-8"))["steps"]]
        for name, folder in written.items() if name.startswith("from nothing")
        for file in builds(folder)
    }  # fmt: skip
    assert {"deploy", "deployed", "train"} <= set(steps["from nothing, group", "cloudbuild.yaml"])
    assert "train" not in steps["from nothing, plain", "cloudbuild.yaml"]
    assert "deploy" not in steps["from nothing, sweep", "cloudbuild.yaml"]
    assert {"deploy", "deployed"} <= set(steps["from nothing, two", "release.yaml"])
    assert set(steps["from nothing, two", "train.yaml"]) == {"tests", "cache", "image", "push", "push-latest", "train"}


def test_a_trigger_of_training_alone_trains(written: dict[str, Path]) -> None:
    learn = yaml.safe_load((written["from nothing, two"] / "deploy/train.yaml").read_text(encoding="utf-8"))
    release = yaml.safe_load((written["from nothing, two"] / "deploy/release.yaml").read_text(encoding="utf-8"))
    assert learn["substitutions"]["_TRAINING"] == "job"
    assert release["substitutions"]["_TRAINING"] == "none"
    deploy = next(step for step in release["steps"] if step["id"] == "deploy")
    assert "for service in two-backend two-frontend; do" in deploy["args"][1]


def test_workflows_are_pinned_and_are_the_identities_of_the_stack(written: dict[str, Path]) -> None:
    seen: set[str] = set()
    for name, folder in written.items():
        stack = name.rpartition(", ")[2] if ", " in name else case(name).stack
        names = Names(project=plan(stack).settings.project, stack=stack)
        account = {each: f"{names.account(each)}@{names.project}.iam.gserviceaccount.com" for each in ("ci", "ci-read")}
        outputs = plan(stack).outputs.get("github", {})
        for file in ours(folder, r"\.github/.*"):
            content, text = read(file), file.read_text(encoding="utf-8")
            assert unpinned(file) == []
            assert expressions_in_shell(content) == []
            assert content["permissions"] == {}
            assert "secrets." not in text
            named = set(re.findall(r"[\w-]+@[\w-]+\.iam\.gserviceaccount\.com", text))
            # `gcloud builds submit` names whom the build runs as.
            assert named <= {*account.values(), f"{names.account('builds')}@{names.project}.iam.gserviceaccount.com"}
            if named:
                # What the workflow asks of GitHub's variables is an output of the stack.
                assert "workloadIdentityProvider" in outputs
                assert set(re.findall(r"vars\.(\w+)", text)) == {"GCP_WORKLOAD_IDENTITY_PROVIDER"}
            for job in content["jobs"].values():
                uses = [step.get("uses", "") for step in job["steps"]]
                signs_in = any(each.startswith("google-github-actions/auth@") for each in uses)
                assert (job["permissions"].get("id-token") == "write") is signs_in, file
            seen |= {key for key, value in account.items() if value in named}
    assert seen == {"ci", "ci-read"}


def test_zizmor_finds_nothing(written: dict[str, Path]) -> None:
    files = [str(file) for folder in written.values() for file in ours(folder, r"\.github/.*")]
    done = subprocess.run(
        [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", "--quiet", *files],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_image_is_held_to_our_own_rules(written: dict[str, Path]) -> None:
    count = 0
    for folder in written.values():
        for file in ours(folder, r"(.*/)?(Dockerfile|.*\.dockerfile)"):
            made_ = dockerfile.parse(file.name, file.read_text(encoding="utf-8"))
            assert [base for base, _ in made_.copied_bases() if not re.fullmatch(r"python:3\.\d+-slim", base)] == []
            entry, command = made_.last("ENTRYPOINT"), made_.last("CMD")
            if entry:
                assert entry.form is not None
            else:
                assert command is not None
                assert command.form is None
                assert command.text.startswith("exec ")
                assert "${PORT:-8080}" in command.text
            count += 1
    assert count > 15


@pytest.mark.parametrize(("stack", "index"), [("sweep", "whl/cu126"), ("group", "whl/cpu")])
def test_a_job_has_the_pytorch_that_its_machine_needs(stack: str, index: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch>=2.6\n", encoding="utf-8")
    (tmp_path / "train.py").write_text("", encoding="utf-8")
    texts = look(stack, tmp_path).contents.files
    assert index in texts["dockerfiles/train.dockerfile"]


def test_from_nothing_nothing_is_found_and_no_name_is_left_to_fill_in(written: dict[str, Path]) -> None:
    for stack in STACKS:
        start = look(stack, written[f"from nothing, {stack}"])
        assert start.findings == ()
        names = "\n".join(start.contents.files.values())
        assert not re.search(r"YOUR|<[A-Z_]+>|TODO|<<|>>\s*$", names.replace("'<<'", ""))
