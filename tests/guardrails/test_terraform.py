"""A plan in Terraform's words: names, blocks, and what is not known, as Terraform's own plans have them."""

import dataclasses
import json
from typing import Any

import pytest

from catalog import types
from coursecloud.plan import terraform
from coursecloud.plan.planning import Plan
from coursecloud.plan.registration import UNKNOWN
from coursecloud.policy.example import add, machine, put
from tests.catalog import terraform_names


def resource(exported: dict[str, Any], address: str) -> dict[str, Any]:
    (found,) = (entry for entry in exported["resource_changes"] if entry["address"] == address)
    return found["change"]


def test_every_type_that_stacks_are_made_of_has_its_terraform_name() -> None:
    assert [each.short for each in types.declared() if not each.terraform] == []


@pytest.mark.parametrize("stack", ["dev", "gpu", "full"])
def test_every_resource_is_there_three_times_under_one_address(committed: dict[str, Plan], stack: str) -> None:
    made = terraform.export(committed[stack])
    addresses = [change["address"] for change in made.plan["resource_changes"]]
    assert len(addresses) == len(set(addresses)) == len(committed[stack].custom)
    for part in ("planned_values", "configuration"):
        assert [entry["address"] for entry in made.plan[part]["root_module"]["resources"]] == addresses
    assert made.left_out == ()
    assert "$unknown" not in json.dumps(made.plan)


def test_what_pulumi_flattens_is_a_list_of_one_block(committed: dict[str, Plan]) -> None:
    after = resource(terraform.export(committed["dev"]).plan, "google_compute_instance.workbench")["after"]
    assert after["boot_disk"][0]["initialize_params"][0]["size"] == 20
    assert after["scheduling"][0]["max_run_duration"] == [{"seconds": 28800}]
    assert after["network_interface"][0]["access_config"] == [{"network_tier": "PREMIUM"}]
    assert after["can_ip_forward"] is False


def test_lists_of_blocks_lose_their_plural_and_lists_of_texts_do_not(committed: dict[str, Plan]) -> None:
    after = resource(terraform.export(committed["dev"]).plan, "google_compute_firewall.ssh-from-iap")["after"]
    assert after["allow"] == [{"protocol": "tcp", "ports": ["22"]}]
    assert after["source_ranges"] == ["35.235.240.0/20"]


def test_the_keys_of_maps_are_the_users_own_words(committed: dict[str, Plan]) -> None:
    edit = put("storage.Bucket", "data", "labels", {"ownKey": "x"})
    after = resource(terraform.export(edit(committed["dev"])).plan, "google_storage_bucket.data")["after"]
    assert after["labels"] == {"ownKey": "x"}
    metadata = resource(terraform.export(committed["dev"]).plan, "google_compute_instance.workbench")["after"]
    assert metadata["metadata"]["enable-oslogin"] == "TRUE"


def test_a_list_of_at_most_one_text_stays_a_list(committed: dict[str, Plan]) -> None:
    after = resource(terraform.export(committed["full"]).plan, "google_compute_instance.workbench")["after"]
    assert len(after["resource_policies"]) == 1


def test_unknown_values_stand_beside_the_known_ones(committed: dict[str, Plan]) -> None:
    edit = machine("metadata.startup-script", UNKNOWN)
    change = resource(terraform.export(edit(committed["dev"])).plan, "google_compute_instance.workbench")
    assert "startup-script" not in change["after"]["metadata"]
    assert change["after_unknown"] == {"metadata": {"startup-script": True}}
    whole = machine("scheduling.maxRunDuration.seconds", UNKNOWN)(committed["dev"])
    change = resource(terraform.export(whole).plan, "google_compute_instance.workbench")
    assert change["after_unknown"] == {"scheduling": [{"max_run_duration": [{"seconds": True}]}]}
    listed = put("compute.Firewall", "ssh-from-iap", "sourceRanges", ["10.0.0.0/8", UNKNOWN])(committed["dev"])
    change = resource(terraform.export(listed).plan, "google_compute_firewall.ssh-from-iap")
    assert change["after"]["source_ranges"] == ["10.0.0.0/8", None]
    assert change["after_unknown"] == {"source_ranges": [False, True]}


def test_a_value_from_another_resource_refers_to_it(committed: dict[str, Plan]) -> None:
    resources = terraform.export(committed["dev"]).plan["configuration"]["root_module"]["resources"]
    (subnet,) = (entry for entry in resources if entry["type"] == "google_compute_subnetwork")
    assert subnet["expressions"]["network"] == {"references": ["google_compute_network.network"]}
    assert subnet["expressions"]["private_ip_google_access"] == {"constant_value": True}


def test_two_resources_of_one_name_under_different_parents_are_told_apart(committed: dict[str, Plan]) -> None:
    dev = committed["dev"]
    (bucket,) = (r for r in dev.custom if r.name == "data" and "bucket:Bucket" in r.type)
    twice = dataclasses.replace(dev, resources=(*dev.resources, dataclasses.replace(bucket, urn=f"{bucket.urn}-2")))
    addresses = [entry["address"] for entry in terraform.export(twice).plan["resource_changes"]]
    assert "google_storage_bucket.data" in addresses
    assert "google_storage_bucket.data__2" in addresses


def test_a_type_without_a_known_name_is_left_out_and_said(committed: dict[str, Plan]) -> None:
    made = terraform.export(add("redis/instance:Instance", "cache")(committed["dev"]))
    assert made.left_out == ("gcp:redis/instance:Instance",)
    assert len(made.plan["resource_changes"]) == len(committed["dev"].custom)


def test_an_odd_name_becomes_one_that_terraform_takes(committed: dict[str, Plan]) -> None:
    made = terraform.export(add("pubsub/topic:Topic", "7.odd name")(committed["dev"]))
    assert made.plan["resource_changes"][-1]["address"] == "google_pubsub_topic._7_odd_name"


def test_the_sdk_has_every_block_of_the_table() -> None:
    assert terraform_names.unlike_the_sdk(terraform_names.said()) == []


def test_the_table_is_what_the_provider_says() -> None:
    program = terraform_names.plugin()
    if program is None:
        pytest.skip("no gcp plugin on PATH: https://www.pulumi.com/docs/install/, `pulumi plugin install resource gcp`")
    assert terraform_names.table(terraform_names.mapping(program)) == terraform_names.said()
