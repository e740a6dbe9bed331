"""The network: of the stack's own, closed but for SSH through Identity-Aware Proxy."""

from coursecloud.plan.planning import Plan
from tests.infra.planned import Planner, names, of, one

TWO_REGIONS = """\
gcp:region: europe-west4
coursecloud:network:
  subnets: {europe-west4: 10.10.0.0/20, europe-west1: 10.10.16.0/20}"""


def test_the_one_way_in_is_ssh_through_identity_aware_proxy(committed: dict[str, Plan]) -> None:
    for plan in committed.values():
        (rule,) = of(plan, "compute.Firewall")
        assert rule.inputs["direction"] == "INGRESS"
        assert rule.inputs["sourceRanges"] == ["35.235.240.0/20"]
        assert rule.inputs["allows"] == [{"protocol": "tcp", "ports": ["22"]}]


def test_no_machine_is_on_the_default_network(committed: dict[str, Plan]) -> None:
    for stack, plan in committed.items():
        (network,) = of(plan, "compute.Network")
        assert network.inputs["name"] == f"{stack}-network"
        assert network.inputs["autoCreateSubnetworks"] is False
        for machine in of(plan, "compute.Instance"):
            (card,) = machine.inputs["networkInterfaces"]
            assert card["subnetwork"].endswith(f"/subnetworks/{stack}-subnet")
            assert machine.inputs["zone"].rpartition("-")[0] in card["subnetwork"]


def test_each_region_has_a_subnet_that_reaches_google_without_an_address(plan_of: Planner) -> None:
    plan = plan_of(TWO_REGIONS)
    subnets = {subnet.inputs["region"]: subnet.inputs for subnet in of(plan, "compute.Subnetwork")}
    assert {region: inputs["ipCidrRange"] for region, inputs in subnets.items()} == {
        "europe-west4": "10.10.0.0/20",
        "europe-west1": "10.10.16.0/20",
    }
    assert all(inputs["privateIpGoogleAccess"] is True for inputs in subnets.values())


def test_by_default_each_machine_has_an_address_and_nothing_bills_for_nat(dev: Plan) -> None:
    (card,) = one(dev, "compute.Instance", "workbench").inputs["networkInterfaces"]
    assert card["accessConfigs"] == [{"networkTier": "PREMIUM"}]
    assert names(dev, "compute.RouterNat") == names(dev, "compute.Router") == set()


def test_with_nat_no_machine_has_an_address_and_each_region_has_a_way_out(plan_of: Planner) -> None:
    plan = plan_of(TWO_REGIONS + "\n  egress: nat")
    (card,) = one(plan, "compute.Instance", "workbench").inputs["networkInterfaces"]
    assert "accessConfigs" not in card
    assert names(plan, "compute.RouterNat") == {"nat-europe-west1", "nat-europe-west4"}
    for nat in of(plan, "compute.RouterNat"):
        assert nat.inputs["natIpAllocateOption"] == "AUTO_ONLY"
        assert nat.inputs["sourceSubnetworkIpRangesToNat"] == "ALL_SUBNETWORKS_ALL_IP_RANGES"
        assert nat.inputs["router"] == "unit-router"


def test_no_address_is_reserved(committed: dict[str, Plan]) -> None:
    for plan in committed.values():
        assert names(plan, "compute.Address") == names(plan, "compute.GlobalAddress") == set()


def test_a_stack_without_machines_has_no_network(plan_of: Planner) -> None:
    plan = plan_of("coursecloud:machines: {}")
    assert not any(resource.type.startswith("gcp:compute/") for resource in plan.custom)


def test_everything_of_the_network_is_on_it_and_in_its_region(plan_of: Planner) -> None:
    plan = plan_of(TWO_REGIONS + "\n  egress: nat")
    for kind in ("compute.Subnetwork", "compute.Firewall", "compute.Router"):
        assert of(plan, kind)
        assert all(found.inputs["network"].endswith("/networks/unit-network") for found in of(plan, kind))
    for kind in ("compute.Subnetwork", "compute.Router", "compute.RouterNat"):
        assert all(found.inputs["region"] == found.name.partition("-")[2] for found in of(plan, kind))
