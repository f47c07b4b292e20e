"""The document tree of the simulated iMIS: folders, queries, their definitions and rows."""

from __future__ import annotations

import uuid
from typing import Any

from textmanager.sandbox import imis_wire as wire
from textmanager.sandbox.members import Column, Prompt, Query, queries

_DOCUMENT = f"{wire.CORE}.DocumentSummaryData"


class Queries:
    """Finds, describes and runs the sandbox's queries; `older` is the dialect of iMIS 2017."""

    def __init__(self, slow_seconds: float, *, older: bool) -> None:
        self._by_path = {query.path.casefold(): query for query in queries(slow_seconds)}
        self._older = older
        self._written: dict[tuple[str, bool, tuple[str, ...]], list[wire.Json]] = {}

    def all(self) -> list[Query]:
        return list(self._by_path.values())

    def find(self, path: str) -> Query | None:
        return self._by_path.get(path.casefold())

    def rows(self, query: Query, *, flat: bool, answers: tuple[str, ...] = ()) -> list[wire.Json]:
        """Every row as the endpoint writes it; made once, since the members never change.

        `answers` are those of the query's prompts, in their order; an empty one asks for all.
        """
        key = (query.path, flat, answers)
        if key not in self._written:
            write = _flat_row if flat else _bag_row
            wanted = [
                (prompt.column, answer.casefold())
                for prompt, answer in zip(query.prompts, answers, strict=False)
                if answer
            ]
            found = (
                row
                for row in query.rows()
                if all(str(row.get(name, "")).casefold() == answer for name, answer in wanted)
            )
            self._written[key] = [
                write(place, query.columns, row) for place, row in enumerate(found, 1)
            ]
        return self._written[key]

    def execute(self, entity: str, operation: str, parameters: list[Any]) -> Any:
        """The result of a named operation on documents; None for what is not there."""
        first = str(parameters[0]) if parameters else ""
        match entity, operation:
            case "querydefinition", "FindByPath":
                query = self.find(first)
                return None if query is None else self._definition(query)
            case "documentsummary" | "document", "FindByPath":
                return self._find_document(first)
            case "documentsummary" | "document", "FindDocumentsInFolder":
                return self._folder(first, deep=False)
            case "documentsummary" | "document", "FindDescendantDocumentsInFolder":
                return self._folder(first, deep=True)
        return None

    def _definition(self, query: Query) -> wire.Json:
        kind = f"{wire.CORE}.IqaQueryDefinitionData"
        definition: wire.Json = {
            "$type": f"{kind}, Asi.Contracts",
            "QueryDefinitionId": _guid(query.path),
            "Path": query.path,
            "Properties": wire.values(
                f"{wire.CORE}.QueryPropertyDataCollection, Asi.Contracts",
                [self._property(column, place) for place, column in enumerate(query.columns)],
            ),
            "Parameters": wire.values(
                f"{wire.CORE}.CriteriaDataCollection, Asi.Contracts",
                [_criteria(prompt) for prompt in query.prompts],
            ),
            "IsAvailableToREST": query.is_shared,
        }
        if not self._older:
            definition["Document"] = _document(query.path, is_folder=False)
        return definition

    def _property(self, column: Column, place: int) -> wire.Json:
        name = column.property_name
        written: wire.Json = {
            "$type": f"{wire.CORE}.QueryPropertyData, Asi.Contracts",
            "Name": f"{_guid(name)}.{name}" if self._older else name,
            "PropertyName": name,
            "DisplayOrder": place,
            "DataTypeName": column.data_type,
        }
        if column.alias:
            written["Alias"] = column.alias
        if column.caption:
            written["Caption"] = column.caption
        return written

    def _find_document(self, path: str) -> wire.Json | None:
        query = self.find(path)
        if query is not None:
            return _document(query.path, is_folder=False)
        folder = self._folders().get(path.rstrip("/").casefold())
        return None if folder is None else _document(folder, is_folder=True)

    def _folders(self) -> dict[str, str]:
        """Every folder's path, by that path in small letters and by its document's ID."""
        found = {}
        for query in self._by_path.values():
            folder = query.path.rpartition("/")[0]
            while folder:
                found[folder.casefold()] = found[_guid(folder)] = folder
                folder = folder.rpartition("/")[0]
        return found

    def _folder(self, folder: str, *, deep: bool) -> wire.Json | None:
        """None for a folder that is not there; `folder` is a path or a document's ID."""
        path = self._folders().get(folder.rstrip("/").casefold())
        if path is None:
            return None
        prefix = path.casefold() + "/"
        found: dict[str, wire.Json] = {}
        for query in self._by_path.values():
            if not query.path.casefold().startswith(prefix):
                continue
            head, slash, _ = query.path[len(prefix) :].partition("/")
            if slash and not deep:
                path = query.path[: len(prefix)] + head
                found[path] = _document(path, is_folder=True)
            else:
                found[query.path] = _document(query.path, is_folder=False)
        return wire.values(
            f"{wire.CORE}.DocumentSummaryDataCollection, Asi.Contracts", list(found.values())
        )


def _criteria(prompt: Prompt) -> wire.Json:
    written: wire.Json = {
        "$type": f"{wire.CORE}.CriteriaData, Asi.Contracts",
        "Operation": 3,
        "PropertyName": prompt.column,
        "Prompt": prompt.label,
    }
    # False members are left out on the wire.
    return written | ({"IsRequired": True} if prompt.is_required else {})


def _title(column: Column) -> str:
    return column.sent_as or column.alias or column.caption or column.property_name


def _flat_row(_place: int, columns: tuple[Column, ...], row: dict[str, Any]) -> wire.Json:
    """Null cells are left out, as far as is known; scalars are plain."""
    written: wire.Json = {"$type": "System.Dynamic.ExpandoObject, System.Core"}
    for column in columns:
        value = _value(column, row)
        if value is not None:
            written[_title(column)] = value
    return written


def _bag_row(place: int, columns: tuple[Column, ...], row: dict[str, Any]) -> wire.Json:
    cells = {_title(column): _value(column, row) for column in columns}
    return wire.generic_entity("59", {"ResultRow": str(place), **cells})


def _value(column: Column, row: dict[str, Any]) -> Any:
    return row.get(_title(column), row.get(column.alias or column.property_name))


def _document(path: str, *, is_folder: bool) -> wire.Json:
    document: wire.Json = {
        "$type": f"{_DOCUMENT}, Asi.Contracts",
        "Name": path.rsplit("/", 1)[-1],
        "DocumentTypeId": "FOL" if is_folder else "IQD",
        "Path": path,
        "Status": "Published",
        "DocumentId": _guid(path),
        "DocumentVersionId": _guid(path + "#1"),
    }
    # False members are left out on the wire.
    return document | ({"IsFolder": True} if is_folder else {})


def _guid(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))
