"""How iMIS writes things in JSON: typed objects, collections, wrapped scalars, property bags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any

# iMIS gives no more rows than this at a time, whatever is asked for.
LARGEST_PAGE = 500

CORE = "Asi.Soa.Core.DataContracts"
_COLLECTION = "System.Collections.ObjectModel.Collection`1"
STRINGS = f"{_COLLECTION}[[System.String, mscorlib]], mscorlib"
OBJECTS = f"{_COLLECTION}[[System.Object, mscorlib]], mscorlib"


def values(collection: Json) -> list[Json]:
    """The members of a collection as iMIS writes one; none for null."""
    if isinstance(collection, dict):
        collection = collection.get("$values", [])
    return list(collection) if isinstance(collection, list) else []


def plain(value: Json) -> object:
    """A scalar out of its wrapping: {"$type": "System.Int32", "$value": 5} is 5."""
    if isinstance(value, dict) and "$value" in value:
        return value["$value"]
    return value


def string(value: str) -> dict[str, Json]:
    """A string as a parameter of a named operation."""
    return {"$type": "System.String", "$value": value}


def execute_request(entity: str, operation: str, parameters: list[Json]) -> dict[str, Json]:
    """The body of a named operation."""
    return {
        "$type": f"{CORE}.GenericExecuteRequest, Asi.Contracts",
        "EntityTypeName": entity,
        "OperationName": operation,
        "Parameters": {"$type": OBJECTS, "$values": parameters},
        "UseJson": False,
    }


def party_entity(name: str, party_id: str, properties: Mapping[str, str]) -> dict[str, Json]:
    """A business object that belongs to a member, such as an activity."""
    return {
        "$type": f"{CORE}.GenericEntityData, Asi.Contracts",
        "EntityTypeName": name,
        "PrimaryParentEntityTypeName": "Party",
        "PrimaryParentIdentity": {
            "$type": f"{CORE}.IdentityData, Asi.Contracts",
            "EntityTypeName": "Party",
            "IdentityElements": {"$type": STRINGS, "$values": [party_id]},
        },
        "Properties": {
            "$type": f"{CORE}.GenericPropertyDataCollection, Asi.Contracts",
            "$values": [
                {
                    "$type": f"{CORE}.GenericPropertyData, Asi.Contracts",
                    "Name": column,
                    "Value": value,
                }
                for column, value in properties.items()
            ],
        },
    }


def properties(entity: Mapping[str, Json]) -> dict[str, object]:
    """The property bag of a business object; a property without a value is None."""
    return {
        str(prop.get("Name")): plain(prop.get("Value"))
        for prop in values(entity.get("Properties"))
        if isinstance(prop, dict)
    }


def identity(entity: Json, member: str = "Identity") -> str:
    """The first element of an entity's identity; blank when it has none."""
    if not isinstance(entity, dict):
        return ""
    elements = values((entity.get(member) or {}).get("IdentityElements"))
    return str(elements[0]) if elements else ""
