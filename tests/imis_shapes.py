"""The documented shapes of iMIS's JSON, and whether something has one of them.

A shape is JSON in which a type of Python stands for any value of that type. A dictionary has
exactly the members of its shape; those in `Maybe` may be missing. A list has items of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CORE = "Asi.Soa.Core.DataContracts"
STRINGS = "System.Collections.ObjectModel.Collection`1[[System.String, mscorlib]], mscorlib"
OBJECTS = "System.Collections.ObjectModel.Collection`1[[System.Object, mscorlib]], mscorlib"
ANY = object()


@dataclass(frozen=True)
class Maybe:
    """A member that may be missing, as a value that is nothing is left out on the wire."""

    shape: Any


@dataclass(frozen=True)
class Either:
    shapes: tuple[Any, ...]


def misfit(shape: Any, found: Any, at: str = "") -> str:  # noqa: PLR0911 - one for each kind
    """Where `found` is not of the shape; empty when it is."""
    match shape:
        case _ if shape is ANY:
            return ""
        case Either(shapes):
            return min((misfit(each, found, at) for each in shapes), key=len)
        case Maybe(inner):
            return misfit(inner, found, at)
        case dict():
            return _misfit_of_object(shape, found, at)
        case [inner]:
            if not isinstance(found, list):
                return f"{at}: {found!r} is no list"
            return next(filter(None, (misfit(inner, each, f"{at}[]") for each in found)), "")
        case type():
            is_bool = isinstance(found, bool) and shape is not bool
            fits = isinstance(found, shape) and not is_bool
            return "" if fits else f"{at}: {found!r} is no {shape.__name__}"
    return "" if shape == found else f"{at}: {found!r} is not {shape!r}"


def _misfit_of_object(shape: dict[str, Any], found: Any, at: str) -> str:
    if not isinstance(found, dict):
        return f"{at}: {found!r} is no object"
    needed = {name for name, inner in shape.items() if not isinstance(inner, Maybe)}
    if lacking := needed - found.keys():
        return f"{at}: lacks {sorted(lacking)}"
    if strange := found.keys() - shape.keys():
        return f"{at}: has {sorted(strange)}, which nobody documents"
    inner = (misfit(shape[name], value, f"{at}.{name}") for name, value in found.items())
    return next(filter(None, inner), "")


def collection(kind: str, item: Any) -> dict[str, Any]:
    return {"$type": kind, "$values": [item]}


TOKEN = {"access_token": str, "token_type": "bearer", "expires_in": int, "userName": str}
TOKEN_REFUSED = {"error": "invalid_grant", "error_description": str}
NOT_AUTHORIZED = {
    "$type": "System.Web.Http.HttpError, System.Web.Http",
    "Message": "Authorization has been denied for this request.",
}

WRAPPED = Either(
    tuple(
        {"$type": f"System.{name}", "$value": kind}
        for name, kind in (
            ("Int32", int), ("Decimal", float), ("Boolean", bool), ("Guid", str), ("Byte", int),
        )
    )
)  # fmt: skip
PROPERTY = {
    "$type": f"{CORE}.GenericPropertyData, Asi.Contracts",
    "Name": str,
    "Value": Maybe(Either((str, WRAPPED))),
}
PROPERTIES = collection(f"{CORE}.GenericPropertyDataCollection, Asi.Contracts", PROPERTY)
IDENTITY = {
    "$type": f"{CORE}.IdentityData, Asi.Contracts",
    "EntityTypeName": str,
    "IdentityElements": collection(STRINGS, str),
}
ROW_AS_BAG = {
    "$type": f"{CORE}.GenericEntityData, Asi.Contracts",
    "EntityTypeName": "59",
    "PrimaryParentEntityTypeName": Maybe(str),
    "Properties": PROPERTIES,
}


def page(outer: str, inner: str, item: Any) -> dict[str, Any]:
    return {
        "$type": f"{CORE}.PagedResult{outer}, Asi.Contracts",
        "Items": collection(f"System.Collections.Generic.List`1[[{inner}]], mscorlib", item),
        "Offset": int,
        "Limit": int,
        "Count": int,
        "TotalCount": int,
        "NextPageLink": None,
        "HasNext": bool,
        "NextOffset": int,
    }


_ENTITY = f"{CORE}.GenericEntityData, Asi.Contracts"
PAGE_OF_BAGS = page(f"`1[[{_ENTITY}]]", _ENTITY, ROW_AS_BAG)
PAGE_OF_ROWS = page(
    "",
    "System.Object, mscorlib",
    {
        "$type": "System.Dynamic.ExpandoObject, System.Core",
        "ID": str,
        "FullName": str,
        "FirstName": Maybe(str),
        "MobilePhone": Maybe(str),
        "PaidThrough": Maybe(str),
        "DuesAmount": Maybe(float),
        "Chapter": Maybe(str),
    },
)


def service_response(result: Any) -> dict[str, Any]:
    return {
        "$type": str,
        "Result": result,
        "IsSuccessStatusCode": bool,
        "Message": None,
        "ReasonPhrase": None,
        "StatusCode": 0,
        "ValidationResults": None,
        "IsCachedResult": bool,
        "BrowserCacheDuration": int,
    }


DOCUMENT = {
    "$type": f"{CORE}.DocumentSummaryData, Asi.Contracts",
    "Name": str,
    "DocumentTypeId": Either(("FOL", "IQD")),
    "Path": str,
    "Status": "Published",
    "DocumentId": str,
    "DocumentVersionId": str,
    "IsFolder": Maybe(True),
}
DOCUMENTS = collection(f"{CORE}.DocumentSummaryDataCollection, Asi.Contracts", DOCUMENT)

EXECUTE = {
    "$type": f"{CORE}.GenericExecuteRequest, Asi.Contracts",
    "EntityTypeName": str,
    "OperationName": str,
    "Parameters": collection(
        OBJECTS,
        Either(
            (
                {"$type": "System.String", "$value": str},
                {"$type": "System.String[]", "$values": [str]},
                {"$type": "System.Boolean", "$value": bool},
            )
        ),
    ),
    "UseJson": False,
}
ACTIVITY = {
    "$type": _ENTITY,
    "EntityTypeName": "Activity",
    "PrimaryParentEntityTypeName": "Party",
    "PrimaryParentIdentity": IDENTITY,
    "Properties": PROPERTIES,
}
ACTIVITY_WRITTEN = {**ACTIVITY, "Identity": IDENTITY}
ACTIVITY_COLUMNS = {
    "ACTIVITY_TYPE", "PartyId", "TRANSACTION_DATE", "DESCRIPTION", "NOTE", "CATEGORY", "UF_1",
}  # fmt: skip
_COMMUNICATIONS = "Asi.Soa.Communications.DataContracts"
LOG_ENTRY = {
    "$type": f"{_COMMUNICATIONS}.CommunicationLogRecipientData, Asi.Contracts",
    "CommunicationLog": {
        "$type": f"{_COMMUNICATIONS}.CommunicationLogData, Asi.Contracts",
        "Subject": str,
        "Html": str,
        "Text": str,
        "Status": 3,
        "SourceProcess": str,
    },
    "Party": {
        "$type": "Asi.Soa.Membership.DataContracts.PartyReferenceData, Asi.Contracts",
        "PartyId": str,
    },
    "MessageType": 1,
    "Address": str,
}
ACTIVITY_TYPE = {
    "$type": Maybe(str),
    "ActivityTypeId": str,
    "Description": str,
    "DescriptionPrompt": Maybe(str),
    "NotePrompt": Maybe(str),
    "CeuTypePrompt": Maybe(str),
    "Uf1Prompt": Maybe(str),
    "AllowUserEdit": Maybe(bool),
}
VALIDATION = {
    "$type": f"{CORE}.ValidationResultsData, Asi.Contracts",
    "Errors": {"$type": str, "$values": [
        {"$type": Maybe(str), "FieldName": str, "Message": str,
         "FieldValue": Maybe(ANY), "Location": Maybe(ANY)},
    ]},
    "Warnings": Maybe(ANY),
}  # fmt: skip
