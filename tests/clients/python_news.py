#!/usr/bin/env python3
"""A real Python MCP client that waits for news of a running server.

    python_news.py --mode auto|legacy URL ALIAS

Waits for `glances://live/dashboard`, by `subscriptions/listen` or `resources/subscribe`, and prints
`waiting`: then the server ALIAS is to be stopped. The client has to hear updates until an alert about
it fires. Prints one line of JSON with what it saw; exit code 1 with the reason on standard error.
"""

import asyncio
import contextlib
import json
import sys
import time

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
DASHBOARD = "glances://live/dashboard"
TIMEOUT_SECS = 90


async def firing(client, alias):
    """How many alerts about the server fire, and since when."""
    reply = await client.call_tool("check_alert_conditions", {"servers": [alias]})
    return reply.structured_content["firing"]


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
            if await firing(client, alias):
                break
        took = round(time.monotonic() - began, 1)
    print(json.dumps({"client": f"mcp {mode}", "updates": count, "alert_after_secs": took}))


if __name__ == "__main__":
    try:
        asyncio.run(asyncio.wait_for(main(), TIMEOUT_SECS))
    except SystemExit:
        raise
    except BaseException as err:  # a client library may raise anything; each is a failure
        while isinstance(err, BaseExceptionGroup):
            err = err.exceptions[0]
        sys.exit(f"FAILED: {type(err).__name__}: {err}")
