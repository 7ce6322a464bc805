// A real TypeScript MCP client (SDK v1) against a running server.
//
//     node ts_client.mjs http URL
//     node ts_client.mjs stdio BINARY ARGS...
//
// Lists the tools, calls get_system_overview and list_servers, checks the replies and prints one
// line of JSON with what it saw. Exit code 1 with the reason on standard error when something is
// wrong. The SDK is taken from $GLANCES_E2E_DIR/node (see `cargo xtask setup`).

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { packages, run } from './ts_shared.mjs';

const CALLS = ['get_system_overview', 'list_servers'];
const TIMEOUT_MS = 60_000;

const require = createRequire(join(packages, 'package.json'));
const sdk = (part) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${part}`)));

/** What must hold for every reply of the two tools. */
function check(tool, reply) {
  const text = (reply.content ?? []).map((part) => part.text ?? '').join('\n');
  const structured = reply.structuredContent;
  if (reply.isError) throw new Error(`${tool}: isError: ${text}`);
  if (!text.trim()) throw new Error(`${tool}: no text`);
  if (!structured || typeof structured !== 'object' || !Object.keys(structured).length) {
    throw new Error(`${tool}: structuredContent is ${JSON.stringify(structured)}`);
  }
  return { text_chars: text.length, structured_keys: Object.keys(structured).sort() };
}

async function connection(kind, target) {
  if (kind === 'http') {
    const { StreamableHTTPClientTransport } = await sdk('client/streamableHttp.js');
    return new StreamableHTTPClientTransport(new URL(target[0]));
  }
  const { StdioClientTransport } = await sdk('client/stdio.js');
  const [command, ...args] = target;
  return new StdioClientTransport({ command, args, stderr: 'inherit' });
}

async function main() {
  const [kind, ...target] = process.argv.slice(2);
  if (!['http', 'stdio'].includes(kind) || !target.length) {
    throw new Error('usage: ts_client.mjs http URL | stdio BINARY ARGS...');
  }
  const { Client } = await sdk('client/index.js');
  const transport = await connection(kind, target);
  const client = new Client({ name: 'ts-client-test', version: '1' });
  await client.connect(transport);
  try {
    const tools = (await client.listTools()).tools.map((tool) => tool.name);
    const missing = CALLS.filter((tool) => !tools.includes(tool));
    if (missing.length) throw new Error(`not listed: ${missing}; listed: ${tools}`);
    const calls = {};
    for (const tool of CALLS) {
      // The SDK validates structuredContent against the tool's outputSchema itself.
      calls[tool] = check(tool, await client.callTool({ name: tool, arguments: {} }));
    }
    return {
      client: 'typescript sdk v1',
      transport: kind,
      protocol_version: transport.protocolVersion ?? null,
      server: client.getServerVersion()?.name ?? null,
      tools,
      calls,
    };
  } finally {
    await client.close();
  }
}

run(main, TIMEOUT_MS);
