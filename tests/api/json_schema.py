"""As much of JSON Schema as the OpenAPI document uses."""

from typing import Any

KINDS = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
    "number": int | float,
}  # fmt: skip


def resolved(made: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A schema, or what it refers to."""
    found = schema
    while "$ref" in found:
        _, _, kind, name = found["$ref"].split("/")
        found = made["components"][kind][name]
    return found


def fault(made: dict[str, Any], schema: dict[str, Any], value: Any) -> str | None:
    """Why a value is not as its schema says; None if it is."""
    schema = resolved(made, schema)
    if "anyOf" in schema:
        faults = [fault(made, one, value) for one in schema["anyOf"]]
        return None if None in faults else " / ".join(map(str, faults))
    allowed = [schema["const"]] if "const" in schema else schema.get("enum", [value])
    if value not in allowed:
        return f"{value!r} is none of {allowed}"
    kind = schema.get("type")
    if kind is None:
        return None
    if not isinstance(value, KINDS[kind]) or (type(value) is bool) != (kind == "boolean"):
        return f"{value!r} is no {kind}"
    if kind == "array":
        return next((told for one in value if (told := fault(made, schema["items"], one))), None)
    return _object_fault(made, schema, value) if kind == "object" else None


def _object_fault(made: dict[str, Any], schema: dict[str, Any], value: dict[str, Any]) -> str | None:
    if missing := set(schema.get("required", ())) - set(value):
        return f"lacks {missing}"
    others = schema.get("additionalProperties", "properties" not in schema)
    for name, one in value.items():
        inner = schema.get("properties", {}).get(name, others)
        if inner is False:
            return f"has {name!r}"
        if isinstance(inner, dict) and (told := fault(made, inner, one)):
            return f".{name}: {told}"
    return None
