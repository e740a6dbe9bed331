"""`coursecloud stop` and `start`: what is said first, what is done, what is left alone, and every bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coursecloud.deploy.preconditions import RefusedError
from coursecloud.operate.start import start
from coursecloud.operate.stop import FORMER, stop
from tests.look.conftest import PROJECT, REGION, ZONE
from tests.operate.conftest import OURS, Desk, state

PLACE = f"projects/{PROJECT}/locations/{REGION}"


def service(desk: Desk, name: str = "dev-api", least: int = 1, **more: Any) -> dict[str, Any]:
    box = {
        "image": "docker.io/library/nginx",
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": True},
    }
    body = {"labels": OURS, "template": {"containers": [box], "scaling": {"minInstanceCount": least}}} | more
    desk.project.ask("POST", f"run/v2/{PLACE}/services", body, serviceId=name)
    return desk.project.ask("GET", f"run/v2/{PLACE}/services/{name}")


def job(desk: Desk, place: str = "", **more: Any) -> str:
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1", "containerSpec": {"imageUri": "x"}}
    body = {"displayName": "train", "labels": OURS, "jobSpec": {"workerPoolSpecs": [pool]}} | more
    name = str(desk.project.ask("POST", f"aiplatform/v1/{place or PLACE}/customJobs", body)["name"]).rpartition("/")[2]
    desk.project.ask("GET", f"aiplatform/v1/{place or PLACE}/customJobs/{name}")
    return name


def test_all_of_the_stack_that_runs_stops_and_nothing_else(desk: Desk) -> None:
    desk.project.machine("dev-trainer", labels=OURS)
    desk.project.machine("by-hand")
    desk.project.machine("full-workbench", labels=OURS | {"stack": "full"})
    service(desk)
    desk.project.compute("POST", f"zones/{ZONE}/disks", {"name": "dev-data", "sizeGb": "100", "labels": OURS})
    desk.project.compute("POST", f"regions/{REGION}/addresses", {"name": "dev-ip", "labels": OURS})
    name = job(desk)
    assert desk.run("stop", lambda op: stop(op, ())) == 0
    assert [state(desk, each) for each in ("dev-trainer", "by-hand", "full-workbench")] == [
        "TERMINATED", "RUNNING", "RUNNING",
    ]  # fmt: skip
    found = desk.project.ask("GET", f"run/v2/{PLACE}/services/dev-api")
    assert found["scaling"] == {"scalingMode": "MANUAL", "manualInstanceCount": 0}
    assert desk.project.ask("GET", f"aiplatform/v1/{PLACE}/customJobs/{name}")["state"] == "JOB_STATE_CANCELLED"
    # machine .036858 + .005, job 1.15 x (.209007 + 100 GB SSD at .17 a month), service .5 GiB and 1 vCPU that wait
    assert "machine dev-trainer" in desk.said[0]
    assert "in its memory" in desk.text
    assert "20 GB pd-standard boot disk: $0.026 a day" in desk.text
    assert "disk dev-data: $0.132 a day" in desk.text
    assert "address dev-ip: $0.240 a day" in desk.text
    assert "only `coursecloud down` ends that" in desk.text
    assert "machine by-hand" in desk.text
    assert "`coursecloud stop by-hand`" in desk.text
    assert "full-workbench" not in desk.text, "another stack's is nobody's business here"
    assert desk.said[-1].startswith("Next: `coursecloud start dev-trainer --stack dev`")
    assert {each["name"] for each in desk.told["stopped"]} == {"dev-trainer", "dev-api", "train"}


def test_nothing_is_done_where_nobody_says_yes(desk: Desk) -> None:
    desk.project.machine("dev-trainer", labels=OURS)
    with pytest.raises(RefusedError, match="was not confirmed"):
        desk.run("stop", lambda op: stop(op, ()), answer=False)
    assert state(desk, "dev-trainer") == "RUNNING"
    assert desk.asked == ["Stop it"]


def test_where_nothing_runs_nobody_is_asked(desk: Desk) -> None:
    assert desk.run("stop", lambda op: stop(op, ())) == 0
    assert (desk.said, desk.asked) == (["nothing of stack dev runs: nothing was changed"], [])


def test_a_job_of_another_region_is_found_by_the_logs(desk: Desk) -> None:
    """Google lists jobs region by region: none that a day's work left in Frankfurt may look as if nothing ran."""
    place = f"projects/{PROJECT}/locations/europe-west3"
    name = job(desk, place)
    desk.project.emulator.pass_time(hours=3 * 24)
    assert desk.run("stop", lambda op: stop(op, ["train"])) == 0
    found = desk.project.ask("GET", f"aiplatform/v1/{place}/customJobs/{name}")
    assert found["state"] == "JOB_STATE_CANCELLED"


def test_where_the_logs_were_refused_other_regions_are_said_to_be_unread(desk: Desk) -> None:
    desk.project.emulator.use({"faults": [{"match": "logging.entries.list", "status": 403, "count": 0}]})
    assert desk.run("stop", lambda op: stop(op, ())) == 1
    assert desk.said[0] == "nothing of stack dev runs, as far as could be read; nothing was changed"
    assert "other regions: Google lists by region, and asked were europe-west1" in desk.text


def test_where_disks_were_not_listed_what_goes_on_has_no_price(desk: Desk) -> None:
    desk.project.machine("dev-trainer", labels=OURS)
    desk.project.emulator.use({"faults": [{"match": "compute.disks.aggregatedList", "status": 403, "count": 0}]})
    assert desk.run("stop", lambda op: stop(op, ["trainer"])) == 0
    assert "pd-standard" not in desk.text
    assert "dev-trainer: the type of its boot disk was not read" in desk.text


def test_a_name_is_the_stack_files_or_googles(desk: Desk) -> None:
    desk.project.machine("dev-trainer", labels=OURS)
    desk.project.machine("by-hand")
    assert desk.run("stop", lambda op: stop(op, ["trainer", "by-hand"])) == 0
    assert [state(desk, each) for each in ("dev-trainer", "by-hand")] == ["TERMINATED", "TERMINATED"]
    assert desk.run("stop", lambda op: stop(op, ["trainer"])) == 0
    assert desk.said[0] == "trainer does not run: nothing was changed"


def test_every_name_that_means_nothing_is_said_at_once_and_nothing_is_done(desk: Desk) -> None:
    desk.project.machine("dev-trainer", labels=OURS)
    desk.project.compute(
        "POST", "zones/europe-west1-c/instances",
        {"name": "twin", "machineType": "zones/europe-west1-c/machineTypes/e2-medium",
         "disks": [{"boot": True, "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}],  # noqa: E501
         "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/sub"}]},
    )  # fmt: skip
    desk.project.machine("twin")
    with pytest.raises(RefusedError) as refused:
        desk.run("stop", lambda op: stop(op, ["trainer", "trainr", "twin"]))
    text = str(refused.value)
    assert "trainr: nothing that can be stopped" in text
    assert "did you mean dev-trainer?" in text
    assert "twin: 2 things are called so" in text
    assert f"zones/{ZONE}/instances/twin" in text
    assert state(desk, "dev-trainer") == "RUNNING"
    assert desk.run("stop", lambda op: stop(op, [f"zones/{ZONE}/instances/twin"])) == 0
    assert state(desk, "twin") == "TERMINATED"


def test_what_google_refuses_is_said_and_the_rest_is_stopped(desk: Desk) -> None:
    for name in ("dev-one", "dev-two"):
        desk.project.machine(name, labels=OURS)
    fault = {"match": "compute.instances.stop", "path": "*/dev-one", "status": 403, "message": "no", "count": 0}
    assert desk.run("stop", lambda op: stop(op, ()), scenario={"faults": [fault]}) == 1
    assert (state(desk, "dev-one"), state(desk, "dev-two")) == ("RUNNING", "TERMINATED")
    assert "NOT stopped: machine dev-one: Google answers 403: no" in desk.text
    assert [each["name"] for each in desk.told["notStopped"]] == ["dev-one"]


def test_what_could_not_be_read_is_no_rest(desk: Desk) -> None:
    fault = {"match": "compute.instances.aggregatedList", "status": 403, "count": 0}
    desk.project.emulator.use({"faults": [fault]})
    assert desk.run("stop", lambda op: stop(op, ())) == 1
    assert desk.said[0] == "nothing of stack dev runs, as far as could be read; nothing was changed"
    assert "compute.googleapis.com/Instance: Google answers 403" in desk.text


def test_a_service_scales_as_before_without_a_new_revision(desk: Desk) -> None:
    before = service(desk, scaling={"minInstanceCount": 2, "scalingMode": "AUTOMATIC"}, annotations={"mine": "kept"})
    desk.run("stop", lambda op: stop(op, ["api"]))
    stopped = desk.project.ask("GET", f"run/v2/{PLACE}/services/dev-api")
    assert stopped["latestCreatedRevision"] == before["latestCreatedRevision"]
    assert json.loads(stopped["annotations"][FORMER]) == before["scaling"]
    assert desk.run("stop", lambda op: stop(op, ["api"])) == 0, "twice is once"
    assert desk.project.ask("GET", f"run/v2/{PLACE}/services/dev-api")["annotations"][FORMER]
    assert desk.run("start", lambda op: start(op, ["api"])) == 0
    after = desk.project.ask("GET", f"run/v2/{PLACE}/services/dev-api")
    assert after["scaling"] == before["scaling"]
    assert after["annotations"] == {"mine": "kept"}
    assert after["latestCreatedRevision"] == before["latestCreatedRevision"]
    assert desk.said[0].startswith("Starting costs $0.0")
    assert desk.run("start", lambda op: start(op, ["api"])) == 0
    assert desk.said[0] == "api runs already: nothing was changed"


def test_a_machine_starts_and_says_what_an_hour_costs(desk: Desk) -> None:
    limit = {"maxRunDuration": {"seconds": "28800"}, "instanceTerminationAction": "STOP"}
    desk.project.machine("dev-trainer", labels=OURS, scheduling=limit)
    desk.run("stop", lambda op: stop(op, ["trainer"]))
    assert desk.run("start", lambda op: start(op, ["trainer"])) == 0
    assert state(desk, "dev-trainer") == "RUNNING"
    # e2-medium .036858 + an address .005 + 20 GB at .04 a month / 730 h
    assert desk.said[0] == "Starting costs $0.043 an hour: machine dev-trainer."
    assert "itself after 8 hours" in desk.text
    assert round(desk.told["started"][0]["perHourRunning"], 6) == round(0.036858 + 0.005 + 20 * 0.04 / 730, 6)


def test_where_there_is_no_capacity_the_way_out_is_said(desk: Desk) -> None:
    desk.project.machine("dev-trainer", labels=OURS)
    desk.run("stop", lambda op: stop(op, ["trainer"]))
    fault = {"match": "compute.instances.start", "operation": "ZONE_RESOURCE_POOL_EXHAUSTED"}
    assert desk.run("start", lambda op: start(op, ["trainer"]), scenario={"faults": [fault]}) == 1
    assert "NOT started: machine dev-trainer" in desk.text
    assert "fallbackZones" in desk.text


def test_a_job_is_not_started_again(desk: Desk) -> None:
    job(desk)
    with pytest.raises(RefusedError, match="a job runs once"):
        desk.run("start", lambda op: start(op, ["train"]))


def test_a_local_ssd_is_said_to_be_lost_and_google_is_told_so(desk: Desk) -> None:
    boot = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12", "diskSizeGb": "20"}}  # fmt: skip # noqa: E501
    desk.project.machine("dev-trainer", labels=OURS)
    held = desk.project.emulator.world.get("compute", f"projects/{PROJECT}/zones/{ZONE}/instances/dev-trainer")
    assert held is not None
    held.body["disks"].append({"type": "SCRATCH", "interface": "NVME", "diskSizeGb": "375", **{k: boot[k] for k in ()}, "boot": False, "autoDelete": True, "source": "", "deviceName": "local"})  # fmt: skip # noqa: E501
    desk.run("stop", lambda op: stop(op, ()))
    assert "what is on its local SSD" in desk.text
    (call,) = [each for each in desk.project.emulator.requests if each["id"] == "compute.instances.stop"][-1:]
    assert "discardLocalSsd=true" in call["path"]


class TestCommand:
    """As a person and as a script types it."""

    def test_exit_codes_and_words(self, desk: Desk) -> None:
        desk.project.machine("dev-trainer", labels=OURS)
        code, out, err = desk.typed("stop")
        assert (code, "was not confirmed" in err, out.startswith("Stopping saves $")) == (2, True, True), out + err
        code, out, _ = desk.typed("stop", "--quiet", "--yes")
        assert (code, len(out.strip().splitlines())) == (0, 1)
        code, out, err = desk.typed("start", "nobody", "--yes")
        assert (code, out) == (2, "")
        assert "remedy" in err
        assert "Traceback" not in err
        code, _, err = desk.typed("start")
        assert code == 2

    def test_json(self, desk: Desk) -> None:
        desk.project.machine("dev-trainer", labels=OURS)
        code, told = desk.json("stop")
        assert (code, told["error"]["exit"]) == (2, 2)
        code, told = desk.json("stop", "--yes")
        assert (code, told["version"], told["command"], told["stack"], told["project"]) == (
            0,
            1,
            "stop",
            "dev",
            PROJECT,
        )
        assert [each["name"] for each in told["stopped"]] == ["dev-trainer"]
        code, told = desk.json("start", "trainer", "--yes")
        assert (code, [each["name"] for each in told["started"]]) == (0, ["dev-trainer"])

    def test_a_project_that_is_not_there_is_1(self, desk: Desk) -> None:
        desk.file("config: {gcp:project: no-such-project}\n")
        code, _, err = desk.typed("stop", "--yes")
        assert code == 1
        assert "403" in err
        assert "nothing was changed" in err

    def test_the_example_project_is_2(self, desk: Desk) -> None:
        desk.file("config: {gcp:project: example-project-id}\n")
        code, _, err = desk.typed("stop", "--yes")
        assert (code, "is an example" in err) == (2, True)
