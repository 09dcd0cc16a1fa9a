"""The part of CloudWatch's dashboard structure that is used here, so that a misspelt property is found."""

import jsonschema

# CloudWatch API Reference, Dashboard body structure and syntax: the part of it
# that is used here, so that a misspelt property is found.
DASHBOARD = {
    "type": "object",
    "required": ["widgets"],
    "additionalProperties": False,
    "properties": {"widgets": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/widget"}}},
    "$defs": {
        "widget": {
            "type": "object",
            "required": ["type", "x", "y", "width", "height", "properties"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": ["metric", "text", "log", "alarm"]},
                "x": {"type": "integer", "minimum": 0, "maximum": 23},
                "y": {"type": "integer", "minimum": 0},
                "width": {"type": "integer", "minimum": 1, "maximum": 24},
                "height": {"type": "integer", "minimum": 1, "maximum": 1000},
                "properties": {"type": "object"},
            },
            "allOf": [
                {
                    "if": {"properties": {"type": {"const": kind}}},
                    "then": {"properties": {"properties": {"$ref": f"#/$defs/{kind}"}}},
                }
                for kind in ("metric", "text", "log", "alarm")
            ],
        },
        "metric": {
            "required": ["title", "region", "view", "metrics"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "region": {"type": "string"},
                "view": {"enum": ["timeSeries", "singleValue"]},
                "stacked": {"type": "boolean"},
                "stat": {"enum": ["Minimum", "Maximum", "Sum", "Average"]},
                "period": {"type": "integer", "minimum": 60},
                "setPeriodToTimeRange": {"type": "boolean"},
                "metrics": {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1}},
                "yAxis": {
                    "additionalProperties": False,
                    "properties": {"left": {"$ref": "#/$defs/axis"}, "right": {"$ref": "#/$defs/axis"}},
                },
                "annotations": {
                    "additionalProperties": False,
                    "properties": {
                        "horizontal": {
                            "type": "array",
                            "items": {
                                "required": ["value"],
                                "additionalProperties": False,
                                "properties": {
                                    "label": {"type": "string"},
                                    "value": {"type": "number"},
                                    "yAxis": {"enum": ["left", "right"]},
                                },
                            },
                        }
                    },
                },
            },
        },
        "axis": {
            "additionalProperties": False,
            "properties": {"min": {"type": "number"}, "label": {"type": "string"}, "showUnits": {"type": "boolean"}},
        },
        "rendering": {
            "additionalProperties": False,
            "properties": {
                "color": {"pattern": "^#[0-9a-f]{6}$"},
                "expression": {"type": "string"},
                "id": {"pattern": "^[a-z][A-Za-z0-9_]*$"},
                "label": {"type": "string"},
                "stat": {"pattern": "^(Minimum|Maximum|Sum|Average|p[0-9]{1,2})$"},
                "visible": {"type": "boolean"},
                "yAxis": {"enum": ["left", "right"]},
            },
        },
        "text": {
            "required": ["markdown"],
            "additionalProperties": False,
            "properties": {"markdown": {"type": "string", "minLength": 1}},
        },
        "log": {
            "required": ["title", "region", "query", "view"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "region": {"type": "string"},
                "view": {"enum": ["table", "timeSeries"]},
                "query": {"pattern": "^SOURCE '[^']+' \\| "},
            },
        },
        "alarm": {
            "required": ["title", "alarms"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "alarms": {"type": "array", "minItems": 1, "items": {"pattern": "^arn:[^:]+:cloudwatch:"}},
            },
        },
    },
}
WELL_FORMED = jsonschema.Draft202012Validator(DASHBOARD)
RENDERING = WELL_FORMED.evolve(schema=DASHBOARD["$defs"]["rendering"])
