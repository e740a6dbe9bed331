"""What a reader is told before they deploy: what to do first, what is public, lost, billed while idle or unknown."""

import dataclasses
import datetime
import json
from pathlib import Path

import pytest

from coursecloud.cli import render
from coursecloud.plan import json_form
from coursecloud.plan import planning as plans
from coursecloud.plan.notices import KINDS, notices
from coursecloud.plan.planning import Plan, bills, holds, short_type, unknowns
from coursecloud.plan.registration import UNKNOWN, Deed, Registration
from coursecloud.policy import reporting
from infra.settings import SettingsError
from tests.project import CHECKOUT, ROOT

PROJECT = "gcp:project: my-project-1"
BUILDS = "coursecloud:builds: {repository: {owner: a, name: b%s}, triggers: {t: {branch: ^main$, dockerfile: D}}}"
BARE = ("coursecloud:machines: {}", "coursecloud:training: {enabled: false}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notices")


def planned(folder: Path, *lines: str, project: str = PROJECT) -> Plan:
    file = folder / "Pulumi.x.yaml"
    file.write_text("config:\n" + "".join(f"  {line}\n" for line in (project, *lines)), encoding="utf-8")
    return plans.make("x", file, ROOT)


def told(plan: Plan, kind: str) -> list[str]:
    return [notice.text for notice in notices(plan) if notice.kind == kind]


def of_type(kind: str, name: str = "a", **changes: object) -> Registration:
    """A resource of any type, as the program could have registered it."""
    empty = Registration("urn", kind, name, True, None, {}, (), {}, None, False, {})
    return dataclasses.replace(empty, **changes)  # pyright: ignore[reportArgumentType]


def test_a_plain_stack_has_nothing_to_do_first(folder: Path) -> None:
    assert told(planned(folder), "todo") == []


def test_what_stands_for_an_id_is_told_first(folder: Path) -> None:
    (text,) = told(planned(folder, project="gcp:project: your-project-id"), "todo")
    assert text == "write your project's id into Pulumi.x.yaml: your-project-id is none"


def test_a_script_before_a_stop_is_told_with_what_it_has(folder: Path) -> None:
    text = "coursecloud:machines: {a: {spot: true, %s}, b: {%s}}"
    script = "dataDisk: null, beforeStop: starter/checkpoint.sh"
    first, second, *_ = told(planned(folder, text % (f"container: {{image: a}}, {script}", script)), "data")
    assert first.startswith(
        "a: starter/checkpoint.sh runs in the container before each stop and has 20 of the 30 seconds"
    )
    assert second.startswith("b: starter/checkpoint.sh runs before each stop and has about 90 seconds")
    own = planned(folder, f"coursecloud:machines: {{a: {{image: my-project/own, {script}}}}}")
    assert "nobody knows whether image my-project/own" in told(own, "data")[1]


def test_instances_that_wait_are_told_as_what_bills_idle(folder: Path) -> None:
    made = planned(folder, *BARE, "coursecloud:services: {a: {minInstances: 1}, b: {}}")
    assert [text for text in told(made, "idle") if "minInstances" in text] == [
        "a: 1 instance waits for requests around the clock, until `make down` (`minInstances`)"
    ]


def test_the_example_project_is_named_with_the_file_to_change(folder: Path) -> None:
    made = planned(folder, *BARE, project="gcp:project: example-project-id")
    assert told(made, "todo") == [
        "write your project's id into Pulumi.x.yaml: example-project-id is an example, and `make up` refuses it"
    ]


def test_a_repository_is_connected_by_hand_unless_there_is_a_connection(folder: Path) -> None:
    (todo,) = told(planned(folder, *BARE, BUILDS % ""), "todo")
    assert todo.startswith("connect a/b once at https://console.cloud.google.com/cloud-build/triggers;")
    assert "region=europe-west1/connect?project=my-project-1" in todo
    assert told(planned(folder, *BARE, BUILDS % ", connection: mine"), "todo") == []
    assert told(planned(folder, *BARE, "coursecloud:builds: {repository: {owner: a, name: b}}"), "todo") == []


def test_each_mounted_secret_wants_its_value_first_and_a_listed_one_does_not(folder: Path) -> None:
    secrets = "coursecloud:secrets: {names: {B: [services], A: [services], C: [services]}}"
    services = "coursecloud:services: {x: {mountedSecrets: [B, A]}, y: {mountedSecrets: [A], secrets: [C]}}"
    first, second = told(planned(folder, *BARE, secrets, services), "todo")
    assert first.startswith("secret A is mounted")
    assert second.startswith("secret B is mounted")
    assert "`coursecloud commands 'add secret A'`" in first


def test_a_gpu_machine_wants_a_quota_first(folder: Path) -> None:
    machine = "coursecloud:machines: {a: {machineType: n1-standard-4, gpu: {model: T4}, spot: true}}"
    own, everywhere = told(planned(folder, machine), "todo")
    assert "PREEMPTIBLE_NVIDIA_T4_GPUS" in own
    assert "GPUS_ALL_REGIONS" in everywhere


def test_encrypted_members_are_said_to_be_stand_ins(folder: Path) -> None:
    team = "coursecloud:team: {members: [group:a@b.dk, %s]}"
    (todo,) = told(planned(folder, *BARE, team % "{secure: AAAA}"), "todo")
    assert todo.startswith("encrypted members are shown as encrypted-...@encrypted.invalid")
    assert told(planned(folder, *BARE, team % "group:c@d.dk"), "todo") == []


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_what_everybody_may_call_is_public_and_what_the_group_may_is_not(folder: Path, member: str) -> None:
    made = planned(folder, *BARE)
    kind = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
    grant = of_type(kind, "open-public", inputs={"member": member, "name": "x-open"})
    unnamed = of_type(kind, "other-public", inputs={"member": member})
    own = of_type(kind, "own", inputs={"member": "group:a@b.dk", "name": "x-own"})
    more = dataclasses.replace(made, resources=(*made.resources, grant, unnamed, own))
    assert told(made, "public") == []
    assert told(more, "public") == [
        "x-open: everybody on the internet may call it",
        "other-public: everybody on the internet may call it",
    ]


def test_an_external_address_is_told_where_there_are_machines_with_one(folder: Path) -> None:
    assert told(planned(folder), "public") == [
        "each machine has an external address while it runs; nothing comes in but SSH through IAP"
    ]
    assert told(planned(folder, "coursecloud:network: {egress: nat}"), "public") == []
    assert told(planned(folder, *BARE), "public") == []


def test_what_is_kept_and_what_a_destroy_loses_are_told_apart(folder: Path) -> None:
    made = planned(folder, *BARE, "coursecloud:storage: {keep: true}", "coursecloud:registry: {keep: true}")
    assert told(made, "data") == [
        "`make down` in the evening keeps docker (images and packages), data (objects), models (objects); plain"
        " `pulumi destroy` refuses because of them, and `make finish` at the end of the course deletes them too",
        "`make down` in the evening deletes staging (objects), with all that is in them",
    ]
    (lost,) = told(planned(folder, *BARE), "data")
    assert lost.startswith("`pulumi destroy` and `make down` in the evening delete docker")


def test_what_bills_while_idle_is_told_once_for_all_that_bill_alike(folder: Path) -> None:
    idle = told(planned(folder), "idle")
    assert "data, models, staging: stored objects and old versions" in idle
    assert "workbench: its boot disk while it is stopped" in idle
    assert not any(line.startswith("network") for line in idle)


@pytest.mark.parametrize(
    ("allow", "text"),
    [
        ("machineTypes: [z9-mega-4]", "machine type z9-mega-4"),
        ("gpus: [z9]", "GPU z9"),
        ("zones: [mars-1-x]", "zone mars-1-x"),
    ],
)
def test_what_the_tables_do_not_know_is_told_with_what_it_is(folder: Path, allow: str, text: str) -> None:
    made = planned(folder, *BARE, f"coursecloud:allow: {{{allow}}}")
    assert told(made, "unknown") == [f"{text}: allowed by the stack file, unknown to the tables; its price is unknown"]


def test_an_image_of_the_tables_is_not_told_and_another_is(folder: Path) -> None:
    machines = "coursecloud:machines: {a: {image: ubuntu}, b: {image: my-images/own}}"
    assert told(planned(folder, machines), "unknown") == [
        "machine b: image my-images/own is not in the table; what it needs is unknown, and so is whether it is there:"
        " look it up with `gcloud compute images describe-from-family own --project=my-images`"
    ]


def test_an_image_that_a_public_project_gives_out_is_known_to_be_there_and_a_misspelt_project_is_asked_about(
    folder: Path,
) -> None:
    images = ("debian-cloud/debian-12", "debian-cloud/debian-13", "debian/debian-12")
    machines = ", ".join(f"m{number}: {{image: {image}}}" for number, image in enumerate(images))
    needs = "is not in the table; what it needs is unknown"
    assert told(planned(folder, f"coursecloud:machines: {{{machines}}}"), "unknown") == [
        f"machine m0: image debian-cloud/debian-12 {needs}",
        f"machine m2: image debian/debian-12 {needs}. Did you mean debian-cloud/debian-12?",
    ]


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        ("image: debian", True),
        ("image: debian-cloud/debian-12", True),
        ("image: container-optimized", True),
        ("image: debian, startupScript: starter/setup.sh", False),
        ("image: pytorch", False),
        ("image: my-images/own", False),
        ("spot: true", False),
    ],
)
def test_a_gpu_on_an_image_without_a_driver_is_told_before_the_first_up(folder: Path, machine: str, says: bool) -> None:
    gpu = "machineType: n1-standard-4, gpu: {model: T4}, onDemandGpu: true, zone: europe-west1-b"
    found = told(planned(folder, f"coursecloud:machines: {{a: {{{gpu}, {machine}}}}}"), "todo")
    assert any("has no GPU driver, and nothing installs one" in text for text in found) == says
    assert not any(
        "GPU driver" in text for text in told(planned(folder, "coursecloud:machines: {a: {image: debian}}"), "todo")
    )


_GPU = "coursecloud:machines: {a: {machineType: n1-standard-2, gpu: {model: T4}, onDemandGpu: true%s}}"
_TRIGGERS = "coursecloud:builds: {repository: {owner: a, name: b}, triggers: {t: {%s}}}"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("coursecloud:usage: {usdRate: 7}",), ["usage.usdRate: the credit is in USD already"]),
        (("coursecloud:usage: {usdRate: 1}",), []),
        ((_TRIGGERS % "pullRequest: a, dockerfile: D, image: x",), ["builds.triggers.t.image: the build of a pull"]),
        ((_TRIGGERS % "branch: a, buildFile: c, image: x",), ["builds.triggers.t.image: the build file names"]),
        ((_TRIGGERS % "branch: ^main$, buildFile: c, image: x, deploys: true",), []),
        ((_TRIGGERS % "branch: a, dockerfile: D, image: x",), []),
        ((_TRIGGERS % "branch: a, dockerfile: D, substitutions: {_A: b}",), ["builds.triggers.t.substitutions: they"]),
        ((_TRIGGERS % "branch: a, dockerfile: $_A/D, substitutions: {_A: b}",), []),
        ((_TRIGGERS % "branch: a, buildFile: c, substitutions: {_A: b}",), []),
        (("coursecloud:machines: {a: {onDemandGpu: true}}",), ["machines.a.onDemandGpu: it has no GPU"]),
        (
            (_GPU % ", spot: true",),
            ["machines.a.onDemandGpu: with `spot: true`"],
        ),
        ((_GPU % "",), []),
        (("coursecloud:storage: {data: {existing: ours, keepNewest: 5}}",), ["storage.data.keepNewest: no rule"]),
        (("coursecloud:storage: {data: {existing: ours}, models: {keepNewest: 5}}",), []),
        (("coursecloud:registry: {existing: ours, keepTags: [v]}",), ["registry.keepTags: no rule"]),
        (("coursecloud:registry: {existing: ours, keepNewest: 4, python: true}",), []),
        (("coursecloud:training: {atOnce: 3}",), ["training.atOnce: it is how many"]),
        (("coursecloud:training: {atOnce: 3, jobs: {a: {}}}",), []),
        (("coursecloud:secrets: {names: {A: []}}",), ["secrets.names.A: nobody may read it"]),
        (
            ("coursecloud:secrets: {names: {A: [prediction]}}",),
            ["secrets.names.A: prediction may read it, and `training"],
        ),
        (("coursecloud:secrets: {names: {A: [prediction]}}", "coursecloud:training: {prediction: true}"), []),
        (
            ("coursecloud:secrets: {names: {A: [training]}}", "coursecloud:training: {enabled: false}"),
            ["secrets.names.A: training may read it, and training is not enabled"],
        ),
        (("coursecloud:secrets: {names: {A: [services]}}",), ["secrets.names.A: services may read it, and the stack"]),
        (
            ("coursecloud:secrets: {names: {A: [builds]}}", _TRIGGERS % "pullRequest: a, dockerfile: D"),
            ["secrets.names.A: builds may read it, and no trigger"],
        ),
        (("coursecloud:secrets: {names: {A: [builds]}}", _TRIGGERS % "branch: a, dockerfile: D"), []),
        (
            ("coursecloud:secrets: {names: {A: [machines]}}", "coursecloud:machines: {}"),
            ["secrets.names.A: machines may read it, and the stack has no machine"],
        ),
        (("coursecloud:secrets: {names: {A: [machines, training]}}",), []),
        (("coursecloud:services: {s: {env: {DATA_BUCKET: x, LOG: y}}}",), ["services.s.env.DATA_BUCKET: it takes"]),
        (
            (
                "coursecloud:secrets: {names: {A: [machines]}}",
                "coursecloud:machines: {a: {container: {image: a, env: {A_SECRET: x, B_SECRET: y}}}}",
            ),
            ["machines.a.container.env.A_SECRET: it takes"],
        ),
    ],
)
def test_what_has_no_effect_is_told(folder: Path, lines: tuple[str, ...], said: list[str]) -> None:
    found = told(planned(folder, *lines), "effect")
    assert len(found) == len(said), found
    assert all(text.startswith(begins) for text, begins in zip(found, said, strict=True)), found


def test_a_lease_says_when_an_old_checkout_can_fail_and_one_without_an_end_that_it_has_none(folder: Path) -> None:
    dated = planned(
        folder, *BARE, "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18}",
        "coursecloud:storage: {data: {keepNewest: 7}}",
    )  # fmt: skip
    assert told(dated, "lease") == [
        "a replaced object stays 55 days, the newest 7 versions for ever: an old `dvc checkout` can fail"
        " from 2027-01-18"
    ]
    undated = told(planned(folder, *BARE), "lease")
    assert undated[0].startswith("no end: add `starts` and `ends`")
    assert undated[1].endswith("can fail 180 days after its data was replaced")


def test_notices_come_in_the_order_of_their_headings() -> None:
    kinds = [notice.kind for notice in notices(plans.make("full", ROOT / "Pulumi.full.yaml", ROOT))]
    assert kinds == sorted(kinds, key=list(KINDS).index)
    assert set(kinds) <= set(KINDS)


def test_every_kind_is_documented() -> None:
    documented = (
        (CHECKOUT / "docs/json.md").read_text(encoding="utf-8").partition("| `notices` |")[2].partition("\n")[0]
    )
    assert [kind for kind in KINDS if f"`{kind}`" not in documented] == []


def test_a_type_that_nobody_has_classed_bills_as_unknown_and_never_as_free() -> None:
    assert bills(of_type("gcp:redis/instance:Instance")) == "unknown"
    assert holds(of_type("gcp:pubsub/topic:Topic")) is None
    assert bills(of_type("gcp:storage/bucket:Bucket")) == "storage"


@pytest.mark.parametrize(
    ("token", "short"),
    [
        ("gcp:storage/bucket:Bucket", "storage.Bucket"),
        ("gcp:projects/iAMMember:IAMMember", "projects.IAMMember"),
        ("coursecloud:infra:Storage", "coursecloud.infra:Storage"),
        ("pulumi:pulumi:Stack", "pulumi.pulumi:Stack"),
    ],
)
def test_a_type_is_shortened_to_its_service_and_its_name(token: str, short: str) -> None:
    assert short_type(token) == short


def test_unknown_values_are_named_by_their_path_however_deep() -> None:
    inputs = {"a": UNKNOWN, "b": {"c": [1, {"d": UNKNOWN}], "e": "known"}, "f": [UNKNOWN]}
    assert unknowns(of_type("x", inputs=inputs)) == ["a", "b.c[1].d", "f[0]"]


def test_the_json_form_speaks_the_words_of_the_stack_file(folder: Path) -> None:
    form = json.loads(json.dumps(json_form.to_json(planned(folder, "coursecloud:storage: {keep: true}"))))
    assert form["settings"]["machines"]["workbench"]["machineType"] == "e2-medium"
    assert (form["stack"], form["project"], form["region"]) == ("x", "my-project-1", "europe-west1")
    assert form["counts"]["kept"] == 2
    assert form["counts"]["resources"] == sum(form["counts"]["types"].values())
    assert form["counts"]["types"]["storage.Bucket"] == 3
    assert list(form["counts"]["types"]) == sorted(form["counts"]["types"])
    assert {tuple(notice) for notice in form["notices"]} == {("kind", "text")}
    components = [resource for resource in form["resources"] if not resource["custom"]]
    assert components
    assert all(resource["bills"] is None for resource in components)
    (data,) = (resource for resource in form["resources"] if resource["name"] == "data")
    assert (data["bills"], data["holds"], data["protect"]) == ("storage", "objects", True)


LEASE = "coursecloud:lease: {starts: 2026-12-01, ends: 2026-12-05}"


def test_members_of_one_machine_only_are_said_to_be_there_or_not(folder: Path) -> None:
    assert told(planned(folder, *BARE), "team") == [], "one person, no group"
    assert told(planned(folder, *BARE, LEASE, project="gcp:project: example-project-id"), "team") == []
    (said,) = told(planned(folder, *BARE, LEASE), "team")
    assert said.startswith("no members.x.yaml in this folder: this plan has only the members of the stack file")
    named = "coursecloud:team: {members: ['group:g@googlegroups.com']}"
    assert told(planned(folder, *BARE, LEASE, named), "team") == []
    there = dataclasses.replace(planned(folder, *BARE), members_file=True)
    (said,) = told(there, "team")
    assert said.startswith("members.x.yaml is read")


def test_what_the_program_does_beside_registering_is_told(folder: Path) -> None:
    made = planned(folder, *BARE)
    bucket = next(resource for resource in made.resources if resource.name == "data")
    taken = dataclasses.replace(bucket, options={"importId": "foreign"})
    changed = dataclasses.replace(made, resources=(taken,), program=(Deed("hook", "runs code"),))
    assert told(changed, "program") == [
        "the program runs code",
        "data takes over `foreign`, which is there already; from then on `make down` can delete it",
    ]


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2026-12-18", None),
        ("2026-12-19", "all members' access on the project ends with 2026-12-28"),
        ("2026-12-28", "all members' access on the project ends with 2026-12-28"),
        ("2026-12-29", "all members' access on the project ended with 2026-12-28, so that what an `up` grants them"),
    ],
)
def test_a_lease_that_is_over_is_said_first_by_plan_and_check(folder: Path, today: str, said: str | None) -> None:
    made = planned(folder, *BARE, "coursecloud:lease: {starts: 2026-11-23, ends: 2026-12-18, graceDays: 10}")
    day = datetime.date.fromisoformat(today)
    over = made.settings.lease.over(day)
    assert bool(over) is bool(said)
    screens = render.console(), render.console()
    for screen, shown in zip(
        screens,
        (render.full(made, day), reporting.full(reporting.make(made, folder / "Pulumi.x.yaml", day))),
        strict=True,
    ):
        screen.width = 300
        with screen.capture() as capture:
            screen.print(shown)
        first = capture.get().splitlines()[0]
        assert first.startswith("lease over") is bool(said)
        if said:
            assert "The lease ended on 2026-12-18" in first
            assert said in first
            assert "`ends`" in first
    kinds = [notice.kind for notice in notices(made, day)]
    assert kinds.count("over") == bool(said)
    assert not said or kinds[0] == "over"
    assert json_form.to_json(made, day)["notices"][0]["kind"] == kinds[0]


def test_a_lease_without_an_end_is_never_over(folder: Path) -> None:
    assert planned(folder, *BARE).settings.lease.over(datetime.date(2099, 1, 1)) is None


def test_the_members_file_is_that_beside_the_stack_file_and_held_to_the_rules(tmp_path: Path) -> None:
    people = tmp_path / "members.x.yaml"
    people.write_text("- user:ann@example.com\n", encoding="utf-8")
    plan = planned(tmp_path, "coursecloud:team: {members: ['user:bob@example.com']}")
    let_in = {str(each.inputs.get("member")) for each in plan.custom}
    assert {"user:ann@example.com", "user:bob@example.com"} <= let_in
    assert len(plan.settings.members_by_file) == 1
    people.write_text("- user:ann@example.com\n- allUsers\n# why\n- 5\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        planned(tmp_path)
    assert [(each.path, each.line) for each in refused.value.problems] == [
        ("members.x.yaml[1]", (2, 3)), ("members.x.yaml[2]", (4, 3)),
    ]  # fmt: skip


def test_a_members_file_of_the_programs_folder_that_no_up_counts_is_named(tmp_path: Path) -> None:
    other = ROOT / "members.notices.yaml"
    file = tmp_path / "Pulumi.notices.yaml"
    file.write_text("config: {gcp:project: my-project-1}\n", encoding="utf-8")
    other.write_text("- user:ann@example.com\n", encoding="utf-8")
    try:
        plan = plans.make("notices", file, ROOT)
    finally:
        other.unlink()
    assert [deed.kind for deed in plan.program if "members.notices.yaml" in deed.text] == ["unread"]
    assert not [deed for deed in plans.make("notices", file, ROOT).program if "members" in deed.text]
