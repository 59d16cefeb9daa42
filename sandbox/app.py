"""Every address of the sandbox, and how a call is carried out: in a thread, misbehaving as told."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import (
    banks,
    calendars,
    control,
    disputes,
    events,
    pages,
    paystack,
    recipients,
    refunds,
    settlements,
    transfers,
    webhooks,
    zoom,
    zoom_sdk,
)
from sandbox.calls import BODY_LIMIT, Call, Operation, Refusal, Reply
from sandbox.settings import Settings
from sandbox.store import Store

#: How long a call hangs in the mode timeout, in seconds: longer than any client should wait.
HANG = 30

Endpoint = Callable[[Request], Awaitable[Response]]
View = Callable[[Call], Response]


class Uncounted(NamedTuple):
    """A call that a limited number of misbehaving ones leaves out: when a client renews its token is its own affair."""

    operation: Operation


#: Which calls go to a provider, and so misbehave as told: method, address, what answers.
PAYSTACK: list[tuple[str, str, Operation]] = [
    ("POST", "/transaction/initialize", paystack.initialize),
    ("GET", "/transaction/verify/{reference}", paystack.verify),
    ("GET", "/transaction", paystack.list_transactions),
    ("GET", "/transaction/{id}", paystack.fetch),
    ("POST", "/refund", refunds.create_refund),
    ("GET", "/refund", refunds.list_refunds),
    ("GET", "/refund/{id}", refunds.fetch_refund),
    ("GET", "/bank", banks.list_banks),
    ("GET", "/bank/resolve", banks.resolve_account),
    ("POST", "/transferrecipient", recipients.create_recipient),
    ("GET", "/transferrecipient", recipients.list_recipients),
    ("GET", "/transferrecipient/{code}", recipients.fetch_recipient),
    ("POST", "/transfer", transfers.create_transfer),
    ("GET", "/transfer", transfers.list_transfers),
    ("GET", "/transfer/verify/{reference}", transfers.verify_transfer),
    ("GET", "/transfer/{code}", transfers.fetch_transfer),
    ("GET", "/balance", transfers.fetch_balance),
    ("GET", "/dispute", disputes.list_disputes),
    ("GET", "/dispute/{id}", disputes.fetch_dispute),
    ("PUT", "/dispute/{id}/resolve", disputes.resolve_dispute),
    ("POST", "/dispute/{id}/evidence", disputes.add_evidence),
    ("GET", "/dispute/{id}/upload_url", disputes.upload_url),
    ("GET", "/settlement", settlements.list_settlements),
    ("GET", "/settlement/{id}/transactions", settlements.list_settled),
]
ZOOM: list[tuple[str, str, Operation | Uncounted]] = [
    ("POST", "/oauth/token", Uncounted(zoom.create_token)),
    ("POST", "/v2/users/{user}/meetings", zoom.create_meeting),
    ("GET", "/v2/users/{user}/meetings", zoom.list_meetings),
    ("GET", "/v2/meetings/{id}", zoom.fetch_meeting),
    ("PATCH", "/v2/meetings/{id}", zoom.update_meeting),
    ("DELETE", "/v2/meetings/{id}", zoom.delete_meeting),
]

DIRECTIONS: control.Directions = {
    "paystack": {"transfer": transfers.direct, "topUp": transfers.top_up, "dispute": disputes.direct},
    "zoom": {"newDay": zoom.forget_calls},
}
#: What goes on in every mode, and answers in JSON.
STEADY: list[tuple[str, str, Operation]] = [
    ("PUT", "/dispute-files/{name}", disputes.take_file),
    ("GET", "/_control", control.show_modes),
    ("POST", "/_control", functools.partial(control.change_modes, directions=DIRECTIONS)),
    ("GET", "/_control/transactions", control.list_transactions),
    ("GET", "/_control/transfers", transfers.show_transfers),
    ("GET", "/_control/disputes", disputes.show_disputes),
    ("GET", "/_control/meetings", control.list_meetings),
    ("GET", "/_control/webhooks", control.list_webhooks),
    ("POST", "/_control/webhooks/replay", webhooks.replay_webhook),
    ("GET", "/_control/events", events.list_events),
    ("POST", "/_control/events/{id}/deliver", events.deliver_event),
    ("POST", "/zoom-sdk/join", zoom_sdk.join),
    ("GET", "/healthz", lambda call: Reply(200, {"status": "ok"})),
]
#: What people look at, and files.
PAGES: list[tuple[str, str, View]] = [
    ("GET", "/checkout/{code}", pages.show_checkout),
    ("POST", "/checkout/{code}", pages.post_checkout),
    ("GET", "/zoom/{role}/{id}", pages.show_meeting),
    ("GET", "/zoom-sdk/{path:path}", zoom_sdk.show_script),
    ("GET", "/calendars/{name}", calendars.show_calendar),
    ("GET", "/_control/settlements/{id}.csv", settlements.export_settlement),
    ("GET", pages.STYLE_URL, pages.show_style),
]
MISBEHAVIOUR: dict[tuple[str, str], Operation] = {
    ("paystack", "error"): paystack.outage,
    ("zoom", "error"): zoom.outage,
    ("zoom", "rate-limit"): zoom.rate_limited,
}


def create_app(store: Store, settings: Settings) -> Starlette:
    read = functools.partial(read_call, store, settings)
    routes = [
        *(Route(path, provider(read, "paystack", answer), methods=[method]) for method, path, answer in PAYSTACK),
        *(Route(path, provider(read, "zoom", answer), methods=[method]) for method, path, answer in ZOOM),
        *(Route(path, steady(read, answer), methods=[method]) for method, path, answer in STEADY),
        *(Route(path, page(read, view), methods=[method]) for method, path, view in PAGES),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: refuse_address, Exception: report_fault})


Reader = Callable[[Request], Awaitable[Call]]


def steady(read: Reader, operation: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return respond(await run_in_threadpool(carry_out, operation, await read(request)))

    return endpoint


def page(read: Reader, view: View) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(view, await read(request))

    return endpoint


def provider(read: Reader, name: str, answer: Operation | Uncounted) -> Endpoint:
    operation, counted = (answer.operation, False) if isinstance(answer, Uncounted) else (answer, True)

    async def endpoint(request: Request) -> Response:
        call = await read(request)
        mode = await run_in_threadpool(take_call_mode, call.store, name, counted)
        if mode == "timeout-before":
            # The caller knows as little as in a time-out after the work, and nothing was done.
            await asyncio.sleep(HANG)
            mode = "error"
        if mode in ("error", "rate-limit"):
            return respond(MISBEHAVIOUR[name, mode](call))
        reply = await run_in_threadpool(carry_out, operation, call)
        if mode == "timeout":
            # The work is done, and the caller will not know: that is what makes a time-out hard.
            await asyncio.sleep(HANG)
        return respond(reply)

    return endpoint


async def read_call(store: Store, settings: Settings, request: Request) -> Call:
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > BODY_LIMIT:
            raise HTTPException(413, "Request body too large")
    return Call(
        store=store,
        settings=settings,
        method=request.method,
        path=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=b"".join(chunks),
    )


def take_call_mode(store: Store, provider: str, counted: bool) -> str | None:
    """The misbehaviour of a whole call, if there is any just now."""
    with store.writing() as db:
        limited = control.present_mode(db, provider)[1] is not None
        if limited and not counted:
            return None
        return control.take_mode(db, provider, "timeout", "timeout-before", "error", "rate-limit")


def carry_out(operation: Operation, call: Call) -> Reply:
    try:
        return operation(call)
    except Refusal as refusal:
        return refusal.reply


def respond(reply: Reply) -> Response:
    if reply.body is None:
        return Response(status_code=reply.status, headers=dict(reply.headers))
    return JSONResponse(reply.body, reply.status, dict(reply.headers))


def refuse_address(request: Request, error: Exception) -> Response:
    """An unknown address, a wrong method or too large a body, in a shape that both providers' clients can read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "Error"
    return JSONResponse({"status": False, "message": detail}, status)


def report_fault(request: Request, error: Exception) -> Response:
    return JSONResponse({"status": False, "message": "The sandbox has a fault", "type": "api_error"}, 500)
