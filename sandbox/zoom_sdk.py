"""A stand-in for Zoom's Meeting SDK in browsers: the script with its one client, and whether Zoom would let it in."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from starlette.responses import Response

from sandbox.calls import Call, Refusal, Reply
from sandbox.zoom import find_meeting

#: What the page of a meeting calls; it says what it was told, and asks the sandbox as the true one asks Zoom.
CLIENT = """
(() => {
  const home = new URL(document.currentScript.src).origin;
  let root;
  const client = {
    async init(options) { root = options.zoomAppRoot; },
    async join(options) {
      const answer = await fetch(`${home}/zoom-sdk/join`, { method: "POST", body: JSON.stringify(options) });
      const said = await answer.json();
      if (!answer.ok) throw { type: "JOIN_MEETING_FAILED", reason: said.message, errorCode: said.code };
      const box = document.createElement("p");
      box.textContent = `Rehearsal at Zoom: ${options.userName} is in “${said.topic}”`;
      root.replaceChildren(box);
    },
    async leaveMeeting() { root.replaceChildren(); },
    on() {},
  };
  window.ZoomMtgEmbedded = { createClient: () => client };
})();
"""


def show_script(call: Call) -> Response:
    """GET /zoom-sdk/…: the client, and nothing in the place of what the true one is built upon."""
    script = CLIENT if "zoom-meeting-embedded" in call.path["path"] else ""
    return Response(script, media_type="text/javascript", headers={"x-content-type-options": "nosniff"})


def join(call: Call) -> Reply:
    """POST /zoom-sdk/join: by number, password and the signature that only the owner of the SDK's secret can make."""
    everywhere = {"access-control-allow-origin": "*"}
    try:
        asked = call.fields()
        claims = read_claims(str(asked.get("signature") or ""), call.settings.zoom_sdk_secret)
        number = str(asked.get("meetingNumber") or "")
        with call.store.reading() as db:
            details = json.loads(find_meeting(db, number)["details"])
        if str(claims.get("mn")) != number or claims.get("role") != 0 or float(claims.get("exp") or 0) < time.time():
            raise ValueError("Signature is invalid.")
        if asked.get("password") != details["password"]:
            raise ValueError("Wrong passcode.")
    except Refusal as refusal:
        return Reply(404, refusal.reply.body, everywhere)
    except ValueError as problem:
        return Reply(403, {"code": 3712, "message": str(problem)}, everywhere)
    return Reply(200, {"topic": details["topic"]}, everywhere)


def read_claims(token: str, secret: str) -> dict[str, Any]:
    """The claims of a JSON Web Token by HS256 (RFC 7515). Raises ValueError for any that the secret did not sign."""
    signed, _, given = token.rpartition(".")
    wanted = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    try:
        if not secret or not hmac.compare_digest(wanted, decode(given)):
            raise ValueError("Signature is invalid.")
        header, claims = (json.loads(decode(part)) for part in signed.split("."))
    except binascii.Error:
        raise ValueError("Signature is invalid.") from None
    if not isinstance(claims, dict) or header.get("alg") != "HS256":
        raise ValueError("Signature is invalid.")
    return claims


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
