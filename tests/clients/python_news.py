#!/usr/bin/env python3
"""A real Python MCP client that waits for news of a running server.

    python_news.py --mode auto|legacy URL ALIAS

Waits for `glances://live/dashboard`, by `subscriptions/listen` or `resources/subscribe`, and prints
`waiting`: then the server ALIAS is to be stopped. The client has to hear of the alert about it within
two polls, of two seconds each, from the moment it began to fire. Prints one line of JSON with what it
saw; exit code 1 with the reason on standard error.
"""

import asyncio
import contextlib
import datetime
import json
import sys
import time

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
DASHBOARD = "glances://live/dashboard"
TIMEOUT_SECS = 90
# Two polls, and the second to which moments are told.
LATE_SECS = 5


async def fired(client, alias):
    """How long ago the first alert about the server began to fire, seconds; None while none does."""
    reply = await client.call_tool("check_alert_conditions", {"servers": [alias]})
    alerts = reply.structured_content["alerts"]
    gone = [alert for alert in alerts if alert["metric"].startswith("server.")]
    since = [alert["since"] for alert in gone if alert["state"] == "firing"]
    moments = [datetime.datetime.fromisoformat(text).timestamp() for text in since]
    return round(time.time() - min(moments), 1) if moments else None


@contextlib.asynccontextmanager
async def updates(url, mode):
    """A client, and an async iterator of the addresses that it is told of."""
    from mcp import Client

    heard = asyncio.Queue()

    async def told(message):
        params = getattr(message, "params", None)
        if getattr(message, "method", "") == "notifications/resources/updated":
            await heard.put(str(params.uri))

    async def queued():
        while True:
            yield await heard.get()

    async with Client(url, mode=mode, message_handler=told) as client:
        if client.protocol_version != ERAS[mode]:
            raise RuntimeError(f"negotiated {client.protocol_version}")
        if mode == "legacy":
            await client.subscribe_resource(DASHBOARD)
            yield client, queued()
            await client.unsubscribe_resource(DASHBOARD)
        else:
            async with client.listen(resource_subscriptions=[DASHBOARD]) as events:
                yield client, (event.uri async for event in events)


async def main():
    if len(sys.argv) != 5 or sys.argv[1] != "--mode" or sys.argv[2] not in ERAS:
        sys.exit(__doc__)
    mode, url, alias = sys.argv[2:]
    async with updates(url, mode) as (client, heard):
        print("waiting", flush=True)
        began, count = time.monotonic(), 0
        async for uri in heard:
            if uri != DASHBOARD:
                raise RuntimeError(f"told of {uri}")
            count += 1
            await client.read_resource(DASHBOARD)
            late = await fired(client, alias)
            if late is not None:
                break
        took = round(time.monotonic() - began, 1)
        if late > LATE_SECS:
            raise RuntimeError(f"told {late} s after the alert began to fire")
    line = {"client": f"mcp {mode}", "updates": count, "alert_after_secs": took, "late_secs": late}
    print(json.dumps(line))


if __name__ == "__main__":
    try:
        asyncio.run(asyncio.wait_for(main(), TIMEOUT_SECS))
    except SystemExit:
        raise
    except BaseException as err:  # a client library may raise anything; each is a failure
        while isinstance(err, BaseExceptionGroup):
            err = err.exceptions[0]
        sys.exit(f"FAILED: {type(err).__name__}: {err}")
