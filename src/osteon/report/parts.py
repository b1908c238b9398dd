"""Where the figures hold: by class, body part, view and size, each beside the shortcut baseline."""

from collections.abc import Mapping
from typing import Any

from osteon.report.document import Block, Say, Table
from osteon.report.run import counted, estimate
from osteon.report.shortcuts import HEAD, cells

_OF_TWO = ("auroc", "sensitivity", "specificity", "accuracy")
_OF_MORE = ("auroc", "accuracy", "f1")
OF_CLASSES = ("auroc", "average_precision", "sensitivity", "specificity", "ppv", "npv", "f1")
_TITLES = {"body_part": "body part"}


def of_parts(levels: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the figures that a part of the test is shown with."""
    return _OF_TWO if len(levels["image"]["classes"]) == 2 else _OF_MORE


def blocks(levels: Mapping[str, Any], titles: Mapping[str, str]) -> list[Block]:
    """Show every part of the test at each level given, and each class against the rest."""
    first, *rest = of_parts(levels)
    found: list[Block] = []
    for level in levels:
        for kind, groups in levels[level]["subgroups"].items():
            found.append(Table(
                [f"{_TITLES.get(kind, kind)}, by {level}", titles[first], *HEAD,
                 *(titles[name] for name in rest)],
                [[f"{group}: {counted(part['rows'], level)}, {counted(part['groups'], 'group')}",
                  estimate(part["figures"].get(first)), *cells(part["shortcut"]),
                  *(estimate(part["figures"].get(name)) for name in rest)]
                 for group, part in groups.items()], bars=True))
    found += [_classes(level, levels[level], titles) for level in levels]
    return [*found, Say("Few groups make wide intervals; differences between rows are not tested.",
                        "faint")]


def _classes(level: str, found: Mapping[str, Any], titles: Mapping[str, str]) -> Table:
    first, *rest = OF_CLASSES
    return Table(
        [f"each class against the rest, by {level}", _of_one(titles[first]), *HEAD,
         *(_of_one(titles[name]) for name in rest)],
        [[label, estimate(figures.get(first)), *cells(found["class_shortcuts"].get(label)),
          *(estimate(figures.get(name)) for name in rest)]
         for label, figures in found["classes"].items()], bars=True)


def _of_one(title: str) -> str:
    return title.removesuffix(", mean of the classes")
