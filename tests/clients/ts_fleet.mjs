// Every prompt, resource and template of a running server, through the TypeScript client.
//
//     node ts_fleet.mjs legacy|modern URL STOPPED
//
// STOPPED is the alias of a server that answered before and does not now. Arguments and variables
// are filled in by completion. What is about the whole fleet has to name STOPPED and the age of its
// last answer. Prints one line of JSON with what it saw; exit code 1 with the reasons on standard
// error. The client is taken from $GLANCES_E2E_DIR/node (see `cargo xtask setup`).

import { connected, run } from './ts_shared.mjs';

const COUNTS = { prompts: 8, resources: 8, templates: 4 };
const ALERT_TRIES = 60;
const TIMEOUT_MS = 240_000;
// Of the one that does not answer: in JSON, or as a column of a table.
const AGE = /age_seconds":\s*[\d.]+|\|last answer age\|/;
const TIMELESS = ['glances://config/thresholds', 'glances://knowledge/runbooks'];

const [era, url, stopped] = process.argv.slice(2);
const wrong = [];
const seen = {};

function check(name, text, aboutFleet) {
  if (!text.trim()) wrong.push(`${name}: empty`);
  else if (aboutFleet && !text.includes(stopped)) wrong.push(`${name}: does not name ${stopped}`);
  else if (aboutFleet && !AGE.test(text)) wrong.push(`${name}: says no age`);
  seen[name] = text.length;
}

async function values(client, ref, name, chosen) {
  const reply = await client.complete({
    ref,
    argument: { name, value: '' },
    context: { arguments: chosen },
  });
  return reply.completion.values;
}

async function prompts(client) {
  const { prompts } = await client.listPrompts();
  if (prompts.length !== COUNTS.prompts) wrong.push(`${prompts.length} prompts`);
  for (const prompt of prompts) {
    const chosen = {};
    for (const argument of prompt.arguments ?? []) {
      const ref = { type: 'ref/prompt', name: prompt.name };
      const found = await values(client, ref, argument.name, chosen);
      if (!argument.required) continue;
      chosen[argument.name] = found.find((value) => value !== stopped) ?? 'slow';
    }
    const reply = await client.getPrompt({ name: prompt.name, arguments: chosen });
    const text = reply.messages.map((message) => message.content.text ?? '').join('\n');
    const takes = (prompt.arguments ?? []).map((argument) => argument.name);
    check(prompt.name, text, takes.includes('servers'));
  }
}

async function read(client, uri, aboutFleet) {
  const { contents } = await client.readResource({ uri });
  for (const part of contents) {
    if (part.mimeType === 'application/json') JSON.parse(part.text);
  }
  check(uri, contents.map((part) => part.text).join('\n'), aboutFleet);
}

async function resources(client) {
  const listed = (await client.listResources()).resources.map((it) => it.uri);
  const uris = listed.filter((uri) => uri.startsWith('glances://'));
  if (uris.length !== COUNTS.resources) wrong.push(`${uris.length} resources: ${uris}`);
  for (const uri of uris) await read(client, uri, !TIMELESS.includes(uri));
}

async function templates(client) {
  const { resourceTemplates } = await client.listResourceTemplates();
  if (resourceTemplates.length !== COUNTS.templates) {
    wrong.push(`${resourceTemplates.length} templates`);
  }
  for (const { uriTemplate } of resourceTemplates) {
    const chosen = {};
    let uri = uriTemplate;
    for (const [place, name] of uriTemplate.matchAll(/{(\w+)}/g)) {
      const ref = { type: 'ref/resource', uri: uriTemplate };
      let found = [];
      for (let tries = 0; tries < ALERT_TRIES && !found.length; tries += 1) {
        if (tries) await new Promise((done) => setTimeout(done, 1_000));
        found = await values(client, ref, name, chosen);
      }
      if (!found.length) {
        wrong.push(`${uriTemplate}: nothing completes ${name}`);
        continue;
      }
      chosen[name] = found.includes(stopped) ? stopped : found[0];
      uri = uri.replace(place, chosen[name]);
    }
    if (!uri.includes('{')) await read(client, uri, 'alias' in chosen);
  }
}

async function main() {
  const client = await connected(era, url);
  await prompts(client);
  await resources(client);
  await templates(client);
  await client.close();
  if (wrong.length) throw new Error(wrong.join('; '));
  return { client: `typescript client, ${era}`, characters: seen };
}

run(main, TIMEOUT_MS);
