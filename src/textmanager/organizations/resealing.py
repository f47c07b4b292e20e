"""Seals every secret in the database anew with the newest key, so that older ones can go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction
from django.db.models import QuerySet

from textmanager.organizations.secrets import SecretUnreadable, is_of_newest_key, reseal

# Every field that holds a sealed secret has a name with this ending, in whatever app.
ENDING = "_sealed"


@dataclass
class Resealed:
    """How many secrets were sealed anew, how many had the newest key, and which nobody can read."""

    anew: int = 0
    already: int = 0
    unreadable: list[str] = field(default_factory=list)


def reseal_secrets() -> Resealed:
    """Goes over every secret, each row in a transaction of its own: it may be cut and run again.

    One that no key can read is left as it is.
    """
    result = Resealed()
    for model, names in sealed_fields():
        for pk in QuerySet(model).order_by("pk").values_list("pk", flat=True):
            _reseal_row(model, pk, names, result)
    return result


def sealed_fields() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Each model that holds secrets, with the names of the fields."""
    for model in apps.get_models():
        fields = model._meta.fields  # noqa: SLF001 - Django's documented way to ask for them
        names = [field.name for field in fields if field.name.endswith(ENDING)]
        if names:
            yield model, names


@transaction.atomic
def _reseal_row(model: type[models.Model], pk: object, names: list[str], result: Resealed) -> None:
    row: models.Model = QuerySet(model).select_for_update().get(pk=pk)
    for name in names:
        sealed = str(getattr(row, name))
        if not sealed:
            continue
        if is_of_newest_key(sealed):
            result.already += 1
            continue
        try:
            fresh = reseal(sealed)
        except SecretUnreadable:
            result.unreadable.append(f"{model.__name__} {pk}: {name}")
            continue
        QuerySet(model).filter(pk=pk).update(**{name: fresh})
        result.anew += 1
