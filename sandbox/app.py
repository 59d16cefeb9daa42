"""Every address of the sandbox, and how a call is carried out: in a thread, misbehaving as told."""

import asyncio
import functools
from collections.abc import Awaitable, Callable

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
    pages,
    paystack,
    recipients,
    refunds,
    settlements,
    transfers,
    webhooks,
    zoom,
)
from sandbox.calls import BODY_LIMIT, Call, Operation, Refusal, Reply
from sandbox.settings import Settings
from sandbox.store import Store

#: How long a call hangs in the mode timeout, in seconds: longer than any client should wait.
HANG = 30

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(store: Store, settings: Settings) -> Starlette:
    def plain(operation: Operation) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return respond(await run_in_threadpool(carry_out, operation, await read_call(store, settings, request)))

        return endpoint

    def page(view: Callable[[Call], Response]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(view, await read_call(store, settings, request))

        return endpoint

    def provider(name: str, operation: Operation, *, counted: bool = True) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            call = await read_call(store, settings, request)
            mode = await run_in_threadpool(take_call_mode, store, name, counted)
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

    routes = [
        Route("/transaction/initialize", provider("paystack", paystack.initialize), methods=["POST"]),
        Route("/transaction/verify/{reference}", provider("paystack", paystack.verify)),
        Route("/transaction", provider("paystack", paystack.list_transactions)),
        Route("/transaction/{id}", provider("paystack", paystack.fetch)),
        Route("/refund", provider("paystack", refunds.create_refund), methods=["POST"]),
        Route("/refund", provider("paystack", refunds.list_refunds)),
        Route("/refund/{id}", provider("paystack", refunds.fetch_refund)),
        Route("/bank", provider("paystack", banks.list_banks)),
        Route("/bank/resolve", provider("paystack", banks.resolve_account)),
        Route("/transferrecipient", provider("paystack", recipients.create_recipient), methods=["POST"]),
        Route("/transferrecipient", provider("paystack", recipients.list_recipients)),
        Route("/transferrecipient/{code}", provider("paystack", recipients.fetch_recipient)),
        Route("/transfer", provider("paystack", transfers.create_transfer), methods=["POST"]),
        Route("/transfer", provider("paystack", transfers.list_transfers)),
        Route("/transfer/verify/{reference}", provider("paystack", transfers.verify_transfer)),
        Route("/transfer/{code}", provider("paystack", transfers.fetch_transfer)),
        Route("/balance", provider("paystack", transfers.fetch_balance)),
        Route("/dispute", provider("paystack", disputes.list_disputes)),
        Route("/dispute/{id}", provider("paystack", disputes.fetch_dispute)),
        Route("/dispute/{id}/resolve", provider("paystack", disputes.resolve_dispute), methods=["PUT"]),
        Route("/dispute/{id}/evidence", provider("paystack", disputes.add_evidence), methods=["POST"]),
        Route("/dispute/{id}/upload_url", provider("paystack", disputes.upload_url)),
        Route("/dispute-files/{name}", plain(disputes.take_file), methods=["PUT"]),
        Route("/settlement", provider("paystack", settlements.list_settlements)),
        Route("/settlement/{id}/transactions", provider("paystack", settlements.list_settled)),
        Route("/checkout/{code}", page(pages.show_checkout)),
        Route("/checkout/{code}", page(pages.post_checkout), methods=["POST"]),
        # A limited number of misbehaving calls is meant for meetings: when a client renews its token is its own affair.
        Route("/oauth/token", provider("zoom", zoom.create_token, counted=False), methods=["POST"]),
        Route("/v2/users/{user}/meetings", provider("zoom", zoom.create_meeting), methods=["POST"]),
        Route("/v2/users/{user}/meetings", provider("zoom", zoom.list_meetings)),
        Route("/v2/meetings/{id}", provider("zoom", zoom.fetch_meeting)),
        Route("/v2/meetings/{id}", provider("zoom", zoom.update_meeting), methods=["PATCH"]),
        Route("/v2/meetings/{id}", provider("zoom", zoom.delete_meeting), methods=["DELETE"]),
        Route("/zoom/{role}/{id}", page(pages.show_meeting)),
        Route("/calendars/{name}", page(calendars.show_calendar)),
        Route("/_control", plain(control.show_modes)),
        Route("/_control", plain(functools.partial(control.change_modes, directions=DIRECTIONS)), methods=["POST"]),
        Route("/_control/transactions", plain(control.list_transactions)),
        Route("/_control/transfers", plain(transfers.show_transfers)),
        Route("/_control/disputes", plain(disputes.show_disputes)),
        Route("/_control/settlements/{id}.csv", page(settlements.export_settlement)),
        Route("/_control/meetings", plain(control.list_meetings)),
        Route("/_control/webhooks", plain(control.list_webhooks)),
        Route("/_control/webhooks/replay", plain(webhooks.replay_webhook), methods=["POST"]),
        Route(pages.STYLE_URL, page(pages.show_style)),
        Route("/healthz", plain(lambda call: Reply(200, {"status": "ok"}))),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: refuse_address, Exception: report_fault})


DIRECTIONS: control.Directions = {
    "paystack": {"transfer": transfers.direct, "topUp": transfers.top_up, "dispute": disputes.direct}
}

MISBEHAVIOUR: dict[tuple[str, str], Operation] = {
    ("paystack", "error"): paystack.outage,
    ("zoom", "error"): zoom.outage,
    ("zoom", "rate-limit"): zoom.rate_limited,
}


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
