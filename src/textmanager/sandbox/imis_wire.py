"""How iMIS writes things in JSON: typed objects, collections, pages and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse

CORE = "Asi.Soa.Core.DataContracts"
MEMBERSHIP = "Asi.Soa.Membership.DataContracts"
MOST_ROWS = 500
USUAL_ROWS = 100

Json = dict[str, Any]


def values(kind: str, items: Sequence[Any]) -> Json:
    return {"$type": kind, "$values": list(items)}


def generic_property(name: str, value: object) -> Json:
    """A property without a value has no Value at all; numbers are wrapped with their type."""
    written: Json = {"$type": f"{CORE}.GenericPropertyData, Asi.Contracts", "Name": name}
    if value is None:
        return written
    match value:
        case bool():
            written["Value"] = {"$type": "System.Boolean", "$value": value}
        case int():
            written["Value"] = {"$type": "System.Int32", "$value": value}
        case float():
            written["Value"] = {"$type": "System.Decimal", "$value": value}
        case _:
            written["Value"] = value
    return written


def generic_entity(kind: str, properties: Mapping[str, object], **extra: Any) -> Json:
    return {
        "$type": f"{CORE}.GenericEntityData, Asi.Contracts",
        "EntityTypeName": kind,
        **extra,
        "Properties": values(
            f"{CORE}.GenericPropertyDataCollection, Asi.Contracts",
            [generic_property(name, value) for name, value in properties.items()],
        ),
    }


def activity_type(members: Mapping[str, Any]) -> Json:
    return {**members, "$type": f"{MEMBERSHIP}.LegacyActivityTypeData, Asi.Contracts"}


def identity(kind: str, *elements: str) -> Json:
    return {
        "$type": f"{CORE}.IdentityData, Asi.Contracts",
        "EntityTypeName": kind,
        "IdentityElements": values(
            "System.Collections.ObjectModel.Collection`1[[System.String, mscorlib]], mscorlib",
            elements,
        ),
    }


def page(items: Sequence[Any], params: Mapping[str, str], *, flat: bool = False) -> Json:
    """The part of `items` that Offset and Limit ask for, in iMIS's envelope."""
    lowered = {name.casefold(): value for name, value in params.items()}
    offset = max(0, int(lowered.get("offset") or 0))
    limit = min(MOST_ROWS, max(1, int(lowered.get("limit") or USUAL_ROWS)))
    shown = items[offset : offset + limit]
    has_next = offset + len(shown) < len(items)
    inner = "System.Object, mscorlib" if flat else f"{CORE}.GenericEntityData, Asi.Contracts"
    outer = "" if flat else f"`1[[{inner}]]"
    return {
        "$type": f"{CORE}.PagedResult{outer}, Asi.Contracts",
        "Items": values(f"System.Collections.Generic.List`1[[{inner}]], mscorlib", shown),
        "Offset": offset,
        "Limit": limit,
        "Count": len(shown),
        "TotalCount": len(items),
        "NextPageLink": None,
        "HasNext": has_next,
        "NextOffset": offset + len(shown) if has_next else 0,
    }


def service_response(result: Any) -> Json:
    return {
        "$type": f"{CORE}.ServiceResponse`1[[System.Object, mscorlib]], Asi.Contracts",
        "Result": result,
        "IsSuccessStatusCode": True,
        "Message": None,
        "ReasonPhrase": None,
        "StatusCode": 0,
        "ValidationResults": None,
        "IsCachedResult": False,
        "BrowserCacheDuration": 0,
    }


def not_authorized() -> JSONResponse:
    return JSONResponse(
        {
            "$type": "System.Web.Http.HttpError, System.Web.Http",
            "Message": "Authorization has been denied for this request.",
        },
        status_code=401,
    )


def validation_error(field: str, message: str) -> JSONResponse:
    error = {
        "$type": f"{CORE}.ValidationResultData, Asi.Contracts",
        "FieldName": field,
        "Message": message,
    }
    return JSONResponse(
        {
            "$type": f"{CORE}.ValidationResultsData, Asi.Contracts",
            "Errors": values(f"{CORE}.ValidationResultDataCollection, Asi.Contracts", [error]),
        },
        status_code=400,
    )
