#!/usr/bin/env python3
"""A real Python MCP client against a running server.

    python_client.py [--mode auto|legacy|fastmcp] http URL
    python_client.py [--mode auto|legacy|fastmcp] stdio BINARY ARGS...

Lists the tools, calls get_system_overview and list_servers, checks the replies and prints one line
of JSON with what it saw. Exit code 1 with the reason on standard error when something is wrong.
`auto` and `legacy` are the modes of the `mcp` package; `fastmcp` uses the `fastmcp` package.
"""

import asyncio
import json
import sys

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
CALLS = ("get_system_overview", "list_servers")
TIMEOUT_SECS = 60
MODES = ("auto", "legacy", "fastmcp")


class Wrong(Exception):
    """Something that the server did and should not have done."""


def parse(args):
    """The mode, the transport and what follows it; `--mode` may also follow the URL."""
    if args[:1] == ["http"] and args[2:3] == ["--mode"]:
        args = args[2:] + args[:2]
    mode = "auto"
    if args[:1] == ["--mode"]:
        mode, args = "".join(args[1:2]), args[2:]
    if mode not in MODES or len(args) < 2 or args[0] not in ("http", "stdio"):
        sys.exit(__doc__)
    return mode, args[0], args[1:]


def check(tool, structured, content, is_error):
    """What must hold for every reply of the two tools."""
    texts = [part.text for part in content if getattr(part, "text", None)]
    text = "\n".join(texts)
    if is_error:
        raise Wrong(f"{tool}: isError: {text}")
    if not text.strip():
        raise Wrong(f"{tool}: no text")
    if not isinstance(structured, dict) or not structured:
        raise Wrong(f"{tool}: structuredContent is {structured!r}")
    return {"text_chars": len(text), "structured_keys": sorted(structured)}


def check_names(names):
    missing = [tool for tool in CALLS if tool not in names]
    if missing:
        raise Wrong(f"not listed: {', '.join(missing)}; listed: {', '.join(names)}")
    if len(set(names)) != len(names):
        raise Wrong(f"a tool is listed twice: {names}")


async def with_mcp(mode, transport, target):
    from mcp import Client, StdioServerParameters

    to = target[0]
    if transport == "stdio":
        to = StdioServerParameters(command=target[0], args=target[1:])
    async with Client(to, mode=mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        check_names(names)
        seen = {}
        for tool in CALLS:
            reply = await client.call_tool(tool, {})
            seen[tool] = check(tool, reply.structured_content, reply.content, reply.is_error)
        info = client.server_info
        return client.protocol_version, info.name if info else None, names, seen


async def with_fastmcp(transport, target):
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport

    to = target[0]
    if transport == "stdio":
        to = StdioTransport(command=target[0], args=target[1:], keep_alive=False)
    async with Client(to) as client:
        names = [tool.name for tool in await client.list_tools()]
        check_names(names)
        seen = {}
        for tool in CALLS:
            reply = await client.call_tool(tool, {}, raise_on_error=False)
            seen[tool] = check(tool, reply.structured_content, reply.content, reply.is_error)
        version = getattr(client, "protocol_version", None)
        return version, None, names, seen


async def main():
    mode, transport, target = parse(sys.argv[1:])
    if mode == "fastmcp":
        work = with_fastmcp(transport, target)
    else:
        work = with_mcp(mode, transport, target)
    version, server, names, seen = await asyncio.wait_for(work, TIMEOUT_SECS)
    if version != ERAS.get(mode, version):
        raise Wrong(f"mode {mode} negotiated {version}, not {ERAS[mode]}")
    line = {
        "client": "fastmcp" if mode == "fastmcp" else f"mcp {mode}",
        "transport": transport,
        "protocol_version": version,
        "server": server,
        "tools": names,
        "calls": seen,
    }
    print(json.dumps(line))


def reason(err):
    """The first cause inside exception groups, without the long schema around it."""
    while isinstance(err, BaseExceptionGroup):
        err = err.exceptions[0]
    lines = [line for line in str(err).splitlines() if line.strip()]
    said = "\n".join(lines[:1] + lines[-2:] if len(lines) > 3 else lines)
    return f"{type(err).__name__}: {said}"


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except SystemExit:
        raise
    except BaseException as err:  # a client library may raise anything; each is a failure
        sys.exit(f"FAILED: {reason(err)}")
