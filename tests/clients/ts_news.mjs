// A real TypeScript MCP client that waits for news of a running server.
//
//     node ts_news.mjs legacy|modern URL ALIAS
//
// Waits for `glances://live/dashboard`, by `resources/subscribe` or `subscriptions/listen`, and prints
// `waiting`: then the server ALIAS is to be stopped. The client has to hear of the alert about it
// within two polls, of two seconds each, from the moment it began to fire. Prints one line of JSON with
// what it saw; exit code 1 with the reason on standard error. The client is taken from
// $GLANCES_E2E_DIR/node (see `cargo xtask setup`).

import { connected, run } from './ts_shared.mjs';

const DASHBOARD = 'glances://live/dashboard';
const UPDATED = 'notifications/resources/updated';
const TIMEOUT_MS = 90_000;
// Two polls, and the second to which moments are told.
const LATE_SECS = 5;

const [era, url, alias] = process.argv.slice(2);

async function main() {
  let updates = 0;
  let wake = () => {};
  const client = await connected(era, url, (it) =>
    it.setNotificationHandler(UPDATED, (news) => {
      if (news.params.uri !== DASHBOARD) throw new Error(`told of ${news.params.uri}`);
      updates += 1;
      wake();
    }),
  );
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
  return { client: `typescript client, ${era}`, updates, alert_after_secs, late_secs: late };
}

run(main, TIMEOUT_MS);
