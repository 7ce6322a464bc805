#!/usr/bin/env python3
"""Every prompt, resource and template of a running server, through a real Python MCP client.

    python_fleet.py [--mode auto|legacy] URL STOPPED

STOPPED is the alias of a server that answered before and does not now. Arguments and variables are
filled in by completion. What is about the whole fleet has to name STOPPED and the age of its last
answer. Prints one line of JSON with what it saw; exit code 1 with the reasons on standard error.
"""

import asyncio
import json
import re
import sys

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
TIMEOUT_SECS = 120
PROMPTS = 8
RESOURCES = 8
TEMPLATES = 4
# An alert is raised a while after its server is lost.
ALERT_TRIES = 60
# Of the one that does not answer: in JSON, or as a column of a table.
AGE = re.compile(r'age_seconds":\s*[\d.]+|\|last answer age\|')
# Not about what servers do at this moment.
TIMELESS = ("glances://config/thresholds", "glances://knowledge/runbooks")


class Walk:
    def __init__(self, client, stopped):
        self.client, self.stopped = client, stopped
        self.wrong, self.seen = [], {}

    def check(self, name, text, about_fleet):
        if not text.strip():
            self.wrong.append(f"{name}: empty")
        elif about_fleet and self.stopped not in text:
            self.wrong.append(f"{name}: does not name {self.stopped}")
        elif about_fleet and not AGE.search(text):
            self.wrong.append(f"{name}: says no age")
        self.seen[name] = len(text)

    async def values(self, ref, name, chosen):
        argument = {"name": name, "value": ""}
        reply = await self.client.complete(ref, argument, chosen or None)
        return reply.completion.values

    async def prompts(self):
        from mcp.types import PromptReference

        prompts = (await self.client.list_prompts()).prompts
        if len(prompts) != PROMPTS:
            self.wrong.append(f"{len(prompts)} prompts")
        for prompt in prompts:
            ref, chosen = PromptReference(type="ref/prompt", name=prompt.name), {}
            for argument in prompt.arguments or []:
                values = await self.values(ref, argument.name, chosen)
                if argument.required:
                    usable = [value for value in values if value != self.stopped]
                    chosen[argument.name] = usable[0] if usable else "slow"
            reply = await self.client.get_prompt(prompt.name, chosen)
            texts = [getattr(message.content, "text", "") for message in reply.messages]
            takes = [argument.name for argument in prompt.arguments or []]
            self.check(prompt.name, "\n".join(texts), "servers" in takes)

    async def read(self, uri, about_fleet):
        contents = (await self.client.read_resource(uri)).contents
        for part in contents:
            if part.mime_type == "application/json":
                json.loads(part.text)
        self.check(uri, "\n".join(part.text for part in contents), about_fleet)

    async def resources(self):
        resources = (await self.client.list_resources()).resources
        uris = [str(it.uri) for it in resources if str(it.uri).startswith("glances://")]
        if len(uris) != RESOURCES:
            self.wrong.append(f"{len(uris)} resources: {uris}")
        for uri in uris:
            await self.read(uri, uri not in TIMELESS)

    async def templates(self):
        from mcp.types import ResourceTemplateReference

        templates = (await self.client.list_resource_templates()).resource_templates
        if len(templates) != TEMPLATES:
            self.wrong.append(f"{len(templates)} templates")
        for template in templates:
            ref = ResourceTemplateReference(type="ref/resource", uri=template.uri_template)
            uri, chosen = template.uri_template, {}
            for name in re.findall(r"{(\w+)}", uri):
                for _ in range(ALERT_TRIES):
                    values = await self.values(ref, name, chosen)
                    if values:
                        break
                    await asyncio.sleep(1)
                if not values:
                    self.wrong.append(f"{template.uri_template}: nothing completes {name}")
                    continue
                chosen[name] = self.stopped if self.stopped in values else values[0]
                uri = uri.replace("{%s}" % name, chosen[name])
            if "{" not in uri:
                await self.read(uri, "alias" in chosen)


async def main():
    args, mode = sys.argv[1:], "auto"
    if args[:1] == ["--mode"]:
        mode, args = args[1], args[2:]
    if len(args) != 2 or mode not in ERAS:
        sys.exit(__doc__)
    from mcp import Client

    async with Client(args[0], mode=mode) as client:
        walk = Walk(client, args[1])
        if client.protocol_version != ERAS[mode]:
            walk.wrong.append(f"negotiated {client.protocol_version}")
        await asyncio.wait_for(walk.prompts(), TIMEOUT_SECS)
        await asyncio.wait_for(walk.resources(), TIMEOUT_SECS)
        await asyncio.wait_for(walk.templates(), TIMEOUT_SECS)
    if walk.wrong:
        sys.exit("FAILED: " + "; ".join(walk.wrong))
    print(json.dumps({"client": f"mcp {mode}", "characters": walk.seen}))


if __name__ == "__main__":
    asyncio.run(main())
