"""What each change costs: a line a resource, gravest first, and what nobody knows is never a saving."""

from decimal import Decimal
from typing import Any, ClassVar

from coursecloud.plan.planning import Plan
from coursecloud.review import cost_lines, formatting, json_form, markdown, money, page
from tests.review.conftest import Planner
from tests.review.made import reviewed
from tests.review.printed import printed

Sections = dict[str, Any]


def planned(plan_of: Planner, sections: Sections) -> Plan:
    return plan_of(
        "dev", lambda config: config.update({f"coursecloud:{key}": value for key, value in sections.items()})
    )


class TestWhatEachChangeCosts:
    """Each resource that costs more or less has a line, gravest first; what nobody knows is never a saving."""

    BASE: ClassVar[Sections] = {"machines": {"box": {"machineType": "e2-standard-4", "dataDisk": None}}}

    def _cost(self, plan_of: Planner, before: Sections, after: Sections) -> money.Cost:
        return money.costs(planned(plan_of, before), planned(plan_of, after))

    def test_a_machine_that_is_another_has_one_line_with_what_it_was(self, plan_of: Planner) -> None:
        other = {"machines": {"box": {"machineType": "n1-standard-4", "dataDisk": None}}}
        (line,) = self._cost(plan_of, self.BASE, other).lines
        assert (line.name, line.what, line.was, line.less) == ("box", "n1-standard-4", "e2-standard-4", False)
        # 8 hours of a working day at 0.209007 - 0.147431 an hour
        assert line.per_hour_on
        assert abs(line.per_hour_on - Decimal("0.061576")) < Decimal("0.000002")
        assert line.per_month
        assert abs(line.per_month - Decimal("0.061576") * 8 * 5 / 7 * 730 / 24) < Decimal("0.001")

    def test_the_gravest_comes_first_and_a_saving_last(self, plan_of: Planner) -> None:
        after: Sections = {
            "machines": {
                "box": {"machineType": "e2-small", "dataDisk": None},
                "cheap": {"machineType": "e2-small", "dataDisk": None},
                "dear": {"machineType": "n1-standard-16", "dataDisk": None},
                "strange": {"machineType": "z9-mega-8", "dataDisk": None, "image": "debian"},
            },
            "allow": {"machineTypes": ["z9-mega-8"]},
        }
        cost = self._cost(plan_of, self.BASE, after)
        assert [line.name for line in cost.lines] == ["strange", "dear", "cheap", "box"]
        heading, rows = cost_lines.table(cost)
        assert rows[0][1:] == ("+?", "+?", "+?")
        assert "no known price: the table has no machine type z9-mega-8" in rows[0][0]
        assert rows[-1][1].startswith("-$")
        assert len(heading) == len(rows[0])

    def test_an_unknown_price_is_never_a_saving(self, plan_of: Planner) -> None:
        after: Sections = {
            "machines": {"box": {"machineType": "z9-mega-8", "dataDisk": None, "image": "debian"}},
            "allow": {"machineTypes": ["z9-mega-8"]},
        }
        cost = self._cost(plan_of, self.BASE, after)
        assert cost.per_hour < 0  # of what is known
        assert formatting.per_hour(cost) == "+? /h"
        rows = {name: change for name, _, _, change in formatting.cost_rows(cost)}
        assert rows["an hour, everything on"] == rows["a day, as planned"] == "+?"
        # Which a machine does not cost while nothing runs, whatever its price is.
        assert rows["a day, nothing running"] == ""

    def test_what_goes_at_an_unknown_price_is_less_and_nobody_knows_how_much(self, plan_of: Planner) -> None:
        before: Sections = {
            "machines": self.BASE["machines"]
            | {"strange": {"machineType": "z9-mega-8", "dataDisk": None, "image": "debian"}},
            "allow": {"machineTypes": ["z9-mega-8"]},
        }
        (line,) = self._cost(plan_of, before, self.BASE).lines
        assert (line.name, line.less, line.per_day) == ("strange", True, None)
        _, (row,) = cost_lines.table(self._cost(plan_of, before, self.BASE))
        assert row[1:] == ("-?", "-?", "-?")

    def test_what_costs_the_same_has_no_line(self, plan_of: Planner) -> None:
        assert self._cost(plan_of, self.BASE, self.BASE).lines == ()

    def test_many_lines_are_added_up(self, plan_of: Planner) -> None:
        many = {"machines": {f"m{n}": {"machineType": "e2-small", "dataDisk": None} for n in range(31)}}
        _, rows = cost_lines.table(
            self._cost(plan_of, {"machines": {"m0": {"machineType": "e2-small", "dataDisk": None}}}, many)
        )
        assert len(rows) == 21
        assert rows[-1][0] == "and 10 more, together"

    def test_every_form_has_the_lines(self, plan_of: Planner) -> None:
        other = {"machines": {"box": {"machineType": "n1-standard-4", "dataDisk": None}}}
        review = reviewed(planned(plan_of, self.BASE), planned(plan_of, other), "dev")
        for text in (markdown.full(review), page.full(review), printed(review)):
            plain = " ".join(text.split())
            assert "a month, as planned" in plain or "a month, as" in plain
            assert "n1-standard-4, was e2-standard-4" in plain
        (line,) = json_form.to_json(review)["stacks"][0]["cost"]["changes"]
        assert (line["name"], line["was"], line["unknown"]) == ("box", "e2-standard-4", [])
        assert line["perMonth"] > line["perDay"] > line["perHourOn"] > 0
