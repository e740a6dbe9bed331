"""Many mistakes of one kind in a table: told once, each with its line, value and proposal, behind those of one line."""

from coursecloud.cli.init.folding import MANY, folded


def _name(line: int) -> str:
    return (
        f"groups.csv  line {line}, column group: 'Group {line}'"
        f"\n    rule    no blanks\n    remedy  name the group for example group-{line}"
    )


ONE = "groups.csv  line 9, column credit: '350,- kr'\n    rule    which kroner\n    remedy  write 350 DKK"
COLUMN = "groups.csv  line 1, column Remark\n    rule    there is no such column\n    remedy  remove it"


def test_what_is_wrong_all_the_way_down_is_told_once_and_last() -> None:
    names = [_name(line) for line in range(2, 2 + MANY)]
    others = ", ".join(f"line {line}: 'Group {line}' (group-{line})" for line in range(3, 2 + MANY))
    together = f"{names[0]}\n    also    {MANY - 1} more: {others}"
    assert folded([names[0], COLUMN, *names[1:], ONE]) == [COLUMN, ONE, together]


def test_a_few_are_told_one_by_one_and_each_once() -> None:
    names = [_name(line) for line in range(2, 1 + MANY)]
    assert folded([*names, ONE, *names]) == [*names, ONE]


def test_other_rules_columns_and_files_are_not_told_together() -> None:
    names = [_name(line) for line in range(2, 1 + MANY)]
    assert folded([*names, _name(9).replace("no blanks", "another")])[-1].endswith("group-9")
    assert len(folded([*names, _name(9).replace("groups.csv", "others.csv")])) == MANY
