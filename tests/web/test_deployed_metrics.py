"""Alert rules and dashboard name only metrics, labels and values that the service really gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.web.metric_scene import busy, scraped
from tests.web.promql import Named, NotPromqlError, read

from vibe_quant.web.metric_families import FAMILIES

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
BOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "vibe-quant.json").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
OF_PROMETHEUS = {"instance", "job"}
PARTS = re.compile(r"_(bucket|sum|count)$")
GIVEN = scraped(busy())
LABELS = {name: {label for sample in samples for label in sample.labels} for name, samples in GIVEN.items()}


def values(metric: str, label: str) -> set[str]:
    return {sample.labels[label] for sample in GIVEN[metric]}


def panels() -> Iterator[dict[str, Any]]:
    for panel in BOARD["panels"]:
        yield panel
        yield from panel.get("panels", ())


def board_expressions() -> list[str]:
    found = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    return found + [one["expr"] for one in BOARD["annotations"]["list"]]


def check(expression: str) -> Named:
    """Metrics, labels and values of it exist."""
    named = read(expression)
    known = set(OF_PROMETHEUS)
    for metric in named.metrics:
        if metric == "up":
            continue
        assert metric in GIVEN, f"{metric} does not exist: {expression}"
        known |= LABELS[metric]
    assert named.grouped <= known, f"{named.grouped - known}: {expression}"
    for metric, label, sign, value in named.matchers:
        if label in OF_PROMETHEUS or value.startswith("$"):
            assert label in OF_PROMETHEUS | LABELS.get(metric, set())
            continue
        assert label in LABELS[metric], f"{metric} has no label {label}"
        there = values(metric, label)
        wanted = value.split("|") if sign in ("=~", "!~") else [value]
        assert set(wanted) <= there, f"{metric}{{{label}}} is never {set(wanted) - there}"
    return named


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_what_exists_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"VibeQuant[A-Z][A-Za-z]+", rule["alert"])
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description"}
    named = check(rule["expr"])
    assert re.search(r"[<>=]|absent", rule["expr"]), "an alert compares"
    description = rule["annotations"]["description"]
    assert len(description) > 80
    assert description.count(". ") >= 1, "what it means, and what to do"
    kept = OF_PROMETHEUS | {label for metric in named.metrics for label in LABELS.get(metric, set())}
    assert "up" not in named.metrics or named.matchers == [("up", "job", "=", "vibe-quant")]
    if "sum by" in rule["expr"]:
        kept = named.grouped
    told = " ".join(rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", told)) <= kept
    assert set(re.findall(r"\{\{ *([^}|]*?) *(?:\|[^}]*)?\}\}", told)) <= {
        "$value",
        *(f"$labels.{label}" for label in kept),
    }


def test_alerts_have_names_of_their_own_and_cover_what_must_not_be_missed() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    assert len({group["name"] for group in RULES["groups"]}) == len(RULES["groups"])
    needed = (
        "Down NotReady NearLiquidation Panic StopMissing BreakerOpen JournalTrouble ObserverBehind ObserverFailed "
        "StreamDown Stuck"
    )
    assert {f"VibeQuant{name}" for name in needed.split()} <= set(names)


@pytest.mark.parametrize("expression", board_expressions())
def test_the_dashboard_names_what_exists(expression: str) -> None:
    check(expression)


def test_legends_name_labels_that_their_expression_keeps() -> None:
    for panel in panels():
        for target in panel.get("targets", ()):
            named = read(target["expr"])
            kept = OF_PROMETHEUS | {label for metric in named.metrics for label in LABELS[metric]}
            asked = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            by = re.findall(r"(?:sum|max|min) by \(([^)]*)\)", target["expr"])
            if by:
                kept = {label.strip() for labels in by for label in labels.split(",")}
            assert asked <= kept, (panel["title"], asked - kept)


def test_every_metric_is_looked_at_somewhere() -> None:
    looked_at = {
        PARTS.sub("", metric)
        for expression in (*board_expressions(), *(rule["expr"] for rule in ALERTS))
        for metric in read(expression).metrics
    }
    unused = {family.name for family in FAMILIES} - looked_at
    assert unused <= UNUSED, unused - UNUSED
    assert not UNUSED & looked_at


UNUSED = {
    f"vibe_quant_{short}"
    for short in (
        "breaker_openings_total",
        "fills_total",
        "level_seconds_total",
        "panic_tier",
        "pauses",
        "requests_sent_total",
        "side_flattening",
        "side_state",
        "stream_state_seconds",
    )
}
"""For questions that nobody asks every day."""


def test_the_dashboard_is_whole() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    variables = {one["name"] for one in BOARD["templating"]["list"]}
    assert set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(BOARD))) <= variables
    for one in BOARD["templating"]["list"][1:]:
        inner = re.fullmatch(r"label_values\((\w+), (\w+)\)", one["definition"])
        assert inner is not None
        assert inner[1] in GIVEN
        assert inner[2] in OF_PROMETHEUS | LABELS[inner[1]]
    for panel in panels():
        if panel["type"] != "row":
            assert panel["description"].endswith("."), panel["title"]
            assert panel["targets"]
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']} lies over another"
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize(
    "expression",
    [
        "sum(vibe_quant_ready",
        "rate vibe_quant_ready",
        "vibe_quant_ready{a=b}",
        "vibe_quant_ready ? 1",
        "sum by vibe",
        "",
    ],
)
def test_what_is_no_promql_is_found(expression: str) -> None:
    with pytest.raises(NotPromqlError):
        read(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "vibe_quant_raedy == 0",
        'vibe_quant_phase{phase="sleeping"} == 1',
        'vibe_quant_ready{phase="working"} == 1',
        "sum by (colour) (vibe_quant_ready)",
        'vibe_quant_level_entered_total{level=~"rest|moon"}',
    ],
)
def test_what_does_not_exist_is_found(expression: str) -> None:
    with pytest.raises(AssertionError):
        check(expression)
