// A real TypeScript MCP client that waits for news of a running server.
//
//     node ts_news.mjs legacy|modern URL ALIAS
//
// Waits for `glances://live/dashboard`, by `resources/subscribe` or `subscriptions/listen`, and prints
// `waiting`: then the server ALIAS is to be stopped. The client has to hear of the alert about it
// within two polls, of two seconds each, from the moment it began to fire. Prints one line of JSON with
// what it saw; exit code 1 with the reason on standard error. The client is taken from
// $GLANCES_E2E_DIR/node (see `cargo xtask setup`).

import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFile } from 'node:fs/promises';

const ERAS = { legacy: '2025-11-25', modern: '2026-07-28' };
const DASHBOARD = 'glances://live/dashboard';
const UPDATED = 'notifications/resources/updated';
const TIMEOUT_MS = 90_000;
// Two polls, and the second to which moments are told.
const LATE_SECS = 5;

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const e2e = process.env.GLANCES_E2E_DIR || join(cache, 'glances-mcp', 'e2e');
const folder = join(e2e, 'node', 'node_modules', '@modelcontextprotocol', 'client');
const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
const entry = manifest.exports['.'].import?.default ?? manifest.exports['.'].import;
const sdk = await import(pathToFileURL(join(folder, entry ?? manifest.main)));

const [era, url, alias] = process.argv.slice(2);

async function main() {
  const mode = era === 'modern' ? { versionNegotiation: { mode: { pin: ERAS.modern } } } : {};
  const client = new sdk.Client({ name: 'ts-news-test', version: '1' }, mode);
  let updates = 0;
  let wake = () => {};
  client.setNotificationHandler(UPDATED, (news) => {
    if (news.params.uri !== DASHBOARD) throw new Error(`told of ${news.params.uri}`);
    updates += 1;
    wake();
  });
  await client.connect(new sdk.StreamableHTTPClientTransport(new URL(url)));
  const version = client.getNegotiatedProtocolVersion();
  if (version !== ERAS[era]) throw new Error(`negotiated ${version}, not ${ERAS[era]}`);
  const stream =
    era === 'modern' ? await client.listen({ resourceSubscriptions: [DASHBOARD] }) : null;
  if (!stream) await client.subscribeResource({ uri: DASHBOARD });
  console.log('waiting');
  const began = Date.now();
  let late = null;
  for (let read = 0; late === null; read = updates) {
    if (updates === read) await new Promise((resolve) => (wake = resolve));
    await client.readResource({ uri: DASHBOARD });
    const name = 'check_alert_conditions';
    const reply = await client.callTool({ name, arguments: { servers: [alias] } });
    const fires = ({ metric, state }) => metric.startsWith('server.') && state === 'firing';
    const [first] = reply.structuredContent.alerts.filter(fires);
    if (first) late = (Date.now() - Date.parse(first.since)) / 1000;
  }
  if (late > LATE_SECS) throw new Error(`told ${late} s after the alert began to fire`);
  const alert_after_secs = (Date.now() - began) / 1000;
  await (stream ? stream.close() : client.unsubscribeResource({ uri: DASHBOARD }));
  await client.close();
  const client_name = `typescript client, ${era}`;
  console.log(JSON.stringify({ client: client_name, updates, alert_after_secs, late_secs: late }));
}

setTimeout(() => {
  console.error(`FAILED: no end after ${TIMEOUT_MS / 1000} s`);
  process.exit(1);
}, TIMEOUT_MS).unref();
main().then(
  () => process.exit(0),
  (err) => {
    console.error(`FAILED: ${err?.message ?? err}`);
    process.exit(1);
  },
);
