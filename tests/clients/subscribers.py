#!/usr/bin/env python3
"""What many who wait for news cost a running server.

    subscribers.py URL PID [COUNT [DEAF [SECONDS]]]

Opens COUNT streams (200) that wait for `glances://live/dashboard`; DEAF of them (50) never read. Prints
the memory of the process before, with all streams open, and after SECONDS (60), and how many updates
came. Only the standard library; Linux.
"""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

VERSION = "2026-07-28"
DASHBOARD = "glances://live/dashboard"


def rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


def cpu_secs(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def listen(url, limit):
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=limit)
    prefix = "io.modelcontextprotocol/"
    meta = {f"{prefix}protocolVersion": VERSION, f"{prefix}clientCapabilities": {}}
    params = {"_meta": meta, "notifications": {"resourceSubscriptions": [DASHBOARD]}}
    method = "subscriptions/listen"
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    head = {
        "host": url.netloc,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": VERSION,
        "mcp-method": method,
        "content-length": len(body),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"POST {url.path} HTTP/1.1\r\n{lines}\r\n{body}".encode())
    await writer.drain()
    return reader, writer


async def main():
    if not 3 <= len(sys.argv) <= 6:
        sys.exit(__doc__)
    url, pid = urlsplit(sys.argv[1]), int(sys.argv[2])
    numbers = [int(text) for text in sys.argv[3:]]
    count, deaf, seconds = numbers + [200, 50, 60][len(numbers) :]
    heard = [0] * count

    async def read(number, reader):
        while line := await reader.readline():
            heard[number] += b"notifications/resources/updated" in line

    seen = {"rss_mib_before": rss_mib(pid)}
    # A deaf one whose buffer is full takes nothing from its socket any more.
    streams = [await listen(url, 2 if number < deaf else 65_536) for number in range(count)]
    readers = [
        asyncio.create_task(read(number, streams[number][0])) for number in range(deaf, count)
    ]
    await asyncio.sleep(5)
    seen["rss_mib_open"] = rss_mib(pid)
    began, cpu = time.monotonic(), cpu_secs(pid)
    await asyncio.sleep(seconds)
    seen["rss_mib_after"] = rss_mib(pid)
    seen["cpu_percent"] = round((cpu_secs(pid) - cpu) / (time.monotonic() - began) * 100, 1)
    seen["updates_each"] = [min(heard[deaf:]), max(heard[deaf:])]
    for task in readers:
        task.cancel()
    for _, writer in streams:
        writer.close()
    print(json.dumps(seen))


asyncio.run(main())
