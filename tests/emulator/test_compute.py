"""Compute Engine without machines: networks and what is in them, addresses, disks, schedules, Google's own lists."""

from __future__ import annotations

from typing import Any

import pytest
from clients import PROJECT, Google

REGION, ZONE = "europe-west1", "europe-west1-b"


def test_a_network_lives_and_goes_only_when_nothing_is_in_it(google: Google) -> None:
    google.network()
    compute = google.client("compute", "beta")
    rule = {"name": "fw", "network": "global/networks/net", "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}]}
    compute.firewalls().insert(project=PROJECT, body=rule).execute()
    got = compute.firewalls().get(project=PROJECT, firewall="fw").execute()
    assert (got["direction"], got["priority"], got["sourceRanges"]) == ("INGRESS", 1000, ["0.0.0.0/0"])
    error = google.refused(compute.networks().delete(project=PROJECT, network="net"))
    assert error["errors"][0]["reason"] == "resourceInUseByAnotherResource"
    compute.firewalls().delete(project=PROJECT, firewall="fw").execute()
    compute.subnetworks().delete(project=PROJECT, region=REGION, subnetwork="sub").execute()
    assert compute.networks().delete(project=PROJECT, network="net").execute()["status"] == "DONE"
    assert google.refused(compute.networks().get(project=PROJECT, network="net"))["code"] == 404
    assert google.emulator.remaining() == []


def test_links_begin_with_googles_address_whatever_endpoint_was_called(google: Google) -> None:
    google.network()
    got = google.client("compute", "beta").subnetworks().get(project=PROJECT, region=REGION, subnetwork="sub").execute()
    for name in ("selfLink", "network", "region"):
        assert got[name].startswith("https://www.googleapis.com/compute/")
    assert got["gatewayAddress"] == "10.0.0.1"


def test_a_network_with_automatic_subnets_has_one_in_each_region_and_takes_them_along(google: Google) -> None:
    compute = google.client("compute", "v1")
    compute.networks().insert(project=PROJECT, body={"name": "auto", "autoCreateSubnetworks": True}).execute()
    assert len(compute.networks().get(project=PROJECT, network="auto").execute()["subnetworks"]) > 30
    compute.networks().delete(project=PROJECT, network="auto").execute()
    assert google.emulator.remaining() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ipCidrRange": "10.0.0.0/33"}, "CIDR"),
        ({"ipCidrRange": "10.0.0.1/24"}, "CIDR"),
        ({"ipCidrRange": "10.0.0.128/25"}, "Conflicts with existing subnetwork"),
        ({"network": "global/networks/none"}, "was not found"),
        ({"network": "net"}, "malformed"),
        ({"name": "Sub"}, "Sub"),
    ],
)
def test_a_subnet_that_does_not_fit_is_refused(google: Google, change: dict[str, Any], words: str) -> None:
    google.network()
    body = {"name": "two", "network": "global/networks/net", "ipCidrRange": "10.1.0.0/24"} | change
    request = google.client("compute", "v1").subnetworks().insert(project=PROJECT, region=REGION, body=body)
    assert words in google.refused(request)["message"]


def test_a_subnet_grows_in_place_and_never_shrinks(google: Google) -> None:
    google.network()
    subnets = google.client("compute", "v1").subnetworks()
    where = {"project": PROJECT, "region": REGION, "subnetwork": "sub"}
    subnets.expandIpCidrRange(**where, body={"ipCidrRange": "10.0.0.0/20"}).execute()
    assert subnets.get(**where).execute()["ipCidrRange"] == "10.0.0.0/20"
    assert (
        "contain" in google.refused(subnets.expandIpCidrRange(**where, body={"ipCidrRange": "10.0.0.0/22"}))["message"]
    )


def test_a_stale_fingerprint_is_a_failed_condition(google: Google) -> None:
    google.network()
    subnets = google.client("compute", "v1").subnetworks()
    where = {"project": PROJECT, "region": REGION, "subnetwork": "sub"}
    old = subnets.get(**where).execute()["fingerprint"]
    subnets.patch(**where, body={"description": "a", "fingerprint": old}).execute()
    assert google.refused(subnets.patch(**where, body={"description": "b", "fingerprint": old}))["code"] == 412


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"allowed": []}, "Exactly one of allowed and denied"),
        ({"allowed": [{"IPProtocol": "tpc"}]}, "tpc"),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["70000"]}]}, "70000"),
        ({"allowed": [{"IPProtocol": "icmp", "ports": ["1"]}]}, "TCP, UDP"),
        ({"priority": 999999}, "65535"),
        ({"sourceRanges": ["10.0.0.0/99"]}, "CIDR"),
        ({"direction": "INWARD"}, "INWARD"),
        ({"targetTags": ["a"], "targetServiceAccounts": ["a@b.iam.gserviceaccount.com"]}, "exclude"),
    ],
)
def test_a_firewall_rule_that_means_nothing_is_refused(google: Google, change: dict[str, Any], words: str) -> None:
    google.network()
    body = {"name": "fw", "network": "global/networks/net", "allowed": [{"IPProtocol": "tcp"}]} | change
    assert (
        words
        in google.refused(google.client("compute", "v1").firewalls().insert(project=PROJECT, body=body))["message"]
    )


def test_a_router_carries_nat_with_googles_defaults_and_bills(google: Google) -> None:
    subnet = google.network()
    routers = google.client("compute", "beta").routers()
    where = {"project": PROJECT, "region": REGION}
    routers.insert(**where, body={"name": "r", "network": "global/networks/net"}).execute()
    nat = {
        "name": "nat",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{"name": subnet, "sourceIpRangesToNat": ["ALL_IP_RANGES"]}],
    }
    routers.patch(**where, router="r", body={"nats": [nat]}).execute()
    got = routers.get(**where, router="r").execute()["nats"][0]
    assert (got["udpIdleTimeoutSec"], got["type"]) == (30, "PUBLIC")
    assert [r["bills"] for r in google.emulator.remaining() if r["type"] == "routers"] == [
        "Cloud NAT by the hour and the GiB"
    ]
    error = google.refused(routers.patch(**where, router="r", body={"nats": [{**nat, "subnetworks": []}]}))
    assert "LIST_OF_SUBNETWORKS" in error["message"]


def test_an_address_is_given_out_and_labelled(google: Google) -> None:
    addresses = google.client("compute", "v1").addresses()
    where = {"project": PROJECT, "region": REGION}
    addresses.insert(**where, body={"name": "ip"}).execute()
    got = addresses.get(**where, address="ip").execute()
    assert (got["status"], got["addressType"]) == ("RESERVED", "EXTERNAL")
    body = {"labels": {"a": "b"}, "labelFingerprint": got["labelFingerprint"]}
    addresses.setLabels(**where, resource="ip", body=body).execute()
    assert google.refused(addresses.setLabels(**where, resource="ip", body=body))["code"] == 412
    addresses.delete(**where, address="ip").execute()


def test_a_disk_only_grows_and_takes_its_size_from_its_image(google: Google) -> None:
    disks = google.client("compute", "v1").disks()
    where = {"project": PROJECT, "zone": ZONE}
    image = "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204"
    disks.insert(**where, body={"name": "d", "sourceImage": image}).execute()
    got = disks.get(**where, disk="d").execute()
    assert (got["sizeGb"], got["status"]) == ("50", "READY")
    assert got["sourceImage"].endswith("-v20260801")
    assert got["type"].endswith("/pd-standard")
    disks.resize(**where, disk="d", body={"sizeGb": "60"}).execute()
    assert "larger" in google.refused(disks.resize(**where, disk="d", body={"sizeGb": "20"}))["message"]
    small = disks.insert(**where, body={"name": "e", "sourceImage": image, "sizeGb": "10"})
    assert "image size (50 GB)" in google.refused(small)["message"]
    unknown = disks.insert(**where, body={"name": "e", "type": f"zones/{ZONE}/diskTypes/pd-fast"})
    assert google.refused(unknown)["code"] == 404


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"vmStopSchedule": {"schedule": "0 20 * * *"}}, "time zone"),
        ({"timeZone": "Europe/Oslo"}, "start or a stop"),
        ({"timeZone": "Europe/Oslo", "vmStopSchedule": {"schedule": "often"}}, "cron"),
    ],
)
def test_a_schedule_must_say_when_and_where(google: Google, schedule: dict[str, Any], words: str) -> None:
    policies = google.client("compute", "v1").resourcePolicies()
    body = {"name": "night", "instanceSchedulePolicy": schedule}
    assert words in google.refused(policies.insert(project=PROJECT, region=REGION, body=body))["message"]


def test_google_lists_what_it_offers(google: Google) -> None:
    compute = google.client("compute", "v1")
    assert compute.zones().get(project=PROJECT, zone=ZONE).execute()["region"].endswith("/europe-west1")
    assert google.refused(compute.zones().get(project=PROJECT, zone="europe-west1-z"))["code"] == 404
    assert len(compute.regions().list(project=PROJECT).execute()["items"]) > 30
    types = compute.machineTypes()
    assert types.get(project=PROJECT, zone=ZONE, machineType="n1-standard-4").execute()["memoryMb"] == 15360
    assert google.refused(types.get(project=PROJECT, zone=ZONE, machineType="e2-mediun"))["code"] == 404
    assert google.refused(types.get(project=PROJECT, zone=ZONE, machineType="a2-highgpu-1g"))["code"] == 404
    assert types.list(project=PROJECT, zone=ZONE, filter="name=e2-*").execute()["items"]
    gpus = compute.acceleratorTypes().list(project=PROJECT, zone=ZONE).execute()["items"]
    assert "nvidia-tesla-t4" in [g["name"] for g in gpus]
    assert compute.diskTypes().list(project=PROJECT, zone=ZONE).execute()["items"]
    assert compute.projects().get(project=PROJECT).execute()["quotas"]


def test_an_image_is_asked_for_as_an_image_first_and_found_by_its_family(google: Google) -> None:
    images = google.client("compute", "v1").images()
    assert google.refused(images.get(project="debian-cloud", image="debian-12"))["code"] == 404
    found = images.getFromFamily(project="debian-cloud", family="debian-12").execute()
    assert images.get(project="debian-cloud", image=found["name"]).execute()["family"] == "debian-12"
    assert google.refused(images.getFromFamily(project="debian-cloud", family="debain-12"))["code"] == 404


def test_aggregated_lists_say_in_which_place_things_are(google: Google) -> None:
    google.network()
    items = google.client("compute", "v1").subnetworks().aggregatedList(project=PROJECT).execute()["items"]
    assert list(items) == ["regions/europe-west1"]


def test_the_types_of_all_zones_come_in_one_list_a_page_at_a_time(google: Google) -> None:
    types = google.client("compute", "v1").acceleratorTypes()
    request, zones = types.aggregatedList(project=PROJECT, maxResults=50, filter="name=nvidia-tesla-v100"), set[str]()
    answer = request.execute()
    for scope, listed in answer["items"].items():
        assert [kind["name"] for kind in listed["acceleratorTypes"]] == ["nvidia-tesla-v100"]
        zones.add(scope)
    assert "zones/europe-west4-a" in zones
    assert not any(zone.startswith("zones/europe-west1-") for zone in zones)
    first = types.aggregatedList(project=PROJECT, maxResults=1).execute()
    second = types.aggregatedList_next(types.aggregatedList(project=PROJECT, maxResults=1), first).execute()
    assert first["items"] != second["items"]


def test_a_router_and_a_schedule_are_read_and_removed(google: Google) -> None:
    google.network()
    compute = google.client("compute", "v1")
    where = {"project": PROJECT, "region": "europe-west1"}
    router = {"name": "router", "network": "global/networks/net"}
    compute.routers().insert(body=router, **where).execute()
    assert compute.routers().delete(router="router", **where).execute()["status"] == "DONE"
    assert google.refused(compute.routers().get(router="router", **where))["code"] == 404
    stop = {"vmStopSchedule": {"schedule": "0 20 * * *"}, "timeZone": "Europe/Copenhagen"}
    policy = {"name": "stop", "instanceSchedulePolicy": stop}
    compute.resourcePolicies().insert(body=policy, **where).execute()
    got = compute.resourcePolicies().get(resourcePolicy="stop", **where).execute()
    assert got["instanceSchedulePolicy"] == stop
