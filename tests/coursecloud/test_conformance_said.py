"""What a finding says: the reason that a parser gives, whole sentences, and sources that are not cut."""

import dataclasses
import io

import pytest
from rich.console import Console

from coursecloud.validation import constraints, formatting, parsers
from coursecloud.validation.check import check
from tests.coursecloud.conformed import findings, one, only, put

STOP = "instanceSchedulePolicy.vmStopSchedule.schedule"


@pytest.mark.parametrize(
    ("kind", "path", "value", "reason"),
    [
        ("compute.ResourcePolicy", STOP, "75 20 * * *", ": the minute is 0 to 59, not '75'"),
        ("compute.ResourcePolicy", STOP, "0 20 * *", ": a cron line has five fields, this one has 4"),
        ("compute.Subnetwork", "ipCidrRange", "10.10.0.1/20", ": 10.10.0.1/20 has host bits set"),
        ("compute.Subnetwork", "ipCidrRange", "10.10.0.0", ": there is no '/' with the length of the prefix"),
        ("compute.Subnetwork", "ipCidrRange", "10.10.0.0/30", ": its prefix is /4 to /29, not /30"),
        ("compute.Subnetwork", "ipCidrRange", "224.0.0.0/20", ": 224.0.0.0/4 is not for subnets"),
        ("compute.Firewall", "sourceRanges.0", "10.0.0.0/33", ": '33' is not a valid netmask"),
        ("compute.Firewall", "sourceRanges.0", "fd20::1/64", ": fd20::1/64 has host bits set"),
        ("compute.Firewall", "allows.0.ports.0", "70000", ": the last port is 65535, not 70000"),
        ("compute.Firewall", "allows.0.ports.0", "90-80", ": its first port comes after its last"),
        ("cloudbuild.Trigger", "github.pullRequest.branch", "^(main$", ": missing ): ^(main$"),
        ("cloudbuild.Trigger", "github.pullRequest.branch", r"(a)\1", ": RE2 has no look-around"),
    ],
)
def test_the_reason_of_the_parser_is_said(kind: str, path: str, value: str, reason: str) -> None:
    (finding,) = findings(kind, put(path, value))
    assert reason in finding.rule


def test_every_reader_is_used_and_takes_what_it_should() -> None:
    assert {fact.form["reader"] for fact in constraints.rules().values() if "reader" in fact.form} == set(
        parsers.READERS
    )


def test_a_remedy_that_goes_on_is_two_sentences() -> None:
    (far,) = findings("compute.Instance", put("zone", "zz9"), "trainer")
    assert ". One that is newer than the table goes into coursecloud:allow.zones" in far.remedy
    (near,) = findings("compute.Instance", put("zone", "europe-west1-z"), "trainer")
    assert "? One that is newer" in near.remedy


def test_the_rule_of_memory_names_its_units() -> None:
    (finding,) = findings("cloudrunv2.Service", put("template.containers.0.resources.limits.memory", "1 GB"))
    assert "must be a whole number with its unit, Mi, Gi, M or G (" in finding.rule


@pytest.mark.parametrize("columns", [40, 80])
def test_the_address_of_a_source_is_not_cut_in_a_narrow_terminal(columns: int) -> None:
    resource = one("storage.Bucket", "data")
    report = check(only(dataclasses.replace(resource, inputs={**resource.inputs, "storageClass": "CHEAP"})))
    address = f"https://cloud.google.com/{'long/' * 40}page#end"
    report.findings[:] = [dataclasses.replace(found, rule=f"as read at {address}") for found in report.findings]
    console = Console(width=columns, file=io.StringIO(), record=True)
    console.print(formatting.full(report))
    findings_only = console.export_text().partition("API ")[0]
    assert address in "".join(findings_only.split())
