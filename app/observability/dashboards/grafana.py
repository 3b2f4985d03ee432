"""A dashboard as Grafana's JSON (schema 39, which Grafana 10.4 and later load)."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.observability.dashboards.panel import WIDTH, Dashboard, Draws, Panel, Query, Row
from app.observability.dashboards.queries import VERSIONS, VERSIONS_OF_MODELS

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
TAG = "windsock"
REFRESH = "5s"
_SCHEMA = 39
_ROW_HEIGHT = 1


def document(dashboard: Dashboard) -> dict[str, Any]:
    """Ready for ``json.dumps``."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,  # one cursor for all panels
        "refresh": REFRESH,
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": list(_variables())},
        "annotations": {"list": []},
        "links": [_links()],
        "panels": list(_panels(dashboard.rows)),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {
        "name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus",
        "hide": 0, "includeAll": False, "multi": False, "regex": "", "refresh": 1,
    }  # fmt: skip
    yield _values("model", "Model", VERSIONS_OF_MODELS)
    yield _values("version", "Version", VERSIONS)


def _values(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": query,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "hide": 0, "regex": "",
        "includeAll": True, "allValue": ".*", "multi": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }  # fmt: skip


def _links() -> dict[str, Any]:
    return {
        "title": "Windsock", "type": "dashboards", "tags": [TAG], "asDropdown": False,
        "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link",
        "tooltip": "", "url": "",
    }  # fmt: skip


def _panels(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number = y = 0
    for row in rows:
        number += 1
        yield {
            "id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
            "gridPos": {"h": _ROW_HEIGHT, "w": WIDTH, "x": 0, "y": y},
        }  # fmt: skip
        y += _ROW_HEIGHT
        x = height = 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            number += 1
            place = {"h": panel.height, "w": panel.width, "x": x, "y": y}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _panel(panel: Panel) -> dict[str, Any]:
    told = {
        "type": panel.draws.value,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "targets": [_target(panel, *one) for one in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.draws],
    }
    if panel.draws is Draws.TABLE:
        told["transformations"] = _columns(panel.queries)
    return told


def _target(panel: Panel, place: int, query: Query) -> dict[str, Any]:
    at_once = panel.draws in (Draws.TABLE, Draws.BARS)
    return {
        "refId": _reference(place),
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": at_once,
        "range": not at_once,
        **({"format": "table"} if panel.draws is Draws.TABLE else {}),
    }


def _reference(place: int) -> str:
    return chr(ord("A") + place)


def _defaults(panel: Panel) -> dict[str, Any]:
    steps = panel.thresholds or ((None, "text"),)
    told: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": value, "color": colour} for value, colour in steps],
        },
        "color": {"mode": "palette-classic" if panel.draws is Draws.SERIES else "thresholds"},
        "mappings": [_mapping(*one) for one in enumerate(panel.says)],
    }
    set_only = {
        "min": panel.least, "max": panel.most, "decimals": panel.decimals, "noValue": panel.nothing,
    }  # fmt: skip
    told |= {name: value for name, value in set_only.items() if value is not None}
    if panel.draws is Draws.SERIES:
        told["custom"] = _lines(panel)
    return told


def _mapping(place: int, said: tuple[float, str, str]) -> dict[str, Any]:
    value, text, colour = said
    options = {f"{value:g}": {"text": text, "color": colour, "index": place}}
    return {"type": "value", "options": options}


def _lines(panel: Panel) -> dict[str, Any]:
    scale: dict[str, Any] = {"type": "log", "log": 10} if panel.log else {"type": "linear"}
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 40 if panel.stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "scaleDistribution": scale,
        "thresholdsStyle": {"mode": "dashed" if panel.thresholds else "off"},
    }


def _columns(queries: Sequence[Query]) -> list[dict[str, Any]]:
    names = {f"Value #{_reference(place)}": one.legend for place, one in enumerate(queries)}
    if len(queries) == 1:
        names = {"Value": queries[0].legend}
    hidden = dict.fromkeys(("Time", "__name__"), True)
    organize = {"excludeByName": hidden, "indexByName": {}, "renameByName": names}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[Draws, dict[str, Any]] = {
    Draws.SERIES: {
        "legend": {
            "displayMode": "table", "placement": "bottom", "showLegend": True,
            "calcs": ["lastNotNull"],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    Draws.STAT: {
        "reduceOptions": _LAST, "colorMode": "value", "graphMode": "area", "textMode": "auto",
        "justifyMode": "auto", "orientation": "auto",
    },
    Draws.GAUGE: {
        "reduceOptions": _LAST, "showThresholdLabels": False, "showThresholdMarkers": True,
    },
    Draws.BARS: {
        "reduceOptions": _LAST, "displayMode": "basic", "orientation": "horizontal",
        "valueMode": "color", "showUnfilled": True, "minVizHeight": 16, "minVizWidth": 8,
    },
    Draws.TABLE: {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}},
}  # fmt: skip
