"""
A panel beside the shop: what the library does behind it. It is for the demo, and no part of a shop.

A listener of each worker's session writes events into the shop's database; the panel asks for those
of its own customer every second. An event has ids, names and times, and no token, no account number
and no personal data. `SHOP_BEHIND=1` turns the panel on, as `flexiti-async demo --shop` does; only
`app.py` and `base.html` refer to it, so that a copy leaves it out.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import define, field, frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flexiti_async import Language
from flexiti_async.demo.database import Database
from flexiti_async.demo.guard import VISIT
from flexiti_async.demo.orders import OrderBook
from flexiti_async.demo.settings import BEHIND_PATH
from flexiti_async.demo.visits import Visit
from flexiti_async.events import (
    CallFinished,
    CallRetried,
    Event,
    OperationDone,
    OperationEvent,
    OperationRefused,
    OperationReplayed,
    OperationResolved,
    OperationUnknown,
    TokenAdopted,
    TokenIssued,
)

__all__ = ["Behind"]

_SHOWN: Final = 40
_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS happenings (
        id INTEGER PRIMARY KEY,
        moment TEXT NOT NULL DEFAULT (strftime('%H:%M:%f', 'now', 'localtime')),
        worker INTEGER NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        outcome TEXT NOT NULL,
        seconds REAL,
        reference_id TEXT,
        key TEXT
    )
"""
_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.ENGLISH: {
        "totals": "Token requests: {tokens}; calls: {calls}; workers: {workers}",
        "nobody": "Nothing has been sent yet.",
        "worker": "worker {0}",
        "token": "token request",
        "adopted": "token of another worker",
        "no_request": "from the store, no request",
        "call": "call",
        "retry": "attempt failed",
        "journal": "journal",
        "reference_id": "Reference id of this purchase: {0}",
        "done": "done",
        "unknown": "outcome unknown",
        "refused": "did not run",
        "replayed": "recorded answer, nothing sent",
        "resolved": "resolved",
    },
    Language.FRENCH: {
        "totals": "Demandes de jeton : {tokens}; appels : {calls}; processus : {workers}",
        "nobody": "Rien n'a encore été envoyé.",
        "worker": "processus {0}",
        "token": "demande de jeton",
        "adopted": "jeton d'un autre processus",
        "no_request": "du magasin partagé, sans demande",
        "call": "appel",
        "retry": "échec d'une tentative",
        "journal": "journal",
        "reference_id": "Numéro de référence de cet achat : {0}",
        "done": "effectué",
        "unknown": "résultat inconnu",
        "refused": "non exécuté",
        "replayed": "réponse enregistrée, rien n'a été envoyé",
        "resolved": "résolu",
    },
}
_OPERATIONS: Final[Mapping[type[OperationEvent], str]] = {
    OperationDone: "done",
    OperationUnknown: "unknown",
    OperationRefused: "refused",
    OperationReplayed: "replayed",
    OperationResolved: "resolved",
}


@frozen
class _Happening:
    kind: str
    name: str
    outcome: str
    seconds: float | None = None
    reference_id: str | None = None
    key: str | None = None


@define
class Behind:
    """
    The panel: a listener of the session, and the address that the panel's script asks.

    Attributes:
        database: The shop's database.
    """

    database: Database
    _waiting: list[_Happening] = field(factory=list[_Happening], init=False)
    _writing: "asyncio.Task[None] | None" = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.database.create(_SCHEMA)

    def __call__(self, event: Event) -> None:
        """Write an event into the database, in the background: listeners must not wait."""
        self._waiting.extend(_happenings(event))
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            one = self._waiting.pop(0)
            await self.database.run(
                "INSERT INTO happenings (worker, kind, name, outcome, seconds, reference_id, key) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(os.getpid(), one.kind, one.name, one.outcome, one.seconds),
                *(one.reference_id, one.key),
            )

    def route(self) -> Route:
        """Return the route of the panel's data."""
        return Route(BEHIND_PATH, self.show, methods=["GET"])

    async def show(self, request: Request) -> Response:
        """Return what happened for this customer, and for the tokens that all of them share."""
        visit: Visit | None = request.scope["state"].get(VISIT)
        if visit is None:
            return JSONResponse({})
        french = request.query_params.get("lang") == Language.FRENCH.value
        texts = _TEXTS[Language.FRENCH if french else Language.ENGLISH]
        orders: OrderBook = request.app.state.orders
        number = (await orders.find(visit.reference_id)).number
        rows = await self.database.run(
            "SELECT moment, worker, kind, name, outcome, seconds FROM happenings "
            "WHERE reference_id IN (?, ?) OR key = ? OR kind IN ('token', 'adopted') "
            "ORDER BY id DESC LIMIT ?",
            *(visit.reference_id, visit.application_id, number, _SHOWN),
        )
        ((tokens, calls),) = await self.database.run(
            "SELECT count(*) FILTER (WHERE kind = 'token'), count(*) FILTER (WHERE kind = 'call') "
            "FROM happenings"
        )
        workers = [
            pid
            for (pid,) in await self.database.run(
                "SELECT worker FROM happenings GROUP BY worker ORDER BY min(id)"
            )
        ]
        totals = texts["totals"].format(tokens=tokens, calls=calls, workers=len(workers))
        return JSONResponse(
            {
                "totals": totals if tokens or calls else texts["nobody"],
                "reference_id": texts["reference_id"].format(visit.reference_id),
                "lines": [
                    {
                        "moment": moment,
                        "worker": texts["worker"].format(workers.index(worker) + 1),
                        "kind": kind,
                        "what": texts[kind],
                        "name": name,
                        "outcome": texts.get(outcome, outcome),
                        "took": "" if seconds is None else f"{seconds * 1000:,.0f} ms",
                    }
                    for moment, worker, kind, name, outcome, seconds in rows
                ],
            }
        )


def _happenings(event: Event) -> Iterator[_Happening]:
    """Choose what the panel shows of an event."""
    match event:
        case TokenIssued():
            # Without its reference id: all customers may see the tokens that they share.
            yield _Happening("token", f"scope {event.scope.value}", "done", event.seconds)
        case TokenAdopted():
            yield _Happening("adopted", f"scope {event.scope.value}", "no_request")
        case CallFinished():
            ended = event.outcome.value if event.error is None else type(event.error).__name__
            yield _Happening("call", event.endpoint, ended, event.seconds, event.reference_id)
        case CallRetried():
            outcome = type(event.error).__name__
            yield _Happening("retry", event.endpoint, outcome, None, event.reference_id)
        case OperationEvent() if type(event) in _OPERATIONS:
            yield _Happening(
                "journal",
                f"{event.kind} {event.idempotency_key}",
                _OPERATIONS[type(event)],
                getattr(event, "seconds", None),
                event.reference_id,
                event.idempotency_key,
            )
        case _:
            pass
